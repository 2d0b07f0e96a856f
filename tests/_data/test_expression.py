import anndata
import numpy as np
import pytest
from scipy.sparse import csr_matrix

from dpvae._data.expression import (
    check_counts,
    check_log_normalized,
    count_depths,
    depths,
    expression_of,
    holds_counts,
    warn_if_scaled,
)


def section(values, *, sparse=False, layer=None):
    values = np.asarray(values, dtype=np.float32)
    stored = csr_matrix(values) if sparse else values
    if layer is None:
        return anndata.AnnData(stored)
    return anndata.AnnData(shape=values.shape, layers={layer: stored})


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([[0, 3], [2, 1]], True),
        ([[0, 1], [1, 0]], False),
        ([[0.5, 3], [2, 1]], False),
        ([[-1, 3], [2, 1]], False),
    ],
)
def test_counts_are_recognised(values, expected, sparse):
    assert holds_counts(section(values, sparse=sparse), None) is expected


@pytest.mark.parametrize("sparse", [False, True])
def test_raw_counts_are_answered_with_the_calls_that_normalize_them(sparse):
    adata = section([[0, 3], [2, 1]], sparse=sparse, layer="raw")
    with pytest.raises(ValueError, match=r"query.layers\['raw'\] holds raw counts") as error:
        check_log_normalized(adata, "raw", name="query", otherwise="use DPSCVI.")
    assert "sc.pp.normalize_total(query, layer='raw', target_sum=…)" in str(error.value)
    assert "sc.pp.log1p(query, layer='raw')" in str(error.value)
    assert str(error.value).endswith("or use DPSCVI.")


@pytest.mark.parametrize("check", [check_counts, check_log_normalized])
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
@pytest.mark.parametrize("sparse", [False, True])
def test_values_that_are_not_finite_are_counted(check, wrong, sparse):
    with pytest.raises(ValueError, match=r"adata.X holds 1 value that is NaN, infinite or"):
        check(section([[0.5, wrong], [2, 1]], sparse=sparse), None)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[0, -3], [2, 1]], r"negative values \(down to -3\); this model takes raw counts"),
        ([[0, 2.5], [2, 1]], r"values that are not integers \(such as 2.5\)"),
        ([[0, 0], [2, 1]], r"1 of 2 cells have no counts at all .* sc.pp.filter_cells"),
    ],
)
def test_what_is_no_count_is_named(values, message, sparse):
    with pytest.raises(ValueError, match=message):
        check_counts(section(values, sparse=sparse), None)


def test_cells_have_the_name_that_the_user_gave_them():
    with pytest.raises(ValueError, match=r"at all in query.X. .*filter_cells\(query, min_counts=1"):
        check_counts(section([[0, 0], [2, 1]]), None, name="query")


def test_good_values_pass():
    check_counts(section([[0, 3], [2, 1]]), None)
    check_log_normalized(section([[0, 0.3], [2, 1]]), None)


def test_missing_values_are_named():
    with pytest.raises(
        KeyError, match=r"no adata.layers\['counts'\]: layers has \['raw'\].*layer=…"
    ):
        expression_of(section([[1, 2]], layer="raw"), "counts")
    with pytest.raises(ValueError, match=r"query.X is empty"):
        expression_of(section([[1, 2]], layer="raw"), None, name="query")


@pytest.mark.slow
@pytest.mark.parametrize("wrong", [np.nan, -3.0, 2.5])
def test_counts_on_disk_are_checked_to_the_last_row(wrong, counts, on_disk, monkeypatch):
    monkeypatch.setattr("dpvae._data.expression.ROWS_AT_A_TIME", 50)
    check_counts(on_disk(counts), None)
    changed = counts.copy()
    changed.X.data[-1] = wrong
    with pytest.raises(ValueError, match=r"adata.X holds"):
        check_counts(on_disk(changed, "changed"), None)


@pytest.mark.slow
def test_log_normalized_values_on_disk_are_not_taken_for_counts(expression, counts, on_disk):
    check_log_normalized(on_disk(expression), None)
    with pytest.raises(ValueError, match=r"adata.X holds raw counts"):
        check_log_normalized(on_disk(counts, "counts"), None)


@pytest.mark.slow
def test_depths_and_empty_cells_on_disk_are_those_in_memory(counts, on_disk, monkeypatch):
    monkeypatch.setattr("dpvae._data.expression.ROWS_AT_A_TIME", 50)
    counts.X = counts.X.multiply(np.arange(240)[:, None] != 100).tocsr()
    stored = on_disk(counts)
    np.testing.assert_array_equal(depths(expression_of(stored, None)), depths(counts.X))
    with pytest.raises(ValueError, match="1 of 240 cells have no counts at all"):
        check_counts(stored, None)


@pytest.mark.parametrize("sparse", [False, True])
def test_scaled_values_are_noticed(sparse):
    with pytest.warns(UserWarning, match=r"adata.X holds negative values \(down to -1.5\)"):
        warn_if_scaled(section([[0, 0.5], [-1.5, 2]], sparse=sparse), None)
    warn_if_scaled(section([[0, 0.5], [1.5, 2]], sparse=sparse), None)


def test_depth_of_counts_is_summed_to_the_last_row(counts, on_disk, monkeypatch):
    monkeypatch.setattr("dpvae._data.expression.ROWS_AT_A_TIME", 50)
    stored = expression_of(on_disk(counts), None)
    np.testing.assert_array_equal(count_depths(stored, "X"), depths(counts.X))
    assert count_depths(counts.X[:0], "X").shape == (0,)
    assert count_depths(np.eye(3, dtype=bool), "X").tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("wrong", "message"), [(np.nan, "NaN"), (-3.0, r"as -3.0\)"), (2.5, r"as 2.5\)")]
)
def test_depth_of_what_is_no_count_is_refused(wrong, message, counts):
    counts.X.data[-1] = wrong
    with pytest.raises(ValueError, match=f"raw X holds .*{message}"):
        count_depths(counts.X, "raw X")
