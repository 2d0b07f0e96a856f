"""Known places that a model has learned already: they cannot say how far its guesses are off."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dpvae.geometry import known_rows
from dpvae.model.atlas.atlas import Atlas

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


def seen_places(atlas: Atlas, latent: NDArray[np.float32], coordinates: Values) -> SeenPlaces:
    """Find the cells of known place that a model has learned from, and how far its guesses are off.

    A cell is the same as one of the model's own if its latent representation is.

    Parameters
    ----------
    atlas
        Of the model.
    latent
        z of the query's cells, by the model as it is, shape ``(n_cells, n_latent)``.
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
    known = np.flatnonzero(known_rows(coordinates))
    is_seen, errors = np.zeros(len(latent), bool), np.full(len(latent), np.nan)
    within = SAME * float(np.sqrt(own.var(axis=0).sum()))
    tree = cKDTree(own[is_measured])
    nearest, match = tree.query(latent[known], distance_upper_bound=within)
    is_same = np.isfinite(nearest)
    is_seen[known[is_same]] = True
    if is_same.any() and layout.errors is not None and not is_measured.all():
        similar = cKDTree(own[~is_measured]).query(latent, eps=SLACK)[1]
        errors = layout.errors[~is_measured][similar]
    elif is_same.any() and regression is not None:
        errors[:] = regression.left_out_error
    before = layout.coordinates[is_measured][match[is_same]]
    return SeenPlaces(is_seen, errors * _unit_of(coordinates[is_seen], before))


def _unit_of(places: Values, before: Values) -> float:
    """How much larger places are than those of the same cells before; 1 if these are one point."""
    size, size_before = (np.sqrt(x.var(axis=0).sum()) if len(x) else 0.0 for x in (places, before))
    return float(size / size_before) if min(size, size_before) > 0 else 1.0
