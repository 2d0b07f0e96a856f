"""The two backbones with the distance term."""

from functools import wraps
from typing import Any

import torch
from scvi.module import VAE
from torch import Tensor, nn
from torch.distributions import Distribution

from dpvae.module.count_distributions import (
    SparseNegativeBinomial,
    SparseZeroInflatedNegativeBinomial,
)
from dpvae.module.distance_preserving import DistancePreserving
from dpvae.module.gaussian_vae import GaussianVAE
from dpvae.module.thinning import Thinning
from dpvae.module.unused_head import UnusedHead


class DPGaussianVAE(DistancePreserving, GaussianVAE):
    """:class:`~dpvae.module.GaussianVAE` with the distance term."""


class DPCountVAE(DistancePreserving, VAE):
    """The module of scVI with the distance term, gene weights and input dropout.

    ``gene_mean`` is taken away from what the encoder of :class:`scvi.module.VAE` sees of a gene, so
    that a gene that is hidden looks like an average one, and the rest is multiplied by
    ``gene_weight``. Both have the shape ``(n_genes,)``, and are 0 and 1 until they are set. The
    likelihood is that of scVI, of counts and depths as they are, computed several times faster
    where most counts are 0.

    Parameters
    ----------
    *args
        Handed on to the module of scVI.
    input_dropout
        Share of genes hidden from the encoder in training.
    normalize_depth
        Whether the encoder sees counts as if every cell had the same depth, ``depth``.
    least_depth
        In training the encoder sees each cell with a random share of its molecules, from this to
        all, see :class:`~dpvae.module.thinning.Thinning`. Counts must be whole numbers then.
    **kwargs
        Handed on to :class:`~dpvae.module.DistancePreserving` and the module of scVI.
    """

    def __init__(
        self,
        *args: Any,
        input_dropout: float = 0.0,
        normalize_depth: bool = False,
        least_depth: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.normalize_depth = normalize_depth
        self.depth: Tensor
        self.register_buffer("depth", torch.tensor(float(self.n_input)))
        self.gene_weight: Tensor
        self.gene_mean: Tensor
        self.register_buffer("gene_weight", torch.ones(self.n_input))
        self.register_buffer("gene_mean", torch.zeros(self.n_input))
        self.thinning = Thinning(least_depth)
        self.input_dropout = nn.Dropout(input_dropout)
        self.z_encoder.register_forward_pre_hook(self._prepare_genes)
        if self.gene_likelihood != "zinb":
            self.decoder.px_dropout_decoder = UnusedHead(self.decoder.px_dropout_decoder)

    @wraps(VAE.generative)
    def generative(self, *args: Any, **kwargs: Any) -> dict[str, Distribution | None]:
        """Run the generative process of scVI, with likelihoods that are fast for many zeros."""
        outputs: dict[str, Distribution | None] = super().generative(*args, **kwargs)
        px: Any = outputs["px"]
        if self.gene_likelihood in ("nb", "zinb"):
            theta = self.px_r.exp() if self.dispersion == "gene" else px.theta
            parameters = {"mu": px.mu, "theta": theta, "scale": px.scale}
            if self.gene_likelihood == "nb":
                outputs["px"] = SparseNegativeBinomial(**parameters)
            else:
                outputs["px"] = SparseZeroInflatedNegativeBinomial(
                    **parameters, zi_logits=px.zi_logits
                )
        return outputs

    def _prepare_genes(self, _: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        expression, *covariates = inputs
        genes = expression[:, : self.n_input]
        if self.thinning.is_on:
            genes = self._thinned(genes)
        if self.normalize_depth:
            genes = self._of_equal_depth(genes)
        genes = torch.addcmul(-self.gene_mean * self.gene_weight, genes, self.gene_weight)
        if expression.shape[1] > self.n_input:
            genes = torch.cat([genes, expression[:, self.n_input :]], dim=1)
        return (self.input_dropout(genes), *covariates)

    def _thinned(self, genes: Tensor) -> Tensor:
        counts: Tensor = self.thinning(genes.expm1().round() if self.log_variational else genes)
        return counts.log1p() if self.log_variational else counts

    def _of_equal_depth(self, genes: Tensor) -> Tensor:
        if genes.requires_grad:
            counts = genes.exp() - 1 if self.log_variational else genes
            counts = counts * (self.depth / counts.sum(dim=1, keepdim=True).clamp(min=1.0))
            return (counts + 1).log() if self.log_variational else counts
        # in place, which takes a third of the time, where no gradient needs what was there before
        counts = genes.exp().sub_(1) if self.log_variational else genes.clone()
        counts.mul_(self.depth / counts.sum(dim=1, keepdim=True).clamp_(min=1.0))
        return counts.add_(1).log_() if self.log_variational else counts
