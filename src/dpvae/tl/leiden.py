"""Leiden's communities of representations, as many as wanted."""

from importlib.util import find_spec

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray

from dpvae.tl.middle_first import middle_first

RESOLUTIONS, N_TRIES = (1e-3, 30.0), 30


def leiden_memberships(
    latent: NDArray[np.float64], n_domains: int, seed: int
) -> NDArray[np.float64]:
    """Community of each cell, 1 in its column and 0 in the others.

    Communities of the graph of 15 nearest neighbours in the representation, by scanpy. Higher
    resolutions give more of them: the one that gives as many as wanted is found by bisection.

    Parameters
    ----------
    latent
        Finite, shape ``(n_cells, n_latent)``.
    n_domains
        Number of communities.
    seed
        Seed of the graph and of Leiden.

    Returns
    -------
    Shape ``(n_cells, n_domains)``.

    Raises
    ------
    ImportError
        If igraph is not installed.
    ValueError
        If no resolution gives this number of communities.
    """
    if find_spec("igraph") is None:
        message = (
            "method='leiden' needs the package igraph: run pip install igraph, or take "
            "method='mixture'."
        )
        raise ImportError(message)
    import scanpy as sc

    order, values = middle_first(latent)
    cells = AnnData(obsm={"X": values})
    sc.pp.neighbors(cells, use_rep="X", n_neighbors=min(15, len(values) - 1), random_state=seed)
    low, high = np.log(RESOLUTIONS)
    numbers: set[int] = set()
    for _ in range(N_TRIES):
        middle = (low + high) / 2
        sc.tl.leiden(
            cells,
            resolution=float(np.exp(middle)),
            flavor="igraph",
            n_iterations=-1,
            directed=False,
            random_state=seed,
        )
        codes = cells.obs["leiden"].cat.codes.to_numpy()
        numbers.add(int(codes.max()) + 1)
        if codes.max() + 1 == n_domains:
            memberships = np.zeros((len(values), n_domains))
            memberships[order, codes] = 1.0
            return memberships
        low, high = (middle, high) if codes.max() + 1 < n_domains else (low, middle)
    message = (
        f"Leiden gives {sorted(numbers)} domains at the resolutions tried, never {n_domains}: "
        "take another n_domains, or method='mixture'."
    )
    raise ValueError(message)
