"""Cells as a trained model sees them when it places them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ReadGenes = Callable[[NDArray[np.intp]], Any]


@dataclass(frozen=True, eq=False)
class EncodedCells:
    """Cells by latent representation, section and genes.

    Parameters
    ----------
    latent
        z, shape ``(n_cells, n_latent)``, encoded without coordinates.
    section
        Name of each cell's own section, shape ``(n_cells,)``.
    genes
        Expression of the cells whose row numbers it is given, shape ``(n_rows, n_genes)``, as
        regressions on genes see it; ``None`` if their expression is gone (minified).
    """

    latent: NDArray[np.float32]
    section: NDArray[np.str_]
    genes: ReadGenes | None

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self.latent)
