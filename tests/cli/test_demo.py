"""The demo of the command line."""

import warnings

import numpy as np
import pandas as pd
import pytest

from dpvae.cli.demo import run_demo


@pytest.mark.slow
def test_cells_of_one_name_are_hidden_and_scored_by_their_row(counts):
    counts.obs_names = [f"cell {row}" for row in range(counts.n_obs)]
    twice = counts.copy()
    options = dict.fromkeys(("layer", "sample_key", "n_genes", "epochs")) | {
        "spatial_key": "spatial"
    }
    with warnings.catch_warnings(action="ignore"):
        twice.obs_names = ["barcode"] * counts.n_obs
        found, same = (
            run_demo(adata, model_name="surfaces", seed=0, **options) for adata in (counts, twice)
        )
    np.testing.assert_array_equal(found.obs["hidden"].to_numpy(), same.obs["hidden"].to_numpy())
    np.testing.assert_allclose(found.obsm["spatial_dpvae"], same.obsm["spatial_dpvae"])
    pd.testing.assert_frame_equal(found.uns["scores"], same.uns["scores"])
