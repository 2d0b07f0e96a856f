import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import pearsonr

from dpvae.metrics import distance_pearson


def tissue_and_latent(n_cells, noise=1.0, seed=0):
    rng = np.random.default_rng(seed)
    tissue = rng.normal(size=(n_cells, 2))
    return tissue, np.c_[tissue, np.zeros((n_cells, 3))] + noise * rng.normal(size=(n_cells, 5))


def test_correlation_and_fisher_interval_are_those_of_scipy():
    tissue, latent = tissue_and_latent(40)
    found = distance_pearson(tissue, latent)
    expected = pearsonr(pdist(tissue), pdist(latent))
    assert found.correlation == pytest.approx(expected.statistic)
    np.testing.assert_allclose(found.fisher_interval, expected.confidence_interval(0.95))


def test_the_jackknife_equals_leaving_cells_out():
    tissue, latent = tissue_and_latent(25)
    z = np.array(
        [
            np.arctanh(pearsonr(pdist(np.delete(tissue, k, 0)), pdist(np.delete(latent, k, 0)))[0])
            for k in range(25)
        ]
    )
    error = np.sqrt(24 / 25 * ((z - z.mean()) ** 2).sum())
    found = distance_pearson(tissue, latent)
    half = (np.arctanh(found.interval[1]) - np.arctanh(found.interval[0])) / 2
    assert half == pytest.approx(1.959964 * error, rel=1e-6)


@pytest.mark.slow
def test_mantels_test_equals_permuting_cells():
    tissue, latent = tissue_and_latent(12, noise=4.0, seed=3)
    found = distance_pearson(tissue, latent, n_permutations=4000)
    rng = np.random.default_rng(1)
    observed = pearsonr(pdist(tissue), pdist(latent))[0]
    drawn = [pearsonr(pdist(tissue), pdist(latent[rng.permutation(12)]))[0] for _ in range(4000)]
    assert found.p_value == pytest.approx(np.mean(np.array(drawn) >= observed), abs=0.03)


@pytest.mark.slow
def test_fisher_errs_where_mantel_and_the_jackknife_do_not():
    fisher, jackknife, mantel = [], [], []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        found = distance_pearson(
            rng.normal(size=(60, 2)), rng.normal(size=(60, 2)), n_permutations=99, seed=seed
        )
        fisher.append(found.fisher_interval[0] > 0 or found.fisher_interval[1] < 0)
        jackknife.append(found.interval[0] > 0 or found.interval[1] < 0)
        mantel.append(found.p_value <= 0.05)
    assert np.mean(fisher) > 0.15
    assert np.mean(mantel) < 0.11
    assert np.mean(jackknife) < 0.11


def test_ignores_rigid_motions_scale_and_order():
    tissue, latent = tissue_and_latent(80)
    order = np.random.default_rng(0).permutation(80)
    expected = distance_pearson(tissue, latent, n_permutations=9)
    found = distance_pearson(5 * tissue[order, ::-1] - 3, latent[order] + 9, n_permutations=9)
    assert found.correlation == pytest.approx(expected.correlation, rel=1e-9)
    assert found.interval == pytest.approx(expected.interval, rel=1e-9)


@pytest.mark.slow
def test_many_cells_are_sampled():
    tissue, latent = tissue_and_latent(3000, noise=0.5)
    found = distance_pearson(tissue, latent, n_permutations=19)
    assert found.correlation == pytest.approx(pearsonr(pdist(tissue), pdist(latent))[0], abs=0.01)
    wide = found.interval[1] - found.interval[0]
    assert 3 * (found.fisher_interval[1] - found.fisher_interval[0]) < wide < 0.1
    assert found.p_value == 0.05


@pytest.mark.parametrize(
    ("true", "other", "options", "message"),
    [
        (np.eye(3), np.eye(3), {}, "at least 4 are needed"),
        (np.ones((9, 2)), np.eye(9), {}, "all 9 rows of true are identical"),
        (np.eye(9), np.eye(8), {}, "one row for the same cell"),
        (np.eye(9), np.eye(9), {"confidence": 95}, "confidence is 95"),
    ],
)
def test_wrong_input_is_refused(true, other, options, message):
    with pytest.raises(ValueError, match=message):
        distance_pearson(true, other, **options)
