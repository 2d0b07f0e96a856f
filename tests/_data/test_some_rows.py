import numpy as np
import pytest

from dpvae._data.some_rows import at_most, random_share


def test_few_rows_are_all_taken_and_many_are_drawn_in_order():
    rows = np.arange(5, 105)
    assert at_most(rows, 100, np.random.default_rng(0)) is rows
    drawn = at_most(rows, 30, np.random.default_rng(0))
    assert len(drawn) == len(set(drawn) & set(rows)) == 30
    assert (np.diff(drawn) > 0).all()


@pytest.mark.parametrize(
    ("n_rows", "share", "n_drawn"), [(240, 0.2, 48), (7, 0.5, 4), (3, 0.01, 1)]
)
def test_a_share_is_the_end_of_a_permutation(n_rows, share, n_drawn):
    left, drawn = random_share(n_rows, share, seed=3)
    order = np.random.RandomState(3).permutation(n_rows)
    np.testing.assert_array_equal(drawn, np.sort(order[n_rows - n_drawn :]))
    np.testing.assert_array_equal(np.sort(np.r_[left, drawn]), np.arange(n_rows))
