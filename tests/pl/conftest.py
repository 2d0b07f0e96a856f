from collections.abc import Iterator

import anndata as ad
import matplotlib as mpl
import numpy as np
import pytest

from dpvae.datasets import simulated_tissue


@pytest.fixture(autouse=True)
def figures() -> Iterator[None]:
    """Draw without a screen; close what was drawn here, and before by others (doc examples)."""
    import matplotlib.pyplot as plt

    plt.close("all")
    backend = mpl.get_backend()
    mpl.use("Agg")
    yield
    plt.close("all")
    mpl.use(backend)


def recovered_tissue(n_dims: int) -> ad.AnnData:
    adata = simulated_tissue(120, 20, n_dims=n_dims)
    noise = np.random.default_rng(0).normal(0, 150, (120, n_dims))
    adata.obsm["spatial_dpvae"] = adata.obsm["spatial"] + noise
    return adata


@pytest.fixture
def tissue() -> ad.AnnData:
    return recovered_tissue(2)


@pytest.fixture
def tissue_3d() -> ad.AnnData:
    return recovered_tissue(3)
