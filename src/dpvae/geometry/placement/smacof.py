"""Stress lowered step by step until a layout stands still."""

import logging
import math

import numpy as np
from numpy.typing import NDArray

from dpvae.geometry.placement.constraint import Constraint
from dpvae.geometry.placement.result import Placement
from dpvae.geometry.placement.stress import LARGEST_EXACT, cell_residuals, placement_stress
from dpvae.geometry.placement.target_distances import TargetDistances

logger = logging.getLogger(__name__)

WINDOW = 250
STAGE = 4
WINDOW_TOL = 2e-3


def majorize(
    wanted: TargetDistances,
    start: NDArray[np.float64],
    constraint: Constraint,
    *,
    max_iter: int,
    tol: float,
    seed: int,
) -> Placement:
    """Lower the stress of a layout until it stands still (SMACOF).

    Up to 4,000 cells every pair counts in every iteration (:func:`full_smacof`); above, every
    sweep draws a fresh window of 250 cells (:func:`window_smacof`).

    Parameters
    ----------
    wanted
        The distances that the layout is to have.
    start
        The first layout, transposed: shape ``(n_dims, n_cells)``, in tissue units.
    constraint
        What holds the layout.
    max_iter
        The largest number of iterations.
    tol
        Stop when the root of the objective falls by less than this fraction. Windows have a rule
        of their own.
    seed
        Seed of the windows.

    Returns
    -------
    The placement. Its stress is over all pairs, above 4,000 cells estimated from random ones.
    """
    n_cells = start.shape[1]
    if n_cells <= LARGEST_EXACT:
        logger.info("Placing %d cells by SMACOF over all pairs.", n_cells)
        layout, n_iterations, converged = full_smacof(
            wanted, start, constraint, max_iter=max_iter, tol=tol
        )
    else:
        logger.info("Placing %d cells by SMACOF over windows of %d random cells.", n_cells, WINDOW)
        layout, n_iterations, converged = window_smacof(
            wanted, start, constraint, max_iter=max_iter, seed=seed
        )
    return Placement(
        layout.T.copy(),
        placement_stress(wanted.targets, layout, seed),
        n_iterations,
        converged,
        "smacof" if n_cells <= LARGEST_EXACT else "window-smacof",
        residual=cell_residuals(wanted.targets, layout, seed=seed),
    )


def full_smacof(
    wanted: TargetDistances,
    start: NDArray[np.float64],
    constraint: Constraint,
    *,
    max_iter: int,
    tol: float,
) -> tuple[NDArray[np.float64], int, bool]:
    """Majorise stress over all pairs, with relaxed updates.

    The first and the last update go to the minimum of the majorising function, the others twice as
    far, 2 G(X) − X (de Leeuw & Heiser 1980). The objective never rises. Time O(n_cells² (n_latent +
    n_dims)) an iteration, memory O(n_cells (n_latent + n_dims)).

    Parameters
    ----------
    wanted, start, constraint, max_iter, tol
        As in :func:`majorize`.

    Returns
    -------
    The layout, shape ``(n_dims, n_cells)``, the number of iterations, and whether it converged.
    """
    layout = start
    previous = math.inf
    for iteration in range(max_iter):
        transform, residual = wanted.all_pairs(layout)
        nearest = constraint.restrict(transform)
        objective = math.sqrt(residual + constraint.cost(layout))
        if iteration > 0 and previous - objective <= tol * previous:
            return nearest, iteration + 1, True
        layout = 2.0 * nearest - layout if iteration > 0 else nearest
        previous = objective
    return layout, max_iter, False


def window_smacof(
    wanted: TargetDistances,
    start: NDArray[np.float64],
    constraint: Constraint,
    *,
    max_iter: int,
    seed: int,
) -> tuple[NDArray[np.float64], int, bool]:
    """Majorise stress against a fresh random window of 250 cells in every sweep.

    Updates are relaxed as in :func:`full_smacof`. After every four sweeps the mean of their layouts
    is tried on a fixed set of random pairs; from the third such stage on, the first that lowers the
    objective by less than 0.2 % ends the search, and the last two means are averaged. Time
    O(250 n_cells (n_latent + n_dims)) a sweep, memory O(n_cells (n_latent + n_dims)).

    Parameters
    ----------
    wanted, start, constraint, max_iter, seed
        As in :func:`majorize`.

    Returns
    -------
    The layout, shape ``(n_dims, n_cells)``, the number of sweeps, and whether it converged.
    """
    rng = np.random.default_rng(seed)
    layout = mean = start
    total = np.zeros_like(start)
    previous = math.inf
    for sweep in range(1, max_iter + 1):
        window = rng.choice(start.shape[1], size=WINDOW, replace=False)
        nearest = constraint.restrict(wanted.window(layout, window))
        layout = 2.0 * nearest - layout if sweep > 1 else nearest
        total += layout
        if sweep % STAGE:
            continue
        earlier, mean = mean, total / STAGE
        total = np.zeros_like(start)
        objective = math.sqrt(wanted.sampled(mean, seed=seed) + constraint.cost(mean))
        if sweep >= 3 * STAGE and previous - objective <= WINDOW_TOL * previous:
            return (earlier + mean) / 2.0, sweep, True
        previous = objective
    return (mean if max_iter >= STAGE else layout), max_iter, False
