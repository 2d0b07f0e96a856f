"""The documentation names everything that is public."""

import ast
import importlib
import re
from functools import cache
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pytest
from tests.instrument_folders import write_visium, write_xenium

import dpvae
from dpvae import _keys

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SOURCES = sorted((ROOT / "src").rglob("*.py"))
WARN = ("warnings.warn", "warn_user", "logger.warning")
API = (DOCS / "api" / "index.md").read_text(encoding="utf-8")


def listed_names(module: str) -> set[str]:
    blocks = re.findall(rf"currentmodule:: {re.escape(module)}\n(.*?)```", API, flags=re.DOTALL)
    return set(re.findall(r"^   (\w+)$", "\n".join(blocks), flags=re.MULTILINE))


@pytest.mark.parametrize("part", dpvae.__all__)
def test_api_page_lists_every_public_name(part: str):
    module = importlib.import_module(f"dpvae.{part}")
    assert listed_names(module.__name__) == set(module.__all__)


def test_cli_page_has_every_command():
    cli = pytest.importorskip("dpvae.cli.commands")
    typer = pytest.importorskip("typer")
    page = (DOCS / "cli.md").read_text(encoding="utf-8")
    commands = typer.main.get_command(cli.app).commands
    assert [name for name in commands if f"## `dpvae {name}`" not in page] == []


def test_cli_page_has_every_option():
    cli = pytest.importorskip("dpvae.cli.commands")
    typer = pytest.importorskip("typer")
    page = (DOCS / "cli.md").read_text(encoding="utf-8")
    commands = typer.main.get_command(cli.app).commands.values()
    named = {name for command in commands for option in command.params for name in option.opts}
    assert [name for name in named if name.startswith("--") and name not in page] == []


@pytest.mark.parametrize("part", dpvae.__all__)
def test_links_to_a_module_land_at_its_heading(part: str):
    # Sphinx keeps the target of a module directive only where it follows the heading at once
    heading = rf"^## .*`dpvae\.{part}`\n\n```{{eval-rst}}\n\.\. module:: dpvae\.{part}\n```$"
    assert re.search(heading, API, flags=re.MULTILINE)


def text_of(node: ast.AST) -> str:
    """The text that an expression makes, with … in place of what differs; empty if none."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.sub(r"%[.\d]*[a-z]", "…", node.value).replace("%%", "%")
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) or "…" for part in node.values)
    return ""


@cache
def tree_of(source: Path) -> ast.Module:
    return ast.parse(source.read_text(encoding="utf-8"))


def warnings_of(source: Path) -> set[str]:
    """Texts that the functions of a file warn with or log, as far as the file has them."""
    found: set[str] = set()
    if not any(name in source.read_text(encoding="utf-8") for name in WARN):
        return found
    for function in ast.walk(tree_of(source)):
        if not isinstance(function, ast.FunctionDef):
            continue
        text_now: dict[str, str] = {}
        lines = [node for node in ast.walk(function) if hasattr(node, "lineno")]
        for node in sorted(lines, key=lambda node: node.lineno):
            if isinstance(node, ast.Assign):
                text_now[ast.unparse(node.targets[0])] = text_of(node.value)
            elif isinstance(node, ast.Call) and ast.unparse(node.func) in WARN:
                given = node.args[0]
                found.add(text_of(given) or text_now.get(ast.unparse(given), ""))
    return {text for text in found if len(re.findall("[a-z]", text)) > 10}


def explained_messages() -> list[str]:
    page = (DOCS / "user_guide" / "warnings.md").read_text(encoding="utf-8")
    ours = page.split("## From other packages")[0]
    return re.findall(r"^`([^`]+)`\n: ", ours, flags=re.MULTILINE)


def test_every_warning_is_explained():
    written = set().union(*map(warnings_of, SOURCES))
    assert len(written) > 30
    begins = tuple(explained_messages())
    assert [text for text in sorted(written) if not text.startswith(begins)] == []


def test_every_explained_message_is_one_of_ours():
    texts = {text_of(node) for source in SOURCES for node in ast.walk(tree_of(source))}
    ours = "\n".join(["", *texts])
    assert [begin for begin in explained_messages() if f"\n{begin}" not in ours] == []


def test_keys_page_has_every_key():
    page = (DOCS / "user_guide" / "keys.md").read_text(encoding="utf-8")
    keys = {
        f'{place}["{key}'
        for place in ("obsm", "obs", "var", "varm", "uns", "obsp")
        for key in getattr(_keys, place.upper())
    }
    assert [key for key in sorted(keys) if f"`{key}" not in page] == []


def guides() -> dict[str, str]:
    """Which page of the guide explains which name, as docs/conf.py says it."""
    tree = ast.parse((DOCS / "conf.py").read_text(encoding="utf-8"))
    assigned = (node for node in ast.walk(tree) if isinstance(node, ast.Assign))
    (found,) = (node.value for node in assigned if ast.unparse(node.targets[0]) == "GUIDES")
    return ast.literal_eval(found)


def test_tools_link_to_a_page_of_the_guide_that_names_them():
    pages = guides()
    assert {f"tl.{name}" for name in dpvae.tl.__all__} <= set(pages)
    for name, page in pages.items():
        module, short = name.split(".")
        assert hasattr(getattr(dpvae, module), short)
        text = (DOCS / "user_guide" / f"{page}.md").read_text(encoding="utf-8")
        assert re.search(rf"\b{short}\b", text)


def test_plots_have_a_picture_of_a_size_that_loads():
    pictures = DOCS / "_static"
    without = {f.stem for f in (pictures / "gallery").glob("*.png")}
    assert set(dpvae.pl.__all__) - without == {"over_image"}  # no section with an image is at hand
    large = [path.name for path in pictures.rglob("*.png") if path.stat().st_size > 300_000]
    assert large == []


@pytest.mark.parametrize("part", dpvae.__all__)
def test_summaries_are_one_sentence(part: str):
    module = importlib.import_module(f"dpvae.{part}")
    documented = [getattr(module, name).__doc__ for name in module.__all__]
    summaries = [" ".join(text.strip().split("\n\n")[0].split()) for text in documented if text]
    assert [text for text in summaries if "(Fig" in text or not text.endswith((".", "?"))] == []


@pytest.fixture
def two_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two sections whose genes differ in part, one of them with an empty cell."""
    monkeypatch.chdir(tmp_path)
    counts = dpvae.datasets.simulated_tissue(400, 60, seed=0)
    is_full = np.arange(400) != 7
    counts.X = counts.X.multiply(is_full[:, None]).tocsr()
    counts[:300, :50].copy().write_h5ad("reference.h5ad")
    query = counts[300:, 5:].copy()
    del query.obsm["spatial"]
    query.write_h5ad("query.h5ad")
    return tmp_path


