"""The layers of the package: imports run one way, and light parts stay light."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dpvae

SOURCE = Path(dpvae.__file__).parent
BASE = {"_expression", "_given", "_keys", "_matrix_on_disk", "_numbers", "_section"}
MAY_IMPORT = {
    "_expression": {"_given", "_matrix_on_disk"},
    "_given": set(),
    "_keys": set(),
    "_matrix_on_disk": {"_numbers", "_unchanged_file"},
    "_numbers": set(),
    "_section": set(),
    "_unchanged_file": set(),
    "geometry": {"_keys", "_numbers"},
    "metrics": {"_keys", "_numbers", "geometry"},
    "datasets": {"_keys"},
    "tl": BASE | {"geometry", "metrics"},
    "pl": BASE | {"geometry", "metrics", "tl"},
    "pp": BASE | {"geometry", "metrics", "tl"},
    "module": {"_keys", "geometry"},
    "model": BASE | {"geometry", "metrics", "module"},
    "held_out": BASE | {"geometry", "metrics"},
    "jobs": BASE | {"model", "pp"},
    "demo": BASE | {"geometry", "held_out", "jobs", "tl"},
    "files": set(),
    "shell_messages": set(),
    "cli": BASE | {"datasets", "demo", "files", "jobs", "pl", "shell_messages"},
}


def imported_parts(path):
    """Parts of the package that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "dpvae":
            names = node.module.split(".")[1:2] or [alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [a.name.split(".")[1] for a in node.names if a.name.startswith("dpvae.")]
        else:
            continue
        yield from names


def files_of(part):
    path = SOURCE / part
    return sorted(path.glob("*.py")) if path.is_dir() else [path.with_suffix(".py")]


def test_every_part_has_its_place():
    found = {path.stem for path in SOURCE.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert found - {"__init__", "__pycache__", "py"} == set(MAY_IMPORT)


@pytest.mark.parametrize("part", sorted(MAY_IMPORT))
def test_imports_run_one_way(part):
    for path in files_of(part):
        foreign = set(imported_parts(path)) - {part}
        assert foreign <= MAY_IMPORT[part], f"{path.name} imports {foreign - MAY_IMPORT[part]}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("dpvae", ["torch", "scvi", "squidpy", "scanpy", "anndata", "matplotlib", "numba"]),
        ("dpvae.geometry", ["torch", "scvi", "squidpy", "scanpy", "anndata", "matplotlib"]),
        ("dpvae.cli", ["torch", "scvi", "squidpy", "scanpy", "anndata", "matplotlib", "numba"]),
        ("dpvae.module", ["squidpy"]),
        ("dpvae.tl", ["torch", "scvi", "squidpy", "matplotlib"]),
        ("dpvae.pp", ["torch", "scvi", "squidpy", "matplotlib"]),
        ("dpvae.pl", ["torch", "scvi", "squidpy"]),
    ],
)
def test_heavy_libraries_are_imported_only_when_used(module, heavy):
    code = f"import sys, {module}; print(*sorted(set({heavy}) & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


def private_imports(code):
    """Names of other packages that begin with an underscore, wherever code imports them."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom):
            found = [f"{node.module or ''}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        else:
            continue
        for name in found:
            is_private = any(re.match(r"_(?!_)", part) for part in name.split("."))
            if is_private and not name.startswith("dpvae."):
                yield name


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: path.stem)
def test_no_private_name_of_another_package_is_imported(path):
    assert list(private_imports(path.read_text(encoding="utf-8"))) == []


def test_a_private_name_is_noticed_wherever_it_stands():
    code = (
        "from __future__ import annotations\nfrom scvi.train._logger import SimpleLogger\n"
        "def f():\n    import a._b.c\n    from a import _d, e\n    from dpvae._keys import F\n"
    )
    assert sorted(private_imports(code)) == [
        "a._b.c", "a._d", "scvi.train._logger.SimpleLogger",
    ]  # fmt: skip


def test_unknown_part_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'utils'"):
        dpvae.utils  # noqa: B018
    with pytest.raises(AttributeError, match=r"no attribute 'load': use dpvae\.model\.load"):
        dpvae.load  # noqa: B018


def test_files_are_small():
    for path in SOURCE.rglob("*.py"):
        n_lines = len(path.read_text(encoding="utf-8").splitlines())
        assert n_lines <= 300, f"{path.name} has {n_lines} lines"
