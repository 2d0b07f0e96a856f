"""Folders of instruments, read in micrometres."""

import builtins

import numpy as np
import pytest
from tests.instrument_folders import FOLDERS, write_visium_hd

from dpvae import io

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture
def _with_readers():
    pytest.importorskip("spatialdata_io")


@pytest.mark.usefixtures("_with_readers")
@pytest.mark.parametrize("instrument", FOLDERS)
def test_cells_are_read_with_their_places_in_micrometers(instrument, counts, tmp_path):
    true = FOLDERS[instrument](tmp_path / "run" / "outs", counts)
    adata = io.table_of(io.read_instrument(tmp_path / "run" / "outs"))
    assert adata.uns["spatial_params"] == {
        "coordinate_system": "micrometers",
        "unit": "micrometer",
    }
    assert sorted(adata.obs_names) == sorted(true.obs_names)
    true = true[adata.obs_names]
    np.testing.assert_allclose(adata.obsm["spatial"], true.obsm["spatial"], atol=1e-6)
    found = adata[:, true.var_names].X
    np.testing.assert_array_equal(
        found.toarray() if hasattr(found, "toarray") else found, true.X.toarray()
    )
