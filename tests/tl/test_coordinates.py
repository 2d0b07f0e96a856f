import numpy as np
import pytest

from dpvae.geometry import Placement
from dpvae.tl.coordinates import check_free_key, read_coordinates, write_coordinates


def test_foreign_results_are_never_overwritten(expression):
    expression.obsm["X_umap"] = np.zeros((240, 2))
    with pytest.raises(ValueError, match=r"adata.obsm\['X_umap'\] exists and would be overwritten"):
        check_free_key(expression, "X_umap")
    with pytest.raises(ValueError, match="'spatial'"):
        check_free_key(expression, "spatial")
    del expression.obsm["spatial"]
    with pytest.raises(ValueError, match="kept for measured coordinates"):
        check_free_key(expression, "spatial")


def test_own_results_may_be_written_again(expression):
    placement = Placement(np.zeros((240, 2)), 0.5, 3, True, "pca")
    section = np.full(240, "")
    for _ in range(2):
        check_free_key(expression, "mine")
        write_coordinates(
            expression, "mine", placement.coordinates, {"": placement}, section, {"a": None}
        )
    assert expression.uns["mine"]["params"] == {}
    assert expression.uns["mine"]["sections"]["n_iterations"].tolist() == [3]


def test_malformed_coordinates_are_refused(expression):
    expression.obsm["spatial"][0, 1] = np.nan
    with pytest.raises(
        ValueError, match=r"adata.obsm\['spatial'\] has 1 rows that are NaN in part"
    ):
        read_coordinates(expression, "spatial")
