"""Peaks of probability over a tissue."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.spatial import cKDTree

from dpvae.geometry.compilation import compiled

Points = NDArray[np.float64]

N_NEIGHBORS = 8
DEPTH = 0.5


@dataclass(frozen=True, eq=False)
class Modes:
    """Separate peaks of each cell's probability.

    Attributes
    ----------
    places
        The position of each peak, shape ``(n_cells, n_modes, n_dims)``, NaN where there is none.
    shares
        Share of the cell's probability around each, shape ``(n_cells, n_modes)``, falling.
    """

    places: Points
    shares: Points


def find_modes(probabilities: csr_matrix, positions: Points, n_modes: int) -> Modes:
    """Find peaks between which probability falls below half of the lower one.

    Parameters
    ----------
    probabilities
        Shape ``(n_cells, n_positions)``.
    positions
        Shape ``(n_positions, n_dims)``. Each is next to its eight nearest.
    n_modes
        How many are wanted, those with the largest share first.
    """
    if n_modes < 1:
        message = f"n_modes is {n_modes}: give 1 or more."
        raise ValueError(message)
    n_near = min(N_NEIGHBORS + 1, len(positions))
    near = np.atleast_2d(cKDTree(positions).query(positions, k=range(1, n_near + 1))[1])
    rows = csr_matrix(probabilities)
    peaks, shares = _peaks(
        rows.indptr.astype(np.int64),
        rows.indices.astype(np.int64),
        rows.data.astype(np.float64),
        np.ascontiguousarray(near, dtype=np.int64),
        n_modes,
        DEPTH,
    )
    places = np.where((peaks >= 0)[:, :, None], positions[peaks], np.nan)
    return Modes(places, shares)


@compiled
def _peaks(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int64],
    data: NDArray[np.float64],
    near: NDArray[np.int64],
    n_modes: int,
    depth: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    n_cells = len(indptr) - 1
    n_positions = len(near)
    peaks = np.full((n_cells, n_modes), -1, dtype=np.int64)
    shares = np.zeros((n_cells, n_modes))
    summit = np.full(n_positions, -1, dtype=np.int64)
    parent = np.arange(n_positions)
    height = np.zeros(n_positions)
    mass = np.zeros(n_positions)
    for cell in range(n_cells):
        mine = indices[indptr[cell] : indptr[cell + 1]]
        values = data[indptr[cell] : indptr[cell + 1]]
        order = np.argsort(-values)
        for rank in order:
            position = mine[rank]
            value = values[rank]
            best = -1
            for other in near[position]:
                if summit[other] < 0 or other == position:
                    continue
                root = summit[other]
                while parent[root] != root:
                    root = parent[root]
                if best < 0:
                    best = root
                elif root != best:
                    low = root if height[root] < height[best] else best
                    high = best if low == root else root
                    if value > depth * height[low]:
                        parent[low] = high
                        mass[high] += mass[low]
                        mass[low] = 0.0
                    best = high
            if best < 0:
                best = position
                parent[position] = position
                height[position] = value
                mass[position] = 0.0
            summit[position] = best
            mass[best] += value
        for slot in range(n_modes):
            largest = -1
            for position in mine:
                if mass[position] > 0.0 and (largest < 0 or mass[position] > mass[largest]):
                    largest = position
            if largest < 0:
                break
            peaks[cell, slot] = largest
            shares[cell, slot] = mass[largest]
            mass[largest] = 0.0
        for position in mine:
            summit[position] = -1
            parent[position] = position
            mass[position] = 0.0
    return peaks, shares
