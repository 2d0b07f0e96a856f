"""Places by the distances of some pairs of cells."""

import logging
import math
import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, laplacian

from dpvae._data.counted import counted
from dpvae.geometry.alignment.procrustes import align
from dpvae.geometry.pairs import pair_distances
from dpvae.geometry.placement.result import Placement

logger = logging.getLogger(__name__)

Points = NDArray[np.float64]
Cells = NDArray[np.int64]

SMALLEST = 1e-300
ACCURACY = 1e-10
MOST_SOLVER_STEPS = 2_000


def place_masked(
    targets: Points,
    start: Points,
    graph: csr_matrix,
    *,
    max_iter: int,
    tol: float,
) -> Placement:
    """Lower the stress over the pairs of a mask (weighted SMACOF, de Leeuw & Mair 2009).

    Every iteration solves V X⁺ = B(X) X by conjugate gradients, V being the Laplacian of the
    weights. Parts of the mask that no pair connects are laid out by themselves, in the frame of the
    start.

    Parameters
    ----------
    targets
        z/λ, shape ``(n_cells, n_latent)``, in tissue units.
    start
        The first layout, shape ``(n_cells, n_dims)``.
    graph
        G, symmetric with zero diagonal, shape ``(n_cells, n_cells)``: w_ij of eq. 6.
    max_iter
        The largest number of iterations.
    tol
        Stop when the root of the objective falls by less than this fraction.

    Returns
    -------
    The placement; stress and residual are over the pairs of the mask, and the residual of a cell
    without pairs is NaN. Time O(n_pairs (n_latent + n_dims)) for each step of the solver, memory
    O(n_pairs + n_cells n_latent).
    """
    n_cells = len(targets)
    n_parts, part = connected_components(graph, directed=False)
    logger.info("Placing %d cells by SMACOF over %d masked pairs.", n_cells, graph.nnz // 2)
    if n_parts > 1:
        _warn_of_parts(part, n_parts)
    pairs = graph.tocoo()
    upper = pairs.row < pairs.col
    first, second, given = pairs.row[upper], pairs.col[upper], pairs.data[upper]
    wanted = pair_distances(targets, first, second)
    curvature = _laplacian(first, second, given, n_cells)
    layout, previous, converged, iteration = start, math.inf, False, 0
    while iteration < max_iter and not converged:
        found = pair_distances(layout, first, second)
        objective = math.sqrt((given * (wanted - found) ** 2).sum())
        ratio = np.where(found > 0.0, wanted / np.maximum(found, SMALLEST), 0.0)
        pulled = _laplacian(first, second, given * ratio, n_cells) @ layout
        nearest = _solved(curvature, pulled, layout)
        converged = iteration > 0 and previous - objective <= tol * previous
        last = converged or iteration == 0
        layout = nearest if last else 2.0 * nearest - layout
        previous = objective
        iteration += 1
    layout = _parts_in_frame(layout, start, part, n_parts)
    squares = given * (wanted - pair_distances(layout, first, second)) ** 2
    total = float((given * wanted**2).sum())
    stress = math.sqrt(squares.sum() / total) if total > 0.0 else 0.0
    return Placement(
        layout,
        stress,
        iteration,
        converged,
        "masked-smacof",
        residual=_of_cells(first, second, squares, given, n_cells),
    )


def _laplacian(first: Cells, second: Cells, weight: Points, n_cells: int) -> csr_matrix:
    upper = csr_matrix((weight, (first, second)), shape=(n_cells, n_cells))
    return laplacian(upper + upper.T).tocsr()


def _solved(matrix: csr_matrix, wanted: Points, guess: Points) -> Points:
    """Solution of V X = B with the centroid of the guess in every connected part."""
    from scipy.sparse.linalg import LinearOperator, cg

    diagonal = matrix.diagonal()
    inverse = 1.0 / np.where(diagonal > 0.0, diagonal, 1.0)
    precondition = LinearOperator(matrix.shape, matvec=lambda x: inverse * x, dtype=np.float64)
    columns = [
        cg(matrix, b, x0=x, rtol=ACCURACY, maxiter=MOST_SOLVER_STEPS, M=precondition)[0]
        for b, x in zip(wanted.T, guess.T, strict=True)
    ]
    return np.stack(columns, axis=1)


def _parts_in_frame(layout: Points, start: Points, part: Cells, n_parts: int) -> Points:
    """Lay every part onto its start by shift, rotation and reflection; lone cells stay there."""
    placed = start.copy()
    order = np.argsort(part, kind="stable")
    sizes = np.bincount(part, minlength=n_parts)
    for cells in np.split(order, np.cumsum(sizes)[:-1]):
        own, first = layout[cells], start[cells]
        if len(cells) == 1:
            continue
        if (own == own[0]).all() or (first == first[0]).all():
            placed[cells] = own - own.mean(axis=0) + first.mean(axis=0)
        else:
            placed[cells] = align(own, first, with_scale=False).apply(own)
    return placed


def _of_cells(first: Cells, second: Cells, squares: Points, weight: Points, n_cells: int) -> Points:
    both = np.concatenate([first, second])
    total = np.bincount(both, np.tile(squares, 2), n_cells)
    share = np.bincount(both, np.tile(weight, 2), n_cells)
    residual = np.full(n_cells, np.nan)
    paired = share > 0.0
    residual[paired] = np.sqrt(total[paired] / share[paired])
    return residual


def _warn_of_parts(part: Cells, n_parts: int) -> None:
    sizes = np.bincount(part)
    message = (
        f"The pair mask falls into {n_parts} parts that no pair connects (the largest has "
        f"{sizes.max()} of {len(part)} cells, "
        f"{counted((sizes == 1).sum(), 'cell has', 'cells have')} no pair). How the "
        "parts lie to each other is undetermined: each is turned onto the principal components of "
        "the latents. Connect them with more neighbours or some random far pairs."
    )
    warnings.warn(message, UserWarning, stacklevel=4)
