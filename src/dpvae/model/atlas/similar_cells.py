"""Places of similar cells of a reference of which few places are known."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

N_SIMILAR = 15
HALF = 0.5
FEW = 100.0
NEGLIGIBLE = 0.01
MOST_CELLS = 10_000
SAME = 1e-4


@dataclass(frozen=True, eq=False)
class SimilarCells:
    """Cells of a section that mostly have guessed places, by components of their genes.

    With few known places, what is read from a cell's genes is noisy. The other cells of the
    reference show which expression goes together, although their places are guesses: the mean of
    similar cells' guesses is steadier than the guess of one.

    Parameters
    ----------
    components
        Shape ``(n_cells, n_components)``.
    places
        Known or guessed, shape ``(n_cells, n_dims)``.
    share
        How much the similar cells count, see :func:`share_of_similar`.
    """

    components: NDArray[np.float32]
    places: Values
    share: float

    def join(self, places: Values, components: Values) -> Values:
        """Mean of places of cells and of the 15 most similar cells of the section.

        Parameters
        ----------
        places
            Of the cells, shape ``(n_cells, n_dims)``.
        components
            Of the same cells. One that is in the reference does not count as similar to itself.

        Returns
        -------
        Shape as ``places``. Time O(n_cells n_reference n_components), memory O(n_cells), and of
        scikit-learn's blocks.
        """
        from sklearn.neighbors import NearestNeighbors

        n_similar = min(N_SIMILAR, len(self.places) - 1)
        search = NearestNeighbors(n_neighbors=n_similar + 1, algorithm="brute")
        distance, cells = search.fit(self.components).kneighbors(components.astype(np.float32))
        is_itself = distance[:, 0] < SAME
        similar = np.where(is_itself[:, None], cells[:, 1:], cells[:, :-1])
        return np.asarray(places + self.share * (self.places[similar].mean(axis=1) - places))


def share_of_similar(n_known: int, n_unknown: int) -> float:
    """How much similar cells count next to what is read from a cell itself.

    Parameters
    ----------
    n_known, n_unknown
        How many cells of a section are of known, and of unknown place.

    Returns
    -------
    One half of the share of unknown cells if few places are known, half as much with 100 known
    places, and 0 where less than a hundredth is left: from about 700 on.
    """
    share = HALF * n_unknown / max(n_known + n_unknown, 1) / (1.0 + (n_known / FEW) ** 2)
    return share if share >= NEGLIGIBLE else 0.0
