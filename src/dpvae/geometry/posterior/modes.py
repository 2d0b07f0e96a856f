"""Peaks of probability over a tissue."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.spatial import cKDTree

from dpvae._data.whole_number import is_whole
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
        Shape ``(n_positions, n_dims)``. Two are next to each other if one is among the eight
        nearest of the other. Positions of the same place count as one.
    n_modes
        How many are wanted, those with the largest share first.
    """
    if not (is_whole(n_modes) and n_modes >= 1):
        message = f"n_modes is {n_modes!r}: give a whole number that is at least 1."
        raise ValueError(message)
    rows, places = _one_at_each_place(csr_matrix(probabilities), positions)
    near = _neighbors(places)
    peaks, shares = _peaks(
        rows.indptr.astype(np.int64),
        rows.indices.astype(np.int64),
        rows.data.astype(np.float64),
        near.indptr.astype(np.int64),
        near.indices.astype(np.int64),
        n_modes,
        DEPTH,
    )
    return Modes(np.where((peaks >= 0)[:, :, None], places[peaks], np.nan), shares)


def _one_at_each_place(rows: csr_matrix, positions: Points) -> tuple[csr_matrix, Points]:
    """Sum the probabilities of positions of the same place."""
    places, which = np.unique(positions, axis=0, return_inverse=True)
    if len(places) == len(positions):
        return rows, positions
    cells = np.arange(len(positions))
    shape = (len(positions), len(places))
    member = csr_matrix((np.ones(len(cells)), (cells, which.ravel())), shape=shape)
    return csr_matrix(rows @ member), places


def _neighbors(places: Points) -> csr_matrix:
    """Which places are next to each other: an entry for each pair."""
    n_near = min(N_NEIGHBORS + 1, len(places))
    near = cKDTree(places).query(places, k=range(1, n_near + 1))[1]
    rows = np.repeat(np.arange(len(places)), n_near)
    pairs = csr_matrix((np.ones(near.size), (rows, near.ravel())), shape=(len(places),) * 2)
    return csr_matrix(pairs + pairs.T)


@compiled
def _peaks(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int64],
    data: NDArray[np.float64],
    near_indptr: NDArray[np.int64],
    near: NDArray[np.int64],
    n_modes: int,
    depth: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    n_cells = len(indptr) - 1
    n_positions = len(near_indptr) - 1
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
            around = near[near_indptr[position] : near_indptr[position + 1]]
            best = -1
            for other in around:
                root = summit[other]
                while root >= 0 and parent[root] != root:
                    root = parent[root]
                if root >= 0 and (best < 0 or height[root] > height[best]):
                    best = root
            for other in around:
                root = summit[other]
                while root >= 0 and parent[root] != root:
                    root = parent[root]
                if root >= 0 and root != best and value >= depth * height[root]:
                    parent[root] = best
                    mass[best] += mass[root]
                    mass[root] = 0.0
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
