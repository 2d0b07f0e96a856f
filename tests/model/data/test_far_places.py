import re
import warnings

import numpy as np
import pytest

from dpvae.geometry import known_rows
from dpvae.model import DPVAE
from dpvae.model.data.far_places import FAR, distance_from_middle

SEVERAL_SECTIONS = {
    "starmap_mpfc_3sections": "section",
    "visium_human_prostate_2samples_mini": "sample",
}
REAL = (
    "dlpfc_151507",
    "dlpfc_151508",
    "dlpfc_151669",
    "drosophila_bdtnp",
    "merfish_mouse_motor_cortex_gaston",
    "merfish_mouse_poa_6509",
    "osmfish_ss_cortex",
    "seqfish_mouse_embryo_subset",
    "st_breast_cancer_stahl_layer1",
    "st_breast_cancer_stahl_layer2",
    "st_her2_breast_tumour_A1",
    "st_her2_breast_tumour_B1",
    "st_her2_breast_tumour_G2",
    "st_her2_breast_tumour_H1",
    "st_mouse_brain_hippo1",
    "st_mouse_brain_hippo2",
    "st_mouse_olfactory_bulb_1",
    "st_mouse_olfactory_bulb_2",
    "starmap_mouse_visual_cortex_1020",
    "visium_human_breast_cancer_aligned",
    "visium_v1_adult_mouse_brain",
    "xenium_human_breast_cancer_2023_squirtle",
    "xenium_human_breast_cancer_aligned",
    *SEVERAL_SECTIONS,
)


@pytest.fixture
def places():
    return np.random.default_rng(0).uniform(size=(100, 2))


def width(places):
    return np.ptp(places[known_rows(places)], axis=0).max()


def test_distances_are_in_medians_of_all(places):
    distance, times = distance_from_middle(places)
    np.testing.assert_allclose(distance, np.linalg.norm(places - np.median(places, axis=0), axis=1))
    assert np.median(times) == pytest.approx(1.0)
    assert times.max() < 3.0
    turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    np.testing.assert_allclose(distance_from_middle(5.0 * places @ turn + 9.0)[1], times)


def test_a_far_place_does_not_hide_itself_or_others(places):
    for n_far in (1, 5, 30):
        moved = places.copy()
        moved[:n_far] += 50.0
        np.testing.assert_array_equal(
            distance_from_middle(moved)[1] > FAR, np.arange(len(places)) < n_far
        )


def test_nothing_is_far_if_too_little_is_known(places):
    places[0] = 1e6
    assert not distance_from_middle(places[:19])[1].any()
    assert not distance_from_middle(np.r_[places[:40], np.zeros((41, 2))])[1].any()


def test_a_cell_is_named_with_its_distance(expression):
    places = expression.obsm["spatial"]
    places[7] += [50.0 * width(places), 0.0]
    distance = f"{np.linalg.norm(places[7] - np.median(places, axis=0)):.4g}"
    found = rf"'{expression.obs_names[7]}', is {re.escape(distance)} from the middle"
    expected = rf"A cell lies far .*'spatial'\]\. The farthest, {found}"
    with pytest.warns(UserWarning, match=expected) as warned:
        DPVAE.setup_anndata(expression)
    assert [warning.filename for warning in warned] == [__file__]
    places[7] = np.nan
    with warnings.catch_warnings(action="error"):
        DPVAE.setup_anndata(expression)


def test_far_cells_are_looked_for_section_by_section(sections):
    places, section = sections.obsm["spatial"], sections.obs["section"].to_numpy()
    places[section == "section_1"] += 1e3 * width(places)  # frames are unrelated
    with warnings.catch_warnings(action="error"):
        DPVAE.setup_anndata(sections, sample_key="section")
    first = np.flatnonzero(section == "section_1")[:2]
    places[first] += 20.0 * width(places[section == "section_1"])
    with pytest.warns(
        UserWarning, match=r"2 cells lie far .* of section 'section_1'\. The farthest"
    ):
        DPVAE.setup_anndata(sections, sample_key="section")


@pytest.mark.real
@pytest.mark.parametrize("name", REAL)
def test_no_real_section_has_a_far_place(name, real_section):
    adata = real_section(name)
    column = SEVERAL_SECTIONS.get(name)
    section = np.zeros(adata.n_obs) if column is None else adata.obs[column].to_numpy()
    for value in np.unique(section):
        places = np.asarray(adata.obsm["spatial"], float)[section == value]
        assert distance_from_middle(places)[1].max() < 0.5 * FAR
