import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.spatial.distance import cdist

from dpvae.metrics import kernel_test


@pytest.fixture
def places():
    return np.random.default_rng(0).uniform(size=(400, 2)) * [1.0, 0.7]


@pytest.fixture
def depth(places):
    """Deeper in one part of the tissue."""
    rng = np.random.default_rng(1)
    return np.exp(rng.normal(size=400) / 2 + 1.5 * np.sin(6 * places[:, 0]) + 5)


@pytest.fixture
def counts(places, depth):
    """A gene that follows the tissue, and five that follow depth."""
    rng = np.random.default_rng(2)
    rate = np.tile(depth[:, None] / depth.mean(), 6) * 3.0
    rate[:, 0] *= np.exp(np.cos(8 * places[:, 1]))
    return rng.poisson(rate)


def assert_same(found, expected, tolerance=1e-6):
    np.testing.assert_allclose(found.p_values, expected.p_values, rtol=tolerance)
    np.testing.assert_allclose(found.p_value, expected.p_value, rtol=tolerance)
    np.testing.assert_allclose(found.shares, expected.shares, atol=tolerance)


@pytest.mark.slow
@pytest.mark.parametrize("mean", [0.02, 0.3, 20.0])
@pytest.mark.parametrize("dispersion", [0.0, 1.0])
def test_genes_that_follow_depth_alone_are_called_by_chance(places, depth, mean, dispersion):
    rng = np.random.default_rng(3)
    rate = np.tile(mean * depth[:, None] / depth.mean(), 1000)
    if dispersion:
        rate *= rng.gamma(1 / dispersion, dispersion, size=rate.shape)
    p_value = kernel_test(csr_matrix(rng.poisson(rate)), places, depth=depth).p_value
    assert 0.033 < np.mean(p_value < 0.05) < 0.067
    assert np.mean(p_value < 0.001) < 0.005


@pytest.mark.parametrize("length", [0.1, 0.4])
def test_a_pattern_is_found_with_its_share_and_its_length(length):
    rng = np.random.default_rng(4)
    places = rng.uniform(size=(900, 2))
    distance = np.sqrt(3) * cdist(places, places) / length
    root = np.linalg.cholesky((1 + distance) * np.exp(-distance) + 1e-8 * np.eye(900))
    pattern = root @ rng.normal(size=(900, 40))
    pattern = (pattern - pattern.mean(axis=0)) / pattern.std(axis=0)
    logarithms = 3 + 0.5 * (np.sqrt(0.3) * pattern + np.sqrt(0.7) * rng.normal(size=(900, 40)))
    found = kernel_test(np.maximum(np.expm1(logarithms), 0), places, depth=np.ones(900))
    assert (found.p_value < 1e-10).all()
    assert found.shares.sum(axis=0).mean() == pytest.approx(0.3, abs=0.03)
    near = np.abs(np.log2(found.lengths / length)) < 1.5
    assert (found.shares[near].sum(axis=0) > found.shares[~near].sum(axis=0)).mean() > 0.9


@pytest.mark.slow
def test_frames_and_units_do_not_matter(counts, places, depth):
    expected = kernel_test(counts, places, depth=depth)
    assert expected.p_value[0] < 1e-8 < expected.p_value[1:].min()
    assert_same(kernel_test(counts, 1e4 * places - 77.0, depth=1e-3 * depth), expected)
    assert_same(kernel_test(counts, 1e90 * places, depth=1e90 * depth), expected)
    assert_same(kernel_test(counts, places[:, ::-1] * [1, -1], depth=depth), expected)
    turned = places @ np.array([[np.cos(0.5), np.sin(0.5)], [-np.sin(0.5), np.cos(0.5)]])
    found = kernel_test(counts, turned, depth=depth)  # the box around it is another one
    assert np.abs((found.shares - expected.shares).sum(axis=0)).max() < 0.03
    assert found.p_value[0] < 1e-8
    assert np.abs(found.p_value[1:] - expected.p_value[1:]).max() < 0.25


