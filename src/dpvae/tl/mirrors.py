"""The lines about which sections are symmetric, in a table in ``adata.uns``."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from dpvae._data.arguments import check_is_anndata
from dpvae.geometry import Mirror


def mirror_columns(mirror: Mirror) -> dict[str, float]:
    """Give the columns of a table that hold a line."""
    normal = {f"normal_{axis + 1}": float(value) for axis, value in enumerate(mirror.normal)}
    return {**normal, "offset": float(mirror.offset)}


def read_symmetry(adata: AnnData, symmetry_key: str) -> dict[str, dict[str, Any]]:
    """Rows of the table of :func:`dpvae.tl.mirror_symmetry`, by the names of the sections."""
    check_is_anndata(adata)
    table = adata.uns.get(symmetry_key)
    if not isinstance(table, pd.DataFrame) or "offset" not in table:
        message = (
            f"There are no mirror lines in adata.uns[{symmetry_key!r}]. Run "
            "dpvae.tl.mirror_symmetry(adata) first."
        )
        raise KeyError(message)
    rows: list[dict[str, Any]] = table.to_dict("records")  # type: ignore[assignment]
    return {str(row["section"]): row for row in rows}


def symmetry_of(adata: AnnData, symmetry_key: str, section: str | None) -> dict[str, Any]:
    """Row of a section, which need not be named if there is one."""
    rows = read_symmetry(adata, symmetry_key)
    if section is None and len(rows) == 1:
        return next(iter(rows.values()))
    section = str(section)
    if section not in rows:
        message = f"section is {section!r}; name one of {list(rows)}."
        raise ValueError(message)
    return rows[section]


def mirror_of(row: Mapping[str, Any]) -> Mirror:
    """Line of a row of the table."""
    names = sorted(name for name in row if name.startswith("normal_"))
    normal = np.array([float(row[name]) for name in names])
    return Mirror(normal / np.linalg.norm(normal), float(row["offset"]))
