import numpy as np
import pytest
from scipy.sparse import csr_matrix

from dpvae.geometry.posterior.modes import find_modes


def lattice(n_side):
    """A square lattice: a position inside it has eight neighbours."""
    axis = np.arange(float(n_side))
    return np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)


def bump(positions, center, width):
    return np.exp(-((positions - center) ** 2).sum(axis=1) / (2.0 * width**2))


def modes_of(weight, positions, n_modes=3):
    probability = weight / weight.sum()
    found = find_modes(csr_matrix(probability[None]), positions, n_modes)
    return found.places[0], found.shares[0]


def naive_modes(probability, positions, n_modes):
    """Peaks by definition: the best way from a peak to a higher one, position by position."""
    n_positions = len(positions)
    distance = np.linalg.norm(positions[:, None] - positions[None], axis=-1)
    near = np.argsort(distance, axis=1)[:, 1:9]
    is_next = np.zeros((n_positions, n_positions), dtype=bool)
    for position in range(n_positions):
        is_next[position, near[position]] = is_next[near[position], position] = True
    owner = {}
    for position in np.argsort(-probability):
        if probability[position] == 0:
            continue
        touched = {owner[other] for other in np.flatnonzero(is_next[position]) if other in owner}
        highest = max(touched, key=lambda peak: probability[peak], default=position)
        for peak in touched - {highest}:
            if probability[position] >= 0.5 * probability[peak]:
                owner = {p: highest if o == peak else o for p, o in owner.items()}
        owner[position] = highest
    share = {}
    for position, peak in owner.items():
        share[peak] = share.get(peak, 0.0) + probability[position]
    largest = sorted(share.items(), key=lambda item: -item[1])[:n_modes]
    places = np.full((n_modes, positions.shape[1]), np.nan)
    shares = np.zeros(n_modes)
    for slot, (peak, mass) in enumerate(largest):
        places[slot], shares[slot] = positions[peak], mass
    return places, shares


@pytest.mark.parametrize("n_dims", [2, 3])
@pytest.mark.parametrize("scatter", [0.1, 1.0, 3.0])
def test_equals_a_naive_flooding(n_dims, scatter):
    rng = np.random.default_rng(0)
    positions = rng.uniform(size=(120, n_dims))
    weight = sum(bump(positions, rng.uniform(size=n_dims), 0.2) for _ in range(3))
    weight = weight * np.exp(scatter * rng.normal(size=(12, 120)))
    weight[rng.uniform(size=weight.shape) < 0.3] = 0.0
    probability = weight / weight.sum(axis=1, keepdims=True)
    found = find_modes(csr_matrix(probability), positions, 4)
    for cell in range(12):
        places, shares = naive_modes(probability[cell], positions, 4)
        np.testing.assert_array_equal(found.places[cell], places)
        np.testing.assert_allclose(found.shares[cell], shares, atol=1e-12)


def test_two_peaks_and_their_shares():
    positions = lattice(20)
    left, right = bump(positions, [4, 10], 1.5), bump(positions, [15, 10], 1.5)
    places, shares = modes_of(0.3 * left + 0.7 * right, positions)
    np.testing.assert_array_equal(places[:2], [[15, 10], [4, 10]])
    np.testing.assert_allclose(shares, [0.7, 0.3, 0.0], atol=0.01)
    assert np.isnan(places[2]).all()


def test_a_broad_low_peak_comes_before_a_narrow_high_one():
    positions = lattice(20)
    narrow, broad = bump(positions, [4, 4], 0.5), bump(positions, [14, 14], 2.5)
    places, shares = modes_of(2.0 * narrow + broad, positions)
    np.testing.assert_array_equal(places[:2], [[14, 14], [4, 4]])
    assert shares[0] > shares[1] > 0


