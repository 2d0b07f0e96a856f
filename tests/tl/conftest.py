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
