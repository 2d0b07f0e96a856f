import numpy as np
import pytest

from dpvae.metrics.depth_trend import depth_bins, trend_basis


@pytest.fixture
def depth():
    return np.random.default_rng(0).lognormal(5, 1, size=600).round() + 1


def left_of(values, basis):
    return values - basis @ (basis.T @ values)


def test_functions_are_orthonormal_and_hold_what_is_to_be_taken_out(depth):
    covariates = np.random.default_rng(1).normal(size=(600, 2)) * [1e6, 1e-6]
    basis = trend_basis(depth, covariates)
    np.testing.assert_allclose(basis.T @ basis, np.eye(basis.shape[1]), atol=1e-12)
    for taken in (np.ones(600), np.log(depth), *covariates.T):
        np.testing.assert_allclose(left_of(taken, basis), 0.0, atol=1e-9 * np.abs(taken).max())


def test_a_bent_relation_to_depth_is_taken_out_with_many_cells(depth):
    bent = np.sin(np.log(depth))
    basis = trend_basis(depth, np.empty((600, 0)))
    assert left_of(bent, basis).var() < 0.01 * bent.var()
    few = trend_basis(depth[:100], np.empty((100, 0)))
    assert few.shape[1] == 2  # a straight line


def test_the_unit_of_depth_does_not_matter(depth):
    one, other = trend_basis(depth, np.empty((600, 0))), trend_basis(7 * depth, np.empty((600, 0)))
    np.testing.assert_allclose(one @ one.T, other @ other.T, atol=1e-9)


def test_what_is_known_already_adds_nothing(depth):
    alone = trend_basis(depth, np.empty((600, 0)))
    again = np.stack([np.full(600, 3.0), np.log(depth), -2 * np.log(depth)], axis=1)
    assert trend_basis(depth, again).shape == alone.shape
    assert trend_basis(np.full(600, 9.0), np.empty((600, 0))).shape == (600, 1)


def test_bins_follow_depth_and_keep_ties_together(depth):
    freedom = np.random.default_rng(2).uniform(size=600)
    number = depth_bins(depth, freedom, 5)
    by_depth = np.argsort(depth, kind="stable")
    assert (np.diff(number[by_depth]) >= 0).all()
    assert number.min() == 0
    sizes = np.bincount(number, freedom)
    assert len(sizes) == 5
    assert sizes.min() >= freedom.sum() / 10 - 1e-6
    for value in np.unique(depth):
        assert len(np.unique(number[depth == value])) == 1


def test_cells_of_mostly_one_depth_are_in_one_bin():
    depth = np.r_[1.0, np.full(198, 2.0), 3.0]
    assert (depth_bins(depth, np.ones(200), 6) == 0).all()
