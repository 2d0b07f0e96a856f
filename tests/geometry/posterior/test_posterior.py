from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from dpvae.geometry import Posterior
from dpvae.geometry.posterior.posterior import MOST_NUMBERS

N_CELLS, N_POSITIONS = 25, 60


def dense_probabilities(n_cells=N_CELLS, seed=0):
    rng = np.random.default_rng(seed)
    weight = rng.gamma(0.3, size=(n_cells, N_POSITIONS)) + 1e-9
    weight[rng.uniform(size=weight.shape) < 0.3] = 0.0
    weight[:, 7] += 1e-3
    return (weight / weight.sum(axis=1, keepdims=True)).astype(np.float32)


def made(dense, n_dims=2, sharpness=1.0, rows=None):
    positions = np.random.default_rng(1).uniform(size=(dense.shape[1], n_dims))
    rows = np.arange(dense.shape[1]) if rows is None else rows
    unlike = np.linspace(1.0, 2.0, len(dense))
    return Posterior(positions, csr_matrix(dense), rows, unlike, sharpness)


@pytest.fixture
def dense():
    return dense_probabilities()


@pytest.fixture(params=[2, 3])
def found(request, dense):
    return made(dense, request.param)


def test_has_as_many_cells_as_rows(found):
    assert len(found) == N_CELLS


@pytest.mark.parametrize("sharpness", [1.0, 1.7, 30.0])
def test_mean_of_sharpened_probabilities(dense, sharpness):
    found = made(dense, sharpness=sharpness)
    weight = dense.astype(np.float64) ** sharpness
    expected = weight @ found.positions / weight.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found.mean(), expected, atol=1e-9)


def test_a_mean_of_great_sharpness_is_the_mode(dense):
    found = made(dense, sharpness=1e6)
    np.testing.assert_allclose(found.mean(), found.mode(), atol=1e-12)


def test_mode_is_the_most_probable_position(found, dense):
    np.testing.assert_array_equal(found.mode(), found.positions[dense.argmax(axis=1)])


def test_mode_may_be_a_narrow_peak_and_the_first_of_the_modes_a_broad_one():
    axis = np.arange(12.0)
    positions = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    weight = np.exp(-((positions - [8, 8]) ** 2).sum(axis=1) / 8.0)
    weight[(positions == [1, 1]).all(axis=1)] = 2.0
    weight /= weight.sum()
    found = Posterior(positions, csr_matrix(weight[None]), np.arange(144), np.ones(1))
    assert found.mode().tolist() == [[1, 1]]
    assert found.modes(2).places[0].tolist() == [[8, 8], [1, 1]]


def test_entropy(found, dense):
    logarithm = np.log(np.where(dense > 0, dense, 1.0))
    np.testing.assert_allclose(found.entropy, -(dense * logarithm).sum(axis=1), rtol=1e-5)


def test_entropy_of_one_position_and_of_all():
    dense = np.vstack([np.eye(8)[0], np.full(8, 1 / 8)])
    np.testing.assert_allclose(made(dense).entropy, [0.0, np.log(8)], atol=1e-12)


def naive_region(row, level):
    falling = sorted(range(len(row)), key=lambda i: (-row[i], i))
    held, chosen = 0.0, np.zeros(len(row), dtype=bool)
    for position in falling:
        if held >= level - 1e-6:
            break
        chosen[position], held = True, held + float(row[position])
    return chosen


@pytest.mark.parametrize("level", [0.01, 0.5, 0.9, 0.999])
def test_region_is_the_smallest_set_that_holds_the_level(found, dense, level):
    region = found.region(level)
    expected = np.array([naive_region(row, level) for row in dense])
    np.testing.assert_array_equal(region.toarray(), expected)
    assert region.dtype == bool
    np.testing.assert_allclose(found.region_size(level), expected.mean(axis=1))
    held = np.where(expected, dense, 0.0).sum(axis=1)
    assert (held >= level - 1e-5).all()
    least = np.where(expected, dense, np.inf).min(axis=1)
    assert (held - least < level).all()


