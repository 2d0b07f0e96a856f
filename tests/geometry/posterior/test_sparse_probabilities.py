import numpy as np

from dpvae.geometry.posterior.sparse_probabilities import sparse_probabilities


def rows(n_rows=30, n_positions=200, seed=0):
    logits = 4.0 * np.random.default_rng(seed).normal(size=(n_rows, n_positions))
    weight = np.exp(logits)
    return weight / weight.sum(axis=1, keepdims=True)


def test_leaves_out_what_is_a_thousandth_at_most():
    dense = rows()
    found = sparse_probabilities([dense], 200).toarray()
    left_out = np.where(found == 0, dense, 0.0).sum(axis=1)
    assert left_out.max() <= 1e-3
    assert (found == 0).mean() > 0.2
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-6)
    kept = found > 0
    ratio = np.broadcast_to(1.0 - left_out[:, None], found.shape)[kept]
    np.testing.assert_allclose(found[kept] * ratio, dense[kept], rtol=1e-6)


def test_what_is_left_out_is_the_least_probable():
    dense = rows(seed=1)
    found = sparse_probabilities([dense], 200).toarray()
    for before, after in zip(dense, found, strict=True):
        assert before[after == 0].max() < before[after > 0].min()


def test_equal_probabilities_are_all_kept():
    found = sparse_probabilities([np.full((2, 1000), 1e-3)], 1000)
    assert found.nnz == 2000


def test_blocks_do_not_matter():
    dense = rows()
    together = sparse_probabilities([dense], 200)
    apart = sparse_probabilities((dense[i : i + 7] for i in range(0, 30, 7)), 200)
    np.testing.assert_array_equal(apart.toarray(), together.toarray())


def test_no_cells_have_an_empty_table():
    assert sparse_probabilities([], 5).shape == (0, 5)
