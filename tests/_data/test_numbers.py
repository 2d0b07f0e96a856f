import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csc_matrix, csr_array, csr_matrix

from dpvae._data.numbers import numbers_of, plain_matrix

TABLE = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
MISSING = np.array([[1.0, 2.0], [np.nan, 4.0], [5.0, 6.0]])
DATES = np.array([["2020-01-01"] * 2] * 3, dtype="datetime64[D]")


def read_only(values):
    values = values.copy()
    values.setflags(write=False)
    return values


def twice_stored(values):
    """The same matrix; every entry is stored in two parts, and the last comes first."""
    whole = csr_matrix(values)
    order = np.concatenate(
        [np.arange(e - 1, b - 1, -1) for b, e in zip(whole.indptr, whole.indptr[1:], strict=False)]
    )
    data, indices = whole.data[order] / 2, whole.indices[order]
    return csr_matrix(
        (np.repeat(data, 2), np.repeat(indices, 2), 2 * whole.indptr), shape=whole.shape
    )


HOLDERS = {
    "array": np.array,
    "Fortran order": np.asfortranarray,
    "read-only": read_only,
    "matrix": lambda v: v.view(np.matrix),
    "masked, nothing masked": np.ma.masked_array,
    "half": lambda v: v.astype(np.float16),
    "long double": lambda v: v.astype(np.longdouble),
    "other byte order": lambda v: v.astype(">f8"),
    "integers": lambda v: v.astype(np.int64),
    "CSR": csr_matrix,
    "CSC": csc_matrix,
    "CSR array": csr_array,
    "CSR of long doubles": lambda v: csr_matrix(v.astype(np.longdouble)),
    "entries stored twice": twice_stored,
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_matrix_is_read_from_whatever_holds_it(holder):
    found = plain_matrix(HOLDERS[holder](TABLE), "adata.X")
    is_sparse = not isinstance(found, np.ndarray)
    np.testing.assert_array_equal(found.toarray() if is_sparse else found, TABLE)
    assert type(found) in (np.ndarray, csr_matrix, csc_matrix)
    assert found.dtype in (np.float32, np.float64, np.int64)
    assert not is_sparse or found.has_canonical_format


def test_a_plain_matrix_is_not_copied():
    sparse = csr_matrix(TABLE)
    assert plain_matrix(TABLE, "adata.X") is TABLE
    assert np.shares_memory(plain_matrix(sparse, "adata.X").data, sparse.data)


def test_a_sparse_matrix_of_the_user_is_left_as_it_is():
    given = twice_stored(TABLE)
    before = given.copy()
    plain_matrix(given, "adata.X")
    for part in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(given, part), getattr(before, part))


def test_what_is_masked_is_missing_and_never_the_fill_value():
    masked = np.ma.masked_array(TABLE.astype(np.int64), mask=np.isnan(MISSING), fill_value=7)
    np.testing.assert_array_equal(plain_matrix(masked, "adata.X"), MISSING)
    np.testing.assert_array_equal(numbers_of(masked, "adata.obsm['spatial']"), MISSING)


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame(MISSING),
        pd.DataFrame(MISSING).astype("Int64"),
        pd.DataFrame(MISSING).astype("Float32"),
        pd.DataFrame(MISSING).astype({0: object, 1: np.longdouble}),
        pd.DataFrame({"x": [1, pd.NA, 5], "y": pd.Series([2, 4, 6], dtype="category")}),
        MISSING.astype(object),
        np.array([[1, 2], [None, 4], [5.0, 6]], dtype=object),
        csr_matrix(MISSING),
        MISSING.view(np.matrix),
    ],
)
def test_missing_values_of_a_table_are_nan(table):
    np.testing.assert_array_equal(numbers_of(table, "adata.obsm['spatial']"), MISSING)


@pytest.mark.parametrize(
    ("table", "found"),
    [
        (pd.DataFrame({"x": ["1", "NA"], "y": [1, 2]}), r"holds str \(such as '1'\).*to_numeric"),
        (pd.DataFrame({"x": ["left", "right"], "y": [1, 2]}, dtype="string"), r"such as 'left'"),
        (np.array([[1, {}]], dtype=object), r"holds int|holds dict"),
        (np.array([["a", "b"]]), r"dtype <U1"),
        (TABLE.astype(complex), r"dtype complex128, not real numbers"),
        (pd.DataFrame(TABLE.astype(complex)), r"complex"),
        (DATES, r"dtype datetime64\[D\]"),
    ],
)
def test_what_is_no_number_is_named(table, found):
    with pytest.raises(ValueError, match=r"adata.obsm\['spatial'\] holds") as error:
        numbers_of(table, "adata.obsm['spatial']")
    error.match(found)


@pytest.mark.parametrize(
    "matrix",
    [TABLE.astype(object), TABLE.astype(complex), csr_matrix(TABLE.astype(complex)), DATES],
)
def test_a_matrix_that_does_not_hold_numbers_is_named_with_a_remedy(matrix):
    with pytest.raises(ValueError, match=r"adata.layers\['a'\] holds values of dtype .*astype"):
        plain_matrix(matrix, "adata.layers['a']")
