"""Where each of many cells could be: a probability of every position of a tissue."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix, vstack

from dpvae.geometry.posterior.expected_distance import expected_distance
from dpvae.geometry.posterior.guessed_positions import place_probabilities
from dpvae.geometry.posterior.modes import Modes, find_modes
from dpvae.geometry.posterior.parts import (
    check_parts,
    nearest_positions,
    row_numbers,
)
from dpvae.geometry.posterior.radius import radius
from dpvae.geometry.posterior.smallest_sets import check_level, smallest_sets
from dpvae.geometry.posterior.sparse_probabilities import sharpened
from dpvae.geometry.posterior.values_at_positions import (
    at_positions,
    label_shares,
    mean_and_deviation,
)

Points = NDArray[np.float64]

MOST_NUMBERS = 4_000_000


@dataclass(frozen=True, eq=False)
class Posterior:
    """Probability of every position of a tissue, for each of many cells.

    What methods give of cells is a row or number for each, in the order of ``cells``.

    Parameters
    ----------
    positions
        Shape ``(n_positions, n_dims)``, in the frame and unit of the reference. Where there are
        more positions, there are more cells: each counts alike before expression is seen.
    probabilities
        That a cell is like the one at a position, shape ``(n_cells, n_positions)``, rows of sum 1,
        sparse: positions that together have at most a thousandth of it are left out.
    reference_rows
        The cell of the reference that stands at each position, or nearest to it, by its row
        number in the reference, shape ``(n_positions,)``.
    unlikeness
        How many times larger than usual the squared distance of each cell is from what is expected
        at its best position, at least 1, shape ``(n_cells,)``. The probabilities of a cell that is
        unlike the tissue are spread wider.
    sharpness
        Power that probabilities are raised to for :meth:`mean`, at least 1.
    position_errors
        Expected distance of each position from where its cell was, shape ``(n_positions,)``; 0 for
        measured ones, as all are by default. A fine-tuned model guesses most of its positions:
        regions are of :meth:`place_probabilities`.
    cells
        Names of the cells, if they are known: tools do not take an AnnData that has them in another
        order.
    reference_cells
        Names of all cells of the reference, if they are known: a column of ``obs`` of other cells
        is refused.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csr_matrix
    >>> from dpvae.geometry import Posterior
    >>> positions = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    >>> found = Posterior(positions, csr_matrix([[0.5, 0.25, 0.25]]), np.arange(3), np.ones(1))
    >>> found.mean().tolist()
    [[0.75, 0.0]]
    >>> found.share(["cortex", "cortex", "thalamus"]).to_dict("list")
    {'cortex': [0.75], 'thalamus': [0.25]}
    """

    positions: Points
    probabilities: csr_matrix
    reference_rows: NDArray[np.intp]
    unlikeness: Points
    sharpness: float = 1.0
    position_errors: Points | None = None
    cells: pd.Index | None = None
    reference_cells: pd.Index | None = None

    def __post_init__(self) -> None:
        """Raise if these are no probabilities of positions."""
        rows, unlike, errors = self.reference_rows, self.unlikeness, self.position_errors
        check_parts(self.positions, self.probabilities, rows, unlike, errors)

    def __len__(self) -> int:
        """Return the number of cells."""
        return int(self.probabilities.shape[0])

    def __repr__(self) -> str:
        """Say how many cells and positions there are."""
        return f"Posterior of {len(self)} cells over {len(self.positions)} positions"

    def of(self, cells: ArrayLike) -> "Posterior":
        """Take some cells, by a mask or by row numbers."""
        chosen = row_numbers(cells, len(self))
        kept = self.probabilities[chosen]
        names = None if self.cells is None else self.cells[chosen]
        return replace(self, probabilities=kept, unlikeness=self.unlikeness[chosen], cells=names)

    def mean(self) -> Points:
        """Mean place of each cell, which errs least in the mean square, ``(n_cells, n_dims)``.

        In the order of ``cells``. One that could be in two places is put between: see
        :meth:`modes`.
        """
        places = np.empty((len(self), self.positions.shape[1]))
        for some, probabilities in self._parts():
            places[some] = sharpened(probabilities, self.sharpness) @ self.positions
        return places

    def expected_distance(self, places: ArrayLike) -> NDArray[np.float32]:
        """Mean distance of each cell from places, shape ``(n_cells, n_places)``.

        By the probabilities of :meth:`mean` and the errors of positions, from any places in its
        frame and unit. If a cell could be in two places, the likelier of them is nearer than their
        middle. Places of another number of dimensions are a ``ValueError``.
        """
        weights = sharpened(self.probabilities, self.sharpness)
        return expected_distance(weights, self.positions, places, self._errors)

    def mode(self) -> Points:
        """Most probable position of each cell, shape ``(n_cells, n_dims)``."""
        if not len(self):
            return np.empty((0, self.positions.shape[1]))
        return np.asarray(self.positions[np.ravel(self.probabilities.argmax(axis=1))])

    def modes(self, n_modes: int = 2) -> Modes:
        """Separate peaks of each cell's probability, and the share of it around each.

        Two peaks are separate if the way from one to the other leads through positions that are
        less than half as probable as the lower. What is around a peak is what leads up to it.

        Parameters
        ----------
        n_modes
            How many, those with the largest share first. By default two.

        Returns
        -------
        The modes. A cell with fewer has rows of NaN and shares of 0. Time O(n log n) for n
        numbers in ``probabilities``.

        Raises
        ------
        ValueError
            If the number is not at least 1.
        """
        return find_modes(self.probabilities, self.positions, n_modes)

    @property
    def entropy(self) -> Points:
        """How spread each cell's probability is, in nats, shape ``(n_cells,)``.

        0 if one position has it all, log(n_positions) if all are equally probable.
        """
        entropy = np.empty(len(self))
        for some, part in self._parts(of_places=True):
            part.data = -part.data * np.log(np.maximum(part.data, np.finfo(float).tiny))
            entropy[some] = np.ravel(part.sum(axis=1))
        return entropy

    def place_probabilities(self) -> csr_matrix:
        """Probability that each cell was at each position, shape ``(n_cells, n_positions)``.

        ``probabilities``, but where a position is a guess, they are spread over where its cell may
        have been. Time O(n_cells n_positions²) then.
        """
        none = csr_matrix((0, len(self.positions)), dtype=np.float32)
        parts = [part for _, part in self._parts(of_places=True)]
        return csr_matrix(vstack([none, *parts], format="csr"))

    def region(self, level: float) -> csr_matrix:
        """Smallest set of positions that holds a share of each cell's probability.

        Parameters
        ----------
        level
            The share, such as 0.9.

        Returns
        -------
        True where a position belongs to the set of a cell, shape ``(n_cells, n_positions)``. It
        can have any shape, and several parts.

        Raises
        ------
        ValueError
            If the level is not between 0 and 1.
        """
        check_level(level)
        inside = [csr_matrix((0, len(self.positions)), dtype=bool)]
        inside += [smallest_sets(part, level) for _, part in self._parts(of_places=True)]
        return csr_matrix(vstack(inside, format="csr"))

    def region_size(self, level: float) -> Points:
        """Share of the tissue's positions that the region of each cell takes, ``(n_cells,)``."""
        return np.asarray(np.diff(self.region(level).indptr) / len(self.positions))

    def radius(self, level: float) -> Points:
        """Radius of the disc around the mean place that holds a share of the probability.

        ``level`` is as in :meth:`region`. In the unit of the coordinates and the order of
        ``cells``, shape ``(n_cells,)``. A region is smaller, and can have several parts; a radius
        is one number. Errors of positions count.
        """
        check_level(level)
        return radius(self.probabilities, self.positions, self.mean(), level, self._errors)

    def in_region(self, places: ArrayLike, level: float) -> NDArray[np.bool_]:
        """Whether the region of each cell holds a place: ``(n_cells,)``, false for places of NaN.

        Parameters
        ----------
        places
            One place for each cell, in the order of ``cells``, shape ``(n_cells, n_dims)``; the
            nearest position stands for it.
        level
            As in :meth:`region`.

        Raises
        ------
        ValueError
            If the level or the shape of the places is not usable.
        """
        near, known = nearest_positions(places, self.positions, len(self))
        inside = np.asarray(self.region(level)[np.arange(len(self)), near]).ravel()
        return inside & known

    def probability_at(self, places: ArrayLike) -> Points:
        """Probability of the position nearest to a place of each cell, shape ``(n_cells,)``.

        NaN for places of NaN. Times the number of positions it is the factor by which expression
        makes the place more probable.
        """
        near, known = nearest_positions(places, self.positions, len(self))
        found = np.empty(len(self))
        for some, part in self._parts(of_places=True):
            found[some] = np.ravel(part[np.arange(part.shape[0]), near[some]])
        return np.where(known, found, np.nan)

    def expected(self, values: ArrayLike) -> tuple[Points, Points]:
        """Mean and standard deviation, for each cell, of what is known at positions.

        Parameters
        ----------
        values
            Of the positions, shape ``(n_positions,)`` or ``(n_positions, n_values)``; or of all
            cells of the reference, in their order.

        Raises
        ------
        ValueError
            If there is another number of them, or some are NaN.
        """
        return mean_and_deviation(self.probabilities, self._at_positions(values, np.float64))

    def share(self, labels: ArrayLike) -> pd.DataFrame:
        """Probability, for each cell, of each region, layer or class of the tissue.

        Parameters
        ----------
        labels
            Of the positions, shape ``(n_positions,)``; or of all cells of the reference, in their
            order. Where some are missing, the probability of these positions is in a last column
            ``"unlabeled"``, or joins the label of this name.

        Returns
        -------
        A table of cells, by their names, by labels; rows of sum 1.
        """
        shares, names = label_shares(self.probabilities, self._at_positions(labels, object))
        return pd.DataFrame(shares, self.cells, names)

    @property
    def _errors(self) -> Points:
        given = self.position_errors
        return np.zeros(len(self.positions)) if given is None else given

    def _at_positions(self, given: ArrayLike, dtype: Any) -> NDArray[Any]:
        return at_positions(given, dtype, self.reference_rows, self.reference_cells)

    def _parts(self, *, of_places: bool = False) -> Iterator[tuple[slice, csr_matrix]]:
        """Copy the probabilities of some cells at a time, which takes little memory."""
        size = max(MOST_NUMBERS // len(self.positions), 1)
        for begin in range(0, len(self), size):
            some = slice(begin, begin + size)
            part = self.probabilities[some]
            if of_places:
                part = place_probabilities(part, self.positions, self._errors)
            yield some, part
