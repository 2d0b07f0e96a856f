"""Queries of a model that standardises genes section by section."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import issparse

from dpvae._data.counted import counted
from dpvae._data.names import as_text
from dpvae.model.data.gene_statistics import gene_statistics
from dpvae.module import EncoderInput

FEWEST_CELLS = 20


def new_sections(names: pd.Series | None, known: NDArray[Any], n_cells: int) -> NDArray[np.intp]:
    """Give each section of a query that the reference does not have a number.

    Parameters
    ----------
    names
        Name of each cell's section; ``None`` if sections have no names: all cells are a new one.
    known
        Names of the reference's sections.
    n_cells
        Number of cells.

    Returns
    -------
    Number of each cell's section from 0, or -1 if the reference has it, shape ``(n_cells,)``.

    Raises
    ------
    ValueError
        If a new section has fewer than 20 cells.
    """
    if names is None:
        code = np.zeros(n_cells, dtype=np.intp)
    else:
        texts = as_text(names)
        is_new = ~texts.isin(as_text(pd.Series(known)))
        code = np.asarray(pd.factorize(texts.where(is_new))[0], dtype=np.intp)
    n_cells_of = np.bincount(code[code >= 0])
    if (n_cells_of < FEWEST_CELLS).any():
        message = (
            f"A section of the query has {counted(n_cells_of.min(), 'cell')}, but with "
            "standardize='section' "
            f"genes are standardised by their mean and spread in it, which takes {FEWEST_CELLS} or "
            "more. Give the whole section at once, or use a model with standardize='reference'."
        )
        raise ValueError(message)
    return code


def as_first_section(values: Any, code: NDArray[np.intp], seen: EncoderInput) -> NDArray[Any]:
    """Bring new sections to the gene statistics of the reference's first section.

    Standardised by that section's statistics, a cell then looks as if standardised by its own
    section's.

    Parameters
    ----------
    values
        Log-normalised expression, shape ``(n_cells, n_genes)``, dense or sparse.
    code
        Number of each cell's new section from 0, or -1 for cells that stay as they are.
    seen
        Holds the statistics of the reference's sections.

    Returns
    -------
    Dense, shape ``(n_cells, n_genes)``.
    """
    mean, scale = (x[0].double().cpu().numpy() for x in (seen.mean, seen.scale))
    changed = np.array(values.toarray() if issparse(values) else values, dtype=np.float64)
    rows = np.flatnonzero(code >= 0)
    own_mean, own_scale = gene_statistics(changed[rows], code[rows], int(code.max()) + 1)
    standardized = (changed[rows] - own_mean.numpy()[code[rows]]) / own_scale.numpy()[code[rows]]
    changed[rows] = standardized * scale + mean
    return changed.astype(np.float32)
