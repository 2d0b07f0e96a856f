"""Ways to place cells in the frames of a reference's sections."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dpvae._data.section import cells_per_section
from dpvae.geometry import place_by_consensus, place_on_layout
from dpvae.model.atlas.atlas import Atlas, Placer, Rows
from dpvae.model.atlas.encoded_cells import EncodedCells, ReadGenes
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
    """Place cells between what is read from them and the mean of their probability."""
    return _by_surfaces(GeneSurfaces.join, atlas, cells, rows, frames)


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