def test_order_of_cells_and_genes_does_not_matter(counts, places, depth):
    expected = kernel_test(counts, places, depth=depth)
    cells = np.random.default_rng(5).permutation(400)
    found = kernel_test(csr_matrix(counts)[cells][:, ::-1], places[cells], depth=depth[cells])
    np.testing.assert_allclose(found.p_value[::-1], expected.p_value, rtol=1e-6)
    np.testing.assert_allclose(found.shares[:, ::-1], expected.shares, atol=1e-6)


def test_depth_is_the_sum_of_counts_unless_given(counts, places):
    counts = counts + 1
    given = kernel_test(counts, places, depth=counts.sum(axis=1))
    assert_same(kernel_test(counts, places), given)


def test_covariates_are_taken_out(places):
    stripe = (5 * places[:, 0]).astype(int) % 2
    counts = np.random.default_rng(7).poisson(4.0 + 4.0 * stripe)[:, None]
    given = {"depth": np.ones(400)}
    assert kernel_test(counts, places, **given).p_value[0] < 1e-8
    found = kernel_test(counts, places, covariates=stripe[:, None], **given)
    assert found.p_value[0] > 0.01
    assert found.shares[:, 0].sum() < 0.1


def test_genes_that_do_not_vary_have_no_p_value(places, depth):
    counts = np.zeros((400, 3))
    counts[:, 1], counts[:5, 2] = 4, 1
    found = kernel_test(counts, places, depth=depth)
    assert np.isnan(found.p_value).tolist() == [True, True, False]
    assert np.isnan(found.shares).all(axis=0).tolist() == [True, True, False]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["line", "slanted line", "duplicates", "3-D"])
def test_unusual_places_are_tested(kind, depth):
    rng = np.random.default_rng(6)
    along = rng.uniform(size=400)
    places = {
        "line": np.c_[along, np.full(400, 3.0)],
        "slanted line": np.c_[along, 2 * along],
        "duplicates": np.repeat(rng.uniform(size=(40, 2)), 10, axis=0),
        "3-D": np.c_[along, rng.uniform(size=(400, 2))],
    }[kind]
    x = places[:, :1] / np.ptp(places[:, 0])
    rate = 2 * depth[:, None] / depth.mean() * np.exp([2.0, *np.zeros(300)] * x)
    p_value = kernel_test(rng.poisson(rate), places, depth=depth).p_value
    assert p_value[0] < 1e-6
    assert 0.02 < np.mean(p_value[1:] < 0.05) < 0.085


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"counts": np.ones((399, 2))}, r"counts have shape \(399, 2\)"),
        ({"counts": np.ones((400, 0))}, "at least one gene"),
        ({"counts": -np.ones((400, 2))}, "negative values, down to -1"),
        ({"counts": np.full((400, 2), np.nan)}, "800 NaN"),
        ({"depth": np.ones(3)}, r"shapes \(3,\)"),
        ({"depth": np.zeros(400)}, "not above 0 for 400 cells"),
        ({"depth": np.full(400, np.inf)}, "must be finite"),
        ({"covariates": np.full((400, 1), np.nan)}, "must be finite"),
        ({"covariates": np.eye(400)}, "covariates explain everything"),
        ({"section": np.arange(400) // 390}, "Section '1' has 10 places; 20 are needed"),
        ({"lengths": [0.1, -1]}, "lengths is"),
        ({"lengths": []}, "lengths is"),
        ({"lengths": [1e-200]}, "lengths is"),
        ({"lengths": [0.1, np.inf]}, "lengths is"),
        ({"lengths": "long"}, "lengths is"),
        ({"lengths": [0.1, 0.1]}, "give different numbers from 0.001 to 10"),
    ],
)
def test_wrong_input_is_refused(counts, places, depth, change, message):
    given = {"counts": counts, "places": places, "depth": depth} | change
    with pytest.raises(ValueError, match=message):
        kernel_test(given.pop("counts"), given.pop("places"), **given)


def test_unknown_places_are_refused(counts, places):
    places[3] = np.nan
    with pytest.raises(ValueError, match="leave out cells of unknown place"):
        kernel_test(counts, places)
