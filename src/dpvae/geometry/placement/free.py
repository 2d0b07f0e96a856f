"""Places by latent distances alone."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dpvae._data.counted import counted
from dpvae.geometry.latent import check_distance_scale, check_latent
from dpvae.geometry.pair_mask import check_pair_mask
from dpvae.geometry.placement.constraint import Unconstrained
from dpvae.geometry.placement.masked import place_masked
from dpvae.geometry.placement.result import Placement
from dpvae.geometry.placement.smacof import majorize
from dpvae.geometry.placement.target_distances import TargetDistances


def place_free(
    latent: ArrayLike,
    *,
    n_dims: int = 2,
    distance_scale: float = 1.0,
    pair_mask: Any = None,
    max_iter: int = 300,
    tol: float = 1e-6,
    seed: int = 0,
) -> Placement:
    """Place cells so that tissue distances equal latent distances, up to a rigid motion.

    Minimises Σ_{i<j} (‖ŝ_i − ŝ_j‖ − ‖z_i − z_j‖/λ)², eq. 6 of Zhou & Du 2024 (arXiv:2408.00911)
    with unit weights, by SMACOF (de Leeuw & Heiser 1980) from the principal components of z/λ,
    which are classical scaling. The centroid is 0 and the first axis starts along the largest
    variance; shift, rotation and reflection of the layout mean nothing.

    Parameters
    ----------
    latent
        z, shape ``(n_cells, n_latent)``, of more cells than ``n_dims``. With as few latent
        dimensions the layout is exact.
    n_dims
        2 or 3. By default 2.
    distance_scale
        λ, latent units per tissue unit. By default 1.
    pair_mask
        G, SciPy sparse matrix of shape ``(n_cells, n_cells)``, symmetric and at least 0: the
        weights w_ij of the pairs, of which those that are 0 do not count. A mask of near pairs
        alone leaves the layout free to fold: give far pairs, too. By default every pair counts
        alike.
    max_iter
        The largest number of iterations. By default 300.
    tol
        Stop when the stress falls by less than this fraction, up to 4,000 cells. By default 1e-6.
    seed
        Seed of the windows that are drawn above 4,000 cells. By default 0.

    Returns
    -------
    The placement, with coordinates of shape ``(n_cells, n_dims)`` in tissue units. Its stress is
    over the pairs of the mask if one is given.

    Raises
    ------
    ValueError
        If the latents are not 2-D, hold NaN or have no more rows than ``n_dims``, the mask is
        malformed (:func:`check_pair_mask`), or an option is out of range.

    Warns
    -----
    UserWarning
        If the mask falls into parts that no pair connects: their relative place is undetermined.

    Notes
    -----
    The log (level INFO) says which solver was chosen. Memory O(n_cells n_latent). Up to 4,000 cells
    O(n_cells² n_latent) time for each iteration; above, every iteration is a sweep against a fresh
    window of 250 random cells, O(250 n_cells n_latent), until four sweeps gain less than 0.2 %
    (twelve at least), and the reported stress is an estimate from random pairs. With a mask, time
    and memory grow with its pairs.

    Examples
    --------
    >>> import numpy as np
    >>> from dpvae.geometry import place_free
    >>> tissue = np.random.default_rng(0).uniform(size=(50, 2))
    >>> latent = 3.0 * tissue @ np.linalg.qr(np.eye(4)[:, :2] + 0.5)[0].T
    >>> placement = place_free(latent, distance_scale=3.0)
    >>> placement.coordinates.shape, round(placement.stress, 6)
    ((50, 2), 0.0)
    """
    values = check_latent(latent)
    if n_dims not in (2, 3):
        message = f"n_dims is {n_dims}; a tissue has 2 or 3 dimensions."
        raise ValueError(message)
    if len(values) <= n_dims:
        message = (
            f"latent has {counted(len(values), 'cell')}; {n_dims} dimensions need {n_dims + 1} or "
            "more."
        )
        raise ValueError(message)
    check_stopping(max_iter, tol)
    graph = None if pair_mask is None else check_pair_mask(pair_mask, len(values))
    targets = _centered_columns(values / check_distance_scale(distance_scale))
    start = _principal_components(targets, n_dims)
    if graph is not None:
        return place_masked(targets.T, start.T, graph, max_iter=max_iter, tol=tol)
    if len(targets) <= n_dims:
        coordinates = start.T.copy()
        return Placement(
            coordinates, 0.0, 0, converged=True, solver="exact", residual=np.zeros(len(coordinates))
        )
    return majorize(
        TargetDistances(targets), start, Unconstrained(), max_iter=max_iter, tol=tol, seed=seed
    )


def check_stopping(max_iter: int, tol: float) -> None:
    """Validate the stopping rule of an iteration.

    Parameters
    ----------
    max_iter
        The largest number of iterations, at least 1.
    tol
        A fraction, at least 0.

    Raises
    ------
    ValueError
        If one of them is out of range.
    """
    if max_iter < 1 or not tol >= 0:
        message = f"max_iter is {max_iter} and tol {tol}; they must be at least 1 and at least 0."
        raise ValueError(message)


def _centered_columns(values: NDArray[np.float64]) -> NDArray[np.float64]:
    from_first = np.ascontiguousarray((values - values[0]).T)
    from_first -= from_first.mean(axis=1, keepdims=True)
    return from_first


def _principal_components(targets: NDArray[np.float64], n_dims: int) -> NDArray[np.float64]:
    _, directions = np.linalg.eigh(targets @ targets.T)
    leading = directions[:, ::-1][:, :n_dims]
    largest = np.take_along_axis(leading, np.abs(leading).argmax(axis=0)[None], axis=0)
    components = np.zeros((n_dims, targets.shape[1]))
    components[: leading.shape[1]] = (leading * np.sign(largest)).T @ targets
    return components
