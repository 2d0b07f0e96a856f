"""The run of a case, and what is wrong with its outcome."""

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from tests.fuzz import judge, own_cells
from tests.fuzz.cases import Case, changed, plain
from tests.fuzz.cells import closed_again
from tests.fuzz.change import Change
from tests.fuzz.fingerprint import changes, fingerprint
from tests.fuzz.own_cells import OwnCase
from tests.fuzz.world import World

OWN_TOLERANCE = dict.fromkeys(own_cells.STAGES, 0.03)
WORDS_OF_OWN = r"adata|cells|genes|obs|model"


@dataclass(frozen=True)
class Finding:
    """What came of a case.

    Parameters
    ----------
    case
        The case.
    verdict
        ``"wrong place"``, ``"accepted"`` (and has to be refused), ``"refused"`` (without reason),
        ``"error"`` (bare), ``"unnamed"`` (an error that does not name what is at fault),
        ``"changed"`` (an AnnData), or ``""`` where all is well.
    detail
        What exactly.
    is_refused
        Whether the call ended in an error.
    """

    case: Case | OwnCase
    verdict: str
    detail: str = ""
    is_refused: bool = False


def run(case: Case | OwnCase, world: World) -> Finding | None:
    """Run a case; ``None`` where no AnnData, or no file, can hold the input."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if isinstance(case, OwnCase):
            return _run_own(case, world)
        world.model(case.entry.kind)
        return _run(case, world)


def _run(case: Case, world: World) -> Finding | None:
    entry, change = case.entry, case.change
    made, error = judge.attempted(lambda: changed(case, world, change.make))
    if error is not None:
        return None
    cells, rows, arguments = made
    is_read = change.part in entry.reads or change.part in ("cells", "arguments")
    is_same = not is_read or change.same in entry.tags
    world.succeeded(cells)
    found, error = judge.attempted(lambda: entry.run(world, cells, **arguments))
    written = changes(world.before, fingerprint(cells))
    closed_again(cells)
    if isinstance(error, judge.CannotBeWrittenError):
        return None
    if error is not None:
        is_right = not is_same or (is_read and change.may_be_refused)
        return _of_error(case, error, _words(case), written, is_right=is_right)
    if entry.is_pure and written:
        return Finding(case, "changed", "by success: " + ", ".join(written))
    if is_read and change.refused in entry.tags:
        return Finding(case, "accepted", "has to be refused")
    if found is None:
        return Finding(case, "")
    return _compared(case, world, found, rows) if is_same else _finite(case, found)


def _run_own(case: OwnCase, world: World) -> Finding | None:
    world.model(case.kind)
    made, error = judge.attempted(lambda: own_cells.outcome(case, world))
    if error is not None:
        return None
    call, others, own = made
    before = fingerprint(own)
    found, error = judge.attempted(call)
    if error is not None:
        return _of_error(case, error, WORDS_OF_OWN, changes(before, fingerprint(own)))
    if not own_cells.is_comparable(case):
        return Finding(case, "")
    tolerance = OWN_TOLERANCE.get(case.stage, 1e-6)
    expected, error = judge.attempted(lambda: [other() for other in others])
    if error is not None:  # right all the same where nothing depends on the change
        unchanged = own_cells.outcome(replace(case, change="nothing"), world)[0]()
        if judge.distance(found, unchanged) <= tolerance:
            return Finding(case, "")
        return Finding(case, "accepted", f"but refused of other cells: {error}")
    away = min(judge.distance(found, places) for places in expected)
    return _of_distance(case, away, tolerance)


def _of_error(
    case: Case | OwnCase, error: Exception, words: str, written: list[str], *, is_right: bool = True
) -> Finding:
    fault = judge.fault_of_error(error, words)
    if fault is not None:
        verdict = "unnamed" if fault.startswith("message") else "error"
        return Finding(case, verdict, fault, is_refused=True)
    if written:
        return Finding(case, "changed", f"{', '.join(written)} by {error!r}", is_refused=True)
    verdict = "" if is_right else "refused"
    return Finding(case, verdict, str(error), is_refused=True)


def _compared(case: Case, world: World, found: Any, rows: Any) -> Finding:
    """Compare with the result of the plain call, or of the call with a plainer form."""
    entry, change = case.entry, case.change
    if change.twin is not None and change.part in entry.reads:
        expected, error = _of_twin(case, world, change.twin)
        if error is not None:
            return Finding(case, "accepted", f"but its plain form is refused: {error}")
    else:
        expected = world.remember(case.place, lambda: entry.run(world, plain(entry, world)))
    if change.undo is not None and change.part in entry.reads:
        found = change.undo(found)
    expected = np.asarray(expected) if rows is None else np.asarray(expected)[rows]
    return _of_distance(case, judge.distance(found, expected), entry.tolerance)


def _of_twin(case: Case, world: World, twin: Callable[..., Any]) -> tuple[Any, Exception | None]:
    plainer = Case(case.entry, Change(case.change.part, "plain", twin), case.seed)
    return judge.attempted(
        lambda: case.entry.run(world, changed(plainer, world, twin)[0]),
    )


def _of_distance(case: Case | OwnCase, away: float, tolerance: float) -> Finding:
    if away > tolerance:
        return Finding(case, "wrong place", f"{away:.2g} standard deviations away")
    return Finding(case, "")


def _finite(case: Case, found: Any) -> Finding:
    is_place = "places" in case.entry.tags
    if is_place and not np.isfinite(np.asarray(found, dtype=float)).all():
        return Finding(case, "wrong place", "not finite")
    return Finding(case, "")


def _words(case: Case) -> str:
    if case.change.part == "arguments":
        name = case.change.name.split("=")[0].lstrip("-").rstrip("s")
        keys, paths = (re.findall(which, case.change.name) for which in (r"'(\w+)':", r"'/(\w+)'"))
        name = "|".join([name, *keys, *paths])  # a path may be named by itself
        return rf"(?i)\b({name})|obsm\[|obs\[|layers\[|obsp\["
    return judge.WORDS["array" if case.entry.source == "array" else case.change.part]
