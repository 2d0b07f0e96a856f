"""The colours of cells: by place, by a column of ``obs`` or by a gene."""

from collections.abc import Iterable
from dataclasses import dataclass

import anndata as ad
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, is_color_like, to_hex, to_rgba
from matplotlib.lines import Line2D
from numpy.typing import NDArray
from scipy.sparse import issparse

from dpvae._data.expression import expression_of
from dpvae._data.matrix_on_disk import MatrixOnDisk
from dpvae._data.section import check_has_column
from dpvae.pl.panels import color_bar

# Okabe M, Ito K (2008). Color universal design. https://jfly.uni-koeln.de/color/
OKABE_ITO = (
    "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#000000",
)  # fmt: skip
UNKNOWN = to_rgba("0.85")
CONTINUOUS = "viridis"
ENTRIES_PER_LEGEND_COLUMN = 14


@dataclass(frozen=True)
class CellColors:
    """One colour a cell, and what the colours mean.

    Attributes
    ----------
    rgba
        Shape ``(n_cells, 4)``, light grey if the value is not known.
    title
        What is shown, empty for places.
    categories
        Colour of each category, empty if values are not categories.
    scale
        Scale of continuous values, otherwise None.
    """

    rgba: NDArray[np.float64]
    title: str = ""
    categories: tuple[tuple[str, str], ...] = ()
    scale: ScalarMappable | None = None

    def explain(self, panels: Iterable[Axes]) -> None:
        """Draw the legend of categories next to the last panel, or a colour bar for continuous."""
        axes = list(panels)
        if self.scale is not None:
            color_bar(axes, self.scale, self.title)
        if self.categories:
            axes[-1].legend(
                handles=[
                    Line2D([], [], marker="o", linestyle="", color=color, label=name)
                    for name, color in self.categories
                ],
                title=self.title,
                loc="center left",
                bbox_to_anchor=(1.02, 0.5),
                ncols=-(-len(self.categories) // ENTRIES_PER_LEGEND_COLUMN),
                frameon=False,
            )


def cell_colors(adata: ad.AnnData, color: str) -> CellColors:
    """Colours of cells by the column ``color`` of ``adata.obs``, or by the gene of that name.

    Columns of numbers and genes get a continuous scale, all others are categories. Categories take
    their colours from ``adata.uns[f"{color}_colors"]`` if scanpy has put them there.

    Raises
    ------
    KeyError
        If it is neither a column nor a gene.
    ValueError
        If there are several of this name, or the column holds lists or the like.
    """
    values = color_values(adata, color)
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        return _continuous(values.to_numpy(dtype=float), color)
    try:
        categories = pd.Categorical(values)
    except TypeError as error:
        message = f"adata.obs[{color!r}] holds what has no order and no name: {error}."
        raise ValueError(message) from error
    return _categorical(categories, color, adata)


def color_values(adata: ad.AnnData, color: str) -> pd.Series:
    """Values of the cells in the column ``color`` of ``adata.obs``, or of the gene of that name.

    Raises
    ------
    KeyError
        If it is neither a column nor a gene.
    ValueError
        If there are several of this name.
    """
    if color in adata.obs:
        check_has_column(adata, color)
        return pd.Series(adata.obs[color])
    column = np.flatnonzero(adata.var_names == color)
    if len(column) > 1:
        message = f"{len(column)} genes are called {color!r}: run adata.var_names_make_unique()."
        raise ValueError(message)
    if len(column):
        matrix = expression_of(adata, None)
        gene = matrix.columns(column)[:] if isinstance(matrix, MatrixOnDisk) else matrix[:, column]
        gene = gene.toarray() if issparse(gene) else np.asarray(gene)
        return pd.Series(gene.ravel(), adata.obs_names)
    columns = ", ".join(map(str, adata.obs.columns)) or "none"
    message = (
        f"color={color!r} is neither a column of adata.obs ({columns}) "
        f"nor one of the {adata.n_vars} genes of adata.var_names."
    )
    raise KeyError(message)


def _continuous(values: NDArray[np.float64], title: str) -> CellColors:
    known = np.isfinite(values)
    limits = (values[known].min(), values[known].max()) if known.any() else (0.0, 1.0)
    scale = ScalarMappable(Normalize(*limits), CONTINUOUS)
    rgba = np.where(known[:, None], scale.to_rgba(np.where(known, values, limits[0])), UNKNOWN)
    return CellColors(rgba, title, scale=scale)


def _categorical(values: pd.Categorical, title: str, adata: ad.AnnData) -> CellColors:
    names = [str(name) for name in values.categories]
    stored = adata.uns.get(f"{title}_colors")
    is_usable = np.ndim(stored) == 1 and len(stored) >= len(names)
    is_usable = is_usable and all(map(is_color_like, stored))
    palette = [to_hex(color) for color in (stored if is_usable else _palette(len(names)))]
    table = np.array([*map(to_rgba, palette[: len(names)]), UNKNOWN])
    present = np.unique(values.codes)
    categories = [(names[code], palette[code]) for code in present if code >= 0]
    if -1 in present:
        categories.append(("not known", to_hex(UNKNOWN)))
    return CellColors(table[values.codes], title, tuple(categories))


def _palette(n: int) -> list[str]:
    if n <= len(OKABE_ITO):
        return list(OKABE_ITO)
    from scanpy.plotting import palettes

    fitting = [palettes.default_20, palettes.default_28, palettes.default_102]
    longest = next((palette for palette in fitting if len(palette) >= n), fitting[-1])
    return [longest[i % len(longest)] for i in range(n)]
