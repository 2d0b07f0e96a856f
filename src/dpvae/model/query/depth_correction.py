"""Correction that brings the logarithms of a query to the depth of a reference."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse

from dpvae._data.expression import stored_values
from dpvae._data.warn import warn_user
from dpvae.model.data.depth import (
    EQUAL,
    LARGEST_LOGARITHM,
    Depth,
    Values,
    blocks,
    depths,
    is_logarithm_twice,
    kind_of,
    quantiles,
    rates,
)

FEWEST_CELLS = 20
MARGIN = 1.5
EXPECTED_CELLS = 10


@dataclass(frozen=True)
class DepthCorrection:
    """What brings the cells of a query to the depth of a reference.

    Parameters
    ----------
    target
        Depth that every cell is brought to by itself. ``None`` is that all cells are changed by the
        same factor.
    factor
        By which ``expm1`` of all values is multiplied, if there is no ``target``.
    tolerance
        Cells that are as near to the target as this share of it stay as they are.
    difference
        Says what was found; empty if there is nothing to do.
    remedy
        Says what is done about it, and how to do without.
    """

    target: float | None = None
    factor: float = 1.0
    tolerance: float = 0.0
    difference: str = ""
    remedy: str = ""

    def __call__(self, values: Any) -> Any:
        """Change values; return them as they are if no cell changes.

        Parameters
        ----------
        values
            Logarithms, shape ``(n_cells, n_genes)``, dense or sparse; left as they are.

        Returns
        -------
        Shape as ``values``; sparse ones stay sparse. Needs memory for 4,096 further cells.
        """
        factors = self._factors(values)
        if (factors == 1.0).all():
            return values
        dtype = np.result_type(values.dtype, np.float32)
        factors = factors.astype(dtype)
        if not issparse(values):
            changed = np.array(values, dtype=dtype)
            for rows in blocks(len(factors)):
                changed[rows] = _multiplied(changed[rows], factors[rows, None])
            return changed
        by_rows = csr_matrix(values)
        data, starts = by_rows.data.astype(dtype), by_rows.indptr
        for rows in blocks(len(factors)):
            bounds = starts[rows.start : rows.stop + 1]
            stored = slice(bounds[0], bounds[-1])
            data[stored] = _multiplied(data[stored], np.repeat(factors[rows], np.diff(bounds)))
        return csr_matrix((data, by_rows.indices, starts), shape=values.shape)

    def warn_before_learning(self) -> None:
        """Warn, if there is a difference, that the query is learned from as it is."""
        if self.difference:
            warn_user(
                f"{self.difference} Its values are learned from as they are, which places it "
                "worse: normalise it to the depth of the reference first."
            )

    def _factors(self, values: Any) -> Values:
        if self.target is None:
            return np.full(values.shape[0], self.factor)
        depth = depths(values)
        differs = (depth > 0) & (np.abs(depth - self.target) > self.tolerance * self.target)
        return np.divide(self.target, depth, out=np.ones_like(depth), where=differs)


TWICE = DepthCorrection(
    difference="Values of the query are logarithms of logarithms, those of the reference are not.",
    remedy="Places are guesses. Take one back: query.X = np.expm1(query.X).",
)


def depth_correction(reference: Depth, values: Any) -> DepthCorrection:
    """Find what brings a query to the depth of a reference.

    If all cells of the reference have the same depth, each cell of the query is brought to it by
    itself, which is exact, whatever its counts were divided by. Otherwise genes were chosen after
    normalisation, and the depth of a cell also depends on its kind. Then the whole query is changed
    by one factor, and only if its median is outside the range of 98 % of the reference's cells,
    which never happens to parts of the reference's own section. Of fewer than 20 cells the median
    must be 1.5 times beyond that range.

    Genes that are zero in the whole query but would be expected in more than ten cells are taken as
    missing, and the depths of the other genes are compared, with the same margin of 1.5 unless all
    cells of the query have the same depth.

    Parameters
    ----------
    reference
        The depth of the reference.
    values
        Logarithms of some cells of the query, spread evenly, shape ``(n_cells, n_genes)``.

    Returns
    -------
    The correction, which does nothing if there is nothing to correct or values are not counts; of
    logarithms that were taken twice it says so, and changes nothing.

    Raises
    ------
    ValueError
        If values are far too large to be logarithms, and the reference's are not.
    """
    stored, nothing = stored_values(values), DepthCorrection()
    _check_logarithms(float(stored.max(initial=0.0)), reference.largest)
    if stored.min(initial=0.0) < 0 or not stored.any() or reference.kind == "other":
        return nothing
    kind, depth = kind_of(values), depths(values)
    if kind == "other":
        return TWICE if is_logarithm_twice(values) else nothing
    lowest, found, highest = quantiles(depth)
    is_equal = highest - lowest <= EQUAL * found
    is_raw = kind == "raw" and reference.kind != "raw"
    is_missing = (rates(values) == 0) & (reference.rate * len(depth) > EXPECTED_CELLS)
    there = 1.0 - float(reference.share[is_missing].sum())
    is_complete = there > 1.0 - EQUAL
    there = 1.0 if is_complete else there
    wanted = there * reference.typical
    if is_raw or (reference.is_equal and (is_complete or is_equal)):
        tolerance = reference.tolerance if reference.is_equal else 0.0
        for usual in (wanted, reference.typical):
            if (np.abs(depth[depth > 0] - usual) <= tolerance * usual).all():
                return nothing
        return _by_cell(found, wanted, tolerance, is_raw=is_raw)
    margin = MARGIN if len(depth) < FEWEST_CELLS or not is_complete else 1.0
    if there * reference.lowest / margin <= found <= there * reference.highest * margin:
        return nothing
    return _as_a_whole(found, wanted)


def _check_logarithms(largest: float, largest_of_reference: float) -> None:
    if largest > LARGEST_LOGARITHM:
        message = (
            f"The largest value of the query is {largest:.4g}, the largest of the "
            f"reference {largest_of_reference:.4g}: the query seems not to be logarithmised. Run "
            "sc.pp.log1p(query), after sc.pp.normalize_total(query, target_sum=…) with the target "
            "of the reference."
        )
        raise ValueError(message)


def _by_cell(found: float, wanted: float, tolerance: float, *, is_raw: bool) -> DepthCorrection:
    cause = "Values of the query are logarithms of raw counts, not normalised. " if is_raw else ""
    remedy = (
        f"Each cell of the query was brought to {_written(wanted)}, for this call. To do it "
        f"yourself: sc.pp.normalize_total(query, target_sum={_written(wanted)}) on the model's "
        "genes, then sc.pp.log1p(query)."
    )
    return DepthCorrection(wanted, 1.0, tolerance, cause + _difference(found, wanted), remedy)


def _as_a_whole(found: float, wanted: float) -> DepthCorrection:
    factor = wanted / found
    remedy = (
        f"The query was multiplied by {factor:.3g} before the logarithm, for this call. That is "
        "only about right, since genes were chosen after normalisation: better normalise both to "
        "one depth, sc.pp.normalize_total(query, target_sum=…) with the target of the reference, "
        "then sc.pp.log1p(query). If you did so, these genes are a larger share of the molecules "
        "in one of them, as in other tissue or by another technology: nothing is to be done then. "
        "In other tissue the factor hardly changed places, Procrustes errors by 0.02 at most."
    )
    return DepthCorrection(None, factor, 0.0, _difference(found, wanted), remedy)


def _difference(found: float, wanted: float) -> str:
    return (
        f"The query has another depth than the reference: a cell has {_written(found)} in all, in "
        f"the reference {_written(wanted)} (median sum of expm1 over the model's genes)."
    )


def _written(depth: float) -> str:
    return f"{depth:.0f}" if depth >= 1000 else f"{depth:.4g}"


def _multiplied(logarithms: NDArray[Any], factors: NDArray[Any]) -> NDArray[Any]:
    changed: NDArray[Any] = np.log1p(np.expm1(logarithms) * factors)
    return changed
