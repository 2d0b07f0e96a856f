"""The shift, rotation and size that bring one set of points onto another."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dpvae._data.counted import counted
from dpvae._data.numbers import floats_of
from dpvae.geometry.coordinates import known_rows


@dataclass(frozen=True, eq=False)
class Alignment:
    """A similarity that carries one set of points onto another.

    Attributes
    ----------
    rotation
        Orthogonal matrix of shape ``(n_dims, n_dims)``, applied from the right.
    scale
        Units of the target per unit of the source.
    source_center, target_center
        Centroids, each of shape ``(n_dims,)``.
    disparity
        Σ ‖target − aligned source‖² / Σ ‖target − its centroid‖²: 0 for the same shape.
    is_reflected
        Whether the rotation mirrors.

    Examples
    --------
    >>> import numpy as np
    >>> from dpvae.geometry import align
    >>> source = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]])
    >>> alignment = align(source, 10.0 * source[:, ::-1] + 5.0)
    >>> round(alignment.scale, 9), alignment.is_reflected, round(alignment.disparity, 9)
    (10.0, True, 0.0)
    >>> alignment.apply([[1.0, 1.0]]).round(9)
    array([[15., 15.]])
    """

    rotation: NDArray[np.float64]
    scale: float
    source_center: NDArray[np.float64]
    target_center: NDArray[np.float64]
    disparity: float
    is_reflected: bool

    def apply(self, coordinates: ArrayLike) -> NDArray[np.float64]:
        """Carry points of the source's frame into the target's.

        Parameters
        ----------
        coordinates
            Shape ``(n_points, n_dims)``, in the source's unit. Rows of NaN stay NaN.

        Returns
        -------
        Shape ``(n_points, n_dims)``, in the target's unit.
        """
        values = floats_of(coordinates, "coordinates")
        turned = self.scale * (values - self.source_center) @ self.rotation
        return np.asarray(turned + self.target_center)


def align(
    source: ArrayLike,
    target: ArrayLike,
    *,
    with_scale: bool = True,
    allow_reflection: bool = True,
) -> Alignment:
    """Find the shift, rotation and scale that bring ``source`` nearest to ``target``.

    Orthogonal Procrustes analysis by singular values (Schönemann 1966; Kabsch 1976 without
    reflection). By default the disparity equals ``scipy.spatial.procrustes(target, source)[2]``.

    Parameters
    ----------
    source
        Shape ``(n_cells, n_dims)``, in any unit.
    target
        Shape ``(n_cells, n_dims)``, in any unit; row i is the same cell as row i of ``source``.
        Rows with NaN in either array are left out.
    with_scale
        Whether the scale is fitted; otherwise it is 1. By default ``True``.
    allow_reflection
        Whether the rotation may mirror. By default ``True``.

    Returns
    -------
    The alignment.

    Raises
    ------
    ValueError
        If the shapes differ, fewer than two rows are known in both, or all of these rows are
        identical in one of the arrays.

    Notes
    -----
    Time O(n_cells n_dims²), memory O(n_cells n_dims).

    Examples
    --------
    >>> import numpy as np
    >>> from dpvae.geometry import align
    >>> target = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 2.0]])
    >>> quarter_turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    >>> alignment = align(target @ quarter_turn, target, with_scale=False)
    >>> bool(np.allclose(alignment.apply(target @ quarter_turn), target))
    True
    """
    moving = floats_of(source, "source")
    fixed = floats_of(target, "target")
    if moving.ndim != 2 or moving.shape != fixed.shape:
        message = (
            f"source has shape {moving.shape} and target {fixed.shape}; "
            "both must be (cells, dimensions), with one row for the same cell."
        )
        raise ValueError(message)
    if np.isinf(moving).any() or np.isinf(fixed).any():
        message = "source or target is infinite in some rows; set rows of unknown place to NaN."
        raise ValueError(message)
    usable = known_rows(moving) & known_rows(fixed)
    if usable.sum() < 2:
        message = (
            f"{counted(usable.sum(), 'row is', 'rows are')} known in both source and target; "
            "alignment needs 2."
        )
        raise ValueError(message)
    source_center, moving = _centered(moving[usable], "source")
    target_center, fixed = _centered(fixed[usable], "target")
    left, strength, right = np.linalg.svd(moving.T @ fixed)
    if not allow_reflection and np.linalg.det(left @ right) < 0:
        left[:, -1] *= -1
        strength[-1] *= -1
    rotation = left @ right
    scale = float(strength.sum() / (moving**2).sum()) if with_scale else 1.0
    residual = float(((fixed - scale * moving @ rotation) ** 2).sum())
    return Alignment(
        rotation=rotation,
        scale=scale,
        source_center=source_center,
        target_center=target_center,
        disparity=residual / float((fixed**2).sum()),
        is_reflected=bool(np.linalg.det(rotation) < 0),
    )


def _centered(
    points: NDArray[np.float64], name: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if (points == points[0]).all():
        message = (
            f"all {len(points)} usable rows of {name} are identical; they have no shape to align."
        )
        raise ValueError(message)
    center = points.mean(axis=0)
    return center, points - center
