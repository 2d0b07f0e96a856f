"""Size factors and continuous covariates: columns of obs that have to be numbers."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from dpvae._data.counted import counted

LISTS = ("categorical_covariate_keys", "continuous_covariate_keys")


def check_covariates(adata: AnnData, setup: Mapping[str, Any], *, name: str = "adata") -> None:
    """Raise if size factors or continuous covariates are not numbers that a model can use.

    Parameters
    ----------
    adata
        The cells. Columns that it lacks are passed over.
    setup
        The arguments of ``setup_anndata``, of which ``size_factor_key``,
        ``continuous_covariate_keys`` and ``categorical_covariate_keys`` are read, if they are
        there.
    name
        What the user calls the AnnData.

    Raises
    ------
    ValueError
        If values are no numbers, NaN or infinite, if size factors are not above 0, or if
        covariates are not named by a list. Values count as they are in single precision.
    """
    for argument in LISTS:
        keys = setup.get(argument)
        if keys is not None and not isinstance(keys, list):
            columns = [keys] if isinstance(keys, str) else list(keys)
            message = f"{argument} is {keys!r}: give a list, {argument}={columns!r}."
            raise ValueError(message)
    size_key, others = setup.get("size_factor_key"), setup.get("continuous_covariate_keys") or []
    for key in dict.fromkeys([size_key, *others]):
        if key is None or key not in adata.obs:
            continue
        is_size = key == size_key
        found = _fault(adata.obs[key], is_size=is_size)
        if found is not None:
            kind = "size factors" if is_size else "a continuous covariate"
            message = f"{name}.obs[{key!r}], which was named as {kind}, holds {found}"
            raise ValueError(message)


def _fault(column: Any, *, is_size: bool) -> str | None:
    """Say what keeps a column from being used, and what to do; ``None`` if nothing does."""
    if not _holds_numbers(column):
        example = column.iloc[0]
        return (
            f"values that are not numbers ({type(example).__name__}, such as {str(example)!r}): "
            "give numbers; pd.to_numeric reads those that were written as text."
        )
    with np.errstate(over="ignore"):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan).astype(np.float32)
    n_wrong = int((~np.isfinite(values)).sum())
    if n_wrong:
        return (
            f"{counted(n_wrong, 'value that is', 'values that are')} NaN or infinite: replace "
            "them, or leave the cells out."
        )
    n_wrong = int((values <= 0).sum())
    if is_size and n_wrong:
        return (
            f"{counted(n_wrong, 'value that is', 'values that are')} not above 0 (down to "
            f"{values.min():.3g}): give factors "
            "that the expected counts of a cell are multiplied by; if these are their logarithms, "
            "take np.exp of them."
        )
    return None


def _holds_numbers(column: Any) -> bool:
    is_categorical = isinstance(column.dtype, pd.CategoricalDtype)
    values = column.cat.categories if is_categorical else column
    if values.dtype == object:
        return all(isinstance(value, int | float | np.number) for value in column)
    is_numeric, is_complex = pd.api.types.is_numeric_dtype, pd.api.types.is_complex_dtype
    return bool(is_numeric(values.dtype) and not is_complex(values.dtype))
