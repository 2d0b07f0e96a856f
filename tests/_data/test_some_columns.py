import numpy as np
import pytest

from dpvae._data.expression import expression_of
from dpvae._data.some_columns import columns_in_parts

ROWS = np.array([3, 7, 100, 50])


def test_what_is_in_memory_comes_at_once(counts):
    (part,) = columns_in_parts(counts.X, ROWS)
    np.testing.assert_array_equal(part.toarray(), counts.X.toarray()[ROWS])


@pytest.mark.parametrize(("n_bytes", "most"), [(1_000, 4), (1, 1), (10**9, 40)])
def test_what_is_on_disk_comes_as_far_as_memory_holds_it(
    counts, backed, monkeypatch, n_bytes, most
):
    monkeypatch.setattr("dpvae._data.some_columns.BYTES_AT_A_TIME", n_bytes)
    counts.X = counts.X.toarray().astype(np.float64)
    matrix = expression_of(backed(counts), None)
    parts = list(columns_in_parts(matrix, ROWS))
    assert max(part.shape[1] for part in parts) <= max(most, n_bytes // (8 * len(ROWS)))
    np.testing.assert_array_equal(np.hstack(parts), counts.X[ROWS])
