import anndata
import numpy as np
import pytest
from benchmarks.speed import larger_than_memory

from dpvae._data.expression import check_counts, check_log_normalized
from dpvae.tl import autocorrelation


@pytest.mark.parametrize("logarithms", [True, False])
def test_a_section_is_written_in_parts_and_follows_the_tissue(logarithms, tmp_path, monkeypatch):
    monkeypatch.setattr(larger_than_memory, "N_GENES", 60)
    monkeypatch.setattr(larger_than_memory, "PER_CELL", 6)
    monkeypatch.setattr(larger_than_memory, "CELLS_AT_ONCE", 70)
    larger_than_memory.write_section(tmp_path / "section.h5ad", 500, logarithms=logarithms)
    adata = anndata.read_h5ad(tmp_path / "section.h5ad")
    assert adata.shape == (500, 60)
    assert adata.X.has_canonical_format
    assert set(np.diff(adata.X.indptr)) == {6}
    (check_log_normalized if logarithms else check_counts)(adata, None)
    assert autocorrelation(adata, copy=True)["morans_i"].max() > 0.2
