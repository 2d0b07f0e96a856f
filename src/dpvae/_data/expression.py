"""Expression values of an AnnData, in memory or on disk, and whether they are what is needed."""

import warnings
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray
from scipy.sparse import issparse

from dpvae._data.arguments import check_is_anndata, check_one_name
from dpvae._data.counted import counted
from dpvae._data.matrix_on_disk import is_on_disk, open_matrix

ROWS_AT_A_TIME = 4096
N_SAMPLES = 8
ROWS_OF_SAMPLE = 512
LARGEST_ROUNDING_ERROR = 1e-3
LARGEST_VALUE = 1e15

ValueKind = Literal["counts", "logarithms", "scaled"]


def expression_name(layer: str | None, *, name: str = "adata") -> str:
    """Where the values are, in the words of the user, who calls the AnnData by this name."""
    return f"{name}.X" if layer is None else f"{name}.layers[{layer!r}]"


def expression_of(adata: AnnData, layer: str | None, *, name: str = "adata") -> Any:
    """Find the expression values of an AnnData; of what is on disk, rows are read when used."""
    check_is_anndata(adata, name=name)
    where = expression_name(layer, name=name)
    check_one_name(layer, "layer")
    if layer is not None and layer not in adata.layers:
        names = [name for name in adata.layers if name is not None]  # None is X in anndata 0.13
        message = (
            f"There is no {where}: layers has {sorted(names) or 'nothing'}. Name the right one "
            f"with layer=…; without it {name}.X is read."
        )
        raise KeyError(message)
    values = stored_matrix(adata, layer, where)
    if values is None:
        message = f"{where} is empty: put the expression there, or name its layer with layer=…"
        raise ValueError(message)
    return open_matrix(values, where)


def stored_matrix(adata: AnnData, layer: str | None, where: str) -> Any:
    """Expression as the AnnData holds it; ``None`` if there is none."""
    try:
        return adata.X if layer is None else adata.layers.get(layer)
    except OSError as error:
        message = f"{where} cannot be read: its file was moved or deleted. Open it again. ({error})"
        raise OSError(message) from error


def is_expression_on_disk(adata: AnnData, layer: str | None) -> bool:
    """Whether expression is read when it is used, rather than held in memory."""
    return is_on_disk(stored_matrix(adata, layer, expression_name(layer)))


