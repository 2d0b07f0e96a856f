import numpy as np
import pytest

from dpvae.tl.result import check_free_key


def test_foreign_results_are_never_overwritten(expression):
    expression.obsm["X_umap"] = np.zeros((240, 2))
    with pytest.raises(ValueError, match=r"adata.obsm\['X_umap'\] exists and would be overwritten"):
        check_free_key(expression, "X_umap")
    with pytest.raises(ValueError, match="'spatial'"):
        check_free_key(expression, "spatial")
    del expression.obsm["spatial"]
    with pytest.raises(ValueError, match="kept for measured coordinates"):
        check_free_key(expression, "spatial")
