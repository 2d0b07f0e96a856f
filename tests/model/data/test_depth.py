import numpy as np
import pytest
from scipy.sparse import csc_matrix, csr_matrix
from tests.conftest import log_normalized

from dpvae.model.data import depth
from dpvae.model.data.depth import depths, is_logarithm_twice, kind_of, spread_rows


def fit_depth(values):
    return depth.fit_depth(values, np.full(values.shape[0], ""))


@pytest.fixture
def logs():
    """Logarithms of counts, brought to 300 in every cell, shape (60, 30)."""
    rng = np.random.default_rng(0)
    counts = rng.poisson(rng.gamma(1.0, 8.0, size=30), size=(60, 30)).astype(float)
    return np.log1p(300.0 * counts / counts.sum(axis=1, keepdims=True))


def test_depth_is_the_sum_of_the_genes_before_the_logarithm(logs, monkeypatch):
    monkeypatch.setattr(depth, "ROWS_AT_A_TIME", 7)
    varied = logs[:, 5:]
    naive = [sum(np.exp(x) - 1 for x in row) for row in varied]
    for values in (varied, csr_matrix(varied), csc_matrix(varied)):
        np.testing.assert_allclose(depths(values), naive)
    np.testing.assert_allclose(depths(logs), 300.0)


def test_the_reference_is_described_by_its_cells_that_are_not_empty(logs):
    empty = np.vstack([logs, np.zeros((3, 30))])
    for values in (empty, csr_matrix(empty)):
        found = fit_depth(values)
        assert found.is_equal
        assert found.typical == pytest.approx(300.0)
        assert found.largest == logs.max()
        np.testing.assert_allclose(found.share, np.expm1(logs).sum(0) / np.expm1(logs).sum())
        np.testing.assert_allclose(found.rate, (empty > 0).mean(axis=0))
    assert not fit_depth(logs[:, 5:]).is_equal


def test_the_range_is_that_of_all_sections_however_small(logs):
    deep = np.log1p(2.0 * np.expm1(logs[:1]))
    values = np.vstack([*[logs] * 4, deep])
    section = np.array([*["one"] * 240, "two"])
    found = depth.fit_depth(values, section)
    assert (found.lowest, found.typical, found.highest) == pytest.approx((300.0, 300.0, 600.0))
    assert not found.is_equal


def test_depths_of_scaled_empty_or_plain_values_cannot_be_read(logs):
    assert fit_depth(logs - 0.1) is None
    assert fit_depth(np.zeros((4, 3))) is None
    assert fit_depth(np.expm1(logs)) is None


def test_kinds_follow_from_the_steps_between_values(logs):
    rng = np.random.default_rng(1)
    counts = rng.poisson(4.0, size=(60, 30))
    assert kind_of(np.log1p(counts)) == "raw"
    assert kind_of(csr_matrix(np.log1p(counts))) == "raw"
    assert kind_of(logs) == kind_of(logs[:, 5:]) == "normalized"
    assert kind_of(np.log1p(counts * rng.uniform(0.5, 2.0, size=(60, 1)))) == "normalized"
    smooth = rng.gamma(2.0, size=(60, 30))
    assert kind_of(np.log1p(smooth)) == "other"
    assert kind_of(np.log1p(smooth / smooth.sum(axis=1, keepdims=True))) == "normalized"
    assert kind_of(3 * logs + 1) == "other"
    assert kind_of(rng.uniform(size=(60, 30))) == "other"


@pytest.mark.parametrize("n_cells", [1, 5, 2_000, 2_001, 100_000])
def test_rows_are_spread_over_all_cells(n_cells):
    rows = spread_rows(n_cells)
    assert len(rows) == min(n_cells, 2_000)
    assert (rows[0], rows[-1]) == (0, n_cells - 1)
    assert np.ptp(np.diff(rows)) <= 1 if n_cells > 2 else True


@pytest.mark.parametrize("form", [np.asarray, csr_matrix])
@pytest.mark.parametrize("genes", [slice(None), slice(3, None, 2)], ids=["all", "chosen"])
def test_logarithms_of_logarithms_are_recognised(logs, form, genes):
    values = logs[:, genes].astype(np.float32)
    counts = np.round(np.expm1(values) / 4)
    assert is_logarithm_twice(form(np.log1p(values)))
    assert is_logarithm_twice(form(np.log1p(np.log1p(counts))))
    for others in (values, counts, np.log1p(counts), values / values.max(), values - 1.0):
        assert not is_logarithm_twice(form(others))
    assert not is_logarithm_twice(form(np.log1p(np.log1p(values))))  # three times: not known


@pytest.mark.real
@pytest.mark.parametrize(
    "name", ["dlpfc_151507", "merfish_mouse_poa_6509", "st_her2_breast_tumour_A1"]
)
@pytest.mark.filterwarnings("ignore:Some cells have zero counts")
def test_real_logarithms_are_not_taken_for_twofold_ones(real_section, name):
    adata = log_normalized(real_section(name))[:500, ::2]
    assert not is_logarithm_twice(adata.X)
    assert is_logarithm_twice(np.log1p(adata.X))
