import numpy as np
import pandas as pd
import pytest

from dpvae.model.data.fields import CoordinatesField, SectionField

CENTERED = "_dpvae_coordinates"


def test_coordinates_are_centered_per_section_and_their_unit_is_kept(sections):
    before = sections.obsm["spatial"].copy()
    before[:5] = np.nan
    sections.obsm["spatial"] = before.copy()
    state = CoordinatesField("spatial", "section").register_field(sections)
    squares = 0.0
    for section in sections.obs["section"].unique():
        cells = (sections.obs["section"] == section).to_numpy()
        offsets = before[cells] - np.nanmean(before[cells], axis=0)
        np.testing.assert_allclose(sections.obsm[CENTERED][cells], offsets, atol=1e-6)
        squares += np.nansum(offsets**2)
    assert state["unit"] == pytest.approx(np.sqrt(squares / (len(before) - 5)))
    assert state["n_dims"] == 2
    np.testing.assert_array_equal(sections.obsm["spatial"], before)


def test_a_query_without_coordinates_is_all_unknown(expression):
    field = CoordinatesField("spatial", None)
    state = field.register_field(expression)
    query = expression[:9].copy()
    del query.obsm["spatial"]
    assert field.transfer_field(state, query)["unit"] == state["unit"]
    assert np.isnan(query.obsm[CENTERED]).all()
    assert query.obsm[CENTERED].shape == (9, 2)


def test_a_query_of_other_dimension_is_refused(expression):
    field = CoordinatesField("spatial", None)
    state = field.register_field(expression)
    query = expression[:9].copy()
    query.obsm["spatial"] = np.zeros((9, 3))
    with pytest.raises(ValueError, match="has 3 columns, the reference's 2"):
        field.transfer_field(state, query)


def test_new_sections_of_a_query_follow_those_of_the_reference(sections):
    field = SectionField("section")
    state = field.register_field(sections)
    query = sections[-20:].copy()
    query.obs["section"] = ["new"] * 10 + query.obs["section"].astype(str).tolist()[10:]
    field.transfer_field(state, query)
    codes = query.obs["_scvi_section"].to_numpy()
    assert (codes[:10] == 3).all()
    assert (codes[10:] == sections.obs["_scvi_section"].iloc[-1]).all()


@pytest.mark.parametrize("further", [["0", "zzz"], ["between", "~"], []])
def test_sections_without_cells_have_no_number(sections, further):
    plain = SectionField("section").register_field(sections)
    codes = sections.obs["_scvi_section"].copy()
    names = sorted([*sections.obs["section"].unique(), *further])
    sections.obs["section"] = pd.Categorical(sections.obs["section"], names)
    state = SectionField("section").register_field(sections)
    assert state["categorical_mapping"].tolist() == plain["categorical_mapping"].tolist()
    pd.testing.assert_series_equal(sections.obs["_scvi_section"], codes)
    assert sections.obs["section"].cat.categories.tolist() == names
