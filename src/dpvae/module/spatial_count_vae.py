"""The VAE of raw counts whose latent space follows the tissue."""

from collections.abc import Iterable
from typing import Any

import torch
from scvi import REGISTRY_KEYS
from scvi.module.base import LossOutput, auto_move_data
from torch import Tensor
from torch.distributions import Normal
from torch.nn import Parameter

from dpvae._keys import REGISTRY
from dpvae.module.count_vae import CountVAE
from dpvae.module.distance_preserving import DistancePreserving
from dpvae.module.kl_controller import KLController
from dpvae.module.site import Site
from dpvae.module.spatial_prior import SpatialPrior


class SpatialCountVAE(CountVAE):
    r"""spaVAE: counts, and a latent space of which dimensions are Gaussian processes of the place.

    The encoder gives the posterior of a cell of unknown place; with the place of a cell comes what
    the surfaces of its section say (:class:`~dpvae.module.site.Site`,
    :class:`~dpvae.module.SpatialPrior`). The loss is the negative ELBO

    .. math::
        -E_q \log p(x \mid z) + \beta \left[ E_{q(w)} KL(q(z \mid w) \,\|\, p(z \mid w))
        + KL(q(w) \,\|\, p(w)) / n \right]

    Parameters
    ----------
    *args, **kwargs
        Handed on to :class:`CountVAE`.
    spatial_prior
        The prior of z.
    kl_weight
        β.
    kl_target
        Divergence that β is steered to, within ``kl_range``, in nats for each cell and latent
        dimension. By default β stays as it is.
    kl_range
        Lowest and highest β.
    """

    has_background = False

    def __init__(
        self,
        *args: Any,
        spatial_prior: SpatialPrior,
        kl_weight: float,
        kl_target: float | None = None,
        kl_range: tuple[float, float] = (4.0, 25.0),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.spatial_prior = spatial_prior
        self.kl_weight = kl_weight
        self.kl_controller = (
            None if kl_target is None else KLController(kl_weight, *kl_range, kl_target)
        )

    def _get_inference_input(
        self,
        tensors: dict[str, Tensor],
        full_forward_pass: bool = False,  # noqa: FBT001, FBT002
    ) -> dict[str, Any]:
        inputs: dict[str, Any] = super()._get_inference_input(
            tensors, full_forward_pass=full_forward_pass
        )
        places = {"places": tensors[REGISTRY.coordinates], "section": tensors[REGISTRY.section]}
        return {**inputs, **places}

    @auto_move_data  # type: ignore[untyped-decorator]
    def _regular_inference(
        self, *args: Any, places: Tensor, section: Tensor, n_samples: int = 1, **kwargs: Any
    ) -> dict[str, Any]:
        outputs: dict[str, Any] = super()._regular_inference(*args, n_samples=n_samples, **kwargs)
        encoded = outputs["qz"]
        precision = encoded.scale.square()
        site = Site((1 + precision) * encoded.loc, precision)
        return {**outputs, **self._with_places(site, places, section, n_samples)}

    @auto_move_data  # type: ignore[untyped-decorator]
    def _cached_inference(
        self,
        qzm: Tensor,
        qzv: Tensor,
        observed_lib_size: Tensor,
        places: Tensor,
        section: Tensor,
        n_samples: int = 1,
    ) -> dict[str, Any]:
        outputs: dict[str, Any] = super()._cached_inference(qzm, qzv, observed_lib_size, n_samples)
        site = Site.of_posterior(qzm, qzv)
        return {**outputs, **self._with_places(site, places, section, n_samples)}

    def _with_places(
        self, site: Site, places: Tensor, section: Tensor, n_samples: int
    ) -> dict[str, Any]:
        prior = self.spatial_prior.at(places, section.reshape(-1).long())
        mean, variance = site.posterior(prior)
        qz = Normal(mean, variance.sqrt(), validate_args=False)
        z = qz.rsample() if n_samples == 1 else qz.sample((n_samples,))
        return {"qz": qz, "z": z, "site": site, "placed_prior": prior}

    @property
    def beta(self) -> Tensor | float:
        """β, as it is now."""
        return self.kl_weight if self.kl_controller is None else self.kl_controller.weight.clone()

    def loss(
        self,
        tensors: dict[str, Tensor],
        inference_outputs: dict[str, Any],
        generative_outputs: dict[str, Any],
        kl_weight: Tensor | float = 1.0,
    ) -> LossOutput:
        """Give the negative ELBO, the mean over cells; ``kl_weight`` multiplies β."""
        if self.training:
            self.spatial_prior.is_exact.zero_()
        counts = tensors[REGISTRY_KEYS.X_KEY]
        reconstruction = -generative_outputs["px"].log_prob(counts).sum(-1)
        site, prior = inference_outputs["site"], inference_outputs["placed_prior"]
        kl_local = site.divergence(prior).sum(-1)
        kl_global = self.spatial_prior.divergence()
        kl = kl_local.mean() + kl_global / self.spatial_prior.n_cells
        beta = kl_weight * self.beta
        if self.training and self.kl_controller is not None:
            self.kl_controller.follow(kl.detach() / self.n_latent)
        return LossOutput(
            loss=reconstruction.mean() + beta * kl,
            reconstruction_loss=reconstruction,
            kl_local=kl_local,
            kl_global=kl_global,
        )

    @torch.inference_mode()
    def marginal_ll(
        self,
        tensors: dict[str, Tensor],
        n_mc_samples: int,
        return_mean: bool = False,  # noqa: FBT001, FBT002
        n_mc_samples_per_pass: int = 1,
    ) -> float | Tensor:
        """Estimate log p(x | s) of each cell by importance sampling, given the surfaces.

        Parameters
        ----------
        tensors
            A minibatch.
        n_mc_samples, n_mc_samples_per_pass
            Number of samples, and how many are drawn at a time.
        return_mean
            Whether to return the mean over cells.
        """
        weights = []
        for _ in range(0, n_mc_samples, n_mc_samples_per_pass):
            found, generated = self.forward(
                tensors,
                inference_kwargs={"n_samples": n_mc_samples_per_pass},
                get_inference_input_kwargs={"full_forward_pass": True},
                compute_loss=False,
            )
            prior, z = found["placed_prior"], found["z"]
            of_prior = Normal(prior.mean, prior.total.sqrt(), validate_args=False)
            ratio = (of_prior.log_prob(z) - found["qz"].log_prob(z)).sum(-1)
            weight = ratio + self.log_weight(generated, tensors[REGISTRY_KEYS.X_KEY])
            weights.append(weight.reshape(n_mc_samples_per_pass, -1))
        samples = torch.cat(weights)
        found_ll = samples.logsumexp(0) - torch.log(torch.tensor(float(len(samples))))
        return found_ll.mean().item() if return_mean else found_ll.cpu()

    def log_weight(self, generative_outputs: dict[str, Any], counts: Tensor) -> Tensor:
        """Give log p(x | z) of each cell, shape ``(…, n_cells)``."""
        likelihood: Tensor = generative_outputs["px"].log_prob(counts).sum(-1)
        return likelihood


class DPSpatialCountVAE(DistancePreserving, SpatialCountVAE):
    """:class:`SpatialCountVAE` with the distance term, on what the encoder says without places."""

    def undecayed(self) -> Iterable[Parameter]:
        """Leave λ and the prior alone."""
        return (*super().undecayed(), *self.spatial_prior.parameters())

    def latent_mean(self, inference_outputs: dict[str, Any]) -> Tensor:
        """Give where expression alone puts each cell, shape ``(n_cells, n_latent)``."""
        site = inference_outputs["site"]
        mean: Tensor = site.shift / (1 + site.precision)
        return mean
