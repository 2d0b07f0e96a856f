"""Smooth surfaces over a tissue: a Gaussian process for each of many values of cells."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dpvae.geometry.surfaces.cosines import N_COSINES, Cosines

Points = NDArray[np.float64]
Rows = NDArray[np.intp]
Mask = NDArray[np.bool_]
Eigen = tuple[Points, Points, Points]

LENGTHS = (0.03, 0.05, 0.08, 0.12, 0.18, 0.27, 0.4, 0.6, 0.9, 1.4)
SHARES = np.array(
    [0.001, 0.003, 0.01, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97]
)
N_FOLDS = 5
CELLS_AT_A_TIME = 8_192
TINY = np.finfo(float).tiny
NEGLIGIBLE = 1e-13


@dataclass(frozen=True, eq=False)
class Surfaces:
    """What is expected of values of cells at each place of a tissue.

    Parameters
    ----------
    cosines
        Of which the surfaces are sums.
    center
        Mean of each value, shape ``(n_values,)``.
    weights
        Of the cosines in each surface, shape ``(n_cosines, n_values)``.
    length
        Over which each surface changes, in widths of the tissue, shape ``(n_values,)``.
    share
        Share of each value's variance that its surface explains, shape ``(n_values,)``.
    """

    cosines: Cosines
    center: Points
    weights: Points
    length: Points
    share: Points

    def at(self, places: Points) -> Points:
        """Heights of the surfaces at places, measured ones or new.

        Parameters
        ----------
        places
            Shape ``(n_places, n_dims)``.

        Returns
        -------
        Shape ``(n_places, n_values)``. Time O(n_places n_cosines n_values), memory O(n_places
        n_values).
        """
        heights = np.empty((len(places), len(self.center)))
        for rows in blocks(len(places)):
            heights[rows] = self.center + self.cosines.at(places[rows]) @ self.weights
        return heights


@dataclass(frozen=True, eq=False)
class CrossFitted:
    """Surfaces of all cells, and surfaces that did not see a fifth of them each.

    Parameters
    ----------
    surfaces
        Of all cells.
    without
        Surfaces without each fifth, around the same center; lengths and shares are chosen without
        it.
    fold
        Number of the fifth that each cell is in, shape ``(n_cells,)``.
    """

    surfaces: Surfaces
    without: tuple[Surfaces, ...]
    fold: Rows

    def left_out(self, places: Points) -> Points:
        """Heights at the cells' own places, of the surfaces that did not see them."""
        heights = np.empty((len(places), len(self.surfaces.center)))
        for number, surfaces in enumerate(self.without):
            mine = self.fold == number
            heights[mine] = surfaces.at(places[mine])
        return heights


def fit_surfaces(
    places: Points, values: Points, *, n_cosines: int = N_COSINES, seed: int = 0
) -> CrossFitted:
    """Fit a Gaussian process to each value, by marginal likelihood.

    Each value is ``f(s) + e`` with ``f`` a Gaussian process of a Matérn 3/2 kernel and ``e``
    independent noise. The kernel's length is chosen among ten, the share of f in the variance among
    sixteen, and the variance is the most likely one, for each value by itself.

    Parameters
    ----------
    places
        Of cells, shape ``(n_cells, 2)`` or ``(n_cells, 3)``, without NaN.
    values
        Of the same cells, shape ``(n_cells, n_values)``, in any unit.
    n_cosines
        How many cosines the surfaces are made of: details that are smaller than about a
        thirtieth of the tissue need more than the 256 of the default.
    seed
        Of the division into fifths.

    Returns
    -------
    The surfaces. Time O(n_cells n_cosines (n_cosines + n_values) + min(n_cells, n_cosines)³),
    memory O(n_cosines² + n_cosines n_values) next to the cells' values, whatever the number of
    cells.
    """
    cosines = Cosines.around(places, n_cosines)
    n_cosines = len(cosines.frequencies)
    center = values.mean(axis=0)
    fold = np.random.default_rng(seed).permutation(len(places)) % N_FOLDS
    gram = np.zeros((N_FOLDS, n_cosines, n_cosines))
    products = np.zeros((N_FOLDS, n_cosines, values.shape[1]))
    squares = np.zeros((N_FOLDS, values.shape[1]))
    for number in range(N_FOLDS):
        cells = np.flatnonzero(fold == number)
        for rows in blocks(len(cells)):
            some, basis = values[cells[rows]] - center, cosines.at(places[cells[rows]])
            gram[number] += basis.T @ basis
            products[number] += basis.T @ some
            squares[number] += (some**2).sum(axis=0)
    total, sums, square = gram.sum(axis=0), products.sum(axis=0), squares.sum(axis=0)
    scales = [_scale(cosines, length, total, len(places)) for length in LENGTHS]
    all_of_few = cosines.at(places) if len(places) < n_cosines else None

    def surfaces(gram: Points, products: Points, squares: Points, cells: Mask) -> Surfaces:
        few = None if all_of_few is None else all_of_few[cells]
        eigen = [
            _eigen(gram, scale) if few is None else _eigen_of_few(few, scale) for scale in scales
        ]
        length, share = _most_likely(eigen, products, squares, int(cells.sum()))
        weights = _weights(eigen, products, length, share)
        return Surfaces(cosines, center, weights, np.array(LENGTHS)[length], share)

    without = tuple(
        surfaces(total - gram[k], sums - products[k], square - squares[k], fold != k)
        for k in range(N_FOLDS)
    )
    return CrossFitted(surfaces(total, sums, square, fold >= 0), without, fold)


