import warnings

import numpy as np
import pytest

from dpvae.model.data.reference import check_reference


def check(adata, spatial_key="spatial", section_key=None, obs_keys=()):
    check_reference(adata, spatial_key=spatial_key, section_key=section_key, obs_keys=obs_keys)


def test_good_reference_passes(sections):
    check(sections, section_key="section", obs_keys=[("sample_key", "section")])


def spoil_names(adata):
    adata.var_names = ["same", "same", *adata.var_names[2:]]


def spoil_section(adata):
    adata.obs["section"] = adata.obs["section"].astype(object)
    adata.obs.iloc[:3, adata.obs.columns.get_loc("section")] = None


def spoil_rows(adata):
    adata.obsm["spatial"][:4, 0] = np.nan


def spoil_unit(adata):
    adata.obsm["spatial"][adata.obs["section"] == adata.obs["section"].iloc[0]] *= 1000


@pytest.mark.parametrize(
    ("spoil", "options", "error", "message"),
    [
        (spoil_names, {}, ValueError, "1 gene name occurs more than once.*var_names_make_unique"),
        (
            spoil_section,
            {"obs_keys": [("sample_key", "section")]},
            ValueError,
            "missing for 3 of 240 cells",
        ),
        (spoil_rows, {}, ValueError, r"adata.obsm\['spatial'\] has 4 rows that are NaN in part"),
        (spoil_unit, {"section_key": "section"}, ValueError, "different units.*times as large"),
        (
            None,
            {"obs_keys": [("batch_key", "donor")]},
            KeyError,
            r"no adata.obs\['donor'\]: obs has .*Name the right column with batch_key=…",
        ),
        (None, {"spatial_key": "X_spatial"}, KeyError, r"obsm has \['spatial'\].*spatial_key="),
    ],
)
def test_what_is_wrong_is_named(sections, spoil, options, error, message):
    if spoil is not None:
        spoil(sections)
    with pytest.raises(error, match=message):
        check(sections, **options)


@pytest.mark.parametrize(
    ("coordinates", "message"),
    [
        (np.zeros((240, 2)), "constant"),
        (np.full((240, 2), np.nan), "known for 0 of 240 cells; at least 3"),
        (np.ones((240, 4)), r"has shape \(240, 4\); it must be"),
        (np.full((240, 2), np.inf), "is infinite in 240 rows"),
    ],
)
def test_unusable_coordinates_are_refused(expression, coordinates, message):
    expression.obsm["spatial"] = coordinates
    with pytest.raises(ValueError, match=message):
        check(expression)


def test_a_view_is_refused(expression):
    with pytest.raises(ValueError, match=r"view of another AnnData. Run adata = adata.copy\(\)"):
        check(expression[:50])


def test_a_view_of_what_is_on_disk_is_answered_with_the_call_that_reads_it(expression, backed):
    with pytest.raises(ValueError, match=r"Run adata = adata.to_memory\(\) first"):
        check(backed(expression)[:100])


def test_a_lazy_table_of_cells_is_answered_with_the_call_that_reads_it(expression, tmp_path):
    experimental = pytest.importorskip("anndata.experimental")
    pytest.importorskip("xarray")
    expression.write_h5ad(tmp_path / "section.h5ad")
    with warnings.catch_warnings(action="ignore"):
        lazy = experimental.read_lazy(tmp_path / "section.h5ad")
        with pytest.raises(ValueError, match=r"Run adata.obs = adata.obs.to_memory\(\)"):
            check(lazy)
        lazy.obs, lazy.var = lazy.obs.to_memory(), lazy.var.to_memory()
        check(lazy)


@pytest.mark.parametrize("kept", [0, 1, 2, 3])
def test_a_section_needs_three_known_places_or_none(sections, kept):
    name = sections.obs["section"].iloc[0]
    rows = np.flatnonzero(sections.obs["section"] == name)
    sections.obsm["spatial"][rows[kept:]] = np.nan
    if kept in (0, 3):
        check(sections, section_key="section")
        return
    with pytest.raises(ValueError, match=rf"knows {kept} cells of section '{name}': at least 3"):
        check(sections, section_key="section")


def test_a_section_in_one_point_is_refused(sections):
    rows = sections.obs["section"] == sections.obs["section"].iloc[0]
    sections.obsm["spatial"][rows] = [1.0, 2.0]
    with pytest.raises(ValueError, match="one place for all cells"):
        check(sections, section_key="section")


@pytest.mark.parametrize("axis", [0, 2])
def test_a_flat_tissue_in_space_is_noticed(expression, axis):
    expression.obsm["spatial"] = np.insert(expression.obsm["spatial"], axis, 5.0, axis=1)
    others = {0: r"\[1, 2\]", 2: r"\[0, 1\]"}[axis]
    with pytest.warns(UserWarning, match=rf"Column {axis} of .* is 5 for all.*\[:, {others}\]"):
        check(expression)


@pytest.mark.parametrize("unit", [1e-45, 1e40])
def test_a_tissue_beyond_single_precision_is_refused(expression, unit):
    expression.obsm["spatial"] *= unit
    with pytest.raises(ValueError, match="give it in another unit, such as micrometres"):
        check_reference(expression, spatial_key="spatial", section_key=None, obs_keys=[])
