from itertools import combinations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from dpvae.geometry.posterior.smallest_sets import smallest_sets


@pytest.mark.parametrize("level", [0.2, 0.5, 0.9])
def test_no_smaller_set_holds_the_level(level):
    dense = np.random.default_rng(0).dirichlet(np.full(9, 0.5), size=20)
    for row, inside in zip(dense, smallest_sets(csr_matrix(dense), level).toarray(), strict=True):
        assert row[inside].sum() >= level - 1e-6
        smaller = combinations(row, int(inside.sum()) - 1)
        assert max(sum(some) for some in smaller) < level


def test_of_equally_probable_columns_earlier_ones_come_first():
    dense = np.array([[0.0, 0.25, 0.25, 0.25, 0.25], [0.5, 0.0, 0.0, 0.0, 0.5]])
    expected = [[False, True, True, False, False], [True, False, False, False, False]]
    assert smallest_sets(csr_matrix(dense), 0.5).toarray().tolist() == expected


def test_sets_of_many_rows_do_not_drift():
    few = np.array([[0.45, 0.45, 0.05, 0.05], [0.91, 0.03, 0.03, 0.03]], dtype=np.float32)
    found = smallest_sets(csr_matrix(np.tile(few, (50_000, 1))), 0.9)
    expected = np.tile([[True, True, False, False], [True, False, False, False]], (50_000, 1))
    np.testing.assert_array_equal(found.toarray(), expected)


def test_probabilities_stay_as_they_are():
    probabilities = csr_matrix(np.random.default_rng(0).dirichlet(np.ones(6), size=5))
    before = probabilities.toarray()
    smallest_sets(probabilities, 0.5)
    np.testing.assert_array_equal(probabilities.toarray(), before)