def blocks(n_rows: int, size: int = CELLS_AT_A_TIME) -> Iterator[slice]:
    """Blocks of rows that are treated at a time."""
    for begin in range(0, n_rows, size):
        yield slice(begin, min(begin + size, n_rows))


def _scale(cosines: Cosines, length: float, gram: Points, n_cells: int) -> Points:
    """Deviation of each cosine's weight such that surfaces have variance 1 over the cells."""
    deviation = np.sqrt(cosines.variances(length))
    mean = (np.diagonal(gram) * deviation**2).sum() / n_cells
    return np.asarray(deviation / np.sqrt(mean))


def _most_likely(
    eigen: list[Eigen], products: Points, squares: Points, n_cells: int
) -> tuple[Rows, Points]:
    """Index of the length, and the share, of largest marginal likelihood, for each value."""
    n_values = len(squares)
    best = np.full(n_values, -np.inf)
    length, share = np.zeros(n_values, dtype=np.intp), np.zeros(n_values)
    for number, (scale, roots, vectors) in enumerate(eigen):
        loadings = (vectors.T @ (scale[:, None] * products)) ** 2
        for candidate in SHARES:
            noise = 1.0 - candidate
            variance = candidate * roots + noise
            square = np.maximum((squares - (candidate / variance) @ loadings) / noise, TINY)
            log_determinant = np.log(variance).sum() + (n_cells - len(roots)) * np.log(noise)
            likelihood = -0.5 * (log_determinant + n_cells * np.log(square))
            better = likelihood > best
            best[better], length[better], share[better] = likelihood[better], number, candidate
    return length, share


def _weights(eigen: list[Eigen], products: Points, length: Rows, share: Points) -> Points:
    """Give the expected weights of the cosines, once cells are seen."""
    weights = np.empty_like(products)
    for number in np.unique(length):
        mine = length == number
        scale, roots, vectors = eigen[number]
        loadings = vectors.T @ (scale[:, None] * products[:, mine])
        loadings *= share[mine] / (share[mine] * roots[:, None] + 1.0 - share[mine])
        weights[:, mine] = scale[:, None] * (vectors @ loadings)
    return weights


def _eigen(gram: Points, scale: Points) -> Eigen:
    """Scale of the cosines, and the eigenvalues and eigenvectors of their scaled products."""
    roots, vectors = np.linalg.eigh(scale[:, None] * gram * scale)
    return scale, np.maximum(roots, 0.0), vectors


def _eigen_of_few(basis: Points, scale: Points) -> Eigen:
    """Give the same as :func:`_eigen`, but for eigenvalues of 0, of fewer cells than cosines."""
    scaled = basis * scale
    roots, vectors = np.linalg.eigh(scaled @ scaled.T)
    some = roots > NEGLIGIBLE * roots.max(initial=0.0)
    return scale, roots[some], scaled.T @ (vectors[:, some] / np.sqrt(roots[some]))
