import numpy as np
import pytest
from anndata import AnnData

from dpvae.tl.log_normalised import read_log_normalised


def test_values_are_those_of_the_layer(expression):
    expression.layers["double"] = expression.X * 2
    np.testing.assert_array_equal(
        read_log_normalised(expression, "double")[:5].toarray(), 2 * expression.X[:5].toarray()
    )
    assert read_log_normalised(expression, None) is expression.X


def test_values_on_disk_are_checked_and_read(backed, expression, counts):
    found = read_log_normalised(backed(expression), None)
    np.testing.assert_array_equal(found[:7].toarray(), expression.X[:7].toarray())
    with pytest.raises(ValueError, match=r"reference\.X holds raw counts"):
        read_log_normalised(backed(counts, "counts"), None, name="reference")


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(expression, wrong):
    expression.X = expression.X.toarray()
    expression.X[3, 4] = wrong
    with pytest.raises(ValueError, match=r"adata\.X holds values that are NaN or infinite"):
        read_log_normalised(expression, None)


def test_missing_expression_is_named(expression):
    with pytest.raises(KeyError, match=r"no query\.layers\['logs'\]"):
        read_log_normalised(expression, "logs", name="query")
    with pytest.raises(ValueError, match=r"query\.X is empty"):
        read_log_normalised(AnnData(obs=expression.obs), None, name="query")
