"""The command line, as a user runs it."""

import re

import anndata
import numpy as np
import pytest
from typer.testing import CliRunner

from dpvae.cli import app


def run(*arguments, code=0):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    text = re.sub(r"\s+", " ", result.output)
    assert result.exit_code == code, text
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


def test_help_names_the_three_jobs():
    text = run("--help")
    for job in ("demo", "train", "predict"):
        assert job in text


@pytest.mark.parametrize("model", ["dpvae", "dpscvi"])
def test_train_then_predict(model, reference_file, query_file, counts, tmp_path):
    run("train", reference_file, "-o", tmp_path / "model", "--model", model, "--epochs", 60)
    run("predict", tmp_path / "model", query_file, "-o", tmp_path / "placed.h5ad")
    placed = anndata.read_h5ad(tmp_path / "placed.h5ad")
    truth = counts.obsm["spatial"][180:]
    error = np.linalg.norm(placed.obsm["spatial_dpvae"] - truth, axis=1)
    chance = np.linalg.norm(np.random.default_rng(0).permutation(truth) - truth, axis=1)
    assert np.median(error) < 0.85 * np.median(chance)
    assert placed.obsm["X_dpvae"].shape == (60, 10)
    np.testing.assert_array_equal(placed.X.toarray(), counts.X[180:].toarray())


def test_demo_on_a_file(reference_file, tmp_path):
    text = run("demo", "--data", reference_file, "-o", tmp_path / "out", "--epochs", 2)
    for word in ("DPVAE", "kNN", "ridge", "Procrustes", "stress"):
        assert word in text
    result = anndata.read_h5ad(tmp_path / "out" / "result.h5ad")
    hidden = result.obs["hidden"].to_numpy()
    assert hidden.sum() == 36
    np.testing.assert_array_equal(
        result.obsm["spatial_dpvae"][~hidden], result.obsm["spatial"][~hidden]
    )
    assert (result.obsm["spatial_dpvae"][hidden] != result.obsm["spatial"][hidden]).all()
    assert result.uns["scores"].index.tolist() == ["DPVAE", "kNN", "ridge"]
    assert (tmp_path / "out" / "reconstruction.png").stat().st_size > 10_000


def test_missing_genes_need_consent(reference_file, query_file, tmp_path):
    query = anndata.read_h5ad(query_file)[:, 5:].copy()
    query.write_h5ad(query_file)
    run("train", reference_file, "-o", tmp_path / "model", "--epochs", 1)
    arguments = ("predict", tmp_path / "model", query_file, "-o", tmp_path / "placed.h5ad")
    text = run(*arguments, code=1)
    assert "lacks 5 of the reference's 40 genes" in text
    assert not (tmp_path / "placed.h5ad").exists()
    with pytest.warns(UserWarning, match="genes are not in|is unlike") as found:
        run(*arguments, "--add-missing-genes")
    texts = [str(warning.message) for warning in found]
    assert "5 of the reference's 40 genes are not in the query" in texts[0]
    assert "The query is unlike the reference" in texts[1]
    assert anndata.read_h5ad(tmp_path / "placed.h5ad").n_vars == 35


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


def test_wrong_usage_ends_with_code_2(reference_file):
    run("train", reference_file, code=2)
    run("demo", "--model", "scvi", code=2)


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
