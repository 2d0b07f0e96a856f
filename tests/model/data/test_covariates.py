import numpy as np
import pandas as pd
import pytest
from tests.conftest import QUICK, QUIET

from dpvae.model import DPSCVI
from dpvae.model.data.covariates import check_covariates

ONE = np.linspace(1, 2, 240)
NUMBERS = {
    "single precision": ONE.astype(np.float32),
    "integers": np.arange(1, 241),
    "nullable integers": pd.array(np.arange(1, 241), dtype="Int64"),
    "nullable floats": pd.array(ONE, dtype="Float64"),
    "categories": pd.Categorical(np.arange(240) % 3 + 1),
    "objects": pd.Series(ONE, dtype=object).to_numpy(),
    "long double": ONE.astype(np.longdouble),
}
NO_NUMBERS = {
    "text": [f"{x:.2f}" for x in ONE],
    "a column of text": pd.array([f"{x:.2f}" for x in ONE], dtype="string"),
    "categories of text": pd.Categorical(["a", "b"] * 120),
    "dates": pd.date_range("2020-01-01", periods=240),
    "complex": ONE + 0j,
    "a word among numbers": pd.Series([*ONE[1:], "high"], dtype=object).to_numpy(),
}
NOT_FINITE = {
    "NaN": np.r_[np.nan, ONE[1:]],
    "infinite": np.r_[ONE[1:], -np.inf],
    "missing": pd.array([None, *range(1, 240)], dtype="Int64"),
    "too large": np.r_[1e300, ONE[1:]],
}
NOT_POSITIVE = {
    "zero": np.r_[0.0, ONE[1:]],
    "negative": -ONE,
    "logarithms": np.log(ONE) - 0.1,
    "too small": np.r_[1e-60, ONE[1:]],
    "truth": np.arange(240) % 2 == 0,
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers_of_all_types_pass(counts, kind):
    counts.obs["c"] = NUMBERS[kind]
    check_covariates(counts, {"size_factor_key": "c", "continuous_covariate_keys": ["c"]})


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        (NO_NUMBERS, "values that are not numbers"),
        (NOT_FINITE, "1 value that is NaN or infinite"),
    ],
)
@pytest.mark.parametrize("setup", [{"size_factor_key": "c"}, {"continuous_covariate_keys": ["c"]}])
def test_what_is_no_finite_number_is_refused(counts, columns, found, setup):
    for column in columns.values():
        counts.obs["c"] = column
        with pytest.raises(ValueError, match=rf"adata.obs\['c'\], which was named as .*{found}"):
            check_covariates(counts, setup)


@pytest.mark.parametrize("kind", NOT_POSITIVE)
def test_size_factors_are_above_zero_and_other_covariates_may_be_anything(counts, kind):
    counts.obs["c"] = NOT_POSITIVE[kind]
    check_covariates(counts, {"continuous_covariate_keys": ["c"]})
    with pytest.raises(ValueError, match=r"obs\['c'\].* not above 0 \(down to .*np.exp"):
        check_covariates(counts, {"size_factor_key": "c"})


@pytest.mark.parametrize("name", ["continuous_covariate_keys", "categorical_covariate_keys"])
def test_covariates_are_named_by_a_list(counts, name):
    for keys in ("age", ("age",)):
        with pytest.raises(ValueError, match=rf"give a list, {name}=\['age'\]"):
            check_covariates(counts, {name: keys})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size_factor_key": "c"}, "size factors, holds 240 values that are not above 0"),
        ({"continuous_covariate_keys": ["text"]}, "a continuous covariate, holds values that are"),
        ({"continuous_covariate_keys": "c"}, "give a list"),
    ],
)
def test_a_refused_setup_changes_nothing(counts, options, message):
    counts.obs["c"], counts.obs["text"] = -ONE, NO_NUMBERS["text"]
    obs, obsm, uns = counts.obs.copy(), sorted(counts.obsm), sorted(counts.uns)
    with pytest.raises(ValueError, match=message):
        DPSCVI.setup_anndata(counts, **options)
    assert counts.obs.equals(obs)
    assert (sorted(counts.obsm), sorted(counts.uns)) == (obsm, uns)


@pytest.fixture
def model_with_sizes(counts):
    counts.obs["size"] = np.asarray(counts.X.sum(axis=1)).ravel()
    counts.obs["age"] = ONE
    keys = {"size_factor_key": "size", "continuous_covariate_keys": ["age"]}
    DPSCVI.setup_anndata(counts, **keys)
    model = DPSCVI(counts, **QUICK)
    model.train(max_epochs=1, **QUIET)
    return model


@pytest.mark.trains
def test_cells_that_a_saved_model_is_loaded_with_are_checked(model_with_sizes, counts, tmp_path):
    model_with_sizes.save(str(tmp_path / "model"))
    counts.obs["size"] = np.log(ONE) - 0.1
    with pytest.raises(ValueError, match=r"obs\['size'\].* not above 0"):
        DPSCVI.load(tmp_path / "model", adata=counts)


@pytest.mark.trains
@pytest.mark.parametrize("column", ["size", "age"])
def test_queries_are_refused_where_the_column_is_read_and_placed_where_it_is_not(
    model_with_sizes, counts, column
):
    query = counts[:20].copy()
    expected = model_with_sizes.predict_coordinates(query)
    query.obs[column] = query.obs[column].map("{:.2f}".format)
    np.testing.assert_array_equal(model_with_sizes.predict_coordinates(query), expected)
    for call in (
        model_with_sizes.get_normalized_expression,
        model_with_sizes.get_elbo,
        lambda cells: DPSCVI.load_query_data(cells, model_with_sizes),
    ):
        with pytest.raises(ValueError, match=rf"obs\['{column}'\].* not numbers"):
            call(query)
