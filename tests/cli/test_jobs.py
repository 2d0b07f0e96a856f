"""The jobs of the command line."""

import numpy as np
import pytest
import scanpy as sc

from dpvae.cli.jobs import (
    chosen_genes,
    has_genes,
    log_normalized,
    place_cells,
    shared_genes,
    train_model,
    typical_counts,
)


def test_a_reference_is_normalized_to_its_median_depth(counts):
    typical = typical_counts(counts, None)
    median = np.median(np.asarray(counts.X.sum(axis=1)))
    assert sum(typical.values()) == pytest.approx(median)
    found = log_normalized(counts, None, typical)
    sc.pp.normalize_total(counts, target_sum=median)
    sc.pp.log1p(counts)
    np.testing.assert_allclose(found.X.toarray(), counts.X.toarray(), rtol=1e-5)


def test_depth_and_foreign_genes_of_a_query_do_not_matter(counts):
    typical = typical_counts(counts[:, :30].copy(), None)
    expected = log_normalized(counts[:, :30].copy(), None, typical)
    counts.X = 5 * counts.X
    found = log_normalized(counts, None, typical)
    assert found.var_names.tolist() == expected.var_names.tolist()
    np.testing.assert_allclose(found.X.toarray(), expected.X.toarray(), rtol=1e-5)


def test_genes_that_a_query_lacks_do_not_count_for_its_depth(counts):
    typical = typical_counts(counts, None)
    complete = log_normalized(counts, None, typical)
    partial = log_normalized(counts[:, :25].copy(), None, typical)
    depths = [np.expm1(part.X.toarray()).sum(axis=1).mean() for part in (partial, complete[:, :25])]
    assert depths[0] == pytest.approx(depths[1], rel=0.05)


def test_a_layer_is_normalized_and_the_cells_are_not_changed(counts):
    counts.layers["counts"] = counts.X.copy()
    counts.X = 0 * counts.X
    before = counts.copy()
    found = log_normalized(counts, "counts", typical_counts(counts, "counts"))
    assert found.layers["counts"].max() > 0
    np.testing.assert_array_equal(
        counts.layers["counts"].toarray(), before.layers["counts"].toarray()
    )
    assert found.X.max() == 0


def test_cells_of_other_genes_are_returned_as_they_are(counts):
    assert log_normalized(counts, None, {"another": 1.0}) is counts


def test_shared_genes_keep_the_order_of_the_reference(counts):
    query = counts[:, ::-2].copy()
    shared = shared_genes(counts, query)
    assert shared.var_names.tolist() == [g for g in counts.var_names if g in query.var_names]
    assert shared_genes(counts, counts) is counts
    query.var_names = [f"{name}x" for name in query.var_names]
    with pytest.raises(ValueError, match="none of the reference's 40 genes"):
        shared_genes(counts, query)


def test_few_genes_are_all_kept(counts):
    assert chosen_genes(counts, 40) is counts
    assert chosen_genes(counts) is counts
    assert chosen_genes(counts, 7).n_vars == 7


def test_cells_without_a_gene_of_the_model_are_found(counts):
    genes = counts.var_names[[2]]
    expected = counts.X[:, 2].toarray().ravel() > 0
    assert not expected.all()
    np.testing.assert_array_equal(has_genes(counts, None, genes), expected)
    counts.layers["dense"] = counts.X.toarray()
    np.testing.assert_array_equal(has_genes(counts, "dense", genes), expected)
    assert has_genes(counts, None, ["another"]).all()


@pytest.mark.trains
@pytest.mark.parametrize("model_name", ["dpvae", "dpscvi"])
def test_cells_without_chosen_genes_are_left_out_and_get_no_place(model_name, counts):
    filled = np.ones((240, 1))
    filled[[3, 200, 201]] = 0
    counts.X = counts.X.multiply(filled).tocsr()
    with pytest.warns(UserWarning, match="1 cell of 180 has none of the chosen genes and is left"):
        model = train_model(counts[:180].copy(), model_name=model_name, epochs=1)
    with pytest.warns(UserWarning, match="Each of 2 cells of 60 has none of the model's genes"):
        latent, places = place_cells(model, counts[180:].copy())
    for values in (latent, places):
        assert np.flatnonzero(np.isnan(values).any(axis=1)).tolist() == [20, 21]
    with pytest.raises(ValueError, match="No cell of the query has any of the model's genes"):
        place_cells(model, counts[200:202].copy())
