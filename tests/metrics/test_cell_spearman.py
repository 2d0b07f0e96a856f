import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import spearmanr

from dpvae.metrics import cell_distance_spearman, cell_spearman


def test_equals_the_median_of_correlations_of_rows(noisy_pair):
    true, recovered = noisy_pair(60)
    rows = [np.delete(cdist(true, true)[[i]], i) for i in range(60)]
    others = [np.delete(cdist(recovered, recovered)[[i]], i) for i in range(60)]
    found = [spearmanr(one, other).statistic for one, other in zip(rows, others, strict=True)]
    assert cell_distance_spearman(true, recovered) == pytest.approx(np.median(found))


def test_blocks_change_nothing(noisy_pair, monkeypatch):
    pair = noisy_pair(90)
    at_once = cell_distance_spearman(*pair)
    monkeypatch.setattr(cell_spearman, "LARGEST_BLOCK", 7 * 90)
    assert cell_distance_spearman(*pair) == pytest.approx(at_once, abs=1e-12)


def test_some_cells_are_near_all_cells(noisy_pair):
    pair = noisy_pair(600)
    some = cell_distance_spearman(*pair, max_cells=200)
    assert some == pytest.approx(cell_distance_spearman(*pair), abs=0.03)
    assert some == cell_distance_spearman(*pair, max_cells=200, seed=0)
    assert some != cell_distance_spearman(*pair, max_cells=200, seed=1)


def test_unit_frame_and_order_of_cells_do_not_count(noisy_pair):
    true, recovered = noisy_pair(80)
    turned = 3.0 * recovered @ np.array([[0.6, 0.8], [0.8, -0.6]]) + 5.0
    order = np.random.default_rng(0).permutation(80)
    expected = cell_distance_spearman(true, recovered)
    assert cell_distance_spearman(true, turned) == pytest.approx(expected)
    assert cell_distance_spearman(true[order], recovered[order]) == pytest.approx(expected)


def test_shuffled_cells_score_near_zero():
    rng = np.random.default_rng(3)
    true = rng.uniform(size=(2000, 2))
    assert abs(cell_distance_spearman(true, rng.permutation(true), max_cells=200)) < 0.05


def test_a_cell_of_equal_distances_counts_as_zero():
    true = np.array([[0.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])
    assert cell_distance_spearman(true, true) == pytest.approx(1.0)  # 1, 1 and 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"recovered": np.zeros((4, 2))}, "all 4 rows of recovered are identical"),
        ({"max_cells": 0}, "max_cells is 0"),
        ({"recovered": np.eye(3)[:, :2]}, "one row for the same cell"),
    ],
)
def test_bad_input_is_refused(change, message):
    places = np.eye(4)[:, :2]
    with pytest.raises(ValueError, match=message):
        cell_distance_spearman(**{"true": places, "recovered": places} | change)


@pytest.mark.real
@pytest.mark.slow
def test_published_numbers_of_luna_and_of_the_mean_of_classes(luna_sections):
    found = []
    for section in luna_sections:
        true, luna = section[["x", "y"]].to_numpy(), section[["x_luna", "y_luna"]].to_numpy()
        oracle = section.groupby("cell_class")[["x", "y"]].transform("mean").to_numpy()
        found.append([cell_distance_spearman(true, p, max_cells=100) for p in (luna, oracle)])
    assert np.mean(found, axis=0) == pytest.approx([0.450, 0.224], abs=0.006)
