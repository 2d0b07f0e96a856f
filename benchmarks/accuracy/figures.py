"""Figures of the results."""

import matplotlib.pyplot as plt
import numpy as np

from benchmarks.accuracy.methods import METHODS
from benchmarks.accuracy.summary import OURS, by_section, ranks
from benchmarks.method_style import style_of
from benchmarks.section_names import short

RESOLUTION = 110
WIDTH = 7.0
SPREAD = 0.7  # of a row, so that the markers of a section do not cover one another


def sections_figure(results, path):
    """Held-out error of every method on every section, sections ordered by the best of them."""
    table = by_section(results)
    table = table.loc[table.min(axis=1).sort_values().index]
    methods = [method for method in METHODS if method in table.columns]
    figure, axes = plt.subplots(figsize=(WIDTH, 0.3 * len(table) + 1.2), layout="constrained")
    rows = np.arange(len(table))
    axes.barh(rows[::2], 2, left=-0.5, height=1, color="#F3F3F3", zorder=0)
    for method, shift in zip(methods, shifts(len(methods)), strict=True):
        style = style_of(method)
        axes.scatter(
            table[method],
            rows + shift,
            s=34 if method in OURS else 20,
            marker=style.marker,
            color=style.color,
            linewidths=0,
            zorder=3 if method in OURS else 2,
            label=method,
        )
    axes.set_yticks(rows, [short(name) for name in table.index], fontsize="small")
    axes.set(xlabel="Procrustes disparity of held-out cells (0: same shape, 1: chance)")
    axes.set(xlim=(-0.02, max(1.02, float(table.max(axis=None)) + 0.02)))
    axes.set_ylim(len(table) - 0.5, -0.5)  # the best section on top
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right", "left"]].set_visible(False)
    figure.legend(
        loc="outside upper center", ncols=min(len(methods), 6), frameon=False, fontsize="small"
    )
    figure.savefig(path, dpi=RESOLUTION)
    plt.close(figure)


def shifts(n_methods):
    """Heights of markers within a row, the first method on top."""
    return SPREAD * ((np.arange(n_methods) + 0.5) / n_methods - 0.5)


def ranks_figure(results, path):
    """Mean ranks, and a bar as long as the critical difference."""
    mean_ranks, critical = ranks(results)
    figure, axes = plt.subplots(figsize=(WIDTH, 0.3 * len(mean_ranks) + 1.0), layout="constrained")
    rows = np.arange(len(mean_ranks))
    for row, (method, rank) in zip(rows, mean_ranks.items(), strict=True):
        style = style_of(method)
        axes.hlines(row, rank - critical / 2, rank + critical / 2, color=style.color, lw=3)
        axes.scatter(rank, row, s=40, color=style.color, marker=style.marker, zorder=3)
    axes.set_yticks(rows, mean_ranks.index)
    axes.set(xlabel="mean rank (1: best); bars that overlap: no difference at 5 %")
    axes.set_ylim(len(mean_ranks) - 0.5, -0.5)
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=RESOLUTION)
    plt.close(figure)
