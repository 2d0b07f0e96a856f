"""The anatomy of a simulated organ: curved layers and the cell types that live in them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Anatomy:
    """Layers that arch around a hilum, and how often each cell type occurs in each.

    Attributes
    ----------
    hilum
        Centre of the arches in body coordinates, shape (n_dims,).
    edges
        Depths at which one domain ends and the next begins, ascending, shape (n_domains - 1,).
    type_frequency
        Share of each cell type in each domain, rows sum to 1, shape (n_domains, n_domains + 1).
    """

    hilum: NDArray[np.float64]
    edges: NDArray[np.float64]
    type_frequency: NDArray[np.float64]

    def domains(self, body: NDArray[np.float64]) -> NDArray[np.intp]:
        """Domain of every cell, shape (n,), from body coordinates of shape (n, n_dims)."""
        return np.asarray(np.searchsorted(self.edges, depth(body, self.hilum)))

    def cell_types(self, domains: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
        """Draw the type of every cell, shape (n,), given its domain."""
        cumulative = np.cumsum(self.type_frequency, axis=1)[domains, :-1]
        return np.asarray((rng.random((len(domains), 1)) > cumulative).sum(axis=1))


def depth(body: NDArray[np.float64], hilum: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance from the hilum, slightly undulating, shape (n,), of body coordinates (n, n_dims)."""
    undulation = 0.05 * np.sin(4 * body[:, 0] + 2 * body[:, -1])
    return np.asarray(np.linalg.norm(body - hilum, axis=1) + undulation)


def draw_anatomy(
    body: NDArray[np.float64],
    hilum: NDArray[np.float64],
    n_domains: int,
    rng: np.random.Generator,
) -> Anatomy:
    """Anatomy whose domains have different sizes.

    Parameters
    ----------
    body
        Body coordinates that fill the organ, shape (n, n_dims); they set the sizes of the domains.
    hilum
        Centre of the arches in body coordinates, shape (n_dims,).
    n_domains
        How many domains there are.
    rng
        Source of the sizes.
    """
    sizes = rng.uniform(1, 2, n_domains)
    shares = np.cumsum(sizes / sizes.sum())[:-1]
    layer = np.arange(n_domains)
    resident = np.exp(-0.5 * ((layer[:, None] - layer) / 0.7) ** 2)
    frequency = np.column_stack([resident, np.full(n_domains, 0.4)])
    return Anatomy(
        hilum=hilum,
        edges=np.quantile(depth(body, hilum), shares),
        type_frequency=frequency / frequency.sum(axis=1, keepdims=True),
    )
