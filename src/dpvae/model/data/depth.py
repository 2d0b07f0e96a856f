"""Depth of cells, read from their log-normalised expression."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from dpvae._data.expression import stored_values
from dpvae._data.section import cells_per_section

MOST_CELLS = 2_000
MOST_CELLS_FOR_STEPS = 200
ROWS_AT_A_TIME = 4_096
LARGEST_LOGARITHM = 20.0
EQUAL = 0.01
LEAST_TOLERANCE = 1e-3
FEWEST_STEPS = 5
MOST_STEPS = 50
STEP_ERROR = 0.02

Kind = Literal["raw", "normalized", "other"]
Rows = NDArray[np.intp]
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Depth:
    """How deep the cells of a reference are: the sums of ``expm1`` over its genes.

    Parameters
    ----------
    lowest, highest
        Lowest of the 1 % quantiles of the sections, and highest of their 99 % quantiles.
    typical
        Median depth of all cells.
    largest
        The largest value of a gene in a cell.
    share
        How much of the depth is of each gene, shape ``(n_genes,)``, sum 1.
    rate
        Share of the cells that have the gene at all, shape ``(n_genes,)``.
    kind
        What the values are, see :func:`kind_of`.
    """

    lowest: float
    typical: float
    highest: float
    largest: float
    share: Values
    rate: Values
    kind: Kind

    @property
    def is_equal(self) -> bool:
        """Whether all cells have the same depth: they were normalised over just these genes."""
        return self.highest - self.lowest <= EQUAL * self.typical

    @property
    def tolerance(self) -> float:
        """By which share the depth of a cell may differ if all cells have the same."""
        return max(LEAST_TOLERANCE, 2.0 * (self.highest - self.lowest) / self.typical)


def spread_rows(n_cells: int) -> Rows:
    """Numbers of the cells that a depth is read from: up to 2,000, spread evenly."""
    return np.unique(np.linspace(0, n_cells - 1, min(n_cells, MOST_CELLS)).astype(np.intp))


def depths(values: Any) -> Values:
    """Sum ``expm1`` over the genes of every cell, shape ``(n_cells,)``."""
    sums = [_counts(values[rows]).sum(axis=1, dtype=float) for rows in blocks(values.shape[0])]
    return np.concatenate([np.asarray(part).ravel() for part in sums])


def kind_of(values: Any) -> Kind:
    """Find out what values are, from the steps between the values of a cell.

    Parameters
    ----------
    values
        Of some cells, shape ``(n_cells, n_genes)``, dense or sparse, none negative.

    Returns
    -------
    ``"normalized"`` if ``expm1`` of the values of a cell are multiples of the smallest, so that
    they are counts times a factor, or if the sums are the same for all cells; ``"raw"`` if they are
    counts themselves; otherwise ``"other"``, such as intensities.
    """
    n_cells = values.shape[0]
    chosen = np.linspace(0, n_cells - 1, min(n_cells, MOST_CELLS_FOR_STEPS)).astype(np.intp)
    found = [_step(stored_values(values[[row]])) for row in chosen]
    steps = np.array([step for step in found if step is not None])
    is_count = steps > 0
    if len(steps) and is_count.mean() > 0.5:
        whole = np.abs(steps[is_count] - np.round(steps[is_count])) < STEP_ERROR / 10
        return "raw" if whole.all() and len(steps) >= FEWEST_STEPS else "normalized"
    lowest, typical, highest = quantiles(depths(values))
    return "normalized" if n_cells > 1 and highest - lowest <= EQUAL * typical else "other"


def is_logarithm_twice(values: Any) -> bool:
    """Whether values are logarithms of logarithms, so that only ``expm1`` twice gives counts.

    Parameters
    ----------
    values
        Of some cells, shape ``(n_cells, n_genes)``, dense or sparse.

    Returns
    -------
    False also if it cannot be known: if the values are no counts before any logarithm either, or
    the counts of nearly every cell are all the same.
    """
    stored = stored_values(values)
    largest = float(stored.max(initial=0.0))
    if stored.min(initial=0.0) < 0 or not 0 < largest <= np.log1p(LARGEST_LOGARITHM):
        return False
    return kind_of(values) == "other" and kind_of(_counts(values)) != "other"


def fit_depth(values: Any, section: NDArray[np.str_]) -> Depth | None:
    """Read how deep the cells of a reference are.

    Parameters
    ----------
    values
        Logarithms of some of its cells, shape ``(n_cells, n_genes)``, dense or sparse.
    section
        Name of each cell's section, shape ``(n_cells,)``.

    Returns
    -------
    The depth; ``None`` if it cannot be read, since values are negative or so large that they are no
    logarithms, or all are zero.
    """
    stored = stored_values(values)
    largest = float(stored.max(initial=0.0))
    if stored.min(initial=0.0) < 0 or not 0 < largest <= LARGEST_LOGARITHM:
        return None
    of_genes = np.asarray(_counts(values).sum(axis=0, dtype=float)).ravel()
    depth = depths(values)
    some = depth > 0
    ranges = [quantiles(depth[some][cells]) for _, cells in cells_per_section(section[some])]
    return Depth(
        min(lowest for lowest, _, _ in ranges),
        quantiles(depth)[1],
        max(highest for _, _, highest in ranges),
        largest,
        of_genes / of_genes.sum(),
        rates(values),
        kind_of(values),
    )


def quantiles(depth: Values) -> tuple[float, float, float]:
    """Depth at 1, 50 and 99 % of the cells that have any."""
    lowest, typical, highest = np.quantile(depth[depth > 0], [0.01, 0.5, 0.99])
    return float(lowest), float(typical), float(highest)


def rates(values: Any) -> Values:
    """Share of the cells that have a gene at all, shape ``(n_genes,)``."""
    share: Values = np.asarray((values > 0).sum(axis=0)).ravel() / values.shape[0]
    return share


def blocks(n_rows: int) -> list[slice]:
    """Rows, 4,096 at a time."""
    return [slice(b, min(b + ROWS_AT_A_TIME, n_rows)) for b in range(0, n_rows, ROWS_AT_A_TIME)]


def _step(stored: NDArray[Any]) -> float | None:
    """Smallest count of a cell if all are multiples of it, otherwise -1; of few counts ``None``."""
    counts = np.expm1(stored[stored > 0].astype(np.float64))
    ratios = counts / counts.min(initial=np.inf)
    ratios = ratios[ratios < MOST_STEPS]
    if len(ratios) < FEWEST_STEPS:
        return None
    is_multiple = bool((np.abs(ratios - np.round(ratios)) < STEP_ERROR).all())
    return float(counts.min()) if is_multiple else -1.0


def _counts(values: Any) -> Any:
    return values.expm1() if issparse(values) else np.expm1(values)
