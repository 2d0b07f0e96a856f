"""Surfaces of latent dimensions over one section."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from dpvae.module.site import Site


@dataclass(frozen=True, eq=False)
class SectionSurfaces:
    r"""Surfaces :math:`f_l(s) = \sum_k \phi_k(s) \sigma_{kl} w_{kl}` of uncertain weights w.

    Parameters
    ----------
    corner, far_corner
        Of the box around the section, shape ``(n_dims,)``.
    frequency, amplitude
        Of the cosines :math:`\phi_k`, shapes ``(n_cosines, n_dims)`` and ``(n_cosines,)``.
    deviation
        :math:`\sigma`, shape ``(n_cosines, n_spatial)``.
    mean
        Of w, shape ``(n_cosines, n_spatial)``.
    spread
        Deviation of w if weights are independent, shape ``(n_cosines, n_spatial)``; otherwise their
        covariance, shape ``(n_spatial, n_cosines, n_cosines)``.
    """

    corner: Tensor
    far_corner: Tensor
    frequency: Tensor
    amplitude: Tensor
    deviation: Tensor
    mean: Tensor
    spread: Tensor

    def basis(self, places: Tensor) -> Tensor:
        """Values of the cosines at places, shape ``(n_places, n_cosines)``."""
        distance = places - self.corner
        values = self.amplitude.expand(len(places), -1)
        for axis in range(distance.shape[1]):
            values = values * torch.outer(distance[:, axis], self.frequency[:, axis]).cos()
        return values

    def holds(self, places: Tensor) -> Tensor:
        """Whether places are in the box, shape ``(n_places,)``; NaN is not."""
        return ((places >= self.corner) & (places <= self.far_corner)).all(1)

    def at(self, places: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance of the surfaces at places, each ``(n_places, n_spatial)``.

        Time and memory O(n_places n_cosines n_spatial); if weights depend on each other, time O(
        n_places n_cosines² n_spatial).
        """
        basis = self.basis(places)
        mean = basis @ (self.deviation * self.mean)
        if self.spread.dim() == self.mean.dim():
            return mean, basis.square() @ (self.deviation * self.spread).square()
        variance = torch.zeros_like(mean)
        for dimension, covariance in enumerate(self.spread):
            scaled = basis * self.deviation[:, dimension]
            variance[:, dimension] = ((scaled @ covariance) * scaled).sum(1)
        return mean, variance

    def fitted(self, cells: Iterable[tuple[Tensor, Site]], noise: Tensor) -> "SectionSurfaces":
        r"""Find the exact distribution of the weights, given what expression says of z.

        .. math::
            S^{-1} = I + \sum_i D_i \psi_i \psi_i^\top, \qquad
            m = S \sum_i D_i \omega_i \psi_i, \qquad
            D_i = \frac{1}{\phi_i^2 + 1 - \rho}

        for a site :math:`N(\omega_i, \phi_i^2)` and :math:`\psi_i = \phi(s_i)\sigma`
        (:cite:t:`Rasmussen06`, equation 2.8).

        Parameters
        ----------
        cells
            Places, shape ``(n_cells, n_dims)``, and sites, of some cells at a time.
        noise
            1 - ρ, shape ``(n_spatial,)``.

        Returns
        -------
        Surfaces with these weights. Time O(n_cells n_cosines² n_spatial), memory O(n_cosines²
        n_spatial) and one part of the cells.
        """
        n_cosines, n_spatial = self.deviation.shape
        sums = torch.zeros_like(self.deviation, dtype=torch.float64)
        precision = sums.new_zeros(n_spatial, n_cosines, n_cosines)
        for places, site in cells:
            basis, seen = self.basis(places), site.first(n_spatial)
            left = 1.0 / (1.0 + noise * seen.precision)
            sums += basis.mT @ (left * seen.shift)
            weight = (left * seen.precision).sqrt()
            for dimension in range(n_spatial):
                weighted = basis * weight[:, dimension : dimension + 1]
                precision[dimension] += weighted.mT @ weighted
        deviation = self.deviation.double().mT
        precision *= deviation[:, :, None] * deviation[:, None, :]
        precision += torch.eye(n_cosines, dtype=sums.dtype, device=sums.device)
        covariance = torch.cholesky_inverse(torch.linalg.cholesky(precision))
        mean = torch.einsum("lkj,jl->kl", covariance, sums * self.deviation)
        kind = self.deviation.dtype
        return replace(self, mean=mean.to(kind), spread=covariance.to(kind))
