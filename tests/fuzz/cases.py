"""Cases of the fuzz: an entry point with one changed input, and which of them are drawn."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from tests.fuzz.cells import cells_changes
from tests.fuzz.change import Change
from tests.fuzz.coordinates import coordinates_changes
from tests.fuzz.entries_arrays import array_entries, points
from tests.fuzz.entries_model import model_entries
from tests.fuzz.entries_shell import shell_entries
from tests.fuzz.entries_tools import placed, tools_entries
from tests.fuzz.entry import Entry
from tests.fuzz.expression import expression_changes
from tests.fuzz.names import names_changes, sizes_changes
from tests.fuzz.own_cells import OwnCase, own_cases
from tests.fuzz.world import KINDS, World

COLUMNS = {"sections": "slice", "batches": "batch", "sizes": "size"}
OWN_SHARE = 0.15


@dataclass(frozen=True)
class Case:
    """An entry point with one changed input."""

    entry: Entry
    change: Change
    seed: int

    @property
    def place(self) -> str:
        """What is called, of what kind of model."""
        return f"{self.entry.name} ({self.entry.kind})"

    @property
    def kind_of_change(self) -> str:
        """What is changed, and how."""
        return f"{self.change.part}: {self.change.name}"

    def __str__(self) -> str:
        return f"{self.place}, {self.kind_of_change}"


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
    if case.entry.source == "array":
        return make(cells, rng), None, {}
    if part == "cells":
        return *make(cells, rng), {}
    _put(cells, case.entry, part, make, rng)
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
