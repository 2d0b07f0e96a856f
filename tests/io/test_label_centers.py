"""Centres of labels, block by block."""

import dask.array as da
import numpy as np
import pandas as pd
import pytest
from spatialdata import get_centroids
from spatialdata.models import Labels2DModel, Labels3DModel

from dpvae.io.label_centers import label_centers


@pytest.mark.parametrize("chunks", [(60, 80), (17, 23)])
def test_blocks_give_what_the_whole_image_gives(chunks):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 30, size=(60, 80)) * 10**12  # as large as the names of MERSCOPE
    element = Labels2DModel.parse(da.from_array(labels, chunks=chunks), dims=("y", "x"))
    found, expected = label_centers(element), get_centroids(element).compute()
    pd.testing.assert_frame_equal(found.loc[expected.index], expected[["x", "y"]])
    assert len(found) == len(expected) == 29


def test_the_finest_of_several_scales_counts():
    labels = np.kron(np.arange(12).reshape(3, 4), np.ones((8, 8), dtype=int))
    element = Labels2DModel.parse(labels, dims=("y", "x"), scale_factors=[2])
    expected = [[8.0 * (n % 4) + 4.0, 8.0 * (n // 4) + 4.0] for n in range(1, 12)]
    np.testing.assert_allclose(label_centers(element), expected)


def test_labels_in_space_have_three_coordinates():
    labels = np.zeros((4, 6, 8), dtype=int)
    labels[1:3, 2:4, 4:8] = 5
    element = Labels3DModel.parse(da.from_array(labels, chunks=2), dims=("z", "y", "x"))
    found = label_centers(element)
    assert list(found) == ["x", "y", "z"]
    np.testing.assert_allclose(found, get_centroids(element).compute()[["x", "y", "z"]])
