"""An entry point of the package: what is called, with what, and what of it is read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Entry:
    """A call that a user makes.

    Parameters
    ----------
    name
        How the table of findings calls it.
    run
        From the world, the changed cells (or array) and arguments to an array, or to ``None``.
    kind
        Kind of model and of cells.
    source
        ``"reference"``, ``"query"``, ``"placed"`` or ``"array"``.
    reads
        The parts that the call reads. It must not depend on any other.
    tags
        Which changes it has to refuse, and for which it has to give the same places.
    odd
        Values of arguments that make no sense, and those that may.
    is_pure
        Whether the cells stay as they are, also if the call succeeds.
    tolerance
        Largest difference to the plain call, in standard deviations of its places.
    share
        How often the call is drawn; slow ones less often.
    """

    name: str
    run: Callable[..., Any]
    kind: str = "DPVAE"
    source: str = "query"
    reads: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    odd: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    is_pure: bool = True
    tolerance: float = 1e-6
    share: float = 1.0
