"""Hide places, recover them by simple baselines, and score what came out."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.linear_model import RidgeCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dpvae._data.section import cells_per_section
from dpvae._data.some_rows import random_share
from dpvae.metrics import score_places

Floats = NDArray[np.floating]
Baseline = Callable[[Floats, Floats, Floats], Floats]

HIDDEN_SHARE = 0.2
N_COMPONENTS = 30
N_NEIGHBORS = 10
SHOWN = (
    "procrustes_disparity",
    "normalized_stress",
    "distance_spearman",
    "neighbor_overlap",
    "median_error",
    "spread_ratio",
)


def hide_places(
    adata: AnnData, *, spatial_key: str, share: float = HIDDEN_SHARE, seed: int = 0
) -> tuple[AnnData, AnnData]:
    """Split cells at random into a reference and a query without coordinates.

    On a lattice every hidden spot keeps neighbours in the reference: this is the easiest of
    hold-outs.

    Parameters
    ----------
    adata
        Cells with coordinates.
    spatial_key
        Key of the coordinates in ``adata.obsm``.
    share
        Share of the cells whose place is hidden.
    seed
        Seed of the permutation of which the last cells are hidden.

    Returns
    -------
    Reference and query, both copies; the query has no ``obsm[spatial_key]``.
    """
    left, hidden = random_share(adata.n_obs, share, seed)
    reference, query = adata[left].copy(), adata[hidden].copy()
    del query.obsm[spatial_key]
    return reference, query


def knn_coordinates(expression: Floats, coordinates: Floats, query: Floats) -> Floats:
    """Place cells at the mean place of the 10 most similar ones, by 30 principal components.

    Parameters
    ----------
    expression
        Log-normalised expression of the reference, shape ``(n_reference, n_genes)``.
    coordinates
        Coordinates of the reference, shape ``(n_reference, n_dims)``.
    query
        Log-normalised expression of the cells to place, shape ``(n_query, n_genes)``.
    """
    model = make_pipeline(
        PCA(min(N_COMPONENTS, *expression.shape), random_state=0),
        KNeighborsRegressor(min(N_NEIGHBORS, len(expression))),
    )
    return np.asarray(model.fit(expression, coordinates).predict(query))


def ridge_coordinates(expression: Floats, coordinates: Floats, query: Floats) -> Floats:
    """Place cells by ridge regression on all genes, its penalty chosen by cross-validation.

    Parameters
    ----------
    expression, coordinates, query
        As in :func:`knn_coordinates`.
    """
    model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(0, 6, 13)))
    return np.asarray(model.fit(expression, coordinates).predict(query))


BASELINES: Mapping[str, Baseline] = {"kNN": knn_coordinates, "ridge": ridge_coordinates}


def score_table(
    true: Floats, recovered: Mapping[str, Floats], section: NDArray[np.str_]
) -> pd.DataFrame:
    """Score several methods, averaged over sections.

    Parameters
    ----------
    true
        True coordinates, shape ``(n_cells, 2)`` or ``(n_cells, 3)``.
    recovered
        The coordinates that each method found.
    section
        Name of each cell's section.

    Returns
    -------
    One row per method, one column for each of :data:`SHOWN`, see :data:`dpvae.metrics.SCORES`.
    """
    return pd.DataFrame(
        {
            method: pd.DataFrame(
                [
                    score_places(true[cells], places[cells], SHOWN)
                    for _, cells in cells_per_section(section)
                ]
            ).mean()
            for method, places in recovered.items()
        }
    ).T
