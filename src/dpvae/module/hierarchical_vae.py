"""The Markovian hierarchical variational autoencoder."""

from itertools import pairwise
from typing import Any

from scvi.nn import Encoder
from torch import Tensor, nn
from torch.distributions import Normal, kl_divergence

from dpvae.module.distance_preserving import DistancePreserving
from dpvae.module.encoder_input import EncoderInput
from dpvae.module.gaussian_vae import GaussianVAE


class HierarchicalVAE(GaussianVAE):
    r"""Variational autoencoder whose latent variables form a chain :math:`z_1, \dots, z_T`.

    Each is encoded from the one below, :math:`q(z_t \mid z_{t-1})` with :math:`z_0 = x`, and
    generated from the one above, :math:`p(z_t \mid z_{t+1})`, all Gaussian. In place of the KL term
    the loss has, with samples of the variables that are conditioned on (equation 20 of
    :cite:t:`Zhou24`),

    .. math::

        KL(q(z_T \mid z_{T-1}) \,\|\, p(z_T))
        + \sum_{t=1}^{T-1} KL(q(z_t \mid z_{t-1}) \,\|\, p(z_t \mid z_{t+1})) ,

    prior matching and consistency. Every divergence is in closed form, so that noise comes from
    the conditions alone.

    Parameters
    ----------
    encoder_input
        How genes are standardised, weighted and hidden.
    n_lower
        Dimensions of the levels below the top, the lowest first.
    n_latent
        Dimension of the top level.
    level
        The level that is z: which is compared with the tissue, placed by, and returned as the
        latent representation, from 1 to T. By default the top.
    n_hidden, dropout_rate, **kwargs
        As of :class:`~dpvae.module.GaussianVAE`; networks between levels have one hidden layer.
    """

    def __init__(
        self,
        encoder_input: EncoderInput,
        *,
        n_lower: tuple[int, ...],
        n_latent: int,
        n_hidden: int,
        dropout_rate: float,
        level: int | None = None,
        **kwargs: Any,
    ) -> None:
        sizes = (*n_lower, n_latent)
        super().__init__(
            encoder_input,
            n_latent=sizes[0],
            n_hidden=n_hidden,
            dropout_rate=dropout_rate,
            **kwargs,
        )
        self.level = len(sizes) if level is None else level
        self.n_latent = sizes[self.level - 1]

        def between(here: int, there: int, dropout_rate: float) -> Encoder:
            options = {"n_layers": 1, "n_hidden": n_hidden, "dropout_rate": dropout_rate}
            return Encoder(here, there, return_dist=True, **options)

        steps = list(pairwise(sizes))
        # by name: scvi-tools takes a number in the name of a weight for a layer that it adapts
        self.up = nn.ModuleDict(
            {
                f"from_{k}": between(low, high, dropout_rate)
                for k, (low, high) in enumerate(steps, 1)
            }
        )
        self.down = nn.ModuleDict(
            {f"to_{k}": between(*step[::-1], 0.0) for k, step in enumerate(steps, 1)}
        )

    @property
    def upward(self) -> list[Any]:
        """Networks that encode a level from the one below, the lowest first."""
        return list(self.up.values())

    @property
    def downward(self) -> list[Any]:
        """Networks that generate a level from the one above, the lowest first."""
        return list(self.down.values())

    def posterior(self, genes: Tensor, batch_index: Tensor, n_samples: int) -> dict[str, Any]:
        """Encode cells, level by level.

        The posterior ``qz`` of z is the one given the means of the levels below, so that it holds
        no noise; ``posteriors`` and ``samples`` belong to a chain of samples.
        """
        lowest, z = self.z_encoder(genes, batch_index)
        posteriors, samples = [lowest], [z if n_samples == 1 else lowest.sample((n_samples,))]
        for upward in self.upward:
            q, z = upward(samples[-1])
            posteriors.append(q)
            samples.append(z)
        qz = lowest
        for upward in self.upward[: self.level - 1]:
            qz = upward(qz.loc)[0]
        return {
            "qz": qz,
            "z": samples[self.level - 1],
            "decoded": samples[0],
            "posteriors": posteriors,
            "samples": samples,
        }

    def divergence(self, inference_outputs: dict[str, Any]) -> Tensor:
        """Give prior matching and consistency of each cell, shape ``(…, n_cells)``."""
        posteriors, samples = inference_outputs["posteriors"], inference_outputs["samples"]
        total = self.prior.kl(posteriors[-1], samples[-1])
        for q, above, downward in zip(posteriors, samples[1:], self.downward, strict=False):
            total = total + kl_divergence(q, downward(above)[0]).sum(-1)
        return total

    def log_ratio(self, inference_outputs: dict[str, Any]) -> Tensor:
        """Logarithm of prior over posterior density of chains, shape ``(…, n_cells)``."""
        posteriors, samples = inference_outputs["posteriors"], inference_outputs["samples"]
        ratio = self.prior.log_prob(samples[-1]).sum(-1)
        for z, above, downward in zip(samples, samples[1:], self.downward, strict=False):
            ratio = ratio + downward(above)[0].log_prob(z).sum(-1)
        for q, z in zip(posteriors, samples, strict=True):
            ratio = ratio - q.log_prob(z).sum(-1)
        return ratio

    def decoded_latent(self, z: Tensor) -> Tensor:
        """Go down to the lowest level by means, shape ``(…, n_cells, n_lower[0])``."""
        for downward in reversed(self.downward[: self.level - 1]):
            generated: Normal = downward(z)[0]
            z = generated.loc
        return z


class DPHierarchicalVAE(DistancePreserving, HierarchicalVAE):
    """:class:`HierarchicalVAE` with the distance term, on its ``level``."""
