"""Figures of the results."""

import matplotlib.pyplot as plt
import numpy as np

from benchmarks.accuracy.methods import METHODS
from benchmarks.accuracy.summary import OURS, by_section, ranks

RESOLUTION = 110
N_COLORS = 10


def sections_figure(results, path, *, title):
    """Held-out error of every method on every section, sections ordered by the best of them."""
    table = by_section(results)
    table = table.loc[table.min(axis=1).sort_values().index]
    height = 0.26 * len(table) + 1.4
    figure, axes = plt.subplots(figsize=(8, height), layout="constrained")
    rows = np.arange(len(table))
    for number, method in enumerate(METHODS):
        if method not in table.columns:
            continue
        is_ours = method in OURS
        axes.scatter(
            table[method],
            rows,
            s=46 if is_ours else 22,
            marker="o" if is_ours else "s" if number < N_COLORS else "D",
            color=f"C{number % N_COLORS}",
            zorder=3 if is_ours else 2,
            label=method,
        )
    axes.set_yticks(rows, [name.replace("_", " ") for name in table.index], fontsize=8)
    axes.set(xlabel="Procrustes disparity of held-out cells (0 perfect, 1 chance)", title=title)
    axes.grid(axis="x", alpha=0.3)
    axes.set_ylim(-0.7, len(table) - 0.3)
    axes.legend(bbox_to_anchor=(1.01, 1), loc="upper left", frameon=False, fontsize=8)
    figure.savefig(path, dpi=RESOLUTION)
    plt.close(figure)


def ranks_figure(results, path, *, title):
    """Mean ranks, and a bar as long as the critical difference."""
    mean_ranks, critical = ranks(results)
    figure, axes = plt.subplots(figsize=(7, 0.3 * len(mean_ranks) + 1.2), layout="constrained")
    rows = np.arange(len(mean_ranks))[::-1]
    colors = ["C0" if method in OURS else "0.55" for method in mean_ranks.index]
    axes.hlines(rows, mean_ranks - critical / 2, mean_ranks + critical / 2, color=colors, lw=3)
    axes.scatter(mean_ranks, rows, color=colors, zorder=3)
    axes.set_yticks(rows, mean_ranks.index)
    axes.set(xlabel="mean rank (1 is best); bars that overlap: no difference at 5 %", title=title)
    axes.grid(axis="x", alpha=0.3)
    figure.savefig(path, dpi=RESOLUTION)
    plt.close(figure)