def test_region_of_a_level_that_some_positions_hold_exactly():
    found = made(np.full((3, 10), 0.1, dtype=np.float32))
    np.testing.assert_allclose(found.region_size(0.3), 0.3)
    np.testing.assert_allclose(found.region_size(0.9), 0.9)


def test_cells_of_several_blocks_are_like_those_of_one(dense):
    few = made(np.pad(dense, [(0, 0), (0, 4_000)]), sharpness=1.7)
    n_cells = MOST_NUMBERS // len(few.positions) + 500
    rows = np.arange(n_cells) % N_CELLS
    many = few.of(rows)
    for cells in (slice(0, 10), slice(n_cells - 510, n_cells - 490), slice(n_cells - 10, None)):
        chosen = few.of(rows[cells])
        np.testing.assert_allclose(many.mean()[cells], chosen.mean(), atol=1e-12)
        np.testing.assert_allclose(many.entropy[cells], chosen.entropy, atol=1e-12)
        np.testing.assert_array_equal(
            many.region(0.9)[cells].toarray(), chosen.region(0.9).toarray()
        )


@pytest.mark.parametrize("level", [0.3, 0.9])
@pytest.mark.parametrize("sharpness", [1.0, 3.0])
def test_radius_of_the_disc_that_holds_the_level(dense, level, sharpness):
    found = made(dense, sharpness=sharpness)
    for cell, (center, radius) in enumerate(zip(found.mean(), found.radius(level), strict=True)):
        distance = np.linalg.norm(found.positions - center, axis=1)
        candidates = np.sort(distance[dense[cell] > 0])
        held = [dense[cell, distance <= r].sum() for r in candidates]
        assert radius == pytest.approx(candidates[np.argmax(np.array(held) >= level - 1e-6)])


def test_radius_in_a_uniform_disc():
    axis = np.linspace(-1, 1, 81)
    positions = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    positions = positions[np.linalg.norm(positions, axis=1) <= 1]
    even = csr_matrix(np.full((1, len(positions)), 1 / len(positions)))
    found = Posterior(positions, even, np.arange(len(positions)), np.ones(1))
    assert found.radius(0.5)[0] == pytest.approx(np.sqrt(0.5), abs=0.02)
    assert found.radius(0.9)[0] == pytest.approx(np.sqrt(0.9), abs=0.02)


def nearest(found, places):
    return np.linalg.norm(found.positions[None] - places[:, None], axis=-1).argmin(axis=1)


def test_what_is_said_of_a_place_is_said_of_the_nearest_position(found, dense):
    places = np.random.default_rng(2).uniform(-0.2, 1.2, size=(N_CELLS, found.positions.shape[1]))
    places[[3, 9]] = np.nan
    known = np.isfinite(places[:, 0])
    near = nearest(found, np.nan_to_num(places))
    expected = np.where(known, dense[np.arange(N_CELLS), near], np.nan)
    np.testing.assert_array_equal(found.probability_at(places), expected)
    for level in (0.5, 0.9):
        inside = found.region(level).toarray()[np.arange(N_CELLS), near]
        assert inside[known].any()
        np.testing.assert_array_equal(found.in_region(places, level), inside & known)


def test_regions_hold_places_drawn_from_the_probabilities():
    rng = np.random.default_rng(3)
    dense = np.repeat(dense_probabilities(10), 300, axis=0)
    found = made(dense)
    drawn = [rng.choice(N_POSITIONS, p=row / row.sum()) for row in dense.astype(np.float64)]
    held = found.in_region(found.positions[drawn], 0.8).mean()
    inside = np.where(found.region(0.8).toarray(), dense, 0.0).sum(axis=1).mean()
    assert held == pytest.approx(inside, abs=0.03)
    assert held > 0.78


def test_expected_mean_and_deviation(found, dense):
    values = np.random.default_rng(4).normal([0.0, 5.0, 1e4], size=(N_POSITIONS, 3))
    mean, deviation = found.expected(values)
    for cell in range(N_CELLS):
        weight = dense[cell].astype(np.float64) / dense[cell].astype(np.float64).sum()
        average = weight @ values
        np.testing.assert_allclose(mean[cell], average, atol=1e-5)
        spread = np.sqrt(weight @ (values - average) ** 2)
        np.testing.assert_allclose(deviation[cell], spread, atol=1e-5)
    alone = found.expected(values[:, 1])
    np.testing.assert_allclose(alone[0], mean[:, 1])
    np.testing.assert_allclose(alone[1], deviation[:, 1])


