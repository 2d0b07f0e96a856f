"""Mean expression around places of a section."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse
from scipy.spatial import KDTree

from dpvae.geometry.placement.farthest_points import farthest_points
from dpvae.geometry.regression.principal_axes import principal_axes

N_GENES = 2_000
N_LANDMARKS = 500
N_COMPONENTS = 10
SHARE_OF_CELLS = 0.01
FEWEST_CELLS, MOST_CELLS = 6, 50
QUERIES_AT_A_TIME = 10_000
NEGLIGIBLE = 1e-12

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RegionalExpression:
    """What expression is on average around any place of a section.

    Expression means the principal components of the means over neighbourhoods, so that
    patterns of the tissue count and differences between neighbouring cells do not. Components are
    brought to the square root of their standard deviation, so that the strongest pattern does not
    decide alone, times the square root of the share that is not noise.

    Attributes
    ----------
    tree
        The places of the cells.
    cells
        Their components, shape ``(n_cells, n_components)``.
    landmarks
        Places that are spread evenly over the section, shape ``(n_places, n_dims)``.
    around
        Mean components around the landmarks, shape ``(n_places, n_components)``.
    n_around
        Cells per neighbourhood: 1 % of all, from 6 to 50.
    radius
        Median radius of a neighbourhood.
    noise
        Expected squared difference of two neighbourhoods at one place, by sampling of cells.
    chance
        Expected squared difference of neighbourhoods at two random places.
    """

    tree: KDTree
    cells: Values
    landmarks: Values
    around: Values
    n_around: int
    radius: float
    noise: float
    chance: float

    @classmethod
    def of(cls, values: Any, places: Values) -> Self:
        """Describe a section.

        Parameters
        ----------
        values
            Log-normalised expression, dense or SciPy sparse, shape ``(n_cells, n_genes)``.
        places
            Shape ``(n_cells, n_dims)``, finite.
        """
        genes = _most_variable(values)
        outermost = int(((places - places.mean(axis=0)) ** 2).sum(axis=1).argmax())
        chosen = farthest_points(places, N_LANDMARKS, outermost)
        n_around = int(np.clip(SHARE_OF_CELLS * len(places), FEWEST_CELLS, MOST_CELLS))
        tree = KDTree(places)
        distance, members = tree.query(places[chosen], n_around)
        mean = _means(genes, members)
        center = mean.mean(axis=0)
        loadings, _ = principal_axes(mean, N_COMPONENTS)
        cells = np.asarray(genes @ loadings) - center @ loadings
        around = cells[members].mean(axis=1)
        noise = cells[members].var(axis=1, ddof=1).mean(axis=0) / n_around
        variance = around.var(axis=0)
        is_pattern = (variance > noise) & (variance > NEGLIGIBLE * (mean**2).mean())
        kept, noise, variance = np.flatnonzero(is_pattern), noise[is_pattern], variance[is_pattern]
        weight = np.sqrt(1.0 - noise / variance) * variance**-0.25
        return cls(
            tree,
            cells[:, kept] * weight,
            places[chosen],
            around[:, kept] * weight,
            n_around,
            float(np.median(distance[:, -1])),
            2.0 * float((noise * weight**2).sum()),
            2.0 * float((variance * weight**2).sum()),
        )

    def at(self, places: Values) -> tuple[Values, NDArray[np.bool_]]:
        """Mean components around places, and whether these are in the tissue."""
        means = np.empty((len(places), self.cells.shape[1]))
        is_inside = np.empty(len(places), dtype=bool)
        for begin in range(0, len(places), QUERIES_AT_A_TIME):
            rows = slice(begin, begin + QUERIES_AT_A_TIME)
            distance, members = self.tree.query(places[rows], self.n_around)
            means[rows] = self.cells[members].mean(axis=1)
            is_inside[rows] = distance[:, 0] <= self.radius
        return means, is_inside


def _most_variable(values: Any) -> Any:
    is_sparse = issparse(values)
    table: Any = csr_matrix(values, dtype=np.float64) if is_sparse else np.asarray(values, float)
    if table.shape[1] <= N_GENES:
        return table
    squares = table.multiply(table) if is_sparse else table**2
    variance = np.ravel(squares.mean(axis=0)) - np.ravel(table.mean(axis=0)) ** 2
    return table[:, np.sort(np.argsort(variance)[-N_GENES:])]


def _means(genes: Any, members: NDArray[np.intp]) -> Values:
    n_places, n_around = members.shape
    starts = np.arange(n_places + 1) * n_around
    weights = np.full(members.size, 1.0 / n_around)
    average = csr_matrix((weights, members.ravel(), starts), shape=(n_places, genes.shape[0]))
    means = average @ genes
    return np.asarray(means.toarray() if issparse(means) else means)
