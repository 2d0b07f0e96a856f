"""Figures of the results."""

import matplotlib.pyplot as plt
import numpy as np

from benchmarks.imputation.summary import LEVELS, per_run

RESOLUTION = 110
CONSTANT = "mean of all"


def figures(results, folder):
    """Write every figure."""
    folder.mkdir(parents=True, exist_ok=True)
    figure = pearson_figure(results)
    figure.savefig(folder / "pearson.png", dpi=RESOLUTION)
    plt.close(figure)


def pearson_figure(results):
    """Mean Pearson of every run, and of all runs of a method, for cells and for local means."""
    runs = per_run(results[results["method"] != CONSTANT])
    methods, pairs = (list(runs[column].unique()) for column in ("method", "pair"))
    figure, axes = plt.subplots(
        1,
        len(pairs),
        figsize=(2 + 2.6 * len(pairs), 0.4 * len(methods) + 1.3),
        sharey=True,
        layout="constrained",
        squeeze=False,
    )
    for panel, pair in zip(axes[0], pairs, strict=True):
        for number, (level, label) in enumerate(LEVELS.items()):
            for row, method in enumerate(methods):
                chosen = (runs["pair"] == pair) & (runs["method"] == method)
                values = runs.loc[chosen, f"{level}pearson"]
                height = np.full(len(values), row + 0.18 * (1 - 2 * number))
                panel.scatter(values, height, s=5, color=f"C{number}", alpha=0.4)
                panel.scatter(
                    values.mean(),
                    row + 0.18 * (1 - 2 * number),
                    s=36,
                    color=f"C{number}",
                    label=label if row == 0 else None,
                )
        panel.set(title=pair, xlabel="Pearson, mean over genes")
        panel.grid(axis="x", alpha=0.3)
    axes[0, 0].set_yticks(range(len(methods)), methods)
    axes[0, 0].legend(frameon=False, fontsize=8)
    return figure
