"""Guess the unknown places of a reference, so that similar cells can help each other."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dpvae._data.section import cells_per_section
from dpvae._data.some_rows import at_most
from dpvae.geometry import known_rows
from dpvae.model.atlas.atlas import Atlas
from dpvae.model.atlas.encoded_cells import EncodedCells
from dpvae.model.atlas.placers import by_all, components
from dpvae.model.atlas.similar_cells import MOST_CELLS, SimilarCells, share_of_similar

Rows = NDArray[np.intp]


def with_similar_cells(
    atlas: Atlas,
    encode: Callable[[Rows], EncodedCells],
    coordinates: NDArray[np.float64],
    section: NDArray[np.str_],
) -> Atlas:
    """Keep the cells of sections with few known places, at known and guessed places.

    Parameters
    ----------
    atlas
        What is known of the reference so far.
    encode
        Encodes cells of the reference, by row number.
    coordinates
        Of all cells, shape ``(n_cells, 2)`` or ``(n_cells, 3)``; rows of NaN are cells of unknown
        place.
    section
        Name of each cell's section, shape ``(n_cells,)``.

    Returns
    -------
    The atlas. Sections without unknown places, or with many known ones, have no similar cells; of
    each of the others 10,000 cells are kept at most.
    """
    similar: dict[str, SimilarCells] = {}
    rng = np.random.default_rng(0)
    known = known_rows(coordinates)
    for name, is_here in cells_per_section(section):
        n_known = int(known[is_here].sum())
        share = share_of_similar(n_known, int(is_here.sum()) - n_known)
        if share == 0.0 or n_known == 0 or atlas.regression is None:
            continue
        rows = at_most(np.flatnonzero(is_here), MOST_CELLS, rng)
        cells = encode(rows)
        places, unknown = coordinates[rows].copy(), np.flatnonzero(~known[rows])
        places[unknown] = by_all(atlas, cells, unknown, section[rows[unknown]])
        found = components(atlas.regression, cells, np.arange(len(rows)))
        similar[name] = SimilarCells(found.astype(np.float32), places, share)
    return replace(atlas, similar=similar)
