"""The VAE of raw counts of proteins, whose latent space follows the tissue."""

from dataclasses import replace
from typing import Any

import torch
from scvi.module.base import LossOutput, auto_move_data
from torch import Tensor, nn
from torch.distributions import Normal, kl_divergence
from torch.nn.functional import normalize

from dpvae.module.background_decoder import BackgroundDecoder, ProteinKinds
from dpvae.module.background_mixture import BackgroundMixture
from dpvae.module.spatial_count_vae import DPSpatialCountVAE, SpatialCountVAE


class SpatialProteinVAE(SpatialCountVAE):
    r""":class:`SpatialCountVAE` of proteins, whose counts are background or foreground.

    As in totalVI :cite:p:`Gayoso21` and spaMultiVAE, of protein p and a cell of batch b

    .. math::
        \log β_p &\sim N(c_{pb}, d_{pb}) \\
        x_p &\sim π_p(z)\, NB(β_p, θ_p) + (1 - π_p(z))\, NB(β_p (1 + r_p(z)), θ_p)

    with c and d learned. The posterior of β comes from z, and its divergence from the prior is part
    of the loss, with weight 1. Means do not depend on the sum of a cell's counts.

    Parameters
    ----------
    *args, **kwargs
        As of :class:`SpatialCountVAE`; ``gene_likelihood`` is ``"nb"``.
    """

    has_background = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        n_hidden, n_layers = kwargs["n_hidden"], kwargs["n_layers"]
        self.decoder = BackgroundDecoder(
            self.n_latent, self.n_input, self.n_batch, n_hidden=n_hidden, n_layers=n_layers
        )
        self.background_mean = nn.Parameter(torch.zeros(self.n_batch, self.n_input))
        self.background_log_deviation = nn.Parameter(torch.zeros(self.n_batch, self.n_input))

    @torch.no_grad()
    def start_from(self, kinds: ProteinKinds) -> None:
        """Start prior and decoder here."""
        self.background_mean.copy_(kinds.log_background.expand_as(self.background_mean))
        self.background_log_deviation.copy_(kinds.deviation.log().expand_as(self.background_mean))
        self.decoder.start_from(kinds)

    @auto_move_data  # type: ignore[untyped-decorator]
    def generative(
        self,
        z: Tensor,
        batch_index: Tensor,
        transform_batch: Tensor | int | None = None,
        **_: Any,
    ) -> dict[str, Any]:
        """Distribution of the counts of proteins, given z and a sample of the background.

        Parameters
        ----------
        z
            Shape ``(…, n_cells, n_latent)``.
        batch_index
            Code of each cell's batch, shape ``(n_cells, 1)``.
        transform_batch
            Code of a batch for all of them instead.

        Returns
        -------
        ``px``, of which shares of the foreground have the mean of the background and are the same
        each time; ``background`` and ``background_prior``, distributions of its logarithm; and
        ``log_background``, the sample.
        """
        if transform_batch is not None:
            batch_index = torch.ones_like(batch_index) * transform_batch
        code = batch_index.reshape(-1).long()
        found = self.decoder(z, batch_index)
        log_background = found.background.rsample()
        background = log_background.exp()
        expected = (found.background.loc + found.background.scale.square() / 2).exp()
        foreground = torch.sigmoid(-found.logits) * expected * (1 + found.rise)
        prior = Normal(
            self.background_mean[code],
            self.background_log_deviation[code].exp(),
            validate_args=False,
        )
        return {
            "px": BackgroundMixture(
                background,
                background * (1 + found.rise),
                self.px_r.exp(),
                found.logits,
                normalize(foreground, p=1, dim=-1),
            ),
            "background": found.background,
            "background_prior": prior,
            "log_background": log_background,
        }

    def loss(
        self,
        tensors: dict[str, Tensor],
        inference_outputs: dict[str, Any],
        generative_outputs: dict[str, Any],
        kl_weight: Tensor | float = 1.0,
    ) -> LossOutput:
        """Add the divergence of the background to the negative ELBO."""
        output = super().loss(tensors, inference_outputs, generative_outputs, kl_weight)
        of_background = kl_divergence(
            generative_outputs["background"], generative_outputs["background_prior"]
        ).sum(-1)
        kl_local = {**output.kl_local, "kl_background": of_background}
        return replace(output, loss=output.loss + of_background.mean(), kl_local=kl_local)

    def log_weight(self, generative_outputs: dict[str, Any], counts: Tensor) -> Tensor:
        """Add how likely the sample of the background is in its prior, and in its posterior."""
        sample = generative_outputs["log_background"]
        of_prior = generative_outputs["background_prior"].log_prob(sample)
        ratio = of_prior - generative_outputs["background"].log_prob(sample)
        of_background: Tensor = ratio.sum(-1)
        return super().log_weight(generative_outputs, counts) + of_background


class DPSpatialProteinVAE(DPSpatialCountVAE, SpatialProteinVAE):
    """:class:`SpatialProteinVAE` with the distance term."""
