"""Ways to place cells in the frames of a reference's sections."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dpvae._data.section import cells_per_section
from dpvae.geometry import place_by_consensus, place_on_layout
from dpvae.model.atlas.atlas import Atlas, Placer, Rows
from dpvae.model.atlas.encoded_cells import EncodedCells, ReadGenes
from dpvae.model.atlas.gene_regression import GeneRegression, components_of, rows_at_a_time
from dpvae.model.atlas.gene_surfaces import GeneSurfaces

Names = NDArray[np.str_]
Values = NDArray[np.float64]


def by_latents_and_genes(atlas: Atlas, cells: EncodedCells, rows: Rows, frames: Names) -> Values:
    """Place cells by consensus of regressions on latents, joined by regressions on genes."""
    places = by_latents(atlas, cells, rows, frames)
    read = cells.genes
    if atlas.regression is None or read is None:
        return places
    return atlas.regression.join(places, frames, lambda some: read(rows[some]))


def by_latents(atlas: Atlas, cells: EncodedCells, rows: Rows, frames: Names) -> Values:
    """Place cells by consensus of regressions on latents."""
    return _in_each_frame(atlas, cells.latent[rows], frames, place_by_consensus)


def by_landmarks(atlas: Atlas, cells: EncodedCells, rows: Rows, frames: Names) -> Values:
    """Place cells by their latent distances to landmarks, as in the paper."""

    def place(latent: Any, known: Any, coordinates: Values) -> Values:
        compared, scale = slice(atlas.distance_dims), atlas.distance_scale
        return place_on_layout(
            latent[:, compared],
            known[:, compared],
            coordinates,
            distance_scale=scale,
            weighting="uniform",
        ).coordinates

    return _in_each_frame(atlas, cells.latent[rows], frames, place)


def by_posterior(atlas: Atlas, cells: EncodedCells, rows: Rows, frames: Names) -> Values:
    """Place cells at the mean of their probability over the tissue."""
    return _by_surfaces(GeneSurfaces.means, atlas, cells, rows, frames)


def by_all(atlas: Atlas, cells: EncodedCells, rows: Rows, frames: Names) -> Values:
    """Place cells between what is read from them and the mean of their probability.

    With few known places the places of similar cells of the reference join.
    """
    places = _by_surfaces(GeneSurfaces.join, atlas, cells, rows, frames)
    if atlas.regression is None or cells.genes is None:
        return places
    for name, similar in atlas.similar.items():
        here = np.flatnonzero(frames == name)
        if len(here):
            found = components(atlas.regression, cells, rows[here])
            places[here] = similar.join(places[here], found)
    return places


def components(regression: GeneRegression, cells: EncodedCells, rows: Rows) -> Values:
    """Components of the genes of some cells, shape ``(n_rows, n_components)``."""
    assert cells.genes is not None
    size = rows_at_a_time(len(regression.mean))
    blocks = [rows[begin : begin + size] for begin in range(0, len(rows), size)]
    mean, loadings = regression.mean, regression.loadings
    return np.concatenate([components_of(cells.genes(some), mean, loadings) for some in blocks])


ALL = "all"
POSTERIOR = "posterior"
GENES_TOO = "latents and genes"
WITH_GENES = (ALL, POSTERIOR, GENES_TOO)
PLACERS: Mapping[str, Placer] = {
    ALL: by_all,
    POSTERIOR: by_posterior,
    GENES_TOO: by_latents_and_genes,
    "latents": by_latents,
    "landmarks": by_landmarks,
}


def _by_surfaces(
    place: Callable[[GeneSurfaces, Values, Names, ReadGenes], Values],
    atlas: Atlas,
    cells: EncodedCells,
    rows: Rows,
    frames: Names,
) -> Values:
    places = by_latents_and_genes(atlas, cells, rows, frames)
    read = cells.genes
    if atlas.surfaces is None or read is None:
        return places
    return place(atlas.surfaces, places, frames, lambda some: read(rows[some]))


def _in_each_frame(
    atlas: Atlas, latent: Any, frames: Names, place: Callable[[Any, Any, Values], Values]
) -> Values:
    layout = atlas.layout
    places = np.empty((len(latent), layout.coordinates.shape[1]))
    for name, cells in cells_per_section(frames):
        known = layout.section == name
        places[cells] = place(latent[cells], layout.latent[known], layout.coordinates[known])
    return places
