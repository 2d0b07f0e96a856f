"""The tutorials run from end to end, and are stored with results and without paths."""

import json
import os
from pathlib import Path

import nbformat
import pytest
from nbconvert.preprocessors import ExecutePreprocessor

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "tutorials").glob("*.ipynb"))
SECTIONS = Path(os.environ.get("DPVAE_TEST_DATA", ROOT.parent / "shared" / "data")).absolute()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_stored_with_results_and_without_noise(path):
    notebook = nbformat.read(path, as_version=4)
    outputs = [o for cell in notebook.cells if cell.cell_type == "code" for o in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert all(output["output_type"] not in ("stream", "error") for output in outputs)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_from_end_to_end_to_the_stored_result(path, tmp_path, monkeypatch):
    if "DPVAE_TEST_DATA" in path.read_text(encoding="utf-8"):
        if not SECTIONS.exists():
            pytest.skip(f"no real sections: neither DPVAE_TEST_DATA nor {SECTIONS} exists")
        monkeypatch.setenv("DPVAE_TEST_DATA", str(SECTIONS))
    stored = nbformat.read(path, as_version=4)
    notebook = nbformat.read(path, as_version=4)
    runner = ExecutePreprocessor(timeout=600, kernel_name="python3")
    runner.preprocess(notebook, {"metadata": {"path": str(tmp_path)}})
    assert scores(notebook) == pytest.approx(scores(stored), rel=0.2)


def scores(notebook):
    """The table of scores, the one result that is a dictionary of numbers."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            text = output.get("data", {}).get("text/plain", "")
            if text.startswith("{"):
                return json.loads(text.replace("'", '"'))
    pytest.fail("no cell shows scores")