def test_a_constant_is_expected_without_deviation(found):
    mean, deviation = found.expected(np.full(N_POSITIONS, 1e6))
    np.testing.assert_array_equal(mean, 1e6)
    np.testing.assert_array_equal(deviation, 0.0)


def test_values_of_the_reference_are_taken_at_its_rows(dense):
    rows = np.random.default_rng(5).permutation(500)[:N_POSITIONS]
    found = made(dense, rows=rows)
    values, labels = np.random.default_rng(6).normal(size=500), np.arange(500) % 3
    others = np.setdiff1d(np.arange(500), rows)
    values[others] = np.nan
    for got, expected in zip(found.expected(values), found.expected(values[rows]), strict=True):
        np.testing.assert_array_equal(got, expected)
    pd.testing.assert_frame_equal(found.share(labels), found.share(labels[rows]))


def naive_share(dense, labels, name):
    return dense[:, np.array([label == name for label in labels])].sum(axis=1)


@pytest.mark.parametrize("form", [list, np.array, pd.Series, pd.Categorical])
def test_share_of_labels(found, dense, form):
    labels = np.array(["cortex", "thalamus", "a layer"])[np.arange(N_POSITIONS) % 3].tolist()
    table = found.share(form(labels))
    assert list(table.columns) == ["a layer", "cortex", "thalamus"]
    for name in table:
        np.testing.assert_allclose(table[name], naive_share(dense, labels, name), atol=1e-6)
    np.testing.assert_allclose(table.sum(axis=1), 1.0, atol=1e-6)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_share_without_a_label_is_in_the_last_column(found, dense, missing):
    labels = [["zebra", "ant", missing][i % 3] for i in range(N_POSITIONS)]
    table = found.share(labels)
    assert list(table.columns) == ["ant", "zebra", "unlabeled"]
    np.testing.assert_allclose(table["unlabeled"], dense[:, 2::3].sum(axis=1), atol=1e-6)
    np.testing.assert_allclose(table["ant"], dense[:, 1::3].sum(axis=1), atol=1e-6)


def test_share_without_a_label_joins_the_label_of_its_name(found, dense):
    labels = [["zebra", "unlabeled", None][i % 3] for i in range(N_POSITIONS)]
    table = found.share(labels)
    assert list(table.columns) == ["unlabeled", "zebra"]
    expected = dense[:, 1::3].sum(axis=1) + dense[:, 2::3].sum(axis=1)
    np.testing.assert_allclose(table["unlabeled"], expected, atol=1e-6)


def test_numbers_are_labels_in_their_order(found, dense):
    table = found.share(np.array([10, 2, 2.5])[np.arange(N_POSITIONS) % 3])
    assert list(table.columns) == ["2", "2.5", "10"]
    np.testing.assert_allclose(table["10"], dense[:, ::3].sum(axis=1), atol=1e-6)


@pytest.mark.parametrize(
    ("cells", "rows"),
    [
        ([3, 1, 1], [3, 1, 1]),
        (np.array([-1, 0]), [N_CELLS - 1, 0]),
        (4, [4]),
        ([], []),
        (np.arange(N_CELLS) % 2 == 0, np.arange(0, N_CELLS, 2)),
        (pd.Series(np.arange(N_CELLS) > 20, index=np.arange(N_CELLS) + 5), np.arange(21, 25)),
        (np.zeros(N_CELLS, dtype=bool), []),
    ],
)
def test_of_takes_some_cells(dense, cells, rows):
    found = made(dense, sharpness=2.0)
    part = found.of(cells)
    rows = np.asarray(rows, dtype=int)
    assert len(part) == len(rows)
    np.testing.assert_array_equal(part.probabilities.toarray(), dense[rows])
    np.testing.assert_array_equal(part.unlikeness, found.unlikeness[rows])
    np.testing.assert_allclose(part.mean(), found.mean()[rows], atol=1e-12)


