import numpy as np
from anndata import AnnData

import dpvae

from ..conftest import log_normalized  # noqa: TID252

CHOSEN = "spatially_variable"
RANK, SCORE = f"{CHOSEN}_rank", f"{CHOSEN}_score"


def chosen(adata, n_top_genes=10, **options):
    table = dpvae.pp.spatially_variable_genes(adata, n_top_genes=n_top_genes, copy=True, **options)
    return set(table.index[table[CHOSEN]])


def with_noise(adata, n_genes=40, seed=0):
    """The section with as many genes more, which vary alike but in random order of the cells."""
    rng = np.random.default_rng(seed)
    values = adata.X.toarray()
    noise = np.column_stack([rng.permutation(gene) for gene in values.T[:n_genes]])
    names = [*adata.var_names, *(f"noise_{k}" for k in range(n_genes))]
    mixed = AnnData(np.hstack([values, noise]), obs=adata.obs, obsm=dict(adata.obsm))
    mixed.var_names = names
    return mixed


def test_genes_that_follow_the_tissue_come_first(expression):
    mixed = with_noise(expression)
    dpvae.pp.spatially_variable_genes(mixed, n_top_genes=20)
    assert mixed.var[CHOSEN].sum() == 20
    assert not any(name.startswith("noise") for name in mixed.var_names[mixed.var[CHOSEN]])


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
