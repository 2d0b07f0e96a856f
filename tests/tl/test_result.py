import numpy as np
import pytest

from dpvae.tl.result import check_free_columns, check_free_key


def test_foreign_results_are_never_overwritten(expression):
    expression.obsm["X_umap"] = np.zeros((240, 2))
    with pytest.raises(ValueError, match=r"adata.obsm\['X_umap'\] exists and would be overwritten"):
        check_free_key(expression, "X_umap")
    with pytest.raises(ValueError, match="'spatial'"):
        check_free_key(expression, "spatial")
    del expression.obsm["spatial"]
    with pytest.raises(ValueError, match="kept for measured coordinates"):
        check_free_key(expression, "spatial")


def test_columns_of_others_are_never_overwritten(expression):
    expression.var["mean_p"] = 0.0
    check_free_columns(expression, "test", ["test_p"])
    with pytest.raises(ValueError, match=r"adata.var\['mean_p'\] exists and would be overwritten"):
        check_free_columns(expression, "mean", ["mean_fdr", "mean_p"])
    expression.uns["mean_params"] = {}
    check_free_columns(expression, "mean", ["mean_fdr", "mean_p"])
    with pytest.raises(ValueError, match="without a slash"):
        check_free_columns(expression, "a/b", [])