def value_kind(adata: AnnData, layer: str | None) -> ValueKind:
    """Tell raw counts, log-normalised and scaled values apart, by at most 4,096 cells.

    Parameters
    ----------
    adata
        The cells.
    layer
        Layer of the values, or ``None`` for ``adata.X``.

    Returns
    -------
    ``"scaled"`` if some values are negative, ``"counts"`` if all are integers and some are above 1,
    ``"logarithms"`` otherwise.
    """
    expression = expression_of(adata, layer)
    starts = range(0, adata.n_obs, max(adata.n_obs // N_SAMPLES, ROWS_OF_SAMPLE))
    values = [stored_values(expression[start : start + ROWS_OF_SAMPLE]) for start in starts]
    if any(some.min(initial=0) < 0 for some in values):
        return "scaled"
    is_whole = all((some == np.round(some)).all() for some in values)
    return (
        "counts" if is_whole and any(some.max(initial=0) > 1 for some in values) else "logarithms"
    )


def holds_anything(adata: AnnData, layer: str | None) -> bool:
    """Whether any value is not 0."""
    return any(stored_values(rows).any() for rows in rows_in_parts(expression_of(adata, layer)))


def holds_counts(adata: AnnData, layer: str | None) -> bool:
    """Whether the values look like raw counts: not negative, integer, and not only 0 and 1."""
    smallest, largest = 0.0, 0.0
    for rows in rows_in_parts(expression_of(adata, layer)):
        values = stored_values(rows)
        smallest = min(smallest, float(values.min(initial=0)))
        largest = max(largest, float(values.max(initial=0)))
        if smallest < 0 or not (values == np.round(values)).all():
            return False
    return largest > 1


def depths(counts: Any) -> NDArray[Any]:
    """Sum the counts of every cell, shape ``(n_cells,)``."""
    return np.concatenate([_row_sums(rows) for rows in rows_in_parts(counts)] or [np.empty(0)])


def count_depths(counts: Any, name: str) -> NDArray[np.float64]:
    """Sum the counts of every cell; raise if values are missing, negative or not integer."""
    sums = [np.empty(0)]
    for rows in rows_in_parts(counts):
        values = stored_values(rows)
        check_finite(values, name)
        wrong = values[(values < 0) | (values != np.round(values))]
        if len(wrong):
            message = (
                f"{name} holds values that are no counts (such as {float(wrong[0])!r}), but raw "
                "counts are needed: name the layer that holds them with layer=…"
            )
            raise ValueError(message)
        sums.append(_row_sums(rows).astype(np.float64))
    return np.concatenate(sums)


def check_log_normalized(
    adata: AnnData,
    layer: str | None,
    *,
    name: str = "adata",
    otherwise: str = "name their layer with layer=…",
) -> None:
    """Raise if values are missing, or are raw counts; say how to normalise."""
    where = expression_name(layer, name=name)
    for rows in rows_in_parts(expression_of(adata, layer, name=name)):
        check_finite(stored_values(rows), where)
    if not holds_anything(adata, layer):
        message = f"{where} holds only zeros: put the expression there, or {otherwise}"
        raise ValueError(message)
    if holds_counts(adata, layer):
        cells = name if layer is None else f"{name}, layer={layer!r}"
        normalize = f"sc.pp.normalize_total({cells})"
        if name == "query":
            normalize = f"sc.pp.normalize_total({cells}, target_sum=…) with that of the reference,"
        message = (
            f"{where} holds raw counts (only integers), but log-normalised values are needed. Run "
            f"{normalize} and sc.pp.log1p({cells}), or {otherwise}"
        )
        raise ValueError(message)


def warn_if_scaled(adata: AnnData, layer: str | None) -> None:
    """Warn if values are negative, as after ``sc.pp.scale``."""
    rows = rows_in_parts(expression_of(adata, layer))
    smallest = min((float(stored_values(some).min(initial=0)) for some in rows), default=0.0)
    if smallest < 0:
        message = (
            f"{expression_name(layer)} holds negative values (down to {smallest:.3g}), as after "
            "sc.pp.scale. The model scales genes itself: give log-normalised values. If you keep "
            "scaled ones, scale every query with the means and deviations of this reference."
        )
        warnings.warn(message, UserWarning, stacklevel=3)


def check_counts(adata: AnnData, layer: str | None, *, name: str = "adata") -> None:
    """Raise if values are missing, negative or not integer, or a cell has no counts."""
    where = expression_name(layer, name=name)
    counts = expression_of(adata, layer, name=name)
    empty = 0
    for rows in rows_in_parts(counts):
        values = stored_values(rows)
        check_finite(values, where)
        if values.min(initial=0) < 0:
            found = f"negative values (down to {values.min():g})"
            raise ValueError(_not_counts(where, found))
        fractional = values != np.round(values)
        if fractional.any():
            raise ValueError(_not_whole(where, values[fractional]))
        empty += int((_row_sums(rows) == 0).sum())
    if empty:
        message = (
            f"{empty} of {adata.n_obs} cells have no counts at all in {where}. Remove them with "
            f"sc.pp.filter_cells({name}, min_counts=1)."
        )
        raise ValueError(message)


def _not_whole(name: str, values: NDArray[Any]) -> str:
    """Show a value that is not an integer with all its digits; say if rounding is the cause."""
    off = np.abs(values - np.round(values))
    worst = float(values[np.argmax(off)])
    if off.max() > LARGEST_ROUNDING_ERROR * max(abs(worst), 1.0):
        return _not_counts(name, f"values that are not integers (such as {worst!r})")
    return (
        f"{name} holds values that are not integers, but nearly (such as {worst!r}), as counts "
        "that were computed from logarithms; this model takes raw counts. Round them: np.rint(…) "
        "of the array, or of the .data of a sparse matrix."
    )


def _not_counts(name: str, found: str) -> str:
    return (
        f"{name} holds {found}; this model takes raw counts. Name the layer that holds them with "
        "layer=…, or use DPVAE, which takes log-normalised values."
    )


def check_finite(values: NDArray[Any], name: str) -> None:
    """Raise if values are missing, infinite or too large for single precision."""
    wrong = int((~np.isfinite(values)).sum())
    if wrong:
        message = (
            f"{name} holds {counted(wrong, 'value that is', 'values that are')} NaN, infinite or "
            "masked: replace or remove them."
        )
        raise ValueError(message)
    largest = float(np.abs(values).max(initial=0))
    if largest > LARGEST_VALUE:
        message = f"{name} holds values up to {largest:g}, too large for single precision."
        raise ValueError(message)


def rows_in_parts(matrix: Any) -> Iterator[Any]:
    """Go through a matrix a few rows at a time."""
    for start in range(0, matrix.shape[0], ROWS_AT_A_TIME):
        yield matrix[start : start + ROWS_AT_A_TIME]


def stored_values(rows: Any) -> NDArray[Any]:
    """All values of an array, or the stored ones of a sparse matrix, in one row."""
    return rows.data if issparse(rows) else np.asarray(rows).ravel()


def _row_sums(rows: Any) -> NDArray[Any]:
    return np.asarray(rows.sum(axis=1)).ravel()
