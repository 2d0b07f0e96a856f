import numpy as np
import pytest

from dpvae import pl


def test_a_scaled_copy_lies_on_the_diagonal(tissue):
    tissue.obsm["X_dpvae"] = tissue.obsm["spatial"] / 100
    ax = pl.shepard(tissue, unit="µm")
    median = next(line for line in ax.lines if line.get_label() == "median")
    step = tissue.obsm["spatial"].max() / 20
    np.testing.assert_allclose(median.get_ydata(), median.get_xdata(), atol=step)
    assert ax.get_ylabel() == "latent distance / λ (µm)"


def test_all_pairs_are_counted_and_the_scale_is_used(tissue):
    tissue.obsm["X_dpvae"] = tissue.obsm["spatial"] / 100
    ax = pl.shepard(tissue, distance_scale=0.02)
    counts = ax.collections[0].get_array()
    assert counts.sum() == 120 * 119 / 2
    median = next(line for line in ax.lines if line.get_label() == "median")
    ratio = median.get_ydata() / median.get_xdata()
    assert np.median(ratio) == pytest.approx(0.5, abs=0.05)


def test_missing_representation_is_named(tissue):
    with pytest.raises(KeyError, match=r"no adata\.obsm\['X_dpvae'\]"):
        pl.shepard(tissue)
