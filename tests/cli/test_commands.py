"""The command line, as a user runs it."""

import inspect
import re
import shutil
import warnings
from importlib.metadata import version

import anndata
import h5py
import numpy as np
import pytest
import torch
import typer
from tests.conftest import of_the_package
from tests.instrument_folders import write_visium, write_xenium
from tests.planted import Planted
from typer.testing import CliRunner

from dpvae import pp
from dpvae.cli.commands import app
from dpvae.model import load


def run(*arguments, code=0):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    text = re.sub(r"\s+", " ", result.output)
    assert result.exit_code == code, text
    assert "Traceback" not in text
    return text


@pytest.fixture
def reference_file(counts, tmp_path):
    counts[:180].copy().write_h5ad(tmp_path / "reference.h5ad")
    return tmp_path / "reference.h5ad"


@pytest.fixture
def query_file(counts, tmp_path):
    query = counts[180:].copy()
    del query.obsm["spatial"]
    query.write_h5ad(tmp_path / "query.h5ad")
    return tmp_path / "query.h5ad"


def contents(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_help_names_the_jobs_and_what_a_model_can_do():
    text = run("--help")
    for job in ("demo", "train", "predict", "impute-genes", "--version"):
        assert job in text
    assert "cannot run code, unless you give" in " ".join(run("predict", "--help").split())


def test_the_version_is_shown():
    assert run("--version").strip() == f"dpvae {version('dpvae')}"


@pytest.mark.parametrize("command", ["train", "demo"])
def test_genes_are_chosen_as_in_python(command):
    default = inspect.signature(pp.spatially_variable_genes).parameters["n_top_genes"].default
    option = {p.name: p for p in typer.main.get_command(app).commands[command].params}["n_genes"]
    assert option.default == default


@pytest.mark.trains
@pytest.mark.parametrize("model", ["dpvae", "dpscvi"])
def test_train_then_predict(model, reference_file, query_file, counts, tmp_path):
    run("train", reference_file, "-o", tmp_path / "model", "--model", model, "--epochs", 60)
    run("predict", tmp_path / "model", query_file, "-o", tmp_path / "placed.h5ad")
    placed = anndata.read_h5ad(tmp_path / "placed.h5ad")
    truth = counts.obsm["spatial"][180:]
    error = np.linalg.norm(placed.obsm["spatial_dpvae"] - truth, axis=1)
    chance = np.linalg.norm(np.random.default_rng(0).permutation(truth) - truth, axis=1)
    assert np.median(error) < 0.5 * np.median(chance)
    assert placed.obsm["X_dpvae"].shape == (60, 10)
    np.testing.assert_array_equal(placed.X.toarray(), counts.X[180:].toarray())


@pytest.mark.trains
def test_a_fast_demo_trains_no_network(reference_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = run("demo", "--data", reference_file, "--n-genes", 20, "--fast")
    result = anndata.read_h5ad(tmp_path / "dpvae_demo" / "result.h5ad")
    assert result.uns["scores"].index.tolist() == ["Surfaces", "kNN", "ridge"]
    assert "epoch" not in text


@pytest.mark.trains
def test_demo_writes_into_a_folder_of_its_own_and_overwrites_nothing(
    reference_file, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "result.h5ad").write_bytes(b"mine")
    demo = ("demo", "--data", reference_file, "--epochs", 2, "--n-genes", 20)
    text = run(*demo)
    for word in ("DPVAE", "kNN", "ridge", "Procrustes", "stress"):
        assert word in text
    assert re.search(r"Procrustes [\d.]+, where 0 is perfect and 1 is chance[^.]*\.", text)
    result = anndata.read_h5ad(tmp_path / "dpvae_demo" / "result.h5ad")
    hidden = result.obs["hidden"].to_numpy()
    assert hidden.sum() == 36
    np.testing.assert_array_equal(
        result.obsm["spatial_dpvae"][~hidden], result.obsm["spatial"][~hidden]
    )
    assert (result.obsm["spatial_dpvae"][hidden] != result.obsm["spatial"][hidden]).all()
    assert result.uns["scores"].index.tolist() == ["DPVAE", "Surfaces", "kNN", "ridge"]
    assert result.n_vars == 40
    assert (tmp_path / "dpvae_demo" / "reconstruction.png").stat().st_size > 10_000
    before = contents(tmp_path)
    assert "result.h5ad exists: choose another --output" in run(*demo, code=1)
    again = ("demo", "--data", tmp_path / "dpvae_demo" / "result.h5ad", "--overwrite")
    assert "is the file that is read" in run(*again, code=1)
    assert contents(tmp_path) == before


@pytest.mark.trains
def test_few_genes_that_the_query_has_are_learned_from(counts, reference_file, tmp_path):
    query = counts[180:, 5:].copy()
    query.write_h5ad(tmp_path / "query.h5ad")
    model = tmp_path / "model"
    options = ("--query", tmp_path / "query.h5ad", "--n-genes", 25, "--epochs", 20)
    text = run("train", reference_file, "-o", model, *options)
    assert f"Next: dpvae predict {model}" in text
    assert "model.predict" not in text
    chosen = load(model).get_var_names()
    assert len(chosen) == 25
    assert set(chosen) <= set(query.var_names)

    def place(cells):
        cells.write_h5ad(tmp_path / "cells.h5ad")
        output = ("-o", tmp_path / "placed.h5ad", "--overwrite")
        run("predict", model, tmp_path / "cells.h5ad", *output)
        placed = anndata.read_h5ad(tmp_path / "placed.h5ad")
        np.testing.assert_array_equal(placed.X.toarray(), cells.X.toarray())
        return placed.obsm["spatial_dpvae"]

    expected = place(query)
    deeper = counts[180:, ::-1].copy()  # with genes that were not shared
    deeper.X = 3 * deeper.X
    np.testing.assert_allclose(place(deeper), expected, rtol=1e-3, atol=1e-2)
    few = place(query[:, chosen].copy())
    close = np.linalg.norm(few - expected, axis=1) < 0.5 * expected.std()
    assert close.mean() > 0.8


def test_a_query_of_other_genes_is_refused_before_training(counts, reference_file, tmp_path):
    counts.var_names = [f"other_{name}" for name in counts.var_names]
    counts.write_h5ad(tmp_path / "query.h5ad")
    options = ("-o", tmp_path / "model", "--query", tmp_path / "query.h5ad")
    text = run("train", reference_file, *options, code=1)
    assert "The query has none of the reference's 40 genes" in text


@pytest.mark.trains
@pytest.mark.filterwarnings("ignore:.*(of the query's cells|of the reference's):UserWarning")
def test_missing_genes_need_consent(trained, expression, tmp_path):
    query = expression[180:, 5:].copy()
    query.write_h5ad(tmp_path / "query.h5ad")
    arguments = ("predict", trained, tmp_path / "query.h5ad", "-o", tmp_path / "placed.h5ad")
    text = run(*arguments, code=1)
    assert "lacks 5 of the reference's 40 genes" in text
    assert "give --add-missing-genes, which adds them as zeros" in text
    assert "prepare_query_anndata" not in text
    assert not (tmp_path / "placed.h5ad").exists()
    with pytest.warns(UserWarning, match="genes are not in|is unlike") as found:
        run(*arguments, "--add-missing-genes")
    texts = [str(warning.message) for warning in of_the_package(found)]
    assert "5 of the reference's 40 genes are not in the query" in texts[0]
    assert "The query is unlike the reference" in texts[1]
    assert anndata.read_h5ad(tmp_path / "placed.h5ad").n_vars == 35


@pytest.mark.trains
@pytest.mark.filterwarnings("always")
def test_another_depth_is_said_once_in_the_words_of_the_shell(
    trained, expression, tmp_path, monkeypatch
):
    shown = []
    monkeypatch.setattr(
        warnings, "showwarning", lambda *found: shown.append(warnings.formatwarning(*found[:4]))
    )
    query = expression[180:].copy()
    query.X = np.log1p(3 * np.expm1(query.X.toarray()))
    query.write_h5ad(tmp_path / "query.h5ad")
    run("predict", trained, tmp_path / "query.h5ad", "-o", tmp_path / "p.h5ad", "--posterior")
    of_depth = [text for text in shown if "The query has another depth" in text]
    assert len(of_depth) == 1


@pytest.mark.trains
def test_a_reference_that_is_given_as_query_is_noticed(trained, expression, tmp_path):
    expression[:180].copy().write_h5ad(tmp_path / "reference.h5ad")
    with pytest.warns(UserWarning, match="Most cells of the query are cells of the reference"):
        run("predict", trained, tmp_path / "reference.h5ad", "-o", tmp_path / "p.h5ad")
    assert (tmp_path / "p.h5ad").exists()


def test_reference_and_query_in_the_wrong_order_are_noticed(reference_file, query_file, tmp_path):
    options = ("-o", tmp_path / "model")
    text = run("train", query_file, "--query", reference_file, *options, code=1)
    assert "are the two files swapped?" in text
    assert "reference.h5ad --query" in text
    text = run("impute-genes", reference_file, query_file, "-o", tmp_path / "i.h5ad", code=1)
    assert "are the two files swapped? dpvae impute-genes" in text
    assert not [path for path in tmp_path.iterdir() if path.name in ("model", "i.h5ad")]


def test_mistakes_end_with_a_message_and_code_1(reference_file, query_file, tmp_path):
    assert "There is no file" in run("demo", "--data", tmp_path / "none.h5ad", code=1)
    (tmp_path / "broken.h5ad").write_bytes(b"not a file of HDF5")
    text = run("train", tmp_path / "broken.h5ad", "-o", tmp_path / "m", code=1)
    assert "cannot be read as an h5ad file" in text
    text = run("train", query_file, "-o", tmp_path / "m", code=1)
    assert "There is no adata.obsm['spatial']" in text
    assert not (tmp_path / "m").exists()
    text = run("predict", tmp_path, query_file, "-o", tmp_path / "p.h5ad", code=1)
    assert "holds no saved model" in text
    text = run("train", reference_file, "-o", tmp_path, code=1)
    assert "exists: choose another --output, or give --overwrite" in text
    text = run("demo", "--data", reference_file, "--spatial-key", "spatail", code=1)
    assert "There is no adata.obsm['spatail']" in text
    assert "with --spatial-key" in text


@pytest.fixture
def nothing_works(monkeypatch):
    """Fail where a model would be loaded or trained: what is checked before is not reached."""

    def fail(*_, **__):
        raise AssertionError

    for name in ("place_query", "train_model"):
        monkeypatch.setattr(f"dpvae.cli.jobs.{name}", fail)
    monkeypatch.setattr("dpvae.cli.demo.run_demo", fail)


@pytest.mark.trains
@pytest.mark.usefixtures("nothing_works")
def test_outputs_are_checked_before_the_work(trained, query_file, reference_file, tmp_path):
    before = contents(tmp_path)
    for output, message in (
        (tmp_path / "missing" / "p.h5ad", "There is no folder"),
        (query_file / "p.h5ad", "There is no folder"),
        (tmp_path, "is a folder: name a file"),
        (query_file, "is the file that is read"),
        (reference_file, "exists: choose another --output"),
    ):
        flags = ["--overwrite"] if output == query_file else []
        assert message in run("predict", trained, query_file, "-o", output, *flags, code=1)
    for output, flags, message in (
        (reference_file, ["--overwrite"], "is a file: name a folder"),
        (reference_file / "model", [], "is a file: choose another"),
        (tmp_path, [], "exists: choose another --output"),
    ):
        assert message in run("train", reference_file, "-o", output, *flags, code=1)
    text = run("demo", "--data", reference_file, "-o", query_file, code=1)
    assert "is a file: name a folder" in text
    assert contents(tmp_path) == before
    assert "Unexpected AssertionError" in run("train", reference_file, "-o", "new", code=1)


@pytest.mark.trains
def test_places_of_an_earlier_run_are_kept(trained, expression, tmp_path):
    expression.obsm["spatial_dpvae"] = expression.obsm["spatial"]
    expression.write_h5ad(tmp_path / "query.h5ad")
    text = run("predict", trained, tmp_path / "query.h5ad", "-o", tmp_path / "p.h5ad", code=1)
    assert "obsm['spatial_dpvae'] of the query would be overwritten: rename or delete it" in text


@pytest.mark.trains
def test_model_and_query_in_the_wrong_order_are_noticed(trained, query_file, tmp_path):
    text = run("predict", query_file, trained, "-o", tmp_path / "p.h5ad", code=1)
    assert f"give the model first, dpvae predict {trained} {query_file}" in text


@pytest.mark.trains
@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "other", "text"])
def test_a_damaged_model_is_one_sentence(damage, trained, query_file, tmp_path):
    model = tmp_path / "model"
    shutil.copytree(trained, model)
    file = model / "model.safetensors"
    content = bytearray(file.read_bytes())
    if damage == "flipped":
        content[len(content) // 2] ^= 0xFF
    if damage == "other":
        torch.save({"weights": torch.zeros(3)}, file)
    else:
        kinds = {"empty": b"", "cut": content[:5000], "flipped": content, "text": b"no model"}
        file.write_bytes(kinds[damage])
    text = run("predict", model, query_file, "-o", tmp_path / "p.h5ad", code=1)
    if damage == "other":
        assert "model.safetensors cannot be read as a saved model: it is a pickle" in text
    else:
        assert "model.safetensors cannot be read as a saved model; it may be of another" in text


@pytest.mark.trains
def test_a_pickle_is_read_only_with_the_option(trained_counts, query_file, tmp_path):
    model, ran = tmp_path / "model", tmp_path / "ran"
    trained_model = load(trained_counts)
    trained_model.mine_ = Planted(ran)
    trained_model.save(model, as_pickle=True)
    text = run("predict", model, query_file, "-o", tmp_path / "p.h5ad", code=1)
    assert "holds only a pickle (model.pt), which can run any code" in text
    assert "If you trust where it comes from, give --allow-pickle." in text
    assert not ran.exists()
    run("predict", model, query_file, "-o", tmp_path / "p.h5ad", "--allow-pickle")
    assert ran.exists()
    run("predict", trained_counts, query_file, "-o", tmp_path / "expected.h5ad")
    found, expected = (anndata.read_h5ad(tmp_path / f"{name}.h5ad") for name in ("p", "expected"))
    np.testing.assert_array_equal(found.obsm["spatial_dpvae"], expected.obsm["spatial_dpvae"])


@pytest.mark.trains
def test_a_query_with_a_corrupt_matrix_is_refused(trained, query_file, tmp_path):
    with h5py.File(query_file, "r+") as stored:
        stored["X/indices"][7] = 2**30
    text = run("predict", trained, query_file, "-o", tmp_path / "p.h5ad", code=1)
    assert "cannot be read as an h5ad file; it may be another format or damaged" in text


def test_wrong_usage_ends_with_code_2(reference_file):
    run("train", reference_file, code=2)
    run("demo", "--model", "scvi", code=2)


@pytest.mark.trains
def test_advice_is_in_the_words_of_the_shell(reference_file, query_file, tmp_path):
    text = run("demo", "--data", reference_file, "--spatial-key", "spatail", code=1)
    assert "There is no adata.obsm['spatail']" in text
    assert "with --spatial-key" in text
    run("train", reference_file, "-o", tmp_path / "model", "--epochs", 1)
    query = anndata.read_h5ad(query_file)[:, 5:].copy()
    query.write_h5ad(query_file)
    arguments = ("predict", tmp_path / "model", query_file, "-o", tmp_path / "p.h5ad")
    text = run(*arguments, code=1)
    assert "give --add-missing-genes, which adds them as zeros" in text
    assert "prepare_query_anndata" not in text
    query[:, :15].copy().write_h5ad(query_file)
    text = run(*arguments, "--add-missing-genes", code=1)
    assert "only 15 of the reference's 40 genes" in text
    assert "give --allow-mostly-missing" in text


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the readers
def test_folders_of_instruments_are_trained_on_and_placed_in_micrometers(counts, tmp_path):
    pytest.importorskip("spatialdata_io")
    write_visium(tmp_path / "visium" / "outs", counts[:180].copy())
    true = write_xenium(tmp_path / "xenium", counts[180:].copy())
    model, placed = tmp_path / "model", tmp_path / "placed.h5ad"
    run("train", tmp_path / "visium" / "outs", "--query", tmp_path / "xenium", "-o", model,
        "--model", "surfaces")  # fmt: skip
    run("predict", model, tmp_path / "xenium", "-o", placed)
    found = anndata.read_h5ad(placed)
    assert found.uns["spatial_dpvae_params"] == {"unit": "micrometer"}
    np.testing.assert_allclose(found.obsm["spatial"], true.obsm["spatial"])
    error = np.linalg.norm(found.obsm["spatial_dpvae"] - true.obsm["spatial"], axis=1)
    chance = np.linalg.norm(true.obsm["spatial"] - true.obsm["spatial"][::-1], axis=1)
    assert np.median(error) < 0.5 * np.median(chance)


def test_a_half_copied_folder_is_a_sentence(counts, tmp_path):
    write_visium(tmp_path / "outs", counts)
    (tmp_path / "outs" / "spatial" / "scalefactors_json.json").unlink()
    text = run("train", tmp_path / "outs", "-o", tmp_path / "model", code=1)
    assert "looks like a folder of Visium, but lacks spatial/scalefactors_json.json" in text
