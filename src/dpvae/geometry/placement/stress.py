"""How far the distances of a layout are from the wanted ones."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dpvae.geometry.latent import check_distance_scale, check_latent
from dpvae.geometry.placement.majorization import cyclic_residual, cyclic_squares, guttman_transform

LARGEST_EXACT = 4_000
N_OFFSETS = 64
FEWEST_OFFSETS = 16
ENOUGH_PAIRS = 3_200_000
OFFSETS_PER_CELL = 16
NEGLIGIBLE = 1e-250


def normalized_stress(
    coordinates: ArrayLike, latent: ArrayLike, *, distance_scale: float = 1.0
) -> float:
    """Disagreement between layout distances and latent distances.

    sqrt( Σ (d_z/λ − d_s)² / Σ (d_z/λ)² ) over all pairs i < j, with distances that are not
    squared: the objective of eq. 6 (Zhou & Du 2024, arXiv:2408.00911) with unit weights,
    relative to its value when all cells fall into one point (Kruskal 1964).

    Parameters
    ----------
    coordinates
        s, shape ``(n_cells, n_dims)``, in tissue units, without NaN.
    latent
        z, shape ``(n_cells, n_latent)``.
    distance_scale
        λ, latent units per tissue unit. By default 1.

    Returns
    -------
    0 for a perfect layout, 1 for a layout in one point; 0 when all latents are identical and the
    layout is one point, infinity when only the latents are.

    Raises
    ------
    ValueError
        If an input holds NaN, has the wrong shape, or λ is not positive.

    Notes
    -----
    Time O(n_cells² (n_latent + n_dims)), memory O(n_cells (n_latent + n_dims)): distances are
    computed in blocks.

    Examples
    --------
    >>> import numpy as np
    >>> from dpvae.geometry import normalized_stress
    >>> z = np.array([[0.0, 0.0], [0.0, 8.0], [6.0, 0.0]])
    >>> normalized_stress(z / 2, z, distance_scale=2.0)
    0.0
    >>> normalized_stress(0 * z, z)
    1.0
    """
    values = check_latent(latent)
    places = check_latent(coordinates, name="coordinates", n_cells=len(values))
    targets = np.ascontiguousarray(values.T) / check_distance_scale(distance_scale)
    return layout_stress(targets, np.ascontiguousarray(places.T))


def layout_stress(targets: NDArray[np.float64], layout: NDArray[np.float64]) -> float:
    """Normalised stress over all pairs, of transposed arrays.

    Parameters
    ----------
    targets
        z/λ, transposed: shape ``(n_latent, n_cells)``.
    layout
        X, transposed: shape ``(n_dims, n_cells)``.

    Returns
    -------
    As :func:`normalized_stress`.
    """
    _, residual = guttman_transform(targets, layout)
    return _ratio(residual, sum_of_squared_distances(targets))


def sampled_stress(
    targets: NDArray[np.float64], layout: NDArray[np.float64], *, seed: int
) -> float:
    """Normalised stress estimated from random pairs, 64 a cell, fewer above 50,000 cells.

    Parameters
    ----------
    targets
        z/λ, transposed: shape ``(n_latent, n_cells)``.
    layout
        X, transposed: shape ``(n_dims, n_cells)``.
    seed
        Seed of the pairs.

    Returns
    -------
    As :func:`normalized_stress`. Time O(64 n_cells (n_latent + n_dims)), memory O(n_cells).
    """
    return _ratio(*cyclic_residual(targets, layout, pair_offsets(layout.shape[1], seed)))


def placement_stress(targets: NDArray[np.float64], layout: NDArray[np.float64], seed: int) -> float:
    """Normalised stress over all pairs of up to 4,000 cells, of more cells over random ones.

    Parameters
    ----------
    targets, layout, seed
        As in :func:`sampled_stress`.
    """
    if layout.shape[1] <= LARGEST_EXACT:
        return layout_stress(targets, layout)
    return sampled_stress(targets, layout, seed=seed)


def sampled_residual(
    targets: NDArray[np.floating], layout: NDArray[np.floating], *, seed: int
) -> float:
    """Σ_{i<j} (δ_ij − d_ij)² estimated from random pairs, as many as for the stress.

    Parameters
    ----------
    targets, layout, seed
        As in :func:`sampled_stress`; float32 or float64.

    Returns
    -------
    The estimate, in squared tissue units. Time O(64 n_cells (n_latent + n_dims)), memory
    O(n_cells).
    """
    n_cells = layout.shape[1]
    offsets = pair_offsets(n_cells, seed)
    residual, _ = cyclic_residual(targets, layout, offsets)
    return float(residual * (n_cells - 1) / (2 * len(offsets)))


def cell_residuals(
    targets: NDArray[np.float64], layout: NDArray[np.float64], *, seed: int
) -> NDArray[np.float64]:
    """Root mean square of d_s − d_z/λ over the pairs of each cell.

    Parameters
    ----------
    targets, layout, seed
        As in :func:`sampled_stress`.

    Returns
    -------
    Shape ``(n_cells,)``, in tissue units. Over all pairs of up to 1,000 cells, of more cells over
    32 random pairs of each. Time O(n_cells (n_latent + n_dims)) above, memory O(n_cells).
    """
    n_cells = layout.shape[1]
    if n_cells <= 1_000:
        offsets = np.arange(1, n_cells)
    else:
        offsets = np.random.default_rng(seed).integers(1, n_cells, size=OFFSETS_PER_CELL)
    squares, _ = cyclic_squares(targets, layout, offsets)
    return np.asarray(np.sqrt(squares / (2 * len(offsets))))


def sum_of_squared_distances(points: NDArray[np.float64]) -> float:
    """Sum of the squared distances of all pairs of columns, n Σ ‖x_i − x̄‖².

    Parameters
    ----------
    points
        Shape ``(n_axes, n_cells)``.

    Returns
    -------
    The sum over i < j. Time and memory O(n_cells n_axes).
    """
    from_first = points - points[:, :1]
    centered = from_first - from_first.mean(axis=1, keepdims=True)
    return float(points.shape[1] * (centered**2).sum())


def _ratio(residual: float, total: float) -> float:
    if residual < NEGLIGIBLE:
        return 0.0
    return float(np.sqrt(residual / total)) if total > 0.0 else float("inf")


def pair_offsets(n_cells: int, seed: int) -> NDArray[np.int64]:
    """Random offsets k: the pairs (i, i + k) are compared to estimate a stress.

    Parameters
    ----------
    n_cells
        How many cells there are, at least 2.
    seed
        Seed of the draw.

    Returns
    -------
    64 numbers from 1 to ``n_cells − 1``, fewer above 50,000 cells, 16 at least.
    """
    n_offsets = int(np.clip(ENOUGH_PAIRS // n_cells, FEWEST_OFFSETS, N_OFFSETS))
    return np.random.default_rng(seed).integers(1, n_cells, size=n_offsets)
