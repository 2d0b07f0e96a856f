"""What is known of where each cell could be, written as places and columns."""

from typing import Any

import numpy as np
from anndata import AnnData

from dpvae._keys import OBSM, params_key
from dpvae.geometry import Posterior
from dpvae.geometry.posterior.smallest_sets import check_level
from dpvae.tl.placement import drop_companions
from dpvae.tl.posterior_of_cells import check_posterior_of
from dpvae.tl.result import check_free_key, check_ours


def posterior(
    adata: AnnData,
    found: Posterior,
    *,
    level: float = 0.9,
    key_added: str = OBSM.posterior,
) -> None:
    """Write where each cell could be: its likely places, and how sure they are.

    Coordinates that ``model.predict_coordinates`` gave are another array and stay as they are: by
    default those are the mean of two ways to place a cell, of which this is one. All positions with
    their probabilities are an AnnData of their own, see :func:`dpvae.tl.mapping`.

    Parameters
    ----------
    adata
        The cells.
    found
        What ``model.predict_posterior(adata)`` gave.
    level
        Share of the probability that regions and radii hold. By default 0.9, which ends their
        names with ``90``.
    key_added
        Key of the mean places in ``obsm``, and the beginning of all other keys. By default
        ``"spatial_posterior"``.

    Returns
    -------
    ``None``. Written are, in the frame and unit of the reference,

    - ``adata.obsm[key_added]``: the mean place, shape ``(n_cells, 2)`` or ``(n_cells, 3)``;
    - ``adata.obsm[key_added + "_mode"]``: the largest peak of ``found.modes(2)``, the one with the
      most probability around it. It need not be ``found.mode()``, the most probable position;
    - ``adata.obsm[key_added + "_second_mode"]``: the second peak, NaN where there is none;
    - ``adata.obs[key_added + "_mode_share"]`` and ``[… + "_second_share"]``: the share of the
      probability around each, 0 where there is none;
    - ``adata.obs[key_added + "_entropy"]``: how spread the probability is, in nats;
    - ``adata.obs[key_added + "_radius_90"]``: radius of the disc around the mean place that holds
      90 %;
    - ``adata.obs[key_added + "_region_90"]``: share of the tissue that the smallest region with
      90 % takes;
    - ``adata.obs[key_added + "_unlikeness"]``: how many times larger than usual the cell's squared
      distance is from what is expected at its best position, at least 1;
    - ``adata.uns[key_added + "_params"]``: the level and the number of positions.

    What an earlier call wrote under this key is replaced.

    Raises
    ------
    TypeError
        If ``adata`` is no AnnData, or ``found`` no posterior.
    ValueError
        If the posterior is of other cells, the level is not between 0 and 1, or
        something that this function did not write would be overwritten. Nothing is written then.

    See Also
    --------
    dpvae.geometry.Posterior : with regions of any level and shape, and shares of labels.
    dpvae.pl.posterior : draws it.

    Examples
    --------
    >>> import numpy as np
    >>> import dpvae
    >>> from scipy.sparse import csr_matrix
    >>> positions = np.array([[0.0, 0.0], [1.0, 0.0], [8.0, 0.0]])
    >>> probabilities = csr_matrix([[0.6, 0.2, 0.2], [0.0, 0.5, 0.5]])
    >>> found = dpvae.geometry.Posterior(positions, probabilities, np.arange(3), np.ones(2))
    >>> adata = dpvae.datasets.simulated_tissue(200, 20)[:2].copy()
    >>> dpvae.tl.posterior(adata, found)
    >>> adata.obsm["spatial_posterior"].round(3).tolist()
    [[1.8, 0.0], [4.5, 0.0]]
    """
    check_posterior_of(found, adata)
    check_level(level)
    percent = f"{100 * level:g}"
    modes = found.modes(2)
    arrays = {
        "": found.mean(),
        "_mode": modes.places[:, 0],
        "_second_mode": modes.places[:, 1],
    }
    columns = {
        "_mode_share": modes.shares[:, 0],
        "_second_share": modes.shares[:, 1],
        "_entropy": found.entropy,
        f"_radius_{percent}": found.radius(level),
        f"_region_{percent}": found.region_size(level),
        "_unlikeness": found.unlikeness,
    }
    check_free_key(adata, key_added)
    ours = isinstance(adata.uns.get(params_key(key_added)), dict)
    for part, values in (("obsm", arrays), ("obs", columns)):
        for name in values:
            key = f"{key_added}{name}"
            if key in getattr(adata, part):
                check_ours(f"adata.{part}[{key!r}]", is_ours=ours)
    drop_companions(adata, key_added)
    for name, places in arrays.items():
        adata.obsm[f"{key_added}{name}"] = places
    for name, column in columns.items():
        adata.obs[f"{key_added}{name}"] = np.asarray(column, dtype=np.float64)
    params: dict[str, Any] = {"level": level, "n_positions": len(found.positions)}
    adata.uns[params_key(key_added)] = params