def test_of_a_mask_of_other_cells_is_refused(found):
    with pytest.raises(ValueError, match="cells is"):
        found.of(np.ones(N_CELLS + 1, dtype=bool))


def test_methods_leave_the_probabilities_alone(dense):
    found = made(dense, sharpness=2.0)
    places = np.full((N_CELLS, 2), 0.5)
    found.mean(), found.mode(), found.modes(), found.region(0.9), found.radius(0.9)
    found.in_region(places, 0.9), found.probability_at(places), found.share([0] * N_POSITIONS)
    found.expected(np.ones(N_POSITIONS))
    assert found.entropy.shape == (N_CELLS,)
    np.testing.assert_array_equal(found.probabilities.toarray(), dense)


@pytest.mark.parametrize("n_dims", [2, 3])
def test_no_cells(n_dims):
    found = made(np.empty((0, N_POSITIONS), dtype=np.float32), n_dims, sharpness=1.5)
    places = np.empty((0, n_dims))
    assert len(found) == 0
    assert found.of([]).mean().shape == found.mean().shape == found.mode().shape == (0, n_dims)
    assert found.modes(2).places.shape == (0, 2, n_dims)
    assert found.entropy.shape == found.region_size(0.9).shape == found.radius(0.9).shape == (0,)
    assert found.region(0.9).shape == (0, N_POSITIONS)
    assert found.in_region(places, 0.9).shape == found.probability_at(places).shape == (0,)
    assert [x.shape for x in found.expected(np.ones((N_POSITIONS, 4)))] == [(0, 4), (0, 4)]
    assert found.share(["a", "b"] * (N_POSITIONS // 2)).shape == (0, 2)


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 90.0, float("nan")])
@pytest.mark.parametrize("method", ["region", "region_size", "radius"])
def test_levels_that_are_no_shares_are_refused(found, method, level):
    with pytest.raises(ValueError, match=f"level is {level}: give a share between 0 and 1"):
        getattr(found, method)(level)


def test_places_of_another_shape_are_refused(dense):
    found = made(dense)
    for places in (np.zeros((N_CELLS, 3)), np.zeros((N_CELLS + 1, 2))):
        with pytest.raises(ValueError, match=r"but the posterior is of 25 cells in 2 dimensions"):
            found.in_region(places, 0.9)
        with pytest.raises(ValueError, match=r"but the posterior is of 25 cells in 2 dimensions"):
            found.probability_at(places)
    with pytest.raises(ValueError, match="level is 2"):
        found.in_region(np.zeros((N_CELLS, 2)), 2)


def test_another_number_of_values_is_refused(found):
    for values in (np.ones(N_POSITIONS - 1), np.ones(3)):
        with pytest.raises(ValueError, match=f"{len(values)} values, but {N_POSITIONS} positions"):
            found.expected(values)
        with pytest.raises(ValueError, match=f"{len(values)} values, but {N_POSITIONS} positions"):
            found.share(values)


def test_values_of_nan_are_refused(found):
    values = np.ones(N_POSITIONS)
    values[5] = np.nan
    with pytest.raises(ValueError, match="values has NaN or infinite numbers at some positions"):
        found.expected(values)


def test_fewer_modes_than_one_are_refused(found):
    with pytest.raises(ValueError, match="n_modes is 0"):
        found.modes(0)


def test_a_table_of_labels_has_the_names_of_the_cells(dense):
    names = pd.Index([f"cell {number}" for number in range(N_CELLS)])
    found, labels = made(dense), np.arange(N_POSITIONS) % 3
    named = replace(found, cells=names)
    assert named.share(labels).index.equals(names)
    np.testing.assert_array_equal(named.share(labels), found.share(labels))
    assert named.of([4, 2]).share(labels).index.tolist() == ["cell 4", "cell 2"]


def test_is_shown_in_one_line(dense):
    assert repr(made(dense)) == f"Posterior of {N_CELLS} cells over {N_POSITIONS} positions"
