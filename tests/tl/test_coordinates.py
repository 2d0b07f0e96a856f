import numpy as np
import pytest

from dpvae.geometry import Placement
from dpvae.tl import impute, reconstruct
from dpvae.tl.coordinates import (
    check_free_key,
    drop_companions,
    read_coordinates,
    write_coordinates,
)


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


def test_what_belongs_to_earlier_places_is_deleted(expression):
    foreign = ["mine_radius", "mine_residuals", "other_residual", "mine_weight"]
    for name in ["mine_residual", "mine_expected_error", "mine_radius_99.5", *foreign]:
        expression.obs[name] = 1.0
    expression.obsm["mine_ellipse_90"] = expression.obsm["mine_ellipses"] = np.zeros((240, 2))
    before = set(expression.obs) - {"mine_residual", "mine_expected_error", "mine_radius_99.5"}
    drop_companions(expression, "mine")
    assert set(expression.obs) == before
    assert set(expression.obsm) == {"spatial", "mine_ellipses"}


def test_another_placement_leaves_nothing_of_the_first(placed):
    placed.obsm["partial"] = placed.obsm["spatial"].copy()
    placed.obsm["partial"][50:] = np.nan
    impute(placed, spatial_key="partial")
    assert "spatial_dpvae_expected_error" in placed.obs
    reconstruct(placed)
    assert "spatial_dpvae_expected_error" not in placed.obs
    assert "spatial_dpvae_residual" in placed.obs


def test_a_key_is_asked_for_by_the_name_of_its_argument(expression):
    with pytest.raises(KeyError, match=r"Name the right key with key=…"):
        read_coordinates(expression, "nowhere", argument="key")
