import anndata as ad
import numpy as np
import pytest

from dpvae.metrics import latent_isometry
from dpvae.tl import isometry


def test_writes_what_the_metric_says_and_survives_h5ad(expression, tmp_path):
    jacobian = np.random.default_rng(0).normal(size=(240, 9, 3))
    expression.obsm["X_dpvae_metric"] = jacobian.transpose(0, 2, 1) @ jacobian
    isometry(expression)
    expression.write_h5ad(tmp_path / "a.h5ad")
    found = ad.read_h5ad(tmp_path / "a.h5ad")
    expected = latent_isometry(expression.obsm["X_dpvae_metric"])
    np.testing.assert_allclose(found.obs["dpvae_isometry_condition"], expected.condition_number)
    np.testing.assert_allclose(found.obs["dpvae_isometry_stretch"], expected.stretch)
    assert found.uns["dpvae_isometry"]["quantile_90"].iloc[0] == pytest.approx(expected.quantile_90)


def test_wrong_input_changes_nothing(expression):
    columns = list(expression.obs)
    with pytest.raises(KeyError, match=r"no adata\.obsm"):
        isometry(expression)
    expression.obsm["X_dpvae_metric"] = np.zeros((240, 3))
    with pytest.raises(ValueError, match="metric has shape"):
        isometry(expression)
    assert list(expression.obs) == columns
