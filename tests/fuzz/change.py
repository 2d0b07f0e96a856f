"""A change of an input: another form of the same numbers, or a fault."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Change:
    """What is done to one part of an input before an entry point sees it.

    Parameters
    ----------
    part
        What is changed: ``"expression"``, ``"coordinates"``, ``"latents"``, ``"sections"``,
        ``"batches"``, ``"sizes"``, ``"cells"`` or ``"arguments"``.
    name
        What is done, in the words of the table of findings.
    make
        The changed part from the plain one and a random generator.
    same
        Tag of the entry points for which nothing may depend on the change: they give the same
        places, or refuse it. ``"any"`` is all of them, ``""`` none.
    refused
        Tag of the entry points that have to refuse the change.
    twin
        A plainer form that means the same, if it is not the part as it was.
    undo
        How a result is brought back, where the change moves or scales all places.
    """

    part: str
    name: str
    make: Callable[[Any, np.random.Generator], Any]
    same: str = ""
    refused: str = ""
    twin: Callable[[Any, np.random.Generator], Any] | None = None
    undo: Callable[[np.ndarray], np.ndarray] | None = None
    may_be_refused: bool = True


def one_in(share: int, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Choose some entries, at least one."""
    chosen = rng.random(shape) < 1 / share
    chosen.flat[rng.integers(chosen.size)] = True
    return chosen
