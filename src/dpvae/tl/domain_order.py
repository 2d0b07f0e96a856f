"""Domains numbered by their size."""

import numpy as np
from numpy.typing import NDArray

from dpvae.tl.middle_first import middle_first


def ordered_by_size(
    probabilities: NDArray[np.float64], latent: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Give each cell its likeliest domain, and number domains from the largest to the smallest.

    Parameters
    ----------
    probabilities
        Of each cell and domain, shape ``(n_cells, n_domains)``.
    latent
        Shape ``(n_cells, n_latent)``. Of domains of the same size the one with the cell nearest to
        the mean comes first.

    Returns
    -------
    The domain of each cell, from 0, shape ``(n_cells,)``, of equally likely ones the larger; and
    the probabilities with their columns in the new order, in which domains without cells are last.
    """
    order, _ = middle_first(latent)
    rank = np.empty(len(order), dtype=np.intp)
    rank[order] = np.arange(len(order))
    n_domains = probabilities.shape[1]
    likeliest = probabilities.argmax(axis=1)
    probabilities = probabilities[:, _largest_first(likeliest, rank, n_domains)]
    likeliest = probabilities.argmax(axis=1)
    columns = _largest_first(likeliest, rank, n_domains)
    return np.argsort(columns)[likeliest], probabilities[:, columns]


def _largest_first(
    labels: NDArray[np.intp], rank: NDArray[np.intp], n_domains: int
) -> NDArray[np.intp]:
    first = np.full(n_domains, len(labels))
    np.minimum.at(first, labels, rank)
    return np.lexsort([first, -np.bincount(labels, minlength=n_domains)])
