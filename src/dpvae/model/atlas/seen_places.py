"""Known places that a model has learned already: they cannot say how far its guesses are off."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dpvae.geometry import known_rows
from dpvae.model.atlas.atlas import Atlas
from dpvae.model.atlas.encoded_cells import EncodedCells
from dpvae.model.atlas.layout import MOST_CELLS, Layout

SAME = 1e-5
SLACK = 1.0

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SeenPlaces:
    """What a model has learned of the places of a query before it is tuned on them.

    Parameters
    ----------
    is_seen
        Mask of the cells of whose known place the model has learned, shape ``(n_cells,)``.
    errors
        Expected distance of the model's guess from the true place, found when these places were
        new to it, shape ``(n_cells,)``, in the unit of the given places; NaN if nothing is known of
        it.
    """

    is_seen: NDArray[np.bool_]
    errors: Values


def seen_places(atlas: Atlas, cells: EncodedCells, coordinates: Values) -> SeenPlaces:
    """Find the cells of known place that a model has learned from, and how far its guesses are off.

    A cell is the same as one of the model's own if its latent representation is. Of a section with
    more cells than the model keeps, one cell that is the same tells for all of them.

    Parameters
    ----------
    atlas
        Of the model.
    cells
        The query, encoded by the model as it is.
    coordinates
        Known places of the query and rows of NaN, shape ``(n_cells, n_dims)``.

    Returns
    -------
    What was learned. Errors are those of the most similar guessed cells of the model; or, if it has
    none, of its own cells when regressions on genes place each by the others. The places that the
    model has of seen cells tell its unit. Time O((n_cells + n_layout) log n_layout) for few latent
    dimensions.
    """
    layout, regression = atlas.layout, atlas.regression
    own = layout.latent.astype(np.float64)
    is_measured = np.ones(len(own), bool) if layout.errors is None else layout.errors == 0.0
    known, latent = np.flatnonzero(known_rows(coordinates)), cells.latent
    is_seen, errors = np.zeros(len(latent), bool), np.full(len(latent), np.nan)
    within = SAME * float(np.sqrt(own.var(axis=0).sum()))
    nearest, match = cKDTree(own[is_measured]).query(latent[known], distance_upper_bound=within)
    same, match = known[np.isfinite(nearest)], match[np.isfinite(nearest)]
    if len(same) and layout.errors is not None and not is_measured.all():
        similar = cKDTree(own[~is_measured]).query(latent, eps=SLACK)[1]
        errors = layout.errors[~is_measured][similar]
    elif len(same) and regression is not None:
        errors[:] = regression.left_out_error
    is_seen[same] = True
    is_of_many = np.isin(layout.section[is_measured][match], _subsampled(layout))
    is_seen[known] |= np.isin(cells.section[known], cells.section[same[is_of_many]])
    before = layout.coordinates[is_measured][match]
    return SeenPlaces(is_seen, errors * _unit_of(coordinates[same], before))


def _subsampled(layout: Layout) -> NDArray[np.str_]:
    """Names of the sections of which the layout may not keep every cell."""
    names, n_cells = np.unique(layout.section, return_counts=True)
    return np.asarray(names[n_cells >= MOST_CELLS])


def _unit_of(places: Values, before: Values) -> float:
    """How much larger places are than those of the same cells before; 1 if these are one point."""
    size, size_before = (np.sqrt(x.var(axis=0).sum()) if len(x) else 0.0 for x in (places, before))
    return float(size / size_before) if min(size, size_before) > 0 else 1.0
