"""Moving placed cells to measured positions."""

from os import PathLike

import numpy as np
from anndata import AnnData
from numpy.typing import ArrayLike, NDArray

from dpvae._data.culprit import named_in_errors, obsm_name
from dpvae._keys import OBSM, params_key
from dpvae.geometry import Posterior, assign_positions
from dpvae.tl.coordinates import read_coordinates
from dpvae.tl.posterior_of_cells import check_posterior_of
from dpvae.tl.result import check_free_key


def snap(
    adata: AnnData,
    positions: ArrayLike,
    found: Posterior | None = None,
    *,
    key: str = OBSM.reconstructed,
    key_added: str | None = None,
    capacity: int | ArrayLike | None = 1,
    seed: int = 0,
    copy: bool = False,
) -> NDArray[np.float64] | None:
    """Move placed cells to measured positions, such as the spots of the reference.

    Coordinates that a model gives lie between the positions that were measured, and closer to the
    middle of the tissue. Here every cell gets one of the positions, and no position takes more
    cells than it has room for. Together the cells move as little as possible (the sum of squared
    distances).

    With a posterior they go to the positions that are expected nearest to their true places (the
    sum of distances). A cell that could be in two places then gets one of them, and not their
    middle. This is better: see the page on dissociated cells in the user guide.

    Parameters
    ----------
    adata
        The cells.
    positions
        The measured positions, shape ``(n_positions, 2)`` or ``(n_positions, 3)``, in the frame and
        unit of the cells: ``reference.obsm["spatial"]``.
    found
        What ``model.predict_posterior(adata)`` gave. By default cells go by their coordinates
        alone.
    key
        Key of the cells' coordinates in ``adata.obsm``. Cells of unknown place stay unknown.
    key_added
        Key of the result in ``obsm``, and the beginning of the other keys. By default ``key``
        followed by ``"_snapped"``.
    capacity
        How many cells a position can take: one number for all, or one for each position. ``None``:
        any number, so that every cell goes to the position that is (expected) nearest.
    seed
        Seed of the order in which large problems are solved, part by part.
    copy
        Whether to return the coordinates instead of writing them.

    Returns
    -------
    ``None``, or with ``copy=True`` the new coordinates, shape ``(n_cells, 2)`` or
    ``(n_cells, 3)``. Written are

    - ``adata.obsm[key_added]``: the position of every cell;
    - ``adata.obs[key_added + "_position"]``: its row in ``positions``, −1 for unknown places;
    - ``adata.obs[key_added + "_distance"]``: how far the cell was moved;
    - ``adata.uns[key_added + "_params"]``: the settings, and whether there was a posterior.

    Raises
    ------
    KeyError
        If the key does not exist.
    TypeError
        If ``positions`` is an AnnData or a path, or ``found`` is no posterior.
    ValueError
        If there is less room than there are cells, an array is malformed, the posterior is of
        other cells, or something would be overwritten.

    See Also
    --------
    dpvae.geometry.assign_positions : the same for arrays; when the result is the exact optimum.

    Notes
    -----
    Memory grows in proportion to the number of cells and the room of all positions together. With
    a posterior there are eight bytes for each cell and position, and a minute for 20,000 cells on
    4,000 positions.

    Examples
    --------
    >>> import dpvae
    >>> adata = dpvae.datasets.simulated_tissue(200, 50)
    >>> adata.obsm["spatial_dpvae"] = 0.9 * adata.obsm["spatial"]
    >>> dpvae.tl.snap(adata, adata.obsm["spatial"])
    >>> adata.obs["spatial_dpvae_snapped_position"].nunique()
    200
    """
    places = read_coordinates(adata, key, argument="key")
    if isinstance(positions, AnnData | str | PathLike):
        message = (
            f"positions is of type {type(positions).__name__}: give the coordinates, "
            'reference.obsm["spatial"].'
        )
        raise TypeError(message)
    key_added = key_added or f"{key}_snapped"
    if not copy:
        check_free_key(adata, key_added)
    costs = None
    if found is not None:
        check_posterior_of(found, adata)
        costs = found.expected_distance(positions)
    with named_in_errors(obsm_name(key)):
        assigned = assign_positions(places, positions, costs=costs, capacity=capacity, seed=seed)
    snapped = np.full_like(places, np.nan)
    snapped[assigned >= 0] = np.asarray(positions, dtype=np.float64)[assigned[assigned >= 0]]
    if copy:
        return snapped
    adata.obsm[key_added] = snapped
    adata.obs[f"{key_added}_position"] = assigned
    adata.obs[f"{key_added}_distance"] = np.linalg.norm(snapped - places, axis=1)
    one_for_all = capacity is not None and np.ndim(capacity) == 0
    params = {"key": key, "seed": seed, "posterior": found is not None}
    if one_for_all:
        params["capacity"] = capacity
    adata.uns[params_key(key_added)] = params
    return None
