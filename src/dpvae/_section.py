"""The section a cell belongs to."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray


def section_names(adata: AnnData, section_key: str | None) -> NDArray[np.str_]:
    """Give each cell the name of its section; one name for all where there is no such column."""
    if section_key is None or section_key not in adata.obs:
        return np.zeros(adata.n_obs, dtype="<U1")
    return np.asarray(adata.obs[section_key].astype(str), dtype=np.str_)


def named_sections(adata: AnnData, sample_key: str | None) -> NDArray[np.str_]:
    """Give each cell the name of its section; raise where the column is named but not there."""
    if sample_key is not None:
        check_column(adata, sample_key)
    return section_names(adata, sample_key)


def check_column(adata: AnnData, key: str, *, name: str = "adata") -> None:
    """Raise where a column of ``obs`` does not exist or is missing for some cells."""
    where = f"{name}.obs[{key!r}]"
    if key not in adata.obs:
        message = f"There is no {where}: obs has {sorted(map(str, adata.obs))}."
        raise KeyError(message)
    missing = int(adata.obs[key].isna().sum())
    if missing:
        message = f"{where} is missing for {missing} of {adata.n_obs} cells: fill it in."
        raise ValueError(message)


def section_codes(adata: AnnData, section_key: str | None) -> NDArray[np.intp]:
    """Give each cell the number of its section, from 0, shape ``(n_cells,)``."""
    codes, _ = pd.factorize(section_names(adata, section_key), sort=True)
    return np.asarray(codes, dtype=np.intp)


def cells_per_section(names: NDArray[np.str_]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Go through the sections: the name of each and the mask of its cells."""
    for name in np.unique(names):
        yield str(name), names == name


def at_most(rows: NDArray[np.intp], most: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Draw so many of the rows at random, in their order; all of them if they are not more."""
    return rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False))
