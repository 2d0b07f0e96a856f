"""The section a cell belongs to."""

from collections.abc import Iterator
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from dpvae._data.names import as_text


def section_names(adata: AnnData, section_key: str | None) -> NDArray[np.str_]:
    """Give each cell the name of its section; one name for all if there is no such column."""
    if section_key is None or section_key not in adata.obs:
        return np.zeros(adata.n_obs, dtype="<U1")
    if not isinstance(adata.obs[section_key], pd.Series):
        check_column(adata, section_key)
    return np.asarray(as_text(adata.obs[section_key]), dtype=np.str_)


def named_sections(adata: AnnData, sample_key: str | None) -> NDArray[np.str_]:
    """Give each cell the name of its section; raise if the column is named but not there."""
    if sample_key is not None:
        check_column(adata, sample_key, argument="sample_key")
    return section_names(adata, sample_key)


def check_column(
    adata: AnnData, key: str, *, name: str = "adata", argument: str | None = None
) -> None:
    """Raise if a column of ``obs`` does not exist or is missing for some cells."""
    where = f"{name}.obs[{key!r}]"
    check_has_column(adata, key, name=name, argument=argument)
    missing = int(adata.obs[key].isna().sum())
    if missing:
        message = f"{where} is missing for {missing} of {adata.n_obs} cells: fill it in."
        raise ValueError(message)
    kinds: dict[str, Any] = {}
    for value in _distinct(adata.obs[key]):
        kinds.setdefault(_kind(value), value)
    if len(kinds) > 1:
        found = " and ".join(f"{kind} (such as {value!r})" for kind, value in kinds.items())
        message = f"{where} mixes {found}: run {where} = {where}.astype(str)."
        raise ValueError(message)


def check_has_column(
    adata: AnnData, key: str, *, name: str = "adata", argument: str | None = None
) -> None:
    """Raise if a column of ``obs`` does not exist, or if there are several of this name.

    The message lists the columns of the user, and says by which ``argument`` to name one of them.
    """
    if key not in adata.obs:
        columns = sorted(column for column in map(str, adata.obs) if not column.startswith("_scvi"))
        remedy = f" Name the right column with {argument}=…" if argument else ""
        if argument == "sample_key":
            remedy += ", or leave it out if all cells are of one section."
        message = f"There is no {name}.obs[{key!r}]: obs has {columns or 'no columns'}.{remedy}"
        raise KeyError(message)
    if not isinstance(adata.obs[key], pd.Series):
        message = f"Several columns of {name}.obs are called {key!r}: rename or delete all but one."
        raise ValueError(message)


def _distinct(column: pd.Series) -> list[Any]:
    """Values of a column, each once; none of a column of numbers, which are of one kind."""
    is_number = pd.api.types.is_numeric_dtype(column.dtype)
    if is_number:
        return []
    return list(column.array.categories) if hasattr(column, "cat") else list(column.array)


def _kind(value: object) -> str:
    if isinstance(value, str):
        return "text"
    return "numbers" if isinstance(value, Number | np.number) else type(value).__name__


def section_codes(adata: AnnData, section_key: str | None) -> NDArray[np.intp]:
    """Give each cell the number of its section, from 0, shape ``(n_cells,)``."""
    codes, _ = pd.factorize(section_names(adata, section_key), sort=True)
    return np.asarray(codes, dtype=np.intp)


def cells_per_section(names: NDArray[np.str_]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Go through the sections: the name of each and the mask of its cells."""
    for name in np.unique(names):
        yield str(name), names == name
