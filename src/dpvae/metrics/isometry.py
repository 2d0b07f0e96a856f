"""How evenly a decoder stretches the latent space."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dpvae._data.numbers import floats_of

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Isometry:
    """How evenly a decoder stretches the latent space.

    Attributes
    ----------
    condition_number
        Root of the ratio of the largest to the smallest eigenvalue of each cell's metric, shape
        (n,): 1 if all directions are stretched alike, infinity if one is lost.
    stretch
        Geometric mean of the stretches of all directions, relative to the median cell, shape
        ``(n_cells,)``.
    median, quantile_90
        Of the condition numbers.
    uneven
        Standard deviation of the logarithm of ``stretch``: 0 if all places are stretched alike.
    """

    condition_number: Values
    stretch: Values
    median: float
    quantile_90: float
    uneven: float


def latent_isometry(metric: ArrayLike) -> Isometry:
    """Measure how far a decoder is from an isometry, up to scale.

    Parameters
    ----------
    metric
        The pull-back metric JᵀJ of each cell, J being the Jacobian of the decoder, shape
        ``(n_cells, n_latent, n_latent)``: see ``model.decoder_metric``.

    Returns
    -------
    The isometry. A linear decoder with orthonormal columns has condition numbers 1 and is even; a
    random one of many genes comes close to that, so compare models, not with a threshold.

    Raises
    ------
    ValueError
        If the metrics are not finite, square and symmetric.

    Notes
    -----
    Time O(n_cells n_latent³), memory O(n_cells n_latent²).

    Examples
    --------
    >>> import numpy as np
    >>> from dpvae.metrics import latent_isometry
    >>> latent_isometry([np.diag([9.0, 1.0]), np.diag([9.0, 1.0])]).condition_number
    array([3., 3.])
    """
    metrics = _checked(metric)
    squares = np.maximum(np.linalg.eigvalsh(metrics), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        condition = np.where(squares[:, 0] > 0, np.sqrt(squares[:, -1] / squares[:, 0]), np.inf)
        logarithm = 0.5 * np.log(np.maximum(squares, 1e-300)).mean(axis=1)
    return Isometry(
        condition_number=condition,
        stretch=np.exp(logarithm - np.median(logarithm)),
        median=float(np.median(condition)),
        quantile_90=float(np.sort(condition)[int(0.9 * (len(condition) - 1))]),
        uneven=float(logarithm.std()),
    )


def metric_ellipses(metric: ArrayLike, axes: ArrayLike | None = None) -> tuple[Values, Values]:
    """Ellipses of equal change of expression around each cell, in a plane of the latent space.

    {v : vᵀ JᵀJ v = 1}, the ellipses of Fig. 4 of Zhou & Du 2024: circles of one size for an
    isometry; long where expression changes slowly.

    Parameters
    ----------
    metric
        Shape ``(n_cells, n_latent, n_latent)``, as in :func:`latent_isometry`.
    axes
        Two orthonormal directions of the latent space, shape ``(n_latent, 2)``. By default the
        first two axes.

    Returns
    -------
    Half axes, the longer first, shape ``(n_cells, 2)``, in latent units, and the angle of the
    longer one to the first direction, in radians, from −π/2 to π/2, shape ``(n_cells,)``.

    Raises
    ------
    ValueError
        If the metrics are malformed or the plane is not of their latent space.

    Examples
    --------
    >>> import numpy as np
    >>> from dpvae.metrics import metric_ellipses
    >>> half_axes, angle = metric_ellipses([np.diag([4.0, 1.0])])
    >>> half_axes, abs(np.degrees(angle))
    (array([[1. , 0.5]]), array([90.]))
    """
    metrics = _checked(metric)
    plane = np.eye(metrics.shape[1])[:, :2] if axes is None else np.asarray(axes, dtype=np.float64)
    if plane.shape != (metrics.shape[1], 2):
        message = f"axes have shape {plane.shape}; pass two directions, ({metrics.shape[1]}, 2)."
        raise ValueError(message)
    squares, directions = np.linalg.eigh(plane.T @ metrics @ plane)
    half_axes = 1.0 / np.sqrt(np.maximum(squares, 1e-300))
    longer = directions[:, :, 0] * np.where(directions[:, :1, 0] < 0.0, -1.0, 1.0)
    return half_axes, np.arctan2(longer[:, 1], longer[:, 0])


def _checked(metric: ArrayLike) -> Values:
    metrics = floats_of(metric, "metric")
    if metrics.ndim != 3 or metrics.shape[1] != metrics.shape[2] or metrics.shape[1] < 2:
        message = f"metric has shape {metrics.shape}; pass (cells, d, d) with d at least 2."
        raise ValueError(message)
    if not np.isfinite(metrics).all():
        message = "metric holds NaN or infinite values."
        raise ValueError(message)
    if np.abs(metrics - metrics.swapaxes(1, 2)).max() > 1e-6 * np.abs(metrics).max():
        message = "metric is not symmetric; pass JᵀJ, not the Jacobian J."
        raise ValueError(message)
    return metrics
