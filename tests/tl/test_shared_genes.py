import pytest
from anndata import AnnData
from scipy.sparse import csr_matrix

import dpvae
from dpvae.datasets import simulated_tissue


def test_genes_under_other_names_are_reported(cells, tissue):
    tissue.var_names = [name.upper() for name in tissue.var_names]
    with pytest.raises(ValueError, match=r"share 0 genes.* 20 more of tissue are in cells under"):
        dpvae.tl.join(cells, tissue)
    names = [name.lower() for name in tissue.var_names]
    tissue.var_names = [*names[:12], *tissue.var_names[12:]]
    with pytest.warns(UserWarning, match=r"8 further genes of tissue.*match_genes\(cells, tissue"):
        joint = dpvae.tl.join(cells, tissue)
    assert joint.uns["dpvae_join"]["n_shared"] == 12
    dpvae.tl.match_genes(cells, tissue, rename=True)
    assert dpvae.tl.join(cells, tissue).uns["dpvae_join"]["n_shared"] == 20


def test_nothing_or_too_little_in_common(cells, tissue):
    message = r"share 9 genes, at least 10 are needed\. Nor does .*match_genes.* one organism\?"
    with pytest.raises(ValueError, match=message):
        dpvae.tl.join(cells, tissue[:, 11:])
    tissue.var_names = [f"other {number}" for number in range(21)]
    with pytest.raises(ValueError, match=r"share 0 genes.*cells like 'gene_01' and tissue like"):
        dpvae.tl.join(cells, tissue)


def test_cells_without_shared_genes_are_counted(cells, tissue):
    values = cells.X.toarray()
    values[:7, cells.var_names.isin(tissue.var_names)] = 0
    cells.X = csr_matrix(values)
    with pytest.warns(UserWarning, match="7 of 120 cells of cells have no value in any of the 20"):
        dpvae.tl.join(cells, tissue)


def test_the_same_cells_are_not_given_twice(cells, tissue):
    with pytest.raises(ValueError, match=r"cells and tissue share 120 names .* given twice"):
        dpvae.tl.join(tissue, tissue)
    some = tissue.copy()
    some.obs_names = [*tissue.obs_names[:40], *cells.obs_names[40:]]
    with pytest.raises(ValueError, match="share 40 names"):
        dpvae.tl.join(some, tissue)


def test_names_that_coincide_are_not_the_same_cells():
    adata = simulated_tissue(80, 40, seed=0)
    other = simulated_tissue(80, 40, seed=1)
    assert dpvae.tl.join(adata, other).obs_names[80] == f"tissue-{other.obs_names[0]}"
    with pytest.raises(ValueError, match="given twice"):
        dpvae.tl.join(adata, AnnData(adata.X, var=adata.var, obs=adata.obs, obsm=adata.obsm))