@pytest.mark.parametrize(("saddle", "n_peaks"), [(0.4, 2), (0.49, 2), (0.5, 1), (0.8, 1)])
def test_peaks_are_separate_if_less_than_half_of_the_lower_lies_between(saddle, n_peaks):
    positions = lattice(7)
    weight = np.zeros((7, 7))
    weight[1, 3], weight[2, 3], weight[3, 3] = 2.0, saddle, 1.0
    places, shares = modes_of(weight.ravel(), positions)
    assert np.isfinite(places[:, 0]).sum() == n_peaks
    assert shares.sum() == pytest.approx(1.0)
    np.testing.assert_array_equal(places[0], [1, 3])


def test_a_ring_around_a_gap_is_one_peak():
    positions = lattice(15)
    radius = np.linalg.norm(positions - 7.0, axis=1)
    places, shares = modes_of(((radius > 4) & (radius < 6)).astype(float), positions)
    assert shares.tolist() == pytest.approx([1.0, 0.0, 0.0])
    assert 4 < np.linalg.norm(places[0] - 7.0) < 6


def test_a_plateau_is_one_peak():
    positions = lattice(10)
    places, shares = modes_of(np.ones(100), positions)
    np.testing.assert_allclose(shares, [1.0, 0.0, 0.0])
    assert np.isfinite(places[0]).all()
    assert np.isnan(places[1:]).all()


@pytest.mark.parametrize("n_positions", [1, 2, 5])
def test_fewer_positions_than_neighbors_are_all_next_to_each_other(n_positions):
    positions = np.random.default_rng(0).normal(size=(n_positions, 2))
    weight = np.arange(1.0, n_positions + 1)
    weight[: n_positions // 2] = 1e-3
    places, shares = modes_of(weight, positions)
    np.testing.assert_array_equal(places[0], positions[-1])
    np.testing.assert_allclose(shares, [1.0, 0.0, 0.0])


def test_positions_that_many_cells_share_do_not_make_peaks():
    positions = lattice(10)
    weight = bump(positions, [4, 5], 2.0)
    expected, _ = modes_of(weight, positions)
    places, shares = modes_of(np.repeat(weight, 12), np.repeat(positions, 12, axis=0))
    np.testing.assert_array_equal(places, expected)
    np.testing.assert_allclose(shares, [1.0, 0.0, 0.0])


def test_crowded_positions_are_next_to_the_sparse_ones_around():
    rng = np.random.default_rng(0)
    crowd = 0.01 * rng.normal(size=(30, 2))
    around = lattice(7) - 3.0
    around = around[np.linalg.norm(around, axis=1) > 0.5]
    positions = np.vstack([crowd, around])
    places, shares = modes_of(bump(positions, [1, 0], 1.5), positions)
    np.testing.assert_array_equal(places[0], [1, 0])
    np.testing.assert_allclose(shares, [1.0, 0.0, 0.0])


def test_cells_and_the_order_of_positions_do_not_matter():
    rng = np.random.default_rng(3)
    positions = rng.uniform(size=(150, 2))
    probability = rng.dirichlet(np.full(150, 0.3), size=8)
    together = find_modes(csr_matrix(probability), positions, 3)
    order = rng.permutation(150)
    for cell in range(8):
        alone = find_modes(csr_matrix(probability[cell, order][None]), positions[order], 3)
        np.testing.assert_array_equal(alone.places[0], together.places[cell])
        np.testing.assert_allclose(alone.shares[0], together.shares[cell], atol=1e-12)


def test_motions_carry_over():
    rng = np.random.default_rng(4)
    positions = rng.uniform(size=(150, 2))
    probability = csr_matrix(rng.dirichlet(np.full(150, 0.3), size=8))
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    expected = find_modes(probability, positions, 3)
    found = find_modes(probability, 100.0 + 7.0 * positions @ turn, 3)
    np.testing.assert_allclose(found.places, 100.0 + 7.0 * expected.places @ turn)
    np.testing.assert_allclose(found.shares, expected.shares, atol=1e-12)


@pytest.mark.parametrize("n_modes", [0, -1])
def test_less_than_one_mode_is_refused(n_modes):
    with pytest.raises(ValueError, match=f"n_modes is {n_modes!r}: give a whole number"):
        find_modes(csr_matrix(np.ones((1, 1))), np.zeros((1, 2)), n_modes)
