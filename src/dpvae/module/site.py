"""What expression says of the latent variables of cells, and what it says with their places."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class PlacedPrior:
    """What the places of cells say of z, without their expression.

    Parameters
    ----------
    mean, variance
        Of the surface at each cell's place, shape ``(n_cells, n_latent)``. 0 if there is none.
    noise
        Variance of z around the surface, of the same shape. 1 if there is none.
    """

    mean: Tensor
    variance: Tensor
    noise: Tensor

    @property
    def total(self) -> Tensor:
        """Variance of z, shape ``(n_cells, n_latent)``."""
        return self.variance + self.noise


@dataclass(frozen=True, eq=False)
class Site:
    r"""A Gaussian factor :math:`\exp(\eta z - \lambda z^2 / 2)` for each latent variable of a cell.

    Parameters
    ----------
    shift
        :math:`\eta`, shape ``(n_cells, n_latent)``.
    precision
        :math:`\lambda`, at least 0.
    """

    shift: Tensor
    precision: Tensor

    @classmethod
    def of_posterior(cls, mean: Tensor, variance: Tensor) -> "Site":
        """Take it from the posterior of a cell of unknown place, whose prior is standard normal."""
        return cls(mean / variance, ((1.0 - variance) / variance).clamp(min=0.0))

    def first(self, n_dimensions: int) -> "Site":
        """Take the first dimensions."""
        return Site(self.shift[:, :n_dimensions], self.precision[:, :n_dimensions])

    def posterior(self, prior: PlacedPrior) -> tuple[Tensor, Tensor]:
        r"""Mean and variance of :math:`q(z) = \int q(w) \, q(z \mid w) \, dw`.

        Parameters
        ----------
        prior
            What places say.
        """
        left = self._left(prior)
        mean = left * (prior.noise * self.shift + prior.mean)
        return mean, left * prior.noise + left.square() * prior.variance

    def divergence(self, prior: PlacedPrior) -> Tensor:
        r"""Compute the expected :math:`KL(q(z \mid w) \,\|\, p(z \mid w))` over q(w), by dimension.

        Parameters
        ----------
        prior
            What places say.
        """
        left = self._left(prior)
        move = (self.shift - self.precision * prior.mean).square()
        move = move + self.precision.square() * prior.variance
        return 0.5 * (left - 1.0 - left.log() + prior.noise * left.square() * move)

    def _left(self, prior: PlacedPrior) -> Tensor:
        """Share of the prior's noise that is left once expression is seen."""
        return torch.reciprocal(1.0 + prior.noise * self.precision)
