"""Which places are known, and which cells are to be placed."""

from dataclasses import dataclass

import numpy as np

RANDOM = ("random",)
FEW = ("known20", "known5", "known2")
BLOCK = ("block",)
WITHIN = RANDOM + FEW + BLOCK
CROSS = "cross"
POOLED = "pooled"
SPLITS = (*WITHIN, CROSS, POOLED)
FEWEST_KNOWN = 4


@dataclass(frozen=True)
class Split:
    """A split of the cells of one section.

    Attributes
    ----------
    known
        Rows of the cells whose places the methods are given.
    hidden
        Rows of the cells that are to be placed.
    expression_known
        Whether methods see the expression of the hidden cells while they learn.
    """

    known: np.ndarray
    hidden: np.ndarray
    expression_known: bool


def split(name, places, seed):
    """Split a section.

    ``random``: a random fifth is hidden (the paper's 80/20). ``known20``, ``known5``, ``known2``:
    places of 20, 5 or 2 % are known, the expression of all. ``block``: the fifth of the cells that
    is nearest to a random one is hidden.
    """
    n_cells = len(places)
    order = np.random.RandomState(seed).permutation(n_cells)
    if name == "random":
        return _split(order[: int(0.8 * n_cells)], n_cells, expression_known=False)
    if name in FEW:
        share = float(name.removeprefix("known")) / 100
        n_known = max(round(share * n_cells), FEWEST_KNOWN)
        return _split(order[:n_known], n_cells, expression_known=True)
    if name == "block":
        distance = np.linalg.norm(places - places[order[0]], axis=1)
        nearest = np.argsort(distance, kind="stable")
        return _split(nearest[n_cells - int(0.8 * n_cells) :], n_cells, expression_known=False)
    message = f"There is no split {name!r} of a section: choose from {WITHIN}."
    raise ValueError(message)


def _split(known, n_cells, *, expression_known):
    known = np.sort(known)
    return Split(known, np.setdiff1d(np.arange(n_cells), known), expression_known)
