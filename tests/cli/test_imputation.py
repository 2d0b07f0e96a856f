"""Genes that are imputed by the command line."""

import anndata
import numpy as np
import pytest
from scipy.sparse import csr_matrix
from tests.cli.test_commands import run
from tests.conftest import log_normalized

from dpvae.cli.imputation import most_variable, names_in, prepared_pair, trust
from dpvae.datasets import simulated_tissue

N_CELLS, N_GENES, N_IMAGED = 240, 60, 40


def whole_section():
    """Cells of a section in random order."""
    section = simulated_tissue(2 * N_CELLS, N_GENES, seed=0)
    section.obs_names = [f"cell {number}" for number in range(section.n_obs)]
    return section[np.random.default_rng(0).permutation(section.n_obs)].copy()


@pytest.fixture
def pair():
    """Dissociated cells with all genes, and tissue with some of them."""
    section = whole_section()
    cells, tissue = section[:N_CELLS].copy(), section[N_CELLS:, :N_IMAGED].copy()
    del cells.obsm["spatial"]
    return cells, tissue


@pytest.fixture
def files(pair, tmp_path):
    paths = tmp_path / "cells.h5ad", tmp_path / "tissue.h5ad"
    for adata, path in zip(pair, paths, strict=True):
        adata.write_h5ad(path)
    return paths


def test_names_are_split_at_commas_and_kept_once():
    assert names_in(["b, a", "c", "a,"]) == ["b", "a", "c"]
    assert names_in(None) is None
    assert names_in([]) is None
    with pytest.raises(ValueError, match="--genes names no gene"):
        names_in([" ,"])


def test_genes_that_vary_more_than_counting_explains_are_chosen():
    rng = np.random.default_rng(0)
    rates = np.tile(rng.uniform(0.5, 20.0, 30), (300, 1))
    varied = np.array([3, 8, 21])
    rates[:150, varied] *= 4
    cells = anndata.AnnData(csr_matrix(rng.poisson(rates).astype("f4")))
    everything = np.ones(30, dtype=bool)
    found = most_variable(cells, None, among=everything, n_top=3)
    assert np.flatnonzero(found).tolist() == varied.tolist()
    found = most_variable(cells, None, among=np.arange(30) != 8, n_top=2)
    assert np.flatnonzero(found).tolist() == [3, 21]
    assert most_variable(cells, None, among=everything, n_top=30).all()


def test_of_logarithms_the_variance_counts(pair):
    cells = log_normalized(pair[0])
    variance = cells.X.toarray().var(axis=0)
    expected = np.sort(np.argsort(-variance)[:5])
    everything = np.ones(cells.n_vars, dtype=bool)
    for layer in (cells.X, cells.X.toarray()):
        cells.layers["logs"] = layer
        found = most_variable(cells, "logs", among=everything, n_top=5)
        np.testing.assert_array_equal(np.flatnonzero(found), expected)


def test_shared_and_variable_genes_and_those_asked_for_are_kept(pair, monkeypatch):
    monkeypatch.setattr("dpvae.cli.imputation.most_variable.__kwdefaults__", {"n_top": 4})
    cells, tissue = pair
    default = prepared_pair(cells, tissue, spatial_key="spatial")
    assert default.joint.n_vars == N_IMAGED + 4
    assert not set(default.genes) & set(tissue.var_names)
    assert "Of 60 genes of the dissociated cells 44 are kept: 40 that the tissue has" in (
        default.summary
    )
    further = next(name for name in cells.var_names[::-1] if name not in default.joint.var_names)
    asked = prepared_pair(cells, tissue, [further], spatial_key="spatial")
    assert asked.genes == [further]
    assert set(asked.joint.var_names) == {*default.joint.var_names, further}
    assert "1 more that you asked for" in asked.summary


def test_cells_without_a_shared_gene_are_left_out(pair):
    cells, tissue = pair
    matrix = cells.X.toarray()
    matrix[[2, 5], :N_IMAGED] = 0
    cells.X = csr_matrix(matrix)
    with pytest.warns(UserWarning, match="2 of 240 dissociated cells have none of the shared"):
        found = prepared_pair(cells, tissue, spatial_key="spatial")
    assert found.joint.n_obs == 478


