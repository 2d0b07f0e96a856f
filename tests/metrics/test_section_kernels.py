import numpy as np
import pytest
from scipy.spatial.distance import cdist

from dpvae.geometry.surfaces.cosines import Cosines
from dpvae.metrics.depth_trend import trend_basis
from dpvae.metrics.mixture_of_chi_squares import mixture_tail
from dpvae.metrics.section_kernels import FormSums, SectionKernels

LENGTHS = np.array([0.1, 0.3])


@pytest.fixture
def places():
    return np.random.default_rng(0).uniform(size=(300, 2)) * [2.0, 1.5]


@pytest.fixture
def depth(places):
    """Deeper on the right."""
    return np.exp(np.random.default_rng(1).normal(size=300) / 3 + places[:, 0])


@pytest.fixture
def covariates():
    return np.random.default_rng(2).normal(size=(300, 1))


@pytest.fixture
def kernels(places, depth, covariates):
    return SectionKernels.of(places, depth, covariates, LENGTHS)


def without_trend(depth, covariates):
    """Naive projection."""
    basis = trend_basis(depth, covariates)
    return np.eye(len(depth)) - basis @ basis.T


def test_sums_are_those_of_dense_kernels(kernels, places, depth, covariates):
    values = np.random.default_rng(3).normal(size=(300, 4)) * depth[:, None]
    found = kernels.sums(values)
    projection = without_trend(depth, covariates)
    rest = projection @ values
    unit = (places - places.min(axis=0)) / np.ptp(places, axis=0).max()
    box = Cosines.around(unit)
    groups = np.split(kernels.order, kernels.starts[1:])
    assert len(groups) == 3
    for k, length in enumerate(LENGTHS):
        dense = projection @ (box.at(unit) * box.variances(length)) @ box.at(unit).T @ projection
        excess = (rest * (dense @ rest)).sum(axis=0)
        for group in groups:
            free = np.diag(projection)[group].sum()
            excess -= (rest[group] ** 2).sum(axis=0) / free * np.diag(dense)[group].sum()
        np.testing.assert_allclose(found.excess[k], excess, rtol=1e-8)
    np.testing.assert_allclose(kernels.modes.numbers @ found.modes, (rest**2).sum(axis=0))


def test_tails_are_those_of_simulated_noise_under_the_exact_kernel(
    kernels, places, depth, covariates
):
    rng = np.random.default_rng(4)
    projection = without_trend(depth, covariates)
    distance = np.sqrt(3) * cdist(places, places) / (0.3 * np.ptp(places, axis=0).max())
    kernel = projection @ ((1 + distance) * np.exp(-distance)) @ projection
    values = rng.standard_t(5, size=(300, 6_000)) * depth[:, None] ** 0.3  # a variance that differs
    rest = projection @ values
    ratios = (rest * (kernel @ rest)).sum(axis=0) / (rest**2).sum(axis=0)
    sums = kernels.sums(values)
    tails = mixture_tail(
        *(part[1] for part in (sums.excess, sums.squares, sums.cubes, sums.fourths))
    )
    simulated = 1.0 - (np.argsort(np.argsort(ratios)) + 0.5) / len(ratios)
    assert np.corrcoef(tails, simulated)[0, 1] > 0.96
    for level in (0.01, 0.05, 0.2):
        assert (tails < level).mean() == pytest.approx(level, rel=0.25)
        assert tails[simulated < level].mean() == pytest.approx(level / 2, rel=0.4)


def test_what_depth_and_covariates_explain_leaves_nothing(kernels, depth, covariates):
    values = np.stack([np.full(300, 2.5), np.log(depth), covariates[:, 0], np.zeros(300)], axis=1)
    found = kernels.sums(values)
    assert (found.modes == 0).all()
    assert (found.squares == 0).all()


def test_sections_and_blocks_are_put_together(kernels):
    values = np.random.default_rng(5).normal(size=(300, 5))
    whole = kernels.sums(values)
    blocks = FormSums.side_by_side([kernels.sums(values[:, :2]), kernels.sums(values[:, 2:])])
    twice = whole + whole
    for name in ("excess", "squares", "cubes", "fourths", "modes", "noise"):
        one = getattr(whole, name)
        np.testing.assert_allclose(getattr(blocks, name), one, rtol=1e-9)
        expected = np.vstack([one, one]) if name in ("modes", "noise") else 2 * one
        np.testing.assert_allclose(getattr(twice, name), expected)


def test_covariates_that_explain_everything_are_refused(places, depth):
    with pytest.raises(ValueError, match=r"explain everything: with depth they are 30.*for 300"):
        SectionKernels.of(places, depth, np.eye(300), LENGTHS)
    spots = places[np.repeat(np.arange(30), 10)]
    by_spot = np.repeat(np.eye(30), 10, axis=0)
    with pytest.raises(ValueError, match="they differ between all places"):
        SectionKernels.of(spots, depth, by_spot, LENGTHS)
