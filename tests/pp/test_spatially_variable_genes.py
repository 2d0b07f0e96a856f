import numpy as np

import dpvae

from ..conftest import log_normalized  # noqa: TID252

CHOSEN = "spatially_variable"
RANK, SCORE = f"{CHOSEN}_rank", f"{CHOSEN}_score"


def chosen(adata, n_top_genes=10, **options):
    table = dpvae.pp.spatially_variable_genes(adata, n_top_genes=n_top_genes, copy=True, **options)
    return set(table.index[table[CHOSEN]])


def test_genes_that_follow_the_tissue_come_first(expression):
    first = sorted(chosen(expression, 12))
    assert expression.var.loc[first, "is_spatial"].all()
    assert not expression.var["is_spatial"].all()


def test_rank_and_choice_follow_the_score(expression):
    dpvae.pp.spatially_variable_genes(expression, n_top_genes=7)
    var = expression.var
    assert sorted(var[RANK]) == list(range(40))
    assert var.sort_values(RANK)[SCORE].is_monotonic_decreasing
    assert (var[CHOSEN] == (var[RANK] < 7)).all()
    assert var[CHOSEN].dtype == bool


def test_counts_and_their_logarithms_are_scored_alike(counts):
    before = counts.X.copy()
    from_counts = dpvae.pp.spatially_variable_genes(counts, copy=True)
    assert (before != counts.X).nnz == 0
    from_logarithms = dpvae.pp.spatially_variable_genes(log_normalized(counts), copy=True)
    np.testing.assert_allclose(from_counts[SCORE], from_logarithms[SCORE], rtol=1e-4)
