"""Entry points of the command line."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anndata
import numpy as np
from anndata import AnnData
from tests.fuzz.entries_model import LEARNS, READS
from tests.fuzz.entry import Entry
from tests.fuzz.judge import (
    BareInShellError,
    CannotBeWrittenError,
    RefusedByShellError,
    attempted,
)
from tests.fuzz.world import KINDS, World
from typer.testing import CliRunner

from dpvae.cli.commands import app

KEYS: dict[str, list[Any]] = {
    "--layer": ["nothing"],
    "--spatial-key": ["nothing", ""],
    "--sample-key": ["nothing", ""],
    "--epochs": ["0", "-1", "1.5", "many"],
    "--seed": ["-1", "a", str(2**40)],
    "--model": ["scvi", ""],
    "-o": ["/proc/nowhere/model", "", "/dev/null"],
}


def shell_entries() -> Iterator[Entry]:
    """Go through the commands."""
    for kind in ("DPVAE", "DPSCVI of batches"):
        counts = {"counts"} if "DPSCVI" in kind else set()
        yield Entry(
            "dpvae predict",
            lambda world, cells, kind=kind, **given: _predict(world, kind, cells, **given),
            kind,
            reads=frozenset(READS[kind]),
            tags=frozenset({"any", "places", "genes of the reference", "genes", *counts}),
            odd={"--section": ["nowhere", ""], "-o": KEYS["-o"], "MODEL": ["/nowhere", "."]},
            share=0.6,
        )
        yield Entry(
            "dpvae train",
            lambda world, cells, kind=kind, **given: _train(world, kind, cells, **given),
            kind,
            "reference",
            frozenset(LEARNS[kind] - {"sizes"}),
            frozenset({"any", "learns", "genes", "coordinates", *counts}),
            odd=KEYS,
            share=0.4,
        )
    yield Entry(
        "dpvae demo",
        lambda world, cells, **given: _demo(world, cells, **given),
        "DPSCVI",
        "reference",
        frozenset({"expression", "coordinates"}),
        frozenset({"any", "learns", "genes", "coordinates"}),
        odd=KEYS,
        share=0.2,
    )


def _predict(world: World, kind: str, cells: Any, **given: Any) -> np.ndarray:
    world.fresh(kind)
    folder = Path(given.pop("MODEL", world.folder / kind.replace(" ", "_")))
    output = world.folder / "placed.h5ad"
    output.unlink(missing_ok=True)
    _invoke("predict", folder, _written(world, cells), **({"-o": output} | given))
    return np.asarray(anndata.read_h5ad(output).obsm["spatial_dpvae"])


def _train(world: World, kind: str, cells: Any, **given: Any) -> None:
    setup, model = KINDS[kind].setup, KINDS[kind].model.__name__.lower()
    keys = {f"--{key.replace('_', '-')}": setup[key] for key in setup if key != "size_factor_key"}
    options = {"-o": world.folder / "by_shell", "--model": model, "--epochs": 1} | keys
    _invoke("train", _written(world, cells), "--overwrite", **(options | given))


def _demo(world: World, cells: Any, **given: Any) -> None:
    options = {"--data": _written(world, cells), "-o": _unused(world), "--epochs": 1}
    _invoke("demo", **(options | given))


def _unused(world: World) -> Path:
    return Path(tempfile.mkdtemp(dir=world.folder)) / "demo"


def _written(world: World, cells: Any) -> Path:
    path = world.folder / "cells.h5ad"
    if not isinstance(cells, AnnData):
        raise CannotBeWrittenError
    values = [cells.X, *cells.layers.values(), *cells.obsm.values()]
    if any(isinstance(some, np.ma.MaskedArray) for some in values):  # files hold no masks
        raise CannotBeWrittenError
    _, error = attempted(lambda: cells.copy().write_h5ad(path))
    if error is not None:
        raise CannotBeWrittenError from error
    return path


def _invoke(*arguments: Any, **options: Any) -> None:
    words = [*arguments, *(word for option in options.items() for word in option)]
    result = CliRunner().invoke(app, [str(word) for word in words])
    text = " ".join(result.output.split())
    if result.exit_code == 0:
        return
    is_bare = result.exception is not None and not isinstance(result.exception, SystemExit)
    if is_bare or result.exit_code not in (1, 2) or not text or "Traceback" in text:
        message = f"exit code {result.exit_code}: {result.exception!r:.200}"
        raise BareInShellError(message)
    message = text[text.find("Error") :]
    raise RefusedByShellError(message)
