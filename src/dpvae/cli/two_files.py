"""Two files of cells, each where the other belongs, or both the same."""

import warnings
from typing import Any

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.neighbors import NearestNeighbors

from dpvae._data.some_rows import at_most

MOST_CELLS = 1_000
SAME = 1e-5
MOSTLY = 0.5


def check_order(with_places: AnnData, without: AnnData, spatial_key: str, remedy: str) -> None:
    """Raise if only the cells that need no places have some.

    Parameters
    ----------
    with_places
        The cells that need places, such as a reference.
    without
        The cells that need none, such as a query.
    spatial_key
        Key of the places in ``obsm``.
    remedy
        How both are given in the right order.
    """
    if spatial_key not in with_places.obsm and spatial_key in without.obsm:
        message = (
            f"The cells that should have places have no obsm[{spatial_key!r}], and those that need "
            f"none have it: are the two files swapped? {remedy}"
        )
        raise ValueError(message)


def warn_if_same(reference: AnnData, query: AnnData) -> None:
    """Warn if a query are the cells of the reference: same names, and same expression."""
    is_same = reference.obs_names.equals(query.obs_names) and reference.var_names.equals(
        query.var_names
    )
    if is_same and _are_equal(reference.X, query.X):
        message = (
            "--query and the reference are the same cells: give as --query the cells that you will "
            "place, or leave it out."
        )
        warnings.warn(message, UserWarning, stacklevel=2)


def warn_if_learned_from(latent: NDArray[np.float32], of_reference: NDArray[np.float32]) -> None:
    """Warn if most cells of a query are cells of the reference.

    Parameters
    ----------
    latent
        Latent representation of the query's cells, shape ``(n_cells, n_latent)``. Of more than
        1,000, random ones are used.
    of_reference
        The same of the reference's cells, shape ``(n_reference, n_latent)``.
    """
    some = latent[at_most(np.arange(len(latent)), MOST_CELLS, np.random.default_rng(0))]
    size = float(np.sqrt(of_reference.var(axis=0).sum()))
    nearest = NearestNeighbors(n_neighbors=1).fit(of_reference).kneighbors(some)[0]
    if (nearest <= SAME * size).mean() > MOSTLY:
        message = (
            "Most cells of the query are cells of the reference, of which the model learned where "
            "they are: new cells are placed less well. To see how well, hide places first, with "
            "dpvae demo --data. If you meant other cells, give their file."
        )
        warnings.warn(message, UserWarning, stacklevel=2)


def _are_equal(one: Any, other: Any) -> bool:
    if issparse(one) and issparse(other):
        return bool((one != other).nnz == 0)
    return not issparse(one) and not issparse(other) and np.array_equal(one, other)
