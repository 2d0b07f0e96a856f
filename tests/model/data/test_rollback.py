import numpy as np
import pandas as pd
import pytest

from dpvae.model.data.rollback import unchanged_if_it_fails


def write(cells):
    cells.obs["_new"] = 1
    cells.obs["region"] = "other"
    cells.obsm["spatial"] = np.zeros((cells.n_obs, 2))
    cells.obsm["_new"] = np.zeros((cells.n_obs, 2))
    cells.uns["_new"], cells.uns["old"] = 1, 2


def write_and_fail(cells, error):
    with unchanged_if_it_fails(cells):
        write(cells)
        raise error


@pytest.fixture
def cells(counts):
    counts.obs["region"] = pd.Categorical(["a", "b"] * 120)
    counts.uns["old"] = 1
    return counts


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_a_failed_call_wrote_is_taken_back(cells, error):
    before = cells.copy()
    with pytest.raises(error):
        write_and_fail(cells, error)
    pd.testing.assert_frame_equal(cells.obs, before.obs)
    assert cells.obsm.keys() == before.obsm.keys()
    np.testing.assert_array_equal(cells.obsm["spatial"], before.obsm["spatial"])
    assert cells.uns.keys() == before.uns.keys()
    assert cells.uns["old"] == 1


def test_what_a_call_wrote_that_did_not_fail_stays(cells):
    with unchanged_if_it_fails(cells):
        write(cells)
    assert cells.uns["old"] == 2
    assert {"_new"} <= set(cells.obs) & set(cells.obsm) & set(cells.uns)
    assert (cells.obs["region"] == "other").all()