@pytest.mark.trains
@pytest.mark.filterwarnings("ignore")  # of squidpy
@pytest.mark.usefixtures("two_files")
@pytest.mark.parametrize("page", ["README.md", "docs/index.md"])
def test_python_on_the_first_pages_runs(page: str, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("squidpy")
    for name in ("FEWEST_STEPS", "MOST_STEPS"):
        monkeypatch.setattr(f"dpvae.model.training.epochs.{name}", 10)
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    names: dict[str, Any] = {}
    exec("\n".join(blocks), names)
    placed = names["query"].obsm["spatial_dpvae"]
    assert placed.shape == (names["query"].n_obs, 2)
    assert np.isfinite(placed).all()


def test_links_of_the_readme_lead_to_files_and_to_the_notebooks():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    links = {link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link}
    assert [link for link in links if not (ROOT / link).exists()] == []
    assert "tutorials" in links
    assert [link for link in links if link.endswith(".ipynb")] != []


@pytest.mark.trains
@pytest.mark.usefixtures("two_files")
def test_two_files_are_prepared_and_placed_as_the_page_says(monkeypatch: pytest.MonkeyPatch):
    for name in ("FEWEST_STEPS", "MOST_STEPS"):
        monkeypatch.setattr(f"dpvae.model.training.epochs.{name}", 150)
    page = (DOCS / "user_guide" / "own_data.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    exec(re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)[0], names)
    true = dpvae.datasets.simulated_tissue(400, 60, seed=0)[300:].obsm["spatial"]
    error = np.linalg.norm(names["query"].obsm["spatial_dpvae"] - true, axis=1)
    chance = np.linalg.norm(true.mean(axis=0) - true, axis=1)
    assert np.median(error) < 0.6 * np.median(chance)


@pytest.mark.trains
def test_missing_places_are_filled_in_as_the_page_says(monkeypatch: pytest.MonkeyPatch):
    for name in ("FEWEST_STEPS", "MOST_STEPS"):
        monkeypatch.setattr(f"dpvae.model.training.epochs.{name}", 150)
    adata = dpvae.datasets.simulated_tissue(400, 40, seed=0)
    adata.X = np.log1p(adata.X.toarray())
    true, hidden = adata.obsm["spatial"].copy(), np.arange(400) % 5 == 0
    adata.obsm["spatial"][hidden] = np.nan
    page = (DOCS / "user_guide" / "missing_places.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {"adata": adata, "dpvae": dpvae, "np": np}
    exec("\n".join(re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)), names)
    chance = np.linalg.norm(np.nanmean(true[hidden], axis=0) - true[hidden], axis=1)
    for places in (adata.obsm["spatial_dpvae"], names["places"]):
        assert np.allclose(places[~hidden], true[~hidden])
        error = np.linalg.norm(places[hidden] - true[hidden], axis=1)
        assert np.median(error) < 0.6 * np.median(chance)
    error = np.linalg.norm(adata.obsm["spatial_dpvae"] - true, axis=1)[hidden]
    expected = adata.obs["spatial_dpvae_expected_error"][hidden].mean()
    assert 0.6 * error.mean() < expected < 1.5 * error.mean()
    assert 0.25 < (error < adata.obs["radius"][hidden]).mean() < 0.85


@pytest.mark.trains
@pytest.mark.filterwarnings("ignore:1 cell of .* has none of the chosen genes:UserWarning")
@pytest.mark.usefixtures("two_files")
def test_commands_of_the_readme_run():
    cli, testing = pytest.importorskip("dpvae.cli.commands"), pytest.importorskip("typer.testing")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = [line.split()[1:] for line in re.findall(r"^dpvae .*", text, flags=re.MULTILINE)]
    assert [command[0] for command in commands] == ["train", "predict", "demo"]
    for command in commands:
        quick = [] if command[0] == "predict" else ["--epochs", "2"]
        result = testing.CliRunner().invoke(cli.app, [*command, *quick])
        assert result.exit_code == 0, result.output
    assert "spatial_dpvae" in ad.read_h5ad("placed.h5ad").obsm


@pytest.mark.trains
@pytest.mark.filterwarnings("ignore")  # of the readers and of spatialdata-plot
def test_a_visium_and_a_xenium_folder_are_placed_and_drawn_as_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    pytest.importorskip("spatialdata_io")
    from matplotlib import pyplot as plt

    monkeypatch.chdir(tmp_path)
    for name in ("FEWEST_STEPS", "MOST_STEPS"):
        monkeypatch.setattr(f"dpvae.model.training.epochs.{name}", 150)
    cells = dpvae.datasets.simulated_tissue(450, 40, seed=0)
    write_visium(tmp_path / "visium" / "outs", cells[:300].copy())
    true = write_xenium(tmp_path / "xenium", cells[300:].copy())
    page = (DOCS / "user_guide" / "spatialdata.md").read_text(encoding="utf-8")
    block, _, one_region, _ = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    assert len(ast.parse(block).body) < 15
    names: dict[str, Any] = {}
    exec(block, names)
    places = dpvae.io.table_of(names["brain"], "dpvae_places_table")
    assert places.uns["spatial_params"]["unit"] == "micrometer"
    error = np.linalg.norm(places.obsm["spatial"] - true.obsm["spatial"], axis=1)
    shuffled = np.random.default_rng(0).permutation(true.obsm["spatial"])
    chance = np.linalg.norm(shuffled - true.obsm["spatial"], axis=1)
    assert np.median(error) < 0.5 * np.median(chance)
    assert_drawn_at(plt.gcf().axes[0], names["reference"].obsm["spatial"], places.obsm["spatial"])
    plt.close("all")
    exec(one_region, names)
    outline = np.vstack([path.vertices for path in plt.gca().collections[-1].get_paths()])
    corners = np.reshape(names["regions"].geometry.iloc[0].bounds, (2, 2))
    np.testing.assert_allclose([outline.min(axis=0), outline.max(axis=0)], corners, atol=0.5)
    plt.close("all")
    pixels = dpvae.io.table_of(names["brain"], "table", coordinate_system="visium")
    with pytest.raises(ValueError, match="in the unit 'pixel', the reference in 'micrometer'"):
        names["model"].predict_coordinates(pixels[:, names["shared"]].copy(), np.arange(300) < 100)


def assert_drawn_at(ax: Any, *places: np.ndarray):
    """The axes have circles in micrometres, a collection for each array of places."""
    assert ax.get_title() == "micrometers"
    for drawn, expected in zip(ax.collections, places, strict=True):
        boxes = [
            path.get_extents(drawn.get_transform() - ax.transData) for path in drawn.get_paths()
        ]
        centers = np.array([(box.x0 + box.x1, box.y0 + box.y1) for box in boxes]) / 2
        np.testing.assert_allclose(centers, expected, atol=0.5)


@pytest.mark.trains
@pytest.mark.filterwarnings("ignore:The query is unlike the reference:UserWarning")
def test_genes_that_were_never_imaged_are_imputed_as_the_page_says(
    monkeypatch: pytest.MonkeyPatch,
):
    for name in ("FEWEST_STEPS", "MOST_STEPS"):
        monkeypatch.setattr(f"dpvae.model.training.epochs.{name}", 150)
    section = dpvae.datasets.simulated_tissue(480, 60, seed=0)
    section.var_names = ["Gad1", "Ermn", "Sox2", *section.var_names[3:]]
    section = section[np.random.default_rng(0).permutation(480)].copy()
    is_imaged = ~section.var_names.isin(["Gad1", "Ermn", *section.var_names[45:]])
    cells, tissue = section[:240].copy(), section[240:, is_imaged].copy()
    names: dict[str, Any] = {"cells": cells, "tissue": tissue}
    page = (DOCS / "user_guide" / "never_imaged.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    assert len([line for line in blocks[0].splitlines() if line.strip()]) <= 10
    exec("\n".join(blocks), names)
    assert names["imputed"].var_names.tolist() == ["Gad1", "Ermn"]
    assert names["found"].var_names.tolist() == ["Sox2"]
    true = section[:240].obsm["spatial"]
    error = np.linalg.norm(names["places"] - true, axis=1)
    chance = np.linalg.norm(true.mean(axis=0) - true, axis=1)
    assert np.median(error) < 0.8 * np.median(chance)
