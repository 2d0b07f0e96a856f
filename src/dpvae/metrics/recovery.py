"""True and recovered places of the same cells, with what several scores need of them."""

from dataclasses import dataclass
from functools import cached_property

from dpvae.metrics.neighbors import Neighbors
from dpvae.metrics.paired import Points

MOST_NEIGHBORS = 15


def n_neighbors_among(n_cells: int) -> int:
    """Count the neighbours that scores take: 15, or below half of the cells if these are few."""
    return min(MOST_NEIGHBORS, (n_cells - 1) // 2)


@dataclass(frozen=True, eq=False)
class Recovery:
    """What a score is computed from. Neighbours are searched when first needed, and once.

    Attributes
    ----------
    true
        Shape ``(n_cells, n_dims)``, all known.
    recovered
        Coordinates or a latent representation, shape ``(n_cells, n_columns)``, all known.
    seed
        Seed of random pairs, triangles and subsets.
    """

    true: Points
    recovered: Points
    seed: int = 0

    @property
    def n_neighbors(self) -> int:
        """Number of neighbours that count, see :func:`n_neighbors_among`."""
        return n_neighbors_among(len(self.true))

    @cached_property
    def true_neighbors(self) -> Neighbors:
        """Neighbours in the true tissue."""
        return Neighbors.of(self.true, self.n_neighbors)

    @cached_property
    def recovered_neighbors(self) -> Neighbors:
        """Neighbours in the recovered one."""
        return Neighbors.of(self.recovered, self.n_neighbors)
