"""Places of cells by their distances to fixed points."""

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from dpvae.geometry.compilation import compiled
from dpvae.geometry.placement.result import Placement

Weighting = Literal["uniform", "local"]
WEIGHTINGS: tuple[Weighting, ...] = get_args(Weighting)

N_NEAREST = 10
MAX_ITER = 1_000
TOL = 1e-7
SMALLEST_SQUARE = 1e-280


def multilaterate(
    targets: NDArray[np.float64],
    landmark_targets: NDArray[np.float64],
    landmarks: NDArray[np.float64],
    *,
    weighting: Weighting,
) -> Placement:
    """Place every cell by its distances to fixed landmarks, independently of the others.

    Each cell starts at the weighted centroid of its ten nearest landmarks and follows relaxed
    majorisation updates until it moves by less than 1e-7 of the landmarks' radius.

    Parameters
    ----------
    targets
        z/λ of the cells, shape ``(n_new, n_latent)``, in tissue units.
    landmark_targets
        z/λ of the landmarks, shape ``(n_landmarks, n_latent)``, in tissue units.
    landmarks
        Their places, shape ``(n_landmarks, n_dims)``, in tissue units.
    weighting
        ``"local"`` or ``"uniform"``, see :func:`dpvae.geometry.place_on_layout`.

    Returns
    -------
    The placement. Time O(n_new n_landmarks (n_latent + iterations n_dims)), memory O(n_landmarks
    (n_latent + n_dims) + n_new n_dims).

    Examples
    --------
    >>> import numpy as np
    >>> from dpvae.geometry.placement.multilateration import multilaterate
    >>> corners = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0], [4.0, 4.0]])
    >>> cell = np.array([[1.0, 3.0]])
    >>> multilaterate(cell, corners, corners, weighting="uniform").coordinates.round(5)
    array([[1., 3.]])
    """
    center = landmarks.mean(axis=0)
    radius = float(np.sqrt(((landmarks - center) ** 2).sum(axis=1).mean()))
    offsets, residual, total, n_iterations, n_stopped = _multilaterate(
        np.ascontiguousarray(targets),
        np.ascontiguousarray(landmark_targets.T),
        np.ascontiguousarray((landmarks - center).T),
        weighting == "local",
        TOL * radius,
    )
    stress = 0.0 if residual == 0.0 else np.inf if total == 0.0 else np.sqrt(residual / total)
    return Placement(
        coordinates=offsets + center,
        stress=float(stress),
        n_iterations=n_iterations,
        converged=n_stopped == len(targets),
        solver="landmarks",
    )


@compiled
def _local_weight(squared: float, squared_width: float) -> float:
    return 1.0 / (squared + squared_width)


@compiled
def _squared_width(squared: NDArray[np.float64]) -> float:
    nearest = min(N_NEAREST, len(squared)) - 1
    width = np.partition(squared, nearest)[nearest] + 1e-12 * squared.mean()
    return width if width > SMALLEST_SQUARE else 1.0


@compiled
def _multilaterate(
    targets: NDArray[np.float64],
    landmark_targets: NDArray[np.float64],
    landmarks: NDArray[np.float64],
    local: bool,  # noqa: FBT001
    smallest_step: float,
) -> tuple[NDArray[np.float64], float, float, int, int]:
    n_cells, n_latent = targets.shape
    n_axes, n_landmarks = landmarks.shape
    layout = np.empty((n_cells, n_axes))
    wanted = np.empty(n_landmarks)
    weight = np.empty(n_landmarks)
    pull = np.empty(n_landmarks)
    place = np.empty(n_axes)
    nearest = np.empty(n_axes)
    residual = 0.0
    total = 0.0
    most_iterations = 0
    n_stopped = 0
    for i in range(n_cells):
        wanted[:] = 0.0
        for axis in range(n_latent):
            here = targets[i, axis]
            there = landmark_targets[axis]
            for j in range(n_landmarks):
                wanted[j] += (there[j] - here) * (there[j] - here)
        squared_width = _squared_width(wanted)
        start_weight = 0.0
        total_weight = 0.0
        place[:] = 0.0
        for j in range(n_landmarks):
            trust = _local_weight(wanted[j], squared_width)
            if wanted[j] <= squared_width:
                start_weight += trust
                for axis in range(n_axes):
                    place[axis] += trust * landmarks[axis, j]
            weight[j] = trust if local else 1.0
            total_weight += weight[j]
        place /= start_weight
        for iteration in range(MAX_ITER):
            pull[:] = 0.0
            for axis in range(n_axes):
                here = place[axis]
                there = landmarks[axis]
                for j in range(n_landmarks):
                    pull[j] += (here - there[j]) * (here - there[j])
            for j in range(n_landmarks):
                pull[j] = np.sqrt(wanted[j] / max(pull[j], SMALLEST_SQUARE))
            squared_step = 0.0
            for axis in range(n_axes):
                here = place[axis]
                there = landmarks[axis]
                shift = 0.0
                for j in range(n_landmarks):
                    shift += weight[j] * (pull[j] - 1.0) * (here - there[j])
                nearest[axis] = here + shift / total_weight
                squared_step += (shift / total_weight) ** 2
            most_iterations = max(most_iterations, iteration + 1)
            if squared_step <= smallest_step**2:
                n_stopped += 1
                place[:] = nearest
                break
            for axis in range(n_axes):
                place[axis] = 2.0 * nearest[axis] - place[axis]
        layout[i] = place
        for j in range(n_landmarks):
            squared = 0.0
            for axis in range(n_axes):
                squared += (place[axis] - landmarks[axis, j]) ** 2
            residual += weight[j] * (np.sqrt(wanted[j]) - np.sqrt(squared)) ** 2
            total += weight[j] * wanted[j]
    return layout, residual, total, most_iterations, n_stopped
