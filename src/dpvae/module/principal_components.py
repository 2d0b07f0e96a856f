"""Principal components as a module: a linear model that needs no training."""

from typing import Any

import torch
from scvi import REGISTRY_KEYS
from scvi.module.base import BaseMinifiedModeModuleClass, LossOutput, auto_move_data
from torch import Tensor
from torch.distributions import Normal, kl_divergence
from torch.nn import Parameter

from dpvae._keys import REGISTRY
from dpvae.module.distance_preserving import DistancePreserving
from dpvae.module.encoder_input import EncoderInput


class PrincipalComponents(BaseMinifiedModeModuleClass):
    r"""Probabilistic principal components of standardised, log-normalised expression.

    z has independent components of variances :math:`\lambda_k`, the genes of a cell are
    :math:`U z + e` with noise of variance :math:`\sigma^2` (:cite:t:`Tipping99`). The best axes U
    are known in closed form; a model sets them with :meth:`set_axes`.

    Parameters
    ----------
    encoder_input
        How genes are standardised and weighted.
    n_latent
        Number of components.
    """

    def __init__(self, encoder_input: EncoderInput, n_latent: int) -> None:
        super().__init__()
        self.n_input = len(encoder_input.weight)
        self.n_latent = n_latent
        self.encode_covariates = False
        self.encoder_input = encoder_input
        self.axes = Parameter(torch.zeros(self.n_input, n_latent), requires_grad=False)
        self.variances: Tensor
        self.noise: Tensor
        self.register_buffer("variances", torch.ones(n_latent))
        self.register_buffer("noise", torch.ones(()))

    def set_axes(self, axes: Tensor, variances: Tensor, noise: float) -> None:
        """Set axes and variances.

        Parameters
        ----------
        axes
            U, orthonormal, shape ``(n_genes, n_components)``; if there are fewer components than
            ``n_latent``, the others are 0.
        variances
            Of the genes along each, shape ``(n_components,)``.
        noise
            Mean variance along all other directions.
        """
        self.noise.fill_(max(noise, torch.finfo(self.noise.dtype).eps))
        n_found = axes.shape[1]
        self.axes[:, :n_found] = axes
        self.variances[:n_found] = (variances - self.noise).clamp(min=self.noise)

    def _get_inference_input(
        self,
        tensors: dict[str, Tensor],
        full_forward_pass: bool = False,  # noqa: FBT001, FBT002
    ) -> dict[str, Tensor]:
        if full_forward_pass or self.minified_data_type is None:
            return {"x": tensors[REGISTRY_KEYS.X_KEY], "section": tensors[REGISTRY.section]}
        latent = {"qzm": REGISTRY_KEYS.LATENT_QZM_KEY, "qzv": REGISTRY_KEYS.LATENT_QZV_KEY}
        return {name: tensors[key] for name, key in latent.items()}

    @auto_move_data  # type: ignore[untyped-decorator]
    def _regular_inference(self, x: Tensor, section: Tensor, n_samples: int = 1) -> dict[str, Any]:
        genes = self.encoder_input.standardized(x, section)
        certainty = self.variances / (self.variances + self.noise)
        mean = genes @ self.axes * certainty
        return _sampled(mean, certainty * self.noise, n_samples)

    @auto_move_data  # type: ignore[untyped-decorator]
    def _cached_inference(self, qzm: Tensor, qzv: Tensor, n_samples: int = 1) -> dict[str, Any]:
        return _sampled(qzm, qzv, n_samples)

    def _get_generative_input(
        self,
        tensors: dict[str, Tensor],  # noqa: ARG002
        inference_outputs: dict[str, Any],
    ) -> dict[str, Any]:
        return {"z": inference_outputs["z"]}

    @auto_move_data  # type: ignore[untyped-decorator]
    def generative(self, z: Tensor) -> dict[str, Normal]:
        """Distribution of the standardised genes.

        Parameters
        ----------
        z
            Shape ``(…, n_cells, n_latent)``.
        """
        mean = z @ self.axes.T
        return {"px": Normal(mean, self.noise.sqrt().expand_as(mean), validate_args=False)}

    def loss(
        self,
        tensors: dict[str, Tensor],
        inference_outputs: dict[str, Any],
        generative_outputs: dict[str, Any],
        kl_weight: Tensor | float = 1.0,
    ) -> LossOutput:
        """Give the negative ELBO, the mean over cells, with β = ``kl_weight``."""
        reconstruction = -generative_outputs["px"].log_prob(self._genes(tensors)).sum(-1)
        prior = Normal(torch.zeros_like(self.variances), self.variances.sqrt())
        kl = kl_divergence(inference_outputs["qz"], prior).sum(-1)
        return LossOutput(
            loss=(reconstruction + kl_weight * kl).mean(),
            reconstruction_loss=reconstruction,
            kl_local=kl,
        )

    def _genes(self, tensors: dict[str, Tensor]) -> Tensor:
        section = tensors[REGISTRY.section]
        return self.encoder_input.standardized(tensors[REGISTRY_KEYS.X_KEY], section)


class DPPrincipalComponents(DistancePreserving, PrincipalComponents):
    """Principal components that report how well their distances are those in the tissue."""


def _sampled(mean: Tensor, variance: Tensor, n_samples: int) -> dict[str, Any]:
    qz = Normal(mean, variance.sqrt().expand_as(mean))
    return {"qz": qz, "z": qz.sample() if n_samples == 1 else qz.sample((n_samples,))}
