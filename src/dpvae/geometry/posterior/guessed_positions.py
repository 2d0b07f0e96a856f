"""Probabilities of places, where positions of cells are guesses."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.spatial.distance import cdist
from scipy.special import gamma

from dpvae.geometry.posterior.sparse_probabilities import sparse_probabilities

Points = NDArray[np.float64]

MOST_NUMBERS = 4_000_000
HARDLY = 1e-9


def place_probabilities(probabilities: csr_matrix, positions: Points, errors: Points) -> csr_matrix:
    """Spread the probability of each guessed position over where its cell may have been.

    A true place is normally distributed around its guess, in all directions alike, at the expected
    distance. Only positions count as places, each alike.

    Parameters
    ----------
    probabilities
        That a cell is the one at a position, shape ``(n_cells, n_positions)``, rows of sum 1.
    positions
        Shape ``(n_positions, n_dims)``.
    errors
        Expected distance of each position from where its cell was, shape ``(n_positions,)``; 0 for
        measured ones, which keep their probability.

    Returns
    -------
    That a cell was at a position, of the same shape; the same object if none is guessed. Time
    O(n_cells n_positions n_guessed), memory of the result and O(n_cells n_positions) numbers, so
    give a few thousand cells at a time.
    """
    guessed = np.flatnonzero(errors > 0.0)
    if not len(guessed):
        return probabilities
    given = probabilities.toarray().astype(np.float32)
    found = given.copy()
    found[:, guessed] = 0.0
    for block in _blocks(guessed, len(positions)):
        found += given[:, block] @ _chances(positions[block], errors[block], positions)
    return sparse_probabilities([found], len(positions))


def _blocks(rows: NDArray[np.intp], n_positions: int) -> Iterator[NDArray[np.intp]]:
    size = max(MOST_NUMBERS // n_positions, 1)
    yield from (rows[begin : begin + size] for begin in range(0, len(rows), size))


def _chances(guesses: Points, errors: Points, positions: Points) -> NDArray[np.float32]:
    """Chance of each position to be where a guessed cell was, rows of sum 1.

    What is hardly possible is 0: products of tiny numbers take a processor fifty times as long.
    """
    n_dims = positions.shape[1]
    mean_length = np.sqrt(2.0) * gamma((n_dims + 1) / 2) / gamma(n_dims / 2)
    exponent = -0.5 * (cdist(guesses, positions) / (errors / mean_length)[:, None]) ** 2
    exponent -= exponent.max(axis=1, keepdims=True)
    chance = np.exp(exponent)
    chance /= chance.sum(axis=1, keepdims=True)
    return np.where(chance > HARDLY, chance, 0.0).astype(np.float32)
