import logging

import anndata as ad
import numpy as np
import pytest

from dpvae.model import DPSCVI, DPVAE

LOGGER = "dpvae.model.data.gene_number"


def section(n_genes, *, counts):
    rng = np.random.default_rng(0)
    values = rng.poisson(1.0, size=(30, n_genes)).astype(np.float32)
    adata = ad.AnnData(values if counts else np.log1p(values))
    adata.obsm["spatial"] = rng.uniform(size=(30, 2))
    return adata


@pytest.mark.parametrize("model_class", [DPVAE, DPSCVI])
def test_many_genes_that_nobody_chose_are_spoken_of(model_class, caplog):
    adata = section(3001, counts=model_class is DPSCVI)
    with caplog.at_level(logging.WARNING, logger=LOGGER):
        model_class.setup_anndata(adata)
    assert "adata has 3001 genes" in caplog.text
    assert "run dpvae.pp.spatially_variable_genes(adata) and then adata = adata" in caplog.text


def test_if_genes_are_marked_but_all_are_taken_a_message_says_so(caplog):
    adata = section(3001, counts=False)
    adata.var["spatially_variable"] = np.arange(3001) < 500
    with caplog.at_level(logging.WARNING, logger=LOGGER):
        DPVAE.setup_anndata(adata)
    assert "run adata = adata[:, adata.var['spatially_variable']].copy()" in caplog.text


@pytest.mark.parametrize("n_genes", [3000, 3001])
def test_chosen_genes_and_panels_are_not_spoken_of(n_genes, caplog):
    adata = section(n_genes, counts=False)
    if n_genes > 3000:
        adata.var["spatially_variable"] = True
    with caplog.at_level(logging.WARNING, logger=LOGGER):
        DPVAE.setup_anndata(adata)
    assert caplog.text == ""
