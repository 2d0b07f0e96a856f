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

from dpvae import metrics
from dpvae._data.section import cells_per_section

Floats = NDArray[np.floating]
Baseline = Callable[[Floats, Floats, Floats], Floats]

N_COMPONENTS = 30
N_NEIGHBORS = 10


def hide_places(
    adata: AnnData, *, spatial_key: str, share: float = 0.2, seed: int = 0
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
    permutation = np.random.RandomState(seed).permutation(adata.n_obs)
    n_reference = int((1 - share) * adata.n_obs)
    reference = adata[np.sort(permutation[:n_reference])].copy()
    query = adata[np.sort(permutation[n_reference:])].copy()
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
    One row per method. Procrustes and stress: 0 is perfect, Procrustes 1 is chance; Spearman and
    overlap: 1 is perfect; the error is in the unit of the coordinates; a spread below 1 means
    that places were drawn towards the centre.
    """
    return pd.DataFrame(
        {
            method: pd.DataFrame(
                [_scores(true[cells], places[cells]) for _, cells in cells_per_section(section)]
            ).mean()
            for method, places in recovered.items()
        }
    ).T


def _scores(true: Floats, recovered: Floats) -> dict[str, float]:
    return {
        "Procrustes": metrics.procrustes_disparity(true, recovered),
        "stress": metrics.normalized_stress(true, recovered),
        "distance Spearman": metrics.distance_spearman(true, recovered),
        "neighbour overlap": metrics.neighbor_overlap(true, recovered),
        "median error": metrics.coordinate_error(true, recovered).median,
        "spread": metrics.spread_ratio(true, recovered),
    }
