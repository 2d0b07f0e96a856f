"""The VAE of raw counts, scVI, whose encoder sees genes as they are prepared for it."""

from functools import wraps
from typing import Any

import torch
from scvi.module import VAE
from torch import Tensor, nn
from torch.distributions import Distribution

from dpvae.module.count_distributions import (
    Detection,
    SparseNegativeBinomial,
    SparseZeroInflatedNegativeBinomial,
)
from dpvae.module.encoder_input import EncoderInput
from dpvae.module.unused_head import UnusedHead


class CountVAE(VAE):
    """The module of scVI with gene weights, input dropout and a fast likelihood.

    The encoder of :class:`scvi.module.VAE` sees genes through an ``encoder_input``, which at first
    leaves them as they are. The likelihood is scVI's, of counts and depths as they are, computed
    several times faster if most counts are 0.

    Parameters
    ----------
    *args
        Handed on to the module of scVI.
    input_dropout
        Share of genes hidden from the encoder in training.
    normalize_depth
        Whether the encoder sees counts as if every cell had the same depth.
    least_depth
        In training the encoder sees each cell with a random share of its molecules, from this to
        all.
    detects
        Whether only matters if anything is counted, with ``gene_likelihood="poisson"``: see
        :class:`~dpvae.module.count_distributions.Detection`.
    **kwargs
        Handed on to the module of scVI.
    """

    def __init__(
        self,
        *args: Any,
        input_dropout: float = 0.0,
        normalize_depth: bool = False,
        least_depth: float = 1.0,
        detects: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.detects = detects
        self.encoder_input = EncoderInput(
            self.n_input,
            input_dropout=input_dropout,
            counts="logged" if self.log_variational else "raw",
            normalize_depth=normalize_depth,
            least_depth=least_depth,
        )
        self.z_encoder.register_forward_pre_hook(self._see)
        if self.gene_likelihood != "zinb":
            self.decoder.px_dropout_decoder = UnusedHead(self.decoder.px_dropout_decoder)

    @wraps(VAE.generative)
    def generative(self, *args: Any, **kwargs: Any) -> dict[str, Distribution | None]:
        """Run the generative process of scVI, with likelihoods that are fast for many zeros."""
        outputs: dict[str, Distribution | None] = super().generative(*args, **kwargs)
        px: Any = outputs["px"]
        if self.detects:
            outputs["px"] = Detection(px.rate, px.scale)
        elif self.gene_likelihood in ("nb", "zinb"):
            theta = self.px_r.exp() if self.dispersion == "gene" else px.theta
            parameters = {"mu": px.mu, "theta": theta, "scale": px.scale}
            if self.gene_likelihood == "nb":
                outputs["px"] = SparseNegativeBinomial(**parameters)
            else:
                outputs["px"] = SparseZeroInflatedNegativeBinomial(
                    **parameters, zi_logits=px.zi_logits
                )
        return outputs

    @wraps(VAE.sample)
    def sample(self, *args: Any, **kwargs: Any) -> Tensor:
        """Sample counts, or whether anything is counted."""
        samples: Tensor = super().sample(*args, **kwargs)
        return samples.clamp(max=1) if self.detects else samples

    def _see(self, _: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Let the encoder see genes as they are prepared for it, and covariates as they are."""
        expression, *covariates = inputs
        genes = self.encoder_input(expression[:, : self.n_input])
        if expression.shape[1] > self.n_input:
            genes = torch.cat([genes, expression[:, self.n_input :]], dim=1)
        return (genes, *covariates)
