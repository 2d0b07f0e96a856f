"""The tutorials run from end to end, and are stored with results and without noise."""

import ast
import base64
import json
import os
import re
import socket
from pathlib import Path

import nbformat
import pytest
from nbconvert.preprocessors import ExecutePreprocessor

import dpvae

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "tutorials").glob("*.ipynb"))
INDEX = (ROOT / "docs" / "tutorials" / "index.md").read_text(encoding="utf-8")
SECTIONS = Path(os.environ.get("DPVAE_TEST_DATA", ROOT.parent / "shared" / "data")).absolute()
QUICK = {"quickstart", "visium_brain", "posterior"}  # run each time; the others only if asked
RUNS_ALL = "DPVAE_TEST_TUTORIALS"
LARGEST_PICTURE = 200_000  # bytes
OURS = re.compile(r"UserWarning: |Cells are placed in |Places are spread |The section is symmetric")

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code_cells(path):
    notebook = nbformat.read(path, as_version=4)
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs_of(path):
    return [output for cell in code_cells(path) for output in cell.outputs]


@each_notebook
def test_stored_with_results_and_with_warnings_of_ours_alone(path):
    outputs = outputs_of(path)
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert all(output["output_type"] != "error" for output in outputs)
    streams = [output for output in outputs if output["output_type"] == "stream"]
    lines = [line for stream in streams for line in stream["text"].splitlines()]
    assert {stream["name"] for stream in streams} <= {"stderr"}
    assert [line for line in lines if not OURS.match(line)] == []


@each_notebook
def test_cells_ran_in_order_in_one_session(path):
    cells = code_cells(path)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))


@each_notebook
def test_pictures_are_small(path):
    pictures = [
        output["data"].get("image/png", "") for output in outputs_of(path) if "data" in output
    ]
    sizes = [len(base64.b64decode(picture)) for picture in pictures]
    assert max(sizes) <= LARGEST_PICTURE


@each_notebook
def test_index_lists_it_and_it_opens_in_colab(path):
    assert len(re.findall(rf"\]\({path.stem}(?:\.ipynb)?\)", INDEX)) == 1
    assert re.findall(rf"^{path.stem}$", INDEX, flags=re.MULTILINE) == [path.stem]
    first = nbformat.read(path, as_version=4).cells[0].source
    home = "https://colab.research.google.com/github/dpvae/dpvae/blob/main/tutorials"
    assert f"]({home}/{path.name})" in first


def test_index_lists_nothing_that_is_not_there():
    pages = {path.stem for path in NOTEBOOKS}
    assert set(re.findall(r"\]\((\w+)(?:\.ipynb)?\)", INDEX)) == pages


@each_notebook
def test_names_of_the_package_exist(path):
    source = path.read_text(encoding="utf-8")
    for name in sorted(set(re.findall(r"\bdpvae((?:\.[A-Za-z]\w*)+)\(", source))):
        found = dpvae
        for part in name[1:].split("."):
            found = getattr(found, part)
        assert callable(found)


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", [p for p in NOTEBOOKS if p.stem != "quickstart"], ids=lambda path: path.stem
)
@pytest.mark.filterwarnings("ignore")
def test_without_data_and_internet_says_what_to_get(path, tmp_path, monkeypatch):
    def offline(*_args, **_options):
        message = "offline"
        raise OSError(message)

    monkeypatch.setattr(socket, "getaddrinfo", offline)
    monkeypatch.setenv("DPVAE_TEST_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    cells = code_cells(path)
    imports = [
        node
        for node in ast.parse(cells[0].source).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    names = {}
    exec(compile(ast.Module(imports, []), path.name, "exec"), names)
    reading = next(cell.source for cell in cells if "DPVAE_TEST_DATA" in cell.source)
    with pytest.raises(SystemExit, match=r"There is no .*\.h5ad.*(https://|github\.com)"):
        exec(compile(reading, path.name, "exec"), names)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@each_notebook
def test_runs_from_end_to_end_to_the_stored_result(path, tmp_path, monkeypatch):
    if path.stem not in QUICK and not os.environ.get(RUNS_ALL):
        pytest.skip(f"takes minutes: set {RUNS_ALL}=1 to run it")
    if path.stem != "quickstart":
        if not SECTIONS.exists():
            pytest.skip(f"no real sections: neither DPVAE_TEST_DATA nor {SECTIONS} exists")
        monkeypatch.setenv("DPVAE_TEST_DATA", str(SECTIONS))
    stored = nbformat.read(path, as_version=4)
    notebook = nbformat.read(path, as_version=4)
    runner = ExecutePreprocessor(timeout=600, kernel_name="python3")
    runner.preprocess(notebook, {"metadata": {"path": str(tmp_path)}})
    assert scores(notebook) == pytest.approx(scores(stored), rel=0.2)


def scores(notebook):
    """The table of scores, the last result that is a dictionary of numbers."""
    for cell in reversed(notebook.cells):
        for output in cell.get("outputs", []):
            text = output.get("data", {}).get("text/plain", "")
            if text.startswith("{"):
                return json.loads(text.replace("'", '"'))
    pytest.fail("no cell shows scores")
