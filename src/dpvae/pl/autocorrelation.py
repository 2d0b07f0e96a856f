"""Moran's I and Geary's C of several representations or gene sets side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from dpvae.pl.panels import panels, save_figure
from dpvae.pl.regularization_path import COLORS
from dpvae.pl.tables import named_tables

STATISTICS = (
    ("morans_i", "Moran's I\n(1: neighbours alike, 0: chance)", 0.0),
    ("gearys_c", "Geary's C\n(0: neighbours alike, 1: chance)", 1.0),
)
SPREAD = 0.18


def autocorrelation(
    tables: pd.DataFrame | dict[str, pd.DataFrame],
    *,
    seed: int = 0,
    ax: Sequence[Axes] | NDArray[Any] | None = None,
    save: str | Path | None = None,
) -> NDArray[Any]:
    """Draw Moran's I and Geary's C of each variable, table by table (Table I of Zhou & Du 2024).

    A dot for each variable, a bar at the median, a dotted line at chance.

    Parameters
    ----------
    tables
        What :func:`dpvae.tl.autocorrelation` writes (or returns with ``copy=True``), or several of
        them by name: for example of the latent representations of several models, and of the genes.
    seed
        Seed of the sideways scatter of the dots. By default 0.
    ax, save
        Two axes to draw on, by default in a new figure; and a path to save the figure at.

    Returns
    -------
    The axes, shape ``(2,)``: Moran's I, Geary's C.

    Raises
    ------
    KeyError
        If a table lacks one of the statistics.
    TypeError
        If something is not a table.
    ValueError
        If there is no table, or ``ax`` is not two axes.

    Examples
    --------
    >>> import dpvae
    >>> adata = dpvae.datasets.simulated_tissue(200, 20)
    >>> table = dpvae.tl.autocorrelation(adata, copy=True)
    >>> axes = dpvae.pl.autocorrelation({"genes": table})
    >>> len(axes[0].collections[0].get_offsets())
    20
    """
    named = named_tables(tables, "dpvae.tl.autocorrelation")
    if not named:
        message = "There is no table to draw; pass tables of dpvae.tl.autocorrelation by name."
        raise ValueError(message)
    for name, table in named.items():
        missing = [column for column, *_ in STATISTICS if column not in table]
        if missing:
            message = f"Table {name!r} has no columns {missing}; tl.autocorrelation writes them."
            raise KeyError(message)
    axes = panels(2, ax, height_to_width=0.9)
    for panel, (column, label, chance) in zip(axes, STATISTICS, strict=True):
        rng = np.random.default_rng(seed)
        for k, table in enumerate(named.values()):
            values = table[column].dropna().to_numpy()
            sideways = k + rng.uniform(-SPREAD, SPREAD, len(values))
            color = COLORS[k % len(COLORS)]
            panel.scatter(sideways, values, s=9, color=color, alpha=0.5, linewidths=0)
            if len(values):
                panel.hlines(np.median(values), k - 0.3, k + 0.3, color="black", linewidth=2)
        panel.axhline(chance, color="black", linewidth=0.8, linestyle=":")
        panel.set_xticks(range(len(named)), list(named), rotation=30, ha="right")
        panel.set_ylabel(label)
        panel.spines[["top", "right"]].set_visible(False)
    save_figure(axes[0], save)
    return axes
