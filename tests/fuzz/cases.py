"""Cases of the fuzz: which are drawn, how one is run, and what is found."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from tests.fuzz import judge, own_cells
from tests.fuzz.cells import cells_changes, closed_again
from tests.fuzz.change import Change
from tests.fuzz.coordinates import coordinates_changes
from tests.fuzz.entries_arrays import array_entries, points
from tests.fuzz.entries_model import model_entries
from tests.fuzz.entries_shell import CannotBeWritten, shell_entries
from tests.fuzz.entries_tools import placed, tools_entries
from tests.fuzz.entry import Entry
from tests.fuzz.expression import expression_changes
from tests.fuzz.fingerprint import changes, fingerprint
from tests.fuzz.names import names_changes, sizes_changes
from tests.fuzz.own_cells import OwnCase, own_cases
from tests.fuzz.world import KINDS, World

COLUMNS = {"sections": "slice", "batches": "batch", "sizes": "size"}
OWN_SHARE = 0.15
OWN_TOLERANCE = dict.fromkeys(own_cells.STAGES, 0.03)


@dataclass(frozen=True)
class Case:
    """An entry point with one changed input."""

    entry: Entry
    change: Change
    seed: int

    def __str__(self) -> str:
        return f"{self.entry.name} ({self.entry.kind}), {self.change.part}: {self.change.name}"


@dataclass(frozen=True)
class Finding:
    """What came of a case: ``verdict`` is ``""`` where all is well.

    Parameters
    ----------
    case
        The case, in words.
    verdict
        ``"wrong place"``, ``"accepted"``, ``"refused"``, ``"error"``, ``"unnamed"``,
        ``"changed"`` or ``""``.
    detail
        What exactly.
    is_refused
        Whether the call ended in an error.
    """

    case: str
    verdict: str
    detail: str = ""
    is_refused: bool = False
    part: str = ""
    change: str = ""
    entry: str = ""


class CannotBeMade(Exception):
    """No AnnData can hold the changed input."""


def all_changes() -> list[Change]:
    """All changes of all parts but the arguments, which every entry point has of its own."""
    return [
        *expression_changes(),
        *coordinates_changes(),
        *coordinates_changes("latents"),
        *names_changes("sections"),
        *names_changes("batches"),
        *sizes_changes(),
        *cells_changes(),
    ]


def draw(n_cases: int, seed: int) -> Iterator[Case | OwnCase]:
    """Draw cases: entry points by their shares, and for each its changes without repetition."""
    rng = np.random.default_rng(seed)
    entries = [*model_entries(), *tools_entries(), *array_entries(), *shell_entries()]
    left = [_shuffled(_changes_of(entry), rng) for entry in entries]
    own = _shuffled(list(own_cases()), rng)
    share = np.array([entry.share for entry in entries])
    debt = rng.uniform(size=len(entries)) * share
    for _ in range(n_cases):
        if rng.random() < OWN_SHARE and own:
            yield own.pop()
            continue
        number = int(np.argmax(debt))
        debt[number] -= share.sum()
        debt += share
        if left[number]:
            yield Case(entries[number], left[number].pop(), int(rng.integers(2**31)))


def _changes_of(entry: Entry) -> list[Change]:
    if entry.source == "array":
        return list(coordinates_changes())
    found = [c for c in all_changes() if _is_there(c.part, entry)]
    for argument, values in entry.odd.items():
        found += [_odd(argument, value) for value in values]
    return found


def _is_there(part: str, entry: Entry) -> bool:
    return part != "latents" or entry.source == "placed"


def _odd(argument: str, value: Any) -> Change:
    text = " ".join(f"{argument}={value!r}".split())[:70]
    return Change("arguments", text, lambda *_: {argument: value})


def _shuffled(items: list[Any], rng: np.random.Generator) -> list[Any]:
    return [items[number] for number in rng.permutation(len(items))]


def run(case: Case | OwnCase, world: World) -> Finding | None:
    """Run a case; ``None`` where no AnnData can hold the input."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        world.model(case.kind if isinstance(case, OwnCase) else case.entry.kind)
        try:
            return _run_own(case, world) if isinstance(case, OwnCase) else _run(case, world)
        except (CannotBeMade, CannotBeWritten):
            return None


def plain(entry: Entry, world: World) -> Any:
    """The input of an entry point as it should be."""
    if entry.source == "array":
        return points()
    return placed(world) if entry.source == "placed" else world.cells(entry.kind, entry.source)


def changed(case: Case, world: World, make: Callable[..., Any]) -> tuple[Any, Any, dict[str, Any]]:
    """The changed input, the rows that it has of the plain one, and arguments."""
    part, rng = case.change.part, np.random.default_rng(case.seed)
    cells = plain(case.entry, world)
    if part == "arguments":
        return cells, None, make(None, rng)
    try:
        if case.entry.source == "array":
            return make(cells, rng), None, {}
        if part == "cells":
            return *make(cells, rng), {}
        _put(cells, case.entry, part, make, rng)
    except Exception as error:
        raise CannotBeMade from error
    return cells, None, {}


