import anndata as ad
import numpy as np
import pandas as pd
import pytest
from tests.conftest import tissue_with_pattern

from dpvae.tl import mirror_symmetry


@pytest.fixture
def placed(expression: ad.AnnData) -> ad.AnnData:
    """A section whose latent representation is its coordinates, turned and scaled by 0.01."""
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    expression.obsm["X_dpvae"] = 0.01 * expression.obsm["spatial"] @ turn
    return expression


@pytest.fixture
def two_sections() -> ad.AnnData:
    """A section, "one", that is symmetric about x = 0, and another, "two", that is not."""
    return _two_sections()


@pytest.fixture
def cells(counts: ad.AnnData) -> ad.AnnData:
    """Dissociated cells: 120, all 40 genes, and coordinates that are not to be taken."""
    adata = counts[:120].copy()
    adata.obs_names = [f"cell {number}" for number in range(120)]
    adata.obs["type"] = pd.Categorical(["a", "b"] * 60)
    adata.obs["is_good"] = True
    return adata


@pytest.fixture
def tissue(counts: ad.AnnData) -> ad.AnnData:
    """Imaged tissue: 120 cells, genes 29 to 10 in this order, and one that nobody has measured."""
    adata = counts[120:, [*range(29, 9, -1), 0]].copy()
    adata.var_names = [*adata.var_names[:-1], "blank"]
    adata.obs_names = [f"spot {number}" for number in range(120)]
    adata.obs["type"] = pd.Categorical(["b", "c"] * 60)
    adata.obs["area"] = np.arange(120)
    adata.obs["slide"] = ["x", "y"] * 60
    return adata


@pytest.fixture
def analyzed(_analyzed: ad.AnnData) -> ad.AnnData:
    """The same, with their mirror lines."""
    return _analyzed.copy()


@pytest.fixture(scope="session")
def _analyzed() -> ad.AnnData:
    adata = _two_sections()
    mirror_symmetry(adata, sample_key="section")
    return adata


def _two_sections() -> ad.AnnData:
    one = tissue_with_pattern(lambda s: np.c_[np.abs(s[:, 0]), s[:, 1]], n_cells=500)
    two = tissue_with_pattern(np.array, n_cells=500, seed=3)
    sizes = [len(one[1]), len(two[1])]
    names = [f"cell_{i}" for i in range(sum(sizes))]
    return ad.AnnData(
        np.concatenate([one[0], two[0]]),
        obs=pd.DataFrame({"section": np.repeat(["one", "two"], sizes)}, index=names),
        obsm={"spatial": np.concatenate([one[1], two[1]])},
    )
