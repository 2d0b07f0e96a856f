"""How far distances of one set of points are from distances of another, with the gradient."""

import numpy as np
from numpy.typing import NDArray

from dpvae.geometry.compilation import compiled


@compiled
def distance_error(
    latent: NDArray[np.floating],
    places: NDArray[np.floating],
    bounds: NDArray[np.intp],
    scale: float,
    squared: bool,  # noqa: FBT001
) -> tuple[float, NDArray[np.floating], float]:
    r"""Mean over pairs of :math:`|d_z / \lambda - d_s|`, or of its square, and its gradient.

    Only cells of one section form pairs. Time grows with the number of pairs; memory with the
    number of cells. Distances are in the precision of ``latent``, sums over cells in double.

    Parameters
    ----------
    latent
        z, one column per cell, shape ``(n_latent, n_cells)``; cells of a section lie together.
    places
        s, in units of the tissue's size, shape ``(n_dims, n_cells)``.
    bounds
        Where sections begin, and the number of cells, shape ``(n_sections + 1,)``.
    scale
        λ: latent distance per unit of ``places``.
    squared
        Whether errors are squared.

    Returns
    -------
    The mean error, 0 without a pair; its gradient for z, shape ``(n_latent, n_cells)``, which is 0
    where two cells coincide; and its derivative for the logarithm of λ.
    """
    n_latent = len(latent)
    real = latent.dtype.type
    zero, one, two = real(0), real(1), real(2)
    per_scale, tiny = one / real(scale), np.finfo(latent.dtype).tiny
    gradient = np.zeros_like(latent)
    pull = np.empty_like(latent[0])
    apart = np.empty_like(latent[0])
    n_pairs, total, slope = 0, 0.0, 0.0
    for section in range(len(bounds) - 1):
        end = bounds[section + 1]
        size = end - bounds[section]
        n_pairs += size * (size - 1) // 2
        for i in range(bounds[section], end - 1):
            later = end - 1 - i
            for j in range(later):
                pull[j] = zero
                apart[j] = zero
            for dim in range(n_latent):
                here, others = latent[dim, i], latent[dim, i + 1 : end]
                for j in range(later):
                    step = others[j] - here
                    pull[j] += step * step
            for dim in range(len(places)):
                here, others = places[dim, i], places[dim, i + 1 : end]
                for j in range(later):
                    step = others[j] - here
                    apart[j] += step * step
            row_total, row_slope = zero, zero
            for j in range(later):
                distance = np.sqrt(pull[j])
                error = distance * per_scale - np.sqrt(apart[j])
                sign = one if error > zero else -one if error < zero else zero
                push = two * error if squared else sign
                row_total += error * (error if squared else sign)
                row_slope += push * distance
                pull[j] = push * per_scale / max(distance, tiny)
            total += float(row_total)
            slope -= float(row_slope * per_scale)
            for dim in range(n_latent):
                here, others = latent[dim, i], latent[dim, i + 1 : end]
                pushed = gradient[dim, i + 1 : end]
                sum_of_row = zero
                for j in range(later):
                    force = pull[j] * (others[j] - here)
                    pushed[j] += force
                    sum_of_row += force
                gradient[dim, i] -= sum_of_row
    if n_pairs == 0:
        return 0.0, gradient, 0.0
    return total / n_pairs, gradient / real(n_pairs), slope / n_pairs
