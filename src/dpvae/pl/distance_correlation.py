"""Correlation of distances in tissue and representation, with its intervals."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from dpvae.pl.panels import panels, save_figure
from dpvae.pl.tables import named_tables

COLUMNS = ("pearson", "fisher_low", "fisher_high", "low", "high")
BAR, FISHER, JACKKNIFE = "#BBBBBB", "#D55E00", "#0072B2"


def distance_correlation(
    tables: pd.DataFrame | dict[str, pd.DataFrame],
    *,
    ax: Axes | None = None,
    save: str | Path | None = None,
) -> Axes:
    """Draw correlations of distances as bars with both intervals.

    After figure 2 of Zhou & Du (2024).

    The narrow interval is the paper's, which treats pairs of cells as independent; the wide one
    takes into account that they share cells (see :func:`dpvae.metrics.distance_pearson`).

    Parameters
    ----------
    tables
        What :func:`dpvae.tl.distance_preservation` writes, or several of them by name: a bar for
        each row.
    ax, save
        Axes to draw on, by default in a new figure; and a path to save the figure at.

    Returns
    -------
    The axes.

    Raises
    ------
    KeyError
        If a table lacks one of the columns.
    TypeError
        If something is not a table.

    Examples
    --------
    >>> import dpvae
    >>> adata = dpvae.datasets.simulated_tissue(200, 20)
    >>> adata.obsm["X_dpvae"] = adata.obsm["spatial"] / 100
    >>> dpvae.tl.distance_preservation(adata)
    >>> ax = dpvae.pl.distance_correlation(adata.uns["dpvae_distance_preservation"])
    >>> round(float(ax.patches[0].get_width()), 6)
    1.0
    """
    named = named_tables(tables, "dpvae.tl.distance_preservation")
    for name, table in named.items():
        missing = [column for column in COLUMNS if column not in table]
        if missing:
            message = (
                f"Table {name!r} has no columns {missing}; tl.distance_preservation writes them."
            )
            raise KeyError(message)
    parts = [table.assign(table=name) for name, table in named.items()]
    rows = pd.concat(parts, ignore_index=True)
    axes: Axes = panels(1, ax, height_to_width=0.25 + 0.12 * len(rows))[0]
    places = np.arange(len(rows))
    axes.barh(places, rows["pearson"], color=BAR, height=0.6)
    for shift, low, high, color, label in (
        (-0.12, "fisher_low", "fisher_high", FISHER, "pairs taken as independent"),
        (0.12, "low", "high", JACKKNIFE, "cells left out one by one"),
    ):
        lengths = np.abs(rows[[low, high]].to_numpy().T - rows["pearson"].to_numpy())
        axes.errorbar(
            rows["pearson"],
            places + shift,
            xerr=lengths,
            fmt="none",
            ecolor=color,
            capsize=3,
            elinewidth=1.6,
            label=label,
        )
    sections = rows["section"].astype(str) if "section" in rows else pd.Series("", rows.index)
    names = rows["table"].str.cat(sections, sep=" ").str.strip()
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set(xlabel="correlation of distances", xlim=(min(0.0, float(rows["low"].min())), 1.0))
    axes.legend(
        frameon=False,
        title="95 % interval",
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=2,
        fontsize="small",
        title_fontsize="small",
    )
    axes.spines[["top", "right"]].set_visible(False)
    save_figure(axes, save)
    return axes
