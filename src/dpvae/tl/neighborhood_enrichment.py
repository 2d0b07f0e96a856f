"""Which kinds of cells are neighbours, over many places that each cell could have."""

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from dpvae._data.counted import counted
from dpvae._data.names import as_text
from dpvae._data.section import check_column
from dpvae._data.whole_number import check_whole, is_whole
from dpvae.geometry import Posterior
from dpvae.geometry.neighborhood import neighborhood_weights
from dpvae.geometry.posterior.draws import draw_positions
from dpvae.geometry.posterior.smallest_sets import check_level
from dpvae.metrics.join_counts import join_counts
from dpvae.tl.posterior_of_cells import check_posterior_of
from dpvae.tl.result import check_ours

OURS = "zscore_low"
FEWEST_CELLS = 4


def neighborhood_enrichment(
    adata: AnnData,
    found: Posterior,
    *,
    cluster_key: str,
    n_neighbors: int = 6,
    n_draws: int = 100,
    level: float = 0.9,
    seed: int = 0,
) -> None:
    """Neighbourhood enrichment of cells whose places are not sure, with intervals.

    As squidpy's :func:`squidpy.gr.nhood_enrichment`, but many times: each time every cell is put at
    a position that is drawn from its posterior, and pairs of clusters among nearest neighbours are
    counted. The interval holds what the uncertainty of the places leaves open. It does not hold
    the uncertainty of the clusters, nor errors that all cells share, such as a wrong model.

    Parameters
    ----------
    adata
        The cells.
    found
        What ``model.predict_posterior(adata)`` gave.
    cluster_key
        Column of ``adata.obs``, such as cell types.
    n_neighbors
        How many of the nearest cells are neighbours. By default 6, as in squidpy.
    n_draws
        How many times places are drawn. By default 100.
    level
        Share of the draws that is inside the interval. By default 0.9.
    seed
        Seed of the draws. By default 0.

    Returns
    -------
    ``None``. Written is ``adata.uns[cluster_key + "_nhood_enrichment"]``, which
    ``squidpy.pl.nhood_enrichment(adata, cluster_key)`` draws, with

    - ``"zscore"``: mean over draws of how many standard deviations more often a cluster (row) has
      neighbours of another one (column) than if clusters were shuffled, shape ``(n_clusters,
      n_clusters)``;
    - ``"zscore_low"`` and ``"zscore_high"``: ends of the interval;
    - ``"count"``: mean number of these pairs;
    - ``"clusters"``: names of the rows.

    ``adata.obs[cluster_key]`` is made categorical if it is not, which squidpy asks for.

    Raises
    ------
    KeyError
        If there is no such column.
    TypeError
        If ``adata`` is no AnnData, or ``found`` no posterior.
    ValueError
        If the posterior is of other cells, or of fewer than four; clusters are missing
        for some cells, or there is only one; an argument is malformed; or something that this
        function did not write would be overwritten.

    Notes
    -----
    Cells are drawn independently, so neighbours are mixed more than in the tissue. So z-scores are
    nearer to 0 than with true places, the more so the less sure the places are. A z-score away
    from 0 is a finding; one near 0 is none. Mean and variance of shuffled clusters are exact, not
    from permutations. A second for 1,000 cells and 100 draws.

    Examples
    --------
    >>> import numpy as np
    >>> import dpvae
    >>> from scipy.sparse import eye
    >>> adata = dpvae.datasets.simulated_tissue(200, 20)
    >>> found = dpvae.geometry.Posterior(
    ...     adata.obsm["spatial"], eye(200, format="csr"), np.arange(200), np.ones(200)
    ... )
    >>> dpvae.tl.neighborhood_enrichment(adata, found, cluster_key="domain", n_draws=5)
    >>> bool((np.diag(adata.uns["domain_nhood_enrichment"]["zscore"]) > 5).all())
    True
    """
    check_posterior_of(found, adata)
    check_column(adata, cluster_key, argument="cluster_key")
    check_whole(n_neighbors, "n_neighbors")
    check_whole(n_draws, "n_draws")
    check_level(level)
    if not is_whole(seed) or seed < 0:
        message = f"seed is {seed!r}: give a whole number that is not negative."
        raise ValueError(message)
    if adata.n_obs < FEWEST_CELLS:
        message = f"adata has {counted(adata.n_obs, 'cell')}: {FEWEST_CELLS} are needed."
        raise ValueError(message)
    clusters = _categorical(adata.obs[cluster_key])
    names = clusters.cat.categories
    if len(names) < 2:
        message = f"adata.obs[{cluster_key!r}] has one cluster, {names[0]!r}: two are needed."
        raise ValueError(message)
    key = f"{cluster_key}_nhood_enrichment"
    if key in adata.uns:
        ours = isinstance(adata.uns[key], dict) and OURS in adata.uns[key]
        check_ours(f"adata.uns[{key!r}]", is_ours=ours)
    codes = clusters.cat.codes.to_numpy().astype(np.intp)
    drawn = draw_positions(found.place_probabilities(), n_draws, np.random.default_rng(seed))
    counts = [
        join_counts(_neighbors(found.positions[rows], n_neighbors), codes, len(names))
        for rows in drawn
    ]
    scores = np.stack([one.z_score for one in counts])
    low, high = np.quantile(scores, [(1 - level) / 2, (1 + level) / 2], axis=0)
    adata.obs[cluster_key] = clusters
    adata.uns[key] = {
        "zscore": scores.mean(axis=0),
        OURS: low,
        "zscore_high": high,
        "count": np.mean([one.count for one in counts], axis=0),
        "clusters": as_text(pd.Series(names)).to_numpy(),
    }


def _categorical(column: pd.Series) -> pd.Series:
    """Clusters in the order of their names, or in their own, without those of no cell."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.remove_unused_categories()
    return as_text(column).astype("category")


def _neighbors(places: NDArray[np.float64], n_neighbors: int) -> csr_matrix:
    """1 from each cell to each of its nearest others."""
    graph = neighborhood_weights(places, np.zeros(len(places)), n_neighbors)
    graph = csr_matrix((graph > 0).astype(np.float64))
    graph.setdiag(0.0)
    graph.eliminate_zeros()
    return graph