def test_a_tissue_without_shared_genes_and_a_missing_layer_are_named(pair):
    cells, tissue = pair
    with pytest.raises(KeyError, match=r"There is no cells\.layers\['counts'\]"):
        prepared_pair(cells, tissue, layer="counts", spatial_key="spatial")
    tissue.X = 0 * tissue.X
    with pytest.raises(ValueError, match="None of the 240 cells of the tissue has any of the 40"):
        prepared_pair(cells, tissue, spatial_key="spatial")


def test_trust_is_the_median_of_what_is_known():
    imputed = anndata.AnnData(np.ones((2, 3)))
    imputed.var["expected_correlation"] = [0.2, np.nan, 0.4]
    assert "truth is 0.30 in the median" in trust(imputed)
    imputed.var["expected_correlation"] = np.nan
    assert "is not known" in trust(imputed)


@pytest.mark.trains
def test_impute_genes_writes_expression_intervals_and_trust(files, tmp_path):
    cells, tissue = (anndata.read_h5ad(path) for path in files)
    tissue.uns["spatial_params"] = {"unit": "micrometer"}
    tissue.write_h5ad(files[1])
    output = tmp_path / "imputed.h5ad"
    command = ("impute-genes", *files, "-o", output, "--epochs", 40)
    text = run(*command)
    found = anndata.read_h5ad(output)
    assert "Imputed 20 genes at 240 cells" in text
    assert found.var_names.tolist() == cells.var_names[N_IMAGED:].tolist()
    np.testing.assert_array_equal(found.obsm["spatial"], tissue.obsm["spatial"])
    assert found.uns["spatial_params"] == {"unit": "micrometer"}
    assert (found.layers["lower"] < found.X).all()
    assert (found.layers["upper"] > found.X).all()
    true = log_normalized(whole_section())[N_CELLS:, N_IMAGED:].X.toarray()
    reached = [np.corrcoef(a, b)[0, 1] for a, b in zip(found.X.T, true.T, strict=True)]
    shuffled = [np.corrcoef(a, b)[0, 1] for a, b in zip(found.X.T, true[::-1].T, strict=True)]
    assert np.mean(reached) > np.mean(shuffled) + 0.1
    assert "exists: choose another --output" in run(*command, code=1)
    genes = found.var_names[:3].tolist()
    options = ("--genes", f"{genes[2]},{genes[0]}", "--genes", genes[1], "--level", 0.5)
    run(*command, *options, "--overwrite")
    narrow = anndata.read_h5ad(output)
    assert narrow.var_names.tolist() == [genes[2], genes[0], genes[1]]
    wide = (found.layers["upper"] - found.layers["lower"])[:, [2, 0, 1]]
    assert ((narrow.layers["upper"] - narrow.layers["lower"]) < wide).all()


@pytest.mark.slow
def test_what_cannot_be_imputed_is_said_before_training(pair, files, tmp_path):
    cells, tissue = pair
    output = tmp_path / "imputed.h5ad"
    command = ("impute-genes", *files, "-o", output)
    text = run(*command, "--genes", "nothing,gene_01", code=1)
    assert "The dissociated cells have no gene 'nothing' (1 of 2)" in text
    text = run("impute-genes", files[0], files[0], "-o", output, "--genes", "gene_01", code=1)
    assert "There is no" in text
    text = run("impute-genes", files[0], files[1], "-o", files[1], "--overwrite", code=1)
    assert "is the file that is read" in text
    run(*command, "--level", 1.5, code=2)
    few, other = tmp_path / "few.h5ad", tmp_path / "other.h5ad"
    cells[:, :N_IMAGED].copy().write_h5ad(few)
    text = run("impute-genes", few, files[1], "-o", output, code=1)
    assert "The tissue has all 40 genes of the dissociated cells" in text
    tissue.var_names = [f"another_{name}" for name in tissue.var_names]
    tissue.write_h5ad(other)
    text = run("impute-genes", files[0], other, "-o", output, code=1)
    assert "0 genes" in text
    log_normalized(pair[0]).write_h5ad(few)
    text = run("impute-genes", few, files[1], "-o", output, code=1)
    assert "holds raw counts" in text
    assert not output.exists()
