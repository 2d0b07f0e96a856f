"""Probabilities of labels, such as the layers of a cortex, for each of many cells."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class LabelProbabilities:
    """Probability of each label for each of many cells.

    Parameters
    ----------
    table
        Shape ``(n_cells, n_labels)``, a column for each label, rows of sum 1. By the names of its
        rows tools know the cells: they do not take an AnnData that has them in another order.
    unlikeness
        How many times larger than usual the squared distance of each cell is from what is expected
        anywhere in the tissue, at least 1, shape ``(n_cells,)``: see
        :class:`~dpvae.geometry.Posterior`.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from dpvae.geometry import LabelProbabilities
    >>> table = pd.DataFrame({"L1": [0.9, 0.4, 0.9], "L2": [0.1, 0.6, 0.1]})
    >>> found = LabelProbabilities(table, np.array([1.0, 1.0, 5.0]))
    >>> found.highest.tolist()
    [0.9, 0.6, 0.9]
    >>> found.likeliest(at_least=0.5).tolist()
    ['L1', 'L2', None]
    """

    table: pd.DataFrame
    unlikeness: NDArray[np.float64]

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self.table)

    def __repr__(self) -> str:
        """Say how many cells there are, and which labels."""
        return f"Probabilities of {len(self)} cells of {[*self.table.columns]}"

    @property
    def highest(self) -> NDArray[np.float64]:
        """Probability of the likeliest label of each cell, shape ``(n_cells,)``."""
        return np.asarray(self.table.to_numpy().max(axis=1))

    def likeliest(self, *, at_least: float, most_unlike: float = 2.0) -> NDArray[np.object_]:
        """Likeliest label of each cell, or ``None`` for one that is not known.

        Parameters
        ----------
        at_least
            A cell is not known if its highest probability is below this.
        most_unlike
            A cell is not known if its unlikeness is above this. By default 2.

        Returns
        -------
        Shape ``(n_cells,)``.
        """
        names = np.array([*self.table.columns, None], dtype=object)
        is_known = (self.highest >= at_least) & (self.unlikeness <= most_unlike)
        return np.asarray(names[np.where(is_known, self.table.to_numpy().argmax(axis=1), -1)])
