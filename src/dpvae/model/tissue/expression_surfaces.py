"""Expression over the tissue by surfaces of principal components."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dpvae._data.section import cells_per_section
from dpvae._data.some_rows import at_most
from dpvae.geometry import known_rows
from dpvae.geometry.posterior.grid import has_outline
from dpvae.geometry.regression.principal_axes import principal_axes
from dpvae.geometry.surfaces.surfaces import Surfaces, blocks, fit_surfaces
from dpvae.model.atlas.gene_neighbors import dense

Rows = NDArray[np.intp]
Values = NDArray[np.float64]
Shares = NDArray[np.float32]

N_COMPONENTS = 40
CELLS_PER_COMPONENT = 8
MOST_CELLS_FOR_AXES = 5_000
MOST_CELLS = 20_000
PLACES_AT_A_TIME = 1_024
SHARE = 0.5


@dataclass(frozen=True, eq=False)
class ExpressionSurfaces:
    """Expected expression at every place, without a network.

    Principal components of log-normalised expression are Gaussian processes of the place
    (:func:`~dpvae.geometry.surfaces.surfaces.fit_surfaces`). Genes that follow the tissue by
    themselves, which two or ten latent variables leave out, are in them.

    Parameters
    ----------
    mean
        Of each gene's logarithm, shape ``(n_genes,)``.
    axes
        Principal axes, shape ``(n_genes, n_components)``.
    level
        For each section what makes the mean over its cells each gene's mean share, shape
        ``(n_genes,)``.
    sections
        The surfaces of each section that has an outline.
    """

    mean: Values
    axes: Values
    level: dict[str, Values]
    sections: dict[str, Surfaces]

    def shares(self, section: str, places: Values, genes: Rows) -> Values:
        """Give the shares of genes in a cell's counts, shape ``(n_places, n_chosen)``.

        Parameters
        ----------
        section
            Name of the section, which is among ``sections``.
        places
            In the frame of the section, shape ``(n_places, n_dims)``.
        genes
            Numbers of the genes that are wanted, shape ``(n_chosen,)``.

        Returns
        -------
        Memory: these, and ``1024 * n_genes`` numbers.
        """
        found = np.empty((len(places), len(genes)))
        for block in blocks(len(places), PLACES_AT_A_TIME):
            counts = self._counts(self.sections[section], places[block]) * self.level[section]
            total = np.maximum(counts.sum(axis=1, keepdims=True), np.finfo(float).tiny)
            found[block] = counts[:, genes] / total
        return found

    def joined(self, section: str, places: Values, genes: Rows, shares: Shares) -> Shares:
        """Mean of shares that a network predicts, and these; the former where there are no such.

        Parameters
        ----------
        section, places, genes
            As of :meth:`shares`; a row of NaN is a place of which nothing is known.
        shares
            Of the network, shape ``(n_places, n_chosen)``.
        """
        known = known_rows(places)
        if section not in self.sections or not known.any():
            return shares
        joined = shares.copy()
        ours = self.shares(section, places[known], genes).astype(np.float32)
        joined[known] += np.float32(SHARE) * (ours - shares[known])
        return joined

    def _counts(self, surfaces: Surfaces, places: Values) -> Values:
        logarithms = surfaces.at(places) @ self.axes.T
        logarithms += self.mean
        return np.expm1(np.maximum(logarithms, 0.0, out=logarithms), out=logarithms)


def fit_expression_surfaces(
    logarithms: Callable[[Rows], Any],
    coordinates: Values,
    section: NDArray[np.str_],
) -> ExpressionSurfaces:
    """Fit axes to all cells, and surfaces to each section's cells of known place.

    Parameters
    ----------
    logarithms
        Log-normalised expression of the cells whose row numbers it is given, of the shape
        ``(n_rows, n_genes)``, dense or sparse.
    coordinates
        Shape ``(n_cells, 2)`` or ``(n_cells, 3)``; rows of NaN are cells of unknown place.
    section
        Name of each cell's section, shape ``(n_cells,)``.

    Returns
    -------
    Surfaces of 40 components, or an eighth as many as cells. Axes come from 5,000 cells at most,
    each section's surfaces from 20,000.
    """
    rng = np.random.default_rng(0)
    some = dense(logarithms(at_most(np.arange(len(section)), MOST_CELLS_FOR_AXES, rng)))
    some = np.asarray(some, dtype=np.float32)
    mean = some.mean(axis=0)
    n_components = min(N_COMPONENTS, max(len(some) // CELLS_PER_COMPONENT, 1))
    axes, _ = principal_axes(some - mean, n_components)
    found = ExpressionSurfaces(mean.astype(np.float64), axes.astype(np.float64), {}, {})
    known = known_rows(coordinates)
    for name, mine in cells_per_section(section):
        rows = at_most(np.flatnonzero(mine & known), MOST_CELLS, rng)
        if not has_outline(coordinates[rows]):
            continue
        places, components, total = coordinates[rows], [], np.zeros(len(mean))
        for block in blocks(len(rows), MOST_CELLS_FOR_AXES):
            values = np.asarray(dense(logarithms(rows[block])), dtype=np.float64)
            components.append((values - mean) @ axes)
            counts = np.expm1(values)
            total += (counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)).sum(axis=0)
        surfaces = fit_surfaces(places, np.concatenate(components)).surfaces
        expected = np.zeros(len(mean))
        for block in blocks(len(rows), MOST_CELLS_FOR_AXES):
            expected += found._counts(surfaces, places[block]).sum(axis=0)
        found.sections[name] = surfaces
        found.level[name] = total / np.maximum(expected, np.finfo(float).tiny)
    return found
