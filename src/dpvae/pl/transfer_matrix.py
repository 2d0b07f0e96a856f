"""A score for every pair of training and test section."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from dpvae.pl.panels import color_bar, panels, save_figure

DARK_FROM = 0.4


def transfer_matrix(
    scores: pd.DataFrame,
    *,
    label: str = "Procrustes disparity",
    limits: tuple[float, float] | None = None,
    ax: Axes | None = None,
    save: str | Path | None = None,
) -> Axes:
    """Draw how well models of each section do on every section.

    After figure 10 of Zhou & Du (2024).

    Parameters
    ----------
    scores
        A row for each section that was trained on, a column for each that was tested, named by
        index and columns. NaN are left empty.
    label
        What the score is called. By default ``"Procrustes disparity"``.
    limits
        Values at the ends of the colours. By default the smallest and the largest score.
    ax, save
        Axes to draw on, by default in a new figure; and a path to save the figure at.

    Returns
    -------
    The axes, on which every number is a text.

    Raises
    ------
    ValueError
        If the table is empty or holds anything but numbers.

    Examples
    --------
    >>> import pandas as pd
    >>> from dpvae import pl
    >>> names = ["a", "b"]
    >>> ax = pl.transfer_matrix(pd.DataFrame([[0.1, 0.6], [0.7, 0.2]], names, names))
    >>> [text.get_text() for text in ax.texts]
    ['.10', '.60', '.70', '.20']
    """
    if scores.size == 0 or not all(pd.api.types.is_numeric_dtype(t) for t in scores.dtypes):
        message = (
            f"scores is a table of shape {scores.shape}; pass numbers, trained on by tested on."
        )
        raise ValueError(message)
    axes: Axes = panels(1, ax, height_to_width=len(scores) / max(scores.shape[1], 1))[0]
    values = scores.to_numpy(dtype=float)
    low, high = _ends(values) if limits is None else limits
    image = axes.imshow(values, cmap="cividis_r", vmin=low, vmax=high)
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            share = (value - low) / (high - low)
            text = f"{value:.2f}".removeprefix("0") if abs(value) < 1 else f"{value:.2g}"
            color = "white" if share > DARK_FROM else "black"
            axes.text(column, row, text, ha="center", va="center", color=color, fontsize="small")
    axes.set_xticks(range(scores.shape[1]), scores.columns.astype(str), rotation=45, ha="right")
    axes.set_yticks(range(len(scores)), scores.index.astype(str))
    axes.set(xlabel="tested on", ylabel="trained on")
    color_bar(axes, image, label)
    axes.spines[:].set_visible(False)
    save_figure(axes, save)
    return axes


def _ends(values: NDArray[np.float64]) -> tuple[float, float]:
    """Smallest and largest number of a table, or a little more if there is only one."""
    finite = values[np.isfinite(values)]
    if len(finite) == 0:
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    return (low, high) if high > low else (low, low + 1.0)
