"""Labels that cells of one technology take over from those of others."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from dpvae._data.names import codes_of

N_NEAREST = 50
MOST_SHARE = 0.2


def labels_of_others(
    latent: NDArray[np.float32], technology: NDArray[np.intp], labels: pd.Series
) -> pd.DataFrame:
    """Share of each label among the nearest labelled cells of other technologies.

    These are 50, or a fifth of the labelled cells if there are fewer than 250.

    Parameters
    ----------
    latent
        z, shape ``(n_cells, n_latent)``.
    technology
        Code of each cell's technology, shape ``(n_cells,)``.
    labels
        Of each cell; missing where it is not known.

    Returns
    -------
    A row for each cell, a column for each label, rows of sum 1; of NaN for the cells of a
    technology if no other one has a label.
    """
    codes, names = codes_of(labels)
    shares = np.full((len(latent), len(names)), np.nan)
    for code in np.unique(technology):
        mine, others = technology == code, np.flatnonzero((codes >= 0) & (technology != code))
        if not len(others):
            continue
        n_nearest = min(N_NEAREST, max(round(MOST_SHARE * len(others)), 1))
        search = NearestNeighbors(n_neighbors=n_nearest).fit(latent[others])
        nearest = codes[others][search.kneighbors(latent[mine], return_distance=False)]
        shares[mine] = np.stack([(nearest == k).mean(axis=1) for k in range(len(names))], axis=1)
    return pd.DataFrame(shares, index=labels.index, columns=names)
