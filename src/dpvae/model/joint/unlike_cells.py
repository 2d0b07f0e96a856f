"""Cells of a tissue that no dissociated cell is like."""

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from dpvae._data.warn import warn_user

Values = NDArray[np.float32]

N_NEAREST = 5
USUAL = 0.95
MOST_UNLIKE = 0.3


def unlike_cells(latent: Values, others: Values) -> NDArray[np.bool_]:
    """Tell which cells are farther from others than 95 % of these are from each other.

    Parameters
    ----------
    latent
        z of the cells, shape ``(n_cells, n_latent)``.
    others
        z of the others, shape ``(n_others, n_latent)``.

    Returns
    -------
    Shape ``(n_cells,)``. Far is the distance of the fifth nearest.
    """
    n_nearest = min(N_NEAREST, len(others) - 1)
    search = NearestNeighbors(n_neighbors=n_nearest).fit(others)
    usual = np.quantile(search.kneighbors()[0][:, -1], USUAL)
    return np.asarray(search.kneighbors(latent)[0][:, -1] > usual)


def warn_if_unlike(whose: str, of: str, latent: Values, others: Values) -> None:
    """Warn if more than 30 % of cells are unlike any other.

    Parameters
    ----------
    whose, of
        How the message calls the cells and the others.
    latent, others
        As for :func:`unlike_cells`.

    Warns
    -----
    UserWarning
        With the share. 5 % are so among cells of the same kinds.
    """
    share = float(unlike_cells(latent, others).mean())
    if share > MOST_UNLIKE:
        warn_user(
            f"{share:.0%} of the cells {whose} are farther from all {of} than these are from each "
            "other (5 % among cells of the same kinds): cell types may be missing on one side, or "
            "the technologies differ too much. What is imputed, placed or labelled across them is "
            "doubtful for these cells."
        )
