import numpy as np

from dpvae.datasets.expression import draw_cell_depths, draw_genes


def test_housekeeping_genes_are_the_same_everywhere():
    genes = draw_genes(41, 2, 4, 500.0, np.random.default_rng(0))
    body = np.random.default_rng(1).uniform(-0.7, 0.7, (50, 2))
    expected = genes.expected_counts(body, np.arange(50) % 4)
    is_constant = np.ptp(expected, axis=0) < 1e-12
    np.testing.assert_array_equal(is_constant, ~genes.is_spatial)
    assert genes.is_spatial.sum() == 21


def test_baseline_sums_to_the_depth():
    genes = draw_genes(30, 3, 4, 500.0, np.random.default_rng(0))
    np.testing.assert_allclose(genes.baseline.sum(), 500)


def test_each_spatial_gene_follows_one_axis_and_two_waves():
    genes = draw_genes(40, 3, 4, 500.0, np.random.default_rng(0))
    used = genes.loadings[:, genes.is_spatial] != 0
    np.testing.assert_array_equal(used[:3].sum(axis=0), 1)
    np.testing.assert_array_equal(used[3:].sum(axis=0), 2)


def test_expression_is_smooth_within_a_type():
    genes = draw_genes(40, 2, 4, 500.0, np.random.default_rng(0))
    body = np.random.default_rng(1).uniform(-0.7, 0.7, (50, 2))
    same = np.zeros(50, dtype=int)
    near = genes.expected_counts(body + 1e-3, same) / genes.expected_counts(body, same)
    assert np.abs(np.log(near)).max() < 0.03


def test_counts_have_the_mean_and_variance_of_the_negative_binomial():
    genes = draw_genes(12, 2, 3, 60.0, np.random.default_rng(0))
    mean = genes.expected_counts(np.full((1, 2), 0.3), np.array([1]))
    counts = genes.sample(np.repeat(mean, 60_000, axis=0), np.random.default_rng(1))
    variance = mean[0] + mean[0] ** 2 / genes.inverse_dispersion
    np.testing.assert_allclose(counts.mean(axis=0), mean[0], rtol=0.05)
    np.testing.assert_allclose(counts.var(axis=0), variance, rtol=0.08)
    assert np.all(variance > 1.02 * mean[0])


def test_cell_depths_have_mean_one():
    depths = draw_cell_depths(50_000, np.random.default_rng(0))
    np.testing.assert_allclose(depths.mean(), 1, atol=0.01)
    np.testing.assert_allclose(np.log(depths).std(), 0.4, atol=0.01)
