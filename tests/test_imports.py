"""The layers of the package: imports run one way, and light parts stay light."""

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import dpvae

SOURCE = Path(dpvae.__file__).parent
DATA = {"_data", "_keys"}
GEOMETRY = {
    "geometry",
    "geometry.alignment",
    "geometry.placement",
    "geometry.regression",
    "geometry.posterior",
    "geometry.surfaces",
}
MODEL = {
    "model.atlas", "model.data", "model.files", "model.joint", "model.loading", "model.query",
    "model.tissue", "model.training",
}  # fmt: skip
MAY_IMPORT = {
    "_data": set(),
    "_keys": set(),
    "_models": set(),
    "geometry": DATA,
    "geometry.alignment": DATA | {"geometry"},
    "geometry.regression": DATA | {"geometry", "geometry.alignment"},
    "geometry.placement": DATA | {"geometry", "geometry.alignment", "geometry.regression"},
    "geometry.posterior": DATA | {"geometry"},
    "geometry.surfaces": DATA | {"geometry", "geometry.posterior"},
    "metrics": DATA | GEOMETRY,
    "datasets": {"_keys"},
    "tl": DATA | GEOMETRY | {"metrics"},
    "pl": DATA | GEOMETRY | {"metrics", "tl"},
    "pp": DATA | GEOMETRY | {"metrics", "tl"},
    "io": DATA | {"geometry", "tl"},
    "module": {"_keys", "geometry", "geometry.surfaces"},
    "model.data": DATA | GEOMETRY | {"metrics", "module"},
    "model.atlas": {"_data", "_keys", "model.data"} | GEOMETRY,
    "model.loading": DATA,
    "model.joint": DATA | GEOMETRY | {"model.data", "module"},
    "model.tissue": DATA | GEOMETRY | {"model.atlas", "model.data", "module"},
    "model.query": DATA | {"geometry", "model.atlas", "model.data", "model.loading", "module"},
    "model.files": DATA
    | GEOMETRY
    | {"model.atlas", "model.data", "model.joint", "model.query", "model.tissue"},
    "model.training": DATA
    | GEOMETRY
    | {"model.atlas", "model.data", "model.files", "model.loading", "module"},
    "model": DATA | GEOMETRY | MODEL | {"_models", "module"},
    "model.backbones": DATA | GEOMETRY | MODEL | {"model", "module"},
    "__main__": {"cli"},
    "cli": DATA
    | GEOMETRY
    | {"_models", "datasets", "io", "metrics", "model", "model.data", "pl", "pp", "tl"},
}
FILES = sorted(path for path in SOURCE.rglob("*.py") if path.name != "__init__.py")
ROOMS = {path.parent for path in SOURCE.rglob("__init__.py")}


def part_of(name):
    """The folder, or file of the root, in which a dotted name without the package's own lies."""
    parts = name.split(".")
    if not (SOURCE / parts[0]).is_dir():
        return parts[0]
    while (SOURCE / "/".join(parts)) not in ROOMS:
        parts.pop()
    return ".".join(parts)


def imported_names(path):
    """Names that a file imports from the package, anywhere in it, without the package's own."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "dpvae":
            folder = SOURCE.joinpath(*node.module.split(".")[1:])
            for alias in node.names:
                is_module = (folder / f"{alias.name}.py").exists() or (folder / alias.name).is_dir()
                yield ".".join([*node.module.split(".")[1:], *[alias.name] * is_module])
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("dpvae."):
                    yield alias.name.removeprefix("dpvae.")


def own_name(path):
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts)


def test_every_part_has_its_place():
    assert {part_of(own_name(path)) for path in FILES} <= set(MAY_IMPORT)


@pytest.mark.parametrize("path", FILES, ids=own_name)
def test_imports_run_one_way(path):
    part = part_of(own_name(path))
    foreign = {part_of(name) for name in imported_names(path)} - {part}
    assert foreign <= MAY_IMPORT[part], f"{own_name(path)} imports {foreign - MAY_IMPORT[part]}"


def test_files_import_one_another_in_no_circle():
    graph = {own_name(path): set(imported_names(path)) for path in FILES}
    TopologicalSorter(graph).prepare()  # raises CycleError


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("dpvae", ["torch", "scvi", "squidpy", "scanpy", "anndata", "matplotlib", "numba"]),
        ("dpvae.geometry", ["torch", "scvi", "squidpy", "scanpy", "anndata", "matplotlib"]),
        (
            "dpvae.cli",
            ["torch", "scvi", "squidpy", "scanpy", "anndata", "matplotlib", "numba"],
        ),
        ("dpvae.io", ["torch", "scvi", "squidpy", "matplotlib", "spatialdata", "spatialdata_io"]),
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


def patches(code):
    """Calls that change an object by the name of an attribute, and entries of its ``__dict__``."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "setattr":
            yield "setattr"
        if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            value = node.value
            if isinstance(value, ast.Call) and getattr(value.func, "id", None) == "vars":
                yield "vars"
            if isinstance(value, ast.Attribute) and value.attr == "__dict__":
                yield "__dict__"
        if isinstance(node, ast.Assign | ast.Delete):
            for target in node.targets:
                is_method = isinstance(target, ast.Attribute) and re.match(
                    r"(on|get|make|load|configure)_\w+|forward|loss|inference|generative|train|save",
                    target.attr,
                )
                if is_method and getattr(target.value, "id", None) != "self":
                    yield target.attr


@pytest.mark.parametrize("path", FILES, ids=own_name)
def test_no_method_is_set_on_somebody_elses_instance(path):
    assert list(patches(path.read_text(encoding="utf-8"))) == []


def test_a_patch_is_noticed():
    code = "vars(a)['f'] = g\nsetattr(a, 'f', g)\na.forward = g\nself.loss = 1\na.b = 2\n"
    code += "del a.on_fit_end\na.__dict__['f'] = g\nx = vars(a)['f']\n"
    assert sorted(patches(code)) == ["__dict__", "forward", "on_fit_end", "setattr", "vars"]


def test_unknown_part_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'utils'"):
        dpvae.utils  # noqa: B018
    with pytest.raises(AttributeError, match=r"no attribute 'load': use dpvae\.model\.load"):
        dpvae.load  # noqa: B018


def test_files_are_small():
    for path in SOURCE.rglob("*.py"):
        n_lines = len(path.read_text(encoding="utf-8").splitlines())
        assert n_lines <= 300, f"{path.name} has {n_lines} lines"


def test_a_newcomer_sees_the_parts_of_the_models_at_a_glance():
    entries = {path.name for path in (SOURCE / "model").iterdir()} - {"__pycache__"}
    assert len(entries) <= 14
