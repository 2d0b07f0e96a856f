"""A score against the weight of the distance term."""

from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes

from dpvae.pl.panels import panels, save_figure

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = "osD^vPX"


def regularization_path(
    table: pd.DataFrame,
    *,
    score: str = "procrustes_disparity",
    weight: str = "dp_weight",
    line: str | None = None,
    ax: Axes | None = None,
    save: str | Path | None = None,
) -> Axes:
    """Draw a score against α, the weight of the distance term.

    After figure 9 of Zhou & Du (2024).

    Mean over the rows of the same α, and their range.

    Parameters
    ----------
    table
        A row for each training: its α, its score and, if wanted, the name of its line.
    score
        Column of the score. By default ``"procrustes_disparity"``.
    weight
        Column of α, at least 0. By default ``"dp_weight"``. The axis is logarithmic but for 0.
    line
        Column that names the line, such as the section or model. By default one line.
    ax, save
        Axes to draw on, by default in a new figure; and a path to save the figure at.

    Returns
    -------
    The axes.

    Raises
    ------
    KeyError
        If a column is missing.
    ValueError
        If there are more than seven lines, or α is negative.

    Examples
    --------
    >>> import pandas as pd
    >>> from dpvae import pl
    >>> table = pd.DataFrame({"dp_weight": [0, 1, 1], "procrustes_disparity": [0.9, 0.2, 0.4]})
    >>> ax = pl.regularization_path(table)
    >>> ax.lines[0].get_ydata().round(3)
    array([0.9, 0.3])
    """
    wanted = [score, weight, *([] if line is None else [line])]
    missing = [column for column in wanted if column not in table]
    if missing:
        message = f"The table has no columns {missing}; it has {list(table.columns)}."
        raise KeyError(message)
    groups = [("", table)] if line is None else list(table.groupby(line, sort=True, observed=True))
    if len(groups) > len(COLORS) or (table[weight] < 0).any():
        message = (
            f"{len(groups)} lines, smallest weight {table[weight].min()}; draw at most 7 lines, "
            "weights of at least 0."
        )
        raise ValueError(message)
    axes: Axes = panels(1, ax, height_to_width=0.75)[0]
    for (name, rows), color, marker in zip(groups, COLORS, MARKERS, strict=False):
        by_weight = rows.groupby(weight, sort=True)[score]
        mean, low, high = by_weight.mean(), by_weight.min(), by_weight.max()
        axes.plot(mean.index, mean, color=color, marker=marker, markersize=4, label=str(name))
        axes.fill_between(mean.index, low, high, color=color, alpha=0.2, linewidth=0)
    positive = table[weight][table[weight] > 0]
    smallest = float(positive.min()) if len(positive) else 1.0
    axes.set_xscale("symlog", linthresh=smallest, linscale=0.5)
    weights = sorted(table[weight].unique())
    axes.set_xticks(weights, [f"{value:g}" for value in weights])
    axes.minorticks_off()
    axes.set(
        xlabel=r"weight of the distance term $\alpha$", ylabel=score.replace("_", " ").capitalize()
    )
    if line is not None:
        axes.legend(frameon=False, title=line)
    axes.spines[["top", "right"]].set_visible(False)
    save_figure(axes, save)
    return axes
