import warnings

import numpy as np
import pandas as pd
import pytest
from tests.conftest import log_normalized

from dpvae.datasets import simulated_tissue
from dpvae.model import DPSCVI, DPVAE
from dpvae.model.data.doubtful_reference import (
    doubtful_column,
    is_on_a_line,
    mixing,
    relative_gap,
    share_of_shared_places,
    warn_if_filled,
)


@pytest.fixture
def places():
    return np.random.default_rng(0).uniform(size=(600, 2))


def halves(places):
    """Left and right half of a tissue, which touch."""
    return (places[:, 0] > 0.5).astype(int)


def test_slides_that_lie_over_one_another_are_mixed(places):
    group = np.arange(600) % 3
    assert mixing(places, group) == pytest.approx(1.0, abs=0.1)
    assert mixing(places, halves(places)) < 0.15
    assert mixing(places * [1, 1] + 9.0 * group[:, None], group) == 0


def test_gap_is_in_distances_of_neighbors(places):
    grid = np.stack(np.meshgrid(np.arange(10.0), np.arange(10.0)), axis=-1).reshape(-1, 2)
    group = (grid[:, 0] > 4).astype(int)
    assert relative_gap(grid, group) == pytest.approx(1.0)
    apart = 3.0 * grid + 21.0 * group[:, None] * [1, 0]
    assert relative_gap(apart, group) == pytest.approx(24 / 3)
    assert relative_gap(places, halves(places)) < 2


@pytest.mark.parametrize("name", ["sample", "library_id", "Slide", "batch", "section_name"])
def test_a_column_is_known_by_its_name(places, name):
    obs = pd.DataFrame({"region": np.arange(600) % 2, name: np.arange(600) % 2})
    assert doubtful_column(obs, places) == (name, "over one another")
    assert doubtful_column(obs.rename(columns={name: "fov"}), places) is None


def test_parts_that_touch_are_one_section(places):
    obs = pd.DataFrame({"sample": halves(places)})
    assert doubtful_column(obs, places) is None
    apart = places + 2.0 * halves(places)[:, None] * [1, 0]
    assert doubtful_column(obs, apart) == ("sample", "far apart from one another")
    stacked = np.c_[places, 2.0 * halves(places)]  # sections of one block, in three dimensions
    assert doubtful_column(obs, stacked) is None


def test_a_name_for_every_cell_is_no_section(places):
    assert doubtful_column(pd.DataFrame({"sample": np.arange(600)}), places) is None
    assert doubtful_column(pd.DataFrame({"sample": np.zeros(600)}), places) is None


def test_places_on_a_line_in_any_direction():
    line = np.linspace(0, 5, 30)[:, None]
    for direction in ([1, 0], [0, 1], [3, -2], [1, 2, 3]):
        assert is_on_a_line(line * direction + 7.0)
    assert not is_on_a_line(np.c_[line, line**2])
    assert not is_on_a_line(line[:2] * [1, 1])


def test_positions_of_several_cells_are_counted_once(places):
    assert share_of_shared_places(places) == 0
    assert share_of_shared_places(np.r_[places, places[:150]]) == 0.25
    assert share_of_shared_places(np.r_[places, places[:1].repeat(500, axis=0)]) == 1 / 600


def test_a_place_of_many_cells_is_taken_for_a_filler(places):
    section = np.full(600, "a")
    filled = places.copy()
    filled[:40] = [0.0, -1.0]
    with pytest.warns(UserWarning, match=r"40 of the 600 places of section 'a' .*\(0, -1\).*NaN"):
        warn_if_filled(filled, section, "x")
    with warnings.catch_warnings(action="error"):
        warn_if_filled(places, section, "x")
        filled[10:40] = places[10:40]  # ten of 600 are few
        warn_if_filled(filled, section, "x")
        spots = places[:30].repeat(20, axis=0)  # single cells that have the place of their spot
        warn_if_filled(spots, section, "x")
        filled[:200] = np.nan
        warn_if_filled(filled, section, "x")


@pytest.fixture
def slides():
    """Two slides in one frame, with the positions of one grid."""
    adata = simulated_tissue(300, 20, n_sections=2, seed=0)
    adata.obsm["spatial"] = np.tile(adata.obsm["spatial"][:150], (2, 1))
    return adata


@pytest.mark.parametrize("model_class", [DPVAE, DPSCVI])
def test_two_slides_without_a_name_are_warned_of_once(slides, model_class):
    adata = slides if model_class is DPSCVI else log_normalized(slides)
    with pytest.warns(UserWarning, match=r"sample_key='section'\)") as found:
        model_class.setup_anndata(adata)
    assert [warning.filename for warning in found] == [__file__]
    with warnings.catch_warnings(action="error"):
        model_class.setup_anndata(adata, sample_key="section")
    adata.obs = adata.obs.drop(columns="section")
    with pytest.warns(UserWarning, match="100 % of the positions in .* are shared by several"):
        model_class.setup_anndata(adata)


def test_a_tiny_reference_few_genes_and_a_line_are_warned_of(expression):
    with pytest.warns(UserWarning, match="only 5 cells of known place"):
        DPVAE.setup_anndata(expression[:5].copy())
    with pytest.warns(UserWarning, match="only 19 genes"):
        DPVAE.setup_anndata(expression[:, :19].copy())
    expression.obsm["spatial"] = np.outer(np.arange(240.0), [1.0, 2.0])
    with pytest.warns(UserWarning, match="240 places of .* lie on one line"):
        DPVAE.setup_anndata(expression)
