"""Figures of the results."""

import matplotlib.pyplot as plt
import numpy as np

from benchmarks.imputation.summary import LEVELS, per_run
from benchmarks.method_style import style_of

RESOLUTION = 110
CONSTANT = "mean of all"
PAIR_NAMES = {"fly": "fly embryo", "breast": "breast cancer"}


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
        figsize=(2 + 2 * len(pairs), 0.36 * len(methods) + 1.3),
        sharey=True,
        layout="constrained",
        squeeze=False,
    )
    for panel, pair in zip(axes[0], pairs, strict=True):
        for number, level in enumerate(LEVELS):
            for row, method in enumerate(methods):
                chosen = (runs["pair"] == pair) & (runs["method"] == method)
                values = runs.loc[chosen, f"{level}pearson"]
                style = style_of(method)
                height = row + 0.18 * (2 * number - 1)
                look = {"color": style.color, "marker": style.marker}
                panel.scatter(values, np.full(len(values), height), s=4, alpha=0.4, **look)
                is_hollow = number > 0
                panel.scatter(
                    values.mean(),
                    height,
                    s=34,
                    marker=style.marker,
                    edgecolors=style.color,
                    facecolors="white" if is_hollow else style.color,
                )
        panel.set_title(PAIR_NAMES.get(pair, pair))
        panel.grid(axis="x", alpha=0.3)
        panel.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("Pearson's correlation, mean over genes", fontsize="medium")
    axes[0, 0].set_yticks(range(len(methods)), methods)
    axes[0, 0].invert_yaxis()
    handles = [
        plt.scatter([], [], color="black", facecolors=face, label=label)
        for label, face in zip(LEVELS.values(), ("black", "white"), strict=True)
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(LEVELS), frameon=False)
    return figure
