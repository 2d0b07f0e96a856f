"""The course of a training: each term of the loss by epoch, training against validation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from dpvae._keys import HISTORY
from dpvae.pl.panels import panels, save_figure

SPLITS = (("train", "training", "#0072B2", "-"), ("validation", "validation", "#D55E00", "--"))
PER_ROW = 2


@dataclass(frozen=True)
class Term:
    """A quantity that is logged every epoch.

    Attributes
    ----------
    column
        Its column in the history, without ``_train`` or ``_validation``.
    label
        Title of its panel.
    unit
        Label of the y axis.
    """

    column: str
    label: str
    unit: str

    def curves(self, history: Mapping[str, pd.DataFrame]) -> dict[str, pd.Series]:
        """Curves by split, those that are there, indexed by epoch."""
        columns = {split: f"{self.column}_{split}" for split, *_ in SPLITS}
        return {
            split: history[column].iloc[:, 0].astype(float).dropna()
            for split, column in columns.items()
            if column in history
        }


TERMS = (
    Term(HISTORY.distance_loss, "distance term", "tissue radii"),
    Term(HISTORY.alignment_loss, "difference between sections", ""),
    Term(HISTORY.reconstruction_loss, "reconstruction loss", "nats per cell"),
    Term(HISTORY.kl, "KL divergence", "nats per cell"),
    Term(HISTORY.distance_scale, "distance scale λ", "latent distance per unit of tissue"),
)


def training_history(
    model_or_history: Any,
    *,
    ax: Axes | Sequence[Axes] | NDArray[Any] | None = None,
    save: str | Path | None = None,
) -> NDArray[Any]:
    """Draw how the terms of the loss went over the epochs, training against validation.

    A panel each for the distance term, the difference between sections if they are aligned, the
    reconstruction loss, the KL divergence and the learned scale λ, whichever are there.

    Parameters
    ----------
    model_or_history
        A trained model of scvi-tools' kind, or its ``history``: data frames of one column,
        indexed by epoch.
    ax, save
        As many axes as there are panels, by default in a new figure; and a path to save the
        figure at.

    Returns
    -------
    The axes, shape ``(n_panels,)``.

    Raises
    ------
    KeyError
        If none of the terms is in the history.
    ValueError
        If the model is not trained, or ``ax`` holds another number of axes.

    Examples
    --------
    >>> import pandas as pd
    >>> from dpvae import pl
    >>> epochs = pd.RangeIndex(3, name="epoch")
    >>> history = {
    ...     "distance_loss_train": pd.DataFrame({"distance_loss_train": [3.0, 2.0, 1.0]}, epochs)
    ... }
    >>> axes = pl.training_history(history)
    >>> axes[0].get_title(), axes[0].get_ylabel()
    ('distance term', 'tissue radii')
    """
    history = getattr(model_or_history, "history", model_or_history)
    if history is None:
        message = "The model has no history yet: call model.train() first."
        raise ValueError(message)
    present = [(term, curves) for term in TERMS if (curves := term.curves(history))]
    if not present:
        wanted = ", ".join(f"{term.column}_train" for term in TERMS)
        found = ", ".join(map(str, history)) or "nothing"
        message = f"The history has none of the terms that are drawn ({wanted}); it has: {found}."
        raise KeyError(message)
    axes = panels(len(present), ax, height_to_width=0.75, per_row=PER_ROW)
    for panel, (term, curves) in zip(axes, present, strict=True):
        for split, label, color, style in SPLITS:
            if split in curves:
                curve = curves[split]
                marker = "o" if len(curve) == 1 else None
                panel.plot(
                    curve.index, curve, color=color, linestyle=style, marker=marker, label=label
                )
        panel.set(xlabel="epoch", ylabel=term.unit, title=term.label)
        panel.ticklabel_format(axis="y", style="sci", scilimits=(-2, 5), useMathText=True)
        _leave_out_first_spikes(panel, curves)
        panel.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
        panel.spines[["top", "right"]].set_visible(False)
        if len(curves) > 1:
            panel.legend(frameon=False)
    save_figure(axes[0], save)
    return np.asarray(axes)


def _leave_out_first_spikes(panel: Axes, curves: Mapping[str, pd.Series]) -> None:
    """End the axis at the level where the validation part settles: it may begin decades above."""
    if len(curves) < len(SPLITS):
        return
    training, validation = curves["train"], curves["validation"]
    tops = [float(training.max()), float(validation.quantile(0.9)), float(validation.iloc[-1])]
    low, high = min(float(training.min()), float(validation.min())), max(tops)
    if validation.max() > high + (high - low):
        margin = 0.05 * (high - low)
        panel.set_ylim(low - margin, high + margin)