def _put(cells: AnnData, entry: Entry, part: str, make: Callable[..., Any], rng: Any) -> None:
    if part == "expression":
        layer = None if entry.source == "placed" else KINDS[entry.kind].layer
        values = make((cells.X if layer is None else cells.layers[layer]).toarray(), rng)
        if layer is None:
            cells.X = values
        elif values is None:
            del cells.layers[layer]
        else:
            cells.layers[layer] = values
    elif part in ("coordinates", "latents"):
        key = "X_dpvae" if part == "latents" else "spatial"
        values = make(np.asarray(cells.obsm[key], dtype=float), rng)
        cells.obsm[key] = _with_names(values, cells)
    else:
        column = COLUMNS[part]
        plain = cells.obs[column]
        values = make(plain.to_numpy() if part == "sizes" else plain.astype(str).to_numpy(), rng)
        del cells.obs[column]
        if isinstance(values, pd.DataFrame):
            twice = values.set_axis([column, column], axis=1).set_axis(cells.obs_names)
            cells.obs = pd.concat([cells.obs, twice], axis=1)
        elif values is not None:
            cells.obs[column] = values.set_axis(cells.obs_names)


def _with_names(values: Any, cells: AnnData) -> Any:
    return values.set_index(cells.obs_names) if isinstance(values, pd.DataFrame) else values


def _run(case: Case, world: World) -> Finding:
    entry, change = case.entry, case.change
    cells, rows, arguments = changed(case, world, change.make)
    world.succeeded(cells)
    is_read = change.part in entry.reads or change.part in ("cells", "arguments")
    is_same = not is_read or change.same in entry.tags
    try:
        found = entry.run(world, cells, **arguments)
    except CannotBeWritten:
        raise
    except Exception as error:
        fault = judge.fault_of_error(error, _words(case))
        after = fingerprint(cells)
        if fault:
            verdict = "unnamed" if fault.startswith("message") else "error"
            return _finding(case, verdict, fault, is_refused=True)
        if world.before != after:
            written = ", ".join(changes(world.before, after))
            return _finding(case, "changed", f"{written} by {error!r}", is_refused=True)
        if is_same and not (is_read and change.may_be_refused):
            return _finding(case, "refused", f"without reason: {error}", is_refused=True)
        return _finding(case, "", str(error), is_refused=True)
    finally:
        after = fingerprint(cells)
        closed_again(cells)
    if entry.is_pure and world.before != after:
        return _finding(case, "changed", "by success: " + ", ".join(changes(world.before, after)))
    if is_read and change.refused in entry.tags:
        return _finding(case, "accepted", "has to be refused")
    return _compared(case, world, found, rows) if is_same else _finite(case, found)


def _compared(case: Case, world: World, found: Any, rows: Any) -> Finding:
    entry, change = case.entry, case.change
    if found is None:
        return _finding(case, "")
    is_twin = change.twin is not None and change.part in entry.reads
    twin = change.twin if is_twin else lambda values, _: values
    part = "none" if change.part in ("cells", "arguments") or not is_twin else change.part
    usual = Case(entry, Change(part, "plain", twin), case.seed)
    if part == "none":
        expected = world.remember(str(usual), lambda: entry.run(world, plain(entry, world)))
    else:
        try:
            expected = entry.run(world, changed(usual, world, twin)[0])
        except Exception as error:
            return _finding(case, "accepted", f"but its plain form is refused: {error}")
    found = found if change.undo is None or change.part not in entry.reads else change.undo(found)
    expected = np.asarray(expected) if rows is None else np.asarray(expected)[rows]
    away = judge.distance(found, expected)
    if away > entry.tolerance:
        return _finding(case, "wrong place", f"{away:.2g} standard deviations away")
    return _finding(case, "")


def _finite(case: Case, found: Any) -> Finding:
    is_place = "places" in case.entry.tags and found is not None
    if is_place and not np.isfinite(np.asarray(found, dtype=float)).all():
        return _finding(case, "wrong place", "not finite")
    return _finding(case, "")


def _words(case: Case) -> str:
    if case.change.part == "arguments":
        name = case.change.name.split("=")[0].lstrip("-")
        return rf"(?i)\b{name}|obsm\[|obs\[|layers\[|obsp\["
    if case.entry.source == "array":
        return "coordinates|positions|latent|true|recovered|source|target|values"
    return judge.WORDS[case.change.part]


def _finding(case: Case, verdict: str, detail: str = "", *, is_refused: bool = False) -> Finding:
    entry, change = case.entry, case.change
    where = f"{entry.name} ({entry.kind})"
    return Finding(str(case), verdict, detail, is_refused, change.part, change.name, where)


def _run_own(case: OwnCase, world: World) -> Finding:
    def finding(verdict: str, detail: str = "", *, is_refused: bool = False) -> Finding:
        where = f"{case.entry} ({case.kind})"
        text = f"{where}: {case.change}"
        return Finding(text, verdict, detail, is_refused, "own cells", case.change, where)

    try:
        call, others, own = own_cells.outcome(case, world)
    except Exception as error:
        raise CannotBeMade from error
    before = fingerprint(own)
    try:
        found = call()
    except Exception as error:
        after = fingerprint(own)
        fault = judge.fault_of_error(error, r"adata|cells|genes|obs|model")
        if fault:
            verdict = "unnamed" if fault.startswith("message") else "error"
            return finding(verdict, fault, is_refused=True)
        if before != after:
            return finding("changed", ", ".join(changes(before, after)), is_refused=True)
        return finding("", str(error), is_refused=True)
    if not own_cells.is_comparable(case):
        return finding("")
    try:
        expected = [other() for other in others]
    except Exception as error:
        unchanged = own_cells.outcome(replace(case, change="nothing"), world)[0]()
        if judge.distance(found, unchanged) > OWN_TOLERANCE.get(case.stage, 1e-6):
            return finding("accepted", f"but refused of other cells: {error}")
        return finding("")
    away = min(judge.distance(found, places) for places in expected)
    if away > OWN_TOLERANCE.get(case.stage, 1e-6):
        return finding("wrong place", f"{away:.2g} standard deviations away")
    return finding("")
