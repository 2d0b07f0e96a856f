"""Columns of ``obs`` of several technologies, in kinds that h5ad holds."""

import anndata
import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from dpvae._keys import OBS
from dpvae.tl.technology import Technology


def joint_obs(technologies: list[Technology], sections: list[NDArray[np.str_]]) -> pd.DataFrame:
    """Put all columns below each other, and add the technology and the section of each cell.

    Raises
    ------
    ValueError
        If a column occurs twice, or cells of several technologies cannot be named differently.
    """
    tables = [
        AnnData(obs=_columns(each).set_axis(names))
        for each, names in zip(technologies, _cell_names(technologies), strict=True)
    ]
    obs: pd.DataFrame = anndata.concat(tables, join="outer").obs
    for column in obs:
        obs[column] = _storable(obs[column])
    own = {
        OBS.technology: [np.repeat(each.name, each.adata.n_obs) for each in technologies],
        OBS.section: sections,
    }
    for position, (column, values) in enumerate(own.items()):
        text = np.concatenate(values).astype(object)
        kind = pd.CategoricalDtype(pd.Index(text).unique())
        obs.insert(position, column, pd.Series(text, index=obs.index, dtype=kind))
    return obs


def _cell_names(technologies: list[Technology]) -> list[pd.Index]:
    names = [each.cell_names for each in technologies]
    if pd.Index(np.concatenate(names)).has_duplicates:
        names = [each.name + "-" + each.cell_names for each in technologies]
    every = pd.Index(np.concatenate(names))
    if every.has_duplicates:
        message = (
            f"Two cells would be called {every[every.duplicated()][0]!r}, after their technology "
            "and their own name: give technologies other names."
        )
        raise ValueError(message)
    return names


def _columns(technology: Technology) -> pd.DataFrame:
    obs = technology.adata.obs.drop(columns=OBS.section, errors="ignore")
    obs.columns = pd.Index([str(column) for column in obs.columns], dtype=object)
    if obs.columns.has_duplicates:
        column = obs.columns[obs.columns.duplicated()][0]
        message = (
            f"Several columns of {technology.call}.obs are called {column!r}: rename or delete all "
            "but one."
        )
        raise ValueError(message)
    return pd.DataFrame({column: _storable(obs[column]) for column in obs}, index=obs.index)


def _storable(column: pd.Series) -> pd.Series:
    """Make plain floats of nullable ones, and categories of text; of what h5ad lacks, text."""
    if isinstance(column.dtype, pd.Float32Dtype | pd.Float64Dtype):
        return column.astype(np.float64)
    column = column.infer_objects()
    values = pd.Series(column.cat.categories) if hasattr(column, "cat") else column
    if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return column
    if pd.api.types.infer_dtype(values, skipna=True) not in ("string", "empty"):
        column = column.astype(object).map(_as_text, na_action="ignore")
    return column if hasattr(column, "cat") else column.astype("category")


def _as_text(value: object) -> str:
    """Give 1, 1.0 and "1" the same text."""
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)
