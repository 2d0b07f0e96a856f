"""Latents of cells from their expression and their places."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dpvae.geometry import known_rows
from dpvae.geometry.surfaces.cosines import MARGIN, Cosines
from dpvae.model.tissue.section_frames import SectionPlaces
from dpvae.module.section_surfaces import SectionSurfaces
from dpvae.module.site import Site
from dpvae.module.spatial_prior import SpatialPrior

Given = Literal["both", "expression", "place"]
Normal = tuple[NDArray[np.float32], NDArray[np.float32]]
Rows = NDArray[np.intp]

GIVEN = get_args(Given)
FEWEST_PLACES = 4
CELLS_AT_A_TIME = 8_192


@dataclass(frozen=True, eq=False)
class LatentSurfaces:
    """Joins what expression says of latents with what places say.

    Parameters
    ----------
    prior
        The prior of a model's module, whose sections are chosen, fitted and asked.
    """

    prior: SpatialPrior

    def choose_sections(self, placed: SectionPlaces) -> None:
        """Choose the cosines of each section of the reference that has four known places."""
        for code in range(len(self.prior.has_surface)):
            rows = self._known(placed, code)
            if len(rows) >= FEWEST_PLACES:
                surfaces, square = self._around(placed.places[rows])
                self.prior.set_section(code, surfaces, square)

    def fit_sections(self, placed: SectionPlaces, encoded: Normal) -> None:
        """Find the exact surfaces of the sections of the reference that have a known place.

        Others, whose places a query leaves out, keep those that they have.

        Parameters
        ----------
        placed
            Places of the cells.
        encoded
            Mean and variance of z given expression alone, shape ``(n_cells, n_latent)``.
        """
        for code in np.unique(placed.code).tolist():
            if self.prior.has(code) and len(self._known(placed, code)):
                exact = self._exact(self.prior.section(code), placed, code, encoded)
                self.prior.set_exact(code, exact)
        self.prior.is_exact.fill_(1)

    def is_inside(self, placed: SectionPlaces) -> NDArray[np.bool_]:
        """Whether places are in the boxes of their sections; of others nothing is known."""
        places = self._tensor(placed.places) / self.prior.unit
        inside = np.zeros(len(placed.places), dtype=bool)
        for code in np.unique(placed.code).tolist():
            if self.prior.has(code):
                mine = placed.code == code
                inside[mine] = self.prior.section(code).holds(places[mine]).cpu().numpy()
        return inside

    def take_further_sections(self, placed: SectionPlaces, encoded: Normal) -> None:
        """Find the exact surfaces of sections that the reference does not have, for now."""
        found = {}
        for code in np.unique(placed.code).tolist():
            rows = self._known(placed, code)
            if code >= len(self.prior.has_surface) and len(rows) >= FEWEST_PLACES:
                surfaces, _ = self._around(placed.places[rows])
                found[code] = self._exact(surfaces, placed, code, encoded)
        self.prior.further_sections = found

    @torch.no_grad()
    def latents(self, placed: SectionPlaces, encoded: Normal | None = None) -> Normal:
        """Give mean and variance of z at places.

        Parameters
        ----------
        placed
            The places.
        encoded
            Mean and variance of z given the expression of the cells that are there; ``None`` if
            nothing was measured.
        """
        shape = (len(placed.places), self.prior.n_latent)
        means, variances = np.empty(shape, np.float32), np.empty(shape, np.float32)
        for rows in _parts(np.arange(len(means))):
            code = torch.as_tensor(placed.code[rows], device=self.prior.corner.device)
            places = self.prior.at(self._tensor(placed.places[rows]), code)
            found = places.mean, places.total
            if encoded is not None:
                found = self._site(encoded, rows).posterior(places)
            means[rows], variances[rows] = (part.cpu().numpy() for part in found)
        return means, variances

    @torch.no_grad()
    def _exact(
        self, surfaces: SectionSurfaces, placed: SectionPlaces, code: int, encoded: Normal
    ) -> SectionSurfaces:
        def parts() -> Iterator[tuple[Tensor, Site]]:
            for rows in _parts(self._known(placed, code)):
                places = self._tensor(placed.places[rows]) / self.prior.unit
                yield places, self._site(encoded, rows)

        return surfaces.fitted(parts(), 1 - self.prior.share)

    @torch.no_grad()
    def _around(self, places: NDArray[np.float64]) -> tuple[SectionSurfaces, Tensor]:
        """Surfaces around places, not fitted, and the mean squares of their cosines there."""
        places = places / float(self.prior.unit)
        cosines = Cosines.around(places, self.prior.n_cosines)
        parts = _parts(np.arange(len(places)))
        square = self._tensor(sum((cosines.at(places[rows]) ** 2).sum(axis=0) for rows in parts))
        square /= len(places)
        far_corner = self._tensor(places.max(axis=0) + MARGIN * cosines.width)
        return self.prior.new_section(cosines, far_corner, square), square

    def _site(self, encoded: Normal, rows: Rows) -> Site:
        mean, variance = encoded
        return Site.of_posterior(self._tensor(mean[rows]), self._tensor(variance[rows]))

    def _tensor(self, values: NDArray[np.floating]) -> Tensor:
        return torch.as_tensor(values).to(self.prior.corner)

    @staticmethod
    def _known(placed: SectionPlaces, code: int) -> Rows:
        return np.flatnonzero((placed.code == code) & known_rows(placed.places))


def _parts(rows: Rows) -> Iterator[Rows]:
    for begin in range(0, len(rows), CELLS_AT_A_TIME):
        yield rows[begin : begin + CELLS_AT_A_TIME]
