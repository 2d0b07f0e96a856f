"""Counts brought to the depth of a reference."""

import numpy as np
import pytest
import scanpy as sc

from dpvae.cli.normalization import log_normalized, typical_counts


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
