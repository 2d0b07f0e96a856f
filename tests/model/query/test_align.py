import numpy as np
import pandas as pd
import pytest

from dpvae.model.data.setup import Setup
from dpvae.model.query.align import (
    UNNAMED,
    align_query,
    check_gene_order,
    check_query_columns,
)

GENES = pd.Index(["a", "b", "c", "d", "e", "f"])


def set_up(sections=("one", "two"), **setup):
    registry = {
        "model_name": "DPVAE",
        "setup_args": {
            "layer": None,
            "spatial_key": "spatial",
            "sample_key": None,
            "batch_key": None,
        }
        | setup,
        "field_registries": {
            "batch": {"state_registry": {"categorical_mapping": np.array(sections)}},
            "section": {
                "state_registry": {"categorical_mapping": np.array(sections)},
                "data_registry": {"attr_key": "_scvi_section"},
            },
            "extra_categorical_covs": {"state_registry": {"mappings": {"sex": np.array(["f"])}}},
            "X": {"state_registry": {"column_names": GENES, "n_obs": 9, "kind": "logarithms"}},
            "coordinates": {"state_registry": {"n_dims": 2, "unit": 5.0}},
        },
    }
    return Setup.of(registry)


@pytest.fixture
def query(expression):
    query = expression[:5, :8].copy()
    query.var_names = ["f", "x", "b", "a", "d", "c", "e", "y"]
    query.obs["donor"] = ["one", "two", "one", "one", "three"]
    return query


def align(query, fill_covariates=True, **setup):
    return align_query(query, set_up(**setup), fill_covariates=fill_covariates)


def sections(query, known):
    return align(query, sections=known, sample_key="slide").obs["slide"].tolist()


def test_genes_are_matched_by_name_and_the_query_is_left_alone(query):
    before = query.copy()
    aligned = align(query)
    assert aligned.var_names.tolist() == GENES.tolist()
    np.testing.assert_array_equal(aligned.X.toarray(), query[:, GENES.tolist()].X.toarray())
    np.testing.assert_array_equal(query.X.toarray(), before.X.toarray())
    pd.testing.assert_frame_equal(query.obs, before.obs)
    assert list(query.obsm) == list(before.obsm)
    assert query.uns.keys() == before.uns.keys()


@pytest.mark.parametrize("names", [pd.date_range("2020-01-01", periods=5), np.arange(5) + 0.5])
def test_cells_may_be_named_by_anything(query, names):
    given = query.copy()
    given.obs.index = pd.Index(names)
    np.testing.assert_array_equal(align(given).X.toarray(), align(query).X.toarray())
    assert align(given).obs_names.tolist() == pd.Index(names).astype(str).tolist()
    assert given.obs.index.equals(pd.Index(names))


def test_a_layer_is_read(query):
    query.layers["log"] = query.X * 2
    aligned = align(query, layer="log")
    np.testing.assert_array_equal(
        aligned.layers["log"].toarray(), 2 * query[:, GENES.tolist()].X.toarray()
    )


def test_missing_genes_are_answered_with_the_remedy(query):
    with pytest.raises(ValueError, match=r"lacks 2 of the reference's 6 genes \(a, c\)") as error:
        align(query[:, ["b", "d", "e", "f"]].copy())
    assert "dpvae.model.DPVAE.prepare_query_anndata(query, model)" in str(error.value)


def test_other_gene_names_are_shown(query):
    query.var_names = [f"ENSG{number}" for number in range(8)]
    with pytest.raises(ValueError, match=r"none of the reference's 6 genes.*'a'.*'ENSG0'"):
        align(query)


def test_doubled_gene_names_are_refused(query):
    query.var_names = ["a", "a", *query.var_names[2:]]
    with pytest.raises(ValueError, match=r"2 gene names of the query occur more than once"):
        align(query)


def test_order_matters_only_where_it_must(query):
    with pytest.raises(ValueError, match=r"in another order or with further genes.*prepare_query"):
        check_gene_order(query, GENES, "DPVAE")
    check_gene_order(query[:, GENES.tolist()], GENES, "DPVAE")


def test_missing_covariates_are_filled_only_where_they_do_not_matter(query):
    aligned = align(query, batch_key="batch", size_factor_key="size")
    assert (aligned.obs["batch"] == UNNAMED).all()
    assert (aligned.obs["size"] == 1).all()
    with pytest.raises(KeyError, match=r"no adata.obs\['batch'\].*add it"):
        align(query, fill_covariates=False, batch_key="batch")


def test_unknown_batches_are_refused_only_where_they_matter(query):
    assert align(query, batch_key="donor").obs["donor"].tolist() == query.obs["donor"].tolist()
    with pytest.raises(ValueError, match=r"did not have: \['three'\]. Use load_query_data"):
        align(query, fill_covariates=False, batch_key="donor")


def test_several_batch_columns_of_one_name_are_refused(query):
    query.obs = pd.concat([query.obs, query.obs[["donor"]]], axis=1)
    message = r"Several columns of query.obs are called 'donor'"
    with pytest.raises(ValueError, match=message):
        align(query, fill_covariates=False, batch_key="donor", sample_key="slide")


@pytest.mark.parametrize(
    ("known", "given", "expected"),
    [
        ((1, 2), [1, 2, 7, 7, 5], [1, 2, 4, 4, 3]),
        ((1, 2), ["1", "2", "x", "x", "y"], [1, 2, 3, 3, 4]),
        (("1", "2"), [1, 2, 7, 7, 5], ["1", "2", "7", "7", "5"]),
        ((False, True), ["True", "False", "a", "a", "b"], [True, False, 2, 2, 3]),
    ],
)
def test_sections_are_compared_as_texts(query, known, given, expected):
    query.obs["slide"] = given
    assert sections(query, known) == expected
    query.obs["slide"] = pd.Categorical(given)
    assert sections(query, known) == expected


@pytest.mark.parametrize(
    ("known", "expected"), [((1, 2), 3), (("one", "two"), "query"), (("query", "two"), "query_")]
)
def test_a_query_without_sections_is_a_new_one(query, known, expected):
    assert sections(query, known) == [expected] * 5


def test_cells_without_a_section_and_queries_without_cells_are_refused(query):
    query.obs["slide"] = ["one", "one", None, "two", "two"]
    with pytest.raises(ValueError, match=r"query.obs\['slide'\] is missing for 1 of 5 cells"):
        sections(query, ("one", "two"))
    with pytest.raises(ValueError, match="no cells"):
        align(query[:0].copy())


def test_a_query_to_learn_from_needs_the_columns_of_the_reference(query):
    known = set_up((1, 2), sample_key="slide")
    with pytest.raises(KeyError, match=r"no adata.obs\['slide'\]"):
        check_query_columns(query, known)
    query.obs["slide"] = list("aabbb")
    with pytest.raises(ValueError, match=r"holds values of type str, the reference's column int"):
        check_query_columns(query, known)
    query.obs["slide"] = [2, 2, 3, 3, 3]
    check_query_columns(query, known)


def test_cells_can_be_grouped_by_a_column_that_is_no_covariate(query):
    query.obs["donor"] = ["one", "two", "one", "one", "two"]
    query.obs["kind"] = pd.Categorical(["b", "a", "b", "b", "a"])
    before = query.obs.copy()
    aligned = align(query, fill_covariates=False, batch_key="donor")
    assert aligned.obs["kind"].tolist() == ["b", "a", "b", "b", "a"]
    pd.testing.assert_frame_equal(query.obs, before)
    assert "kind" not in align(query, batch_key="donor").obs
