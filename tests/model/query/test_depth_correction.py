import numpy as np
import pytest
import scanpy as sc
from scipy.sparse import csc_matrix, csr_matrix, issparse

from dpvae.metrics import procrustes_disparity
from dpvae.model import Surfaces
from dpvae.model.data import depth
from dpvae.model.data.depth import spread_rows
from dpvae.model.query.depth_correction import DepthCorrection, depth_correction
from dpvae.pp import spatially_variable_genes

N_GENES = 30


def fit_depth(values):
    return depth.fit_depth(values, np.full(values.shape[0], ""))


def counts_of(n_cells, seed=0, scale=8.0):
    rates = np.random.default_rng(9).gamma(1.0, scale, size=N_GENES)
    return np.random.default_rng(seed).poisson(rates, size=(n_cells, N_GENES)).astype(float)


def logs_of(counts, target=300.0):
    return np.log1p(target * counts / counts.sum(axis=1, keepdims=True))


def some_genes(counts, target=300.0):
    """Genes chosen after normalisation, so that depths of cells vary."""
    return logs_of(counts, target)[:, 5:]


def is_nothing(correction):
    return correction == DepthCorrection()


@pytest.mark.parametrize("factor", [0.01, 0.5, 1.3, 1e4])
@pytest.mark.parametrize("form", [np.array, csr_matrix, csc_matrix])
def test_a_query_of_any_depth_is_brought_to_that_of_the_reference_exactly(factor, form):
    reference, query = logs_of(counts_of(80)), logs_of(counts_of(40, seed=1))
    other = form(np.log1p(factor * np.expm1(query)))
    before = other.copy()
    correction = depth_correction(fit_depth(reference), other)
    found = correction(other)
    assert issparse(found) == issparse(other)
    found = found.toarray() if issparse(found) else found
    np.testing.assert_allclose(found, query, rtol=1e-9, atol=1e-12)
    assert f"{300 * factor:.7g} in all" in correction.difference
    assert "in the reference 300 " in correction.difference
    assert "target_sum=300" in correction.remedy
    assert (other != before).sum() == 0


def test_what_has_the_depth_of_the_reference_is_left_as_it_is():
    for make in (logs_of, some_genes):
        reference, query = fit_depth(make(counts_of(80))), make(counts_of(40, seed=1))
        correction = depth_correction(reference, query)
        assert is_nothing(correction)
        assert correction(query) is query


def test_each_cell_is_corrected_by_itself_whatever_its_factor():
    reference, counts = fit_depth(logs_of(counts_of(80))), counts_of(40, seed=1)
    factor = np.random.default_rng(2).uniform(0.2, 5.0, size=(40, 1))
    query = np.log1p(factor * counts)
    whole = depth_correction(reference, query)(query)
    np.testing.assert_allclose(whole, logs_of(counts), rtol=1e-9)
    one = query[[3]]
    np.testing.assert_allclose(depth_correction(reference, one)(one), whole[[3]])


def test_unnormalized_logarithms_are_called_so_and_corrected():
    counts = counts_of(40, seed=1)
    for make in (logs_of, some_genes):
        reference = fit_depth(make(counts_of(80)))
        query = np.log1p(counts[:, :25] if make is some_genes else counts)
        correction = depth_correction(reference, query)
        assert "logarithms of raw counts, not normalised" in correction.difference
        assert np.expm1(correction(query)).sum(axis=1) == pytest.approx(reference.typical)
    raw = fit_depth(np.log1p(counts_of(80)))
    assert is_nothing(depth_correction(raw, np.log1p(counts)))


def test_where_depths_vary_the_query_is_corrected_as_a_whole():
    reference, query = fit_depth(some_genes(counts_of(400))), some_genes(counts_of(300, seed=1))
    deep = np.log1p(2.0 * np.expm1(query))
    correction = depth_correction(reference, deep)
    assert correction.target is None
    assert correction.factor == pytest.approx(0.5, rel=0.02)
    found = np.expm1(correction(deep)) / np.expm1(deep + 1e-12)
    np.testing.assert_allclose(found[deep > 0], correction.factor, rtol=1e-6)


def test_few_cells_must_be_farther_off():
    reference, query = fit_depth(some_genes(counts_of(400))), some_genes(counts_of(19, seed=1))
    ratio = 1.2 * reference.highest / reference.typical
    assert is_nothing(depth_correction(reference, np.log1p(ratio * np.expm1(query))))
    assert depth_correction(reference, np.log1p(2 * ratio * np.expm1(query))).factor < 0.6
    many = some_genes(counts_of(40, seed=1))
    assert depth_correction(reference, np.log1p(ratio * np.expm1(many))).factor < 1.0


def test_genes_that_are_missing_are_left_out_of_the_comparison():
    reference, query = fit_depth(logs_of(counts_of(80))), logs_of(counts_of(40, seed=1))
    lacking = query.copy()
    lacking[:, :10] = 0.0
    assert is_nothing(depth_correction(reference, lacking))
    own = np.log1p(200.0 * np.expm1(lacking) / np.expm1(lacking).sum(axis=1, keepdims=True))
    found = np.expm1(depth_correction(reference, own)(own)).sum(axis=1)
    np.testing.assert_allclose(found, reference.share[10:].sum() * 300.0, rtol=0.02)


def test_values_that_are_no_logarithms_of_counts_are_left_alone():
    rng = np.random.default_rng(0)
    reference, query = logs_of(counts_of(80)), logs_of(counts_of(40, seed=1))
    for other in (query - 0.5, 3 * query + 1, rng.uniform(size=query.shape), 0 * query):
        assert is_nothing(depth_correction(fit_depth(reference), other))
    intensities = rng.uniform(size=(80, N_GENES))
    assert is_nothing(depth_correction(fit_depth(intensities), 0.3 * intensities))


def test_values_without_a_logarithm_are_refused_with_both_largest_values():
    reference = logs_of(counts_of(80))
    query = np.expm1(logs_of(counts_of(40, seed=1)))
    with pytest.raises(
        ValueError,
        match=rf"is {query.max():.4g}, the largest of the reference {reference.max():.4g}",
    ):
        depth_correction(fit_depth(reference), csr_matrix(query))


def test_chunks_are_corrected_as_the_whole():
    for make in (logs_of, some_genes):
        reference = fit_depth(make(counts_of(80)))
        query = csr_matrix(make(counts_of(40, seed=1), target=900.0).astype(np.float32))
        correction = depth_correction(reference, query)
        whole, parts = correction(query), [correction(query[:7]), correction(query[7:])]
        assert whole.dtype == np.float32
        np.testing.assert_array_equal(whole.toarray(), np.vstack([p.toarray() for p in parts]))


def test_empty_cells_stay_empty():
    query = logs_of(counts_of(40, seed=1), target=900.0)
    query[3] = 0.0
    found = depth_correction(fit_depth(logs_of(counts_of(80))), query)(query)
    assert not found[3].any()
    assert np.isfinite(found).all()


@pytest.mark.real
@pytest.mark.parametrize("target_sum", [None, 1e4])
@pytest.mark.parametrize(
    "name", ["dlpfc_151507", "merfish_mouse_poa_6509", "st_mouse_brain_hippo1", "osmfish_ss_cortex"]
)
def test_blocks_of_the_section_itself_are_left_alone(name, target_sum, real_section):
    section = real_section(name)
    sc.pp.filter_cells(section, min_counts=1)
    sc.pp.normalize_total(section, target_sum=target_sum)
    sc.pp.log1p(section)
    deviation = np.asarray(section.X.power(2).mean(0) - np.square(section.X.mean(0))).ravel()
    varying = np.argsort(-deviation)[: min(section.n_vars // 2, 500)]
    places = section.obsm["spatial"] - np.mean(section.obsm["spatial"], axis=0)
    for genes in (np.arange(section.n_vars), varying):
        values = section.X[:, genes]
        for direction in ([1, 0], [0, 1], [-1, -1]):
            along = places @ direction
            block = along > np.quantile(along, 0.8)
            reference, query = values[~block], values[block]
            reference = fit_depth(reference[spread_rows(reference.shape[0])])
            assert is_nothing(depth_correction(reference, query[spread_rows(query.shape[0])]))


@pytest.mark.real
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("query", ["st_her2_breast_tumour_A1", "st_her2_breast_tumour_B1"])
def test_a_factor_for_other_tissue_of_the_same_depth_hardly_changes_places(
    query, real_section, monkeypatch
):
    cells = real_section("st_her2_breast_tumour_G2"), real_section(query)
    shared = cells[0].var_names.intersection(cells[1].var_names)
    reference, query = (section[:, shared].copy() for section in cells)
    depth_of_both = min(
        np.median(np.asarray(section.X.sum(axis=1))) for section in (reference, query)
    )
    for section in (reference, query):
        sc.pp.normalize_total(section, target_sum=depth_of_both)
        sc.pp.log1p(section)
    spatially_variable_genes(reference, subset=True)
    query = query[:, reference.var_names].copy()
    values = reference.X[spread_rows(reference.n_obs)], query.X[spread_rows(query.n_obs)]
    assert depth_correction(fit_depth(values[0]), values[1]).factor > 1.2
    Surfaces.setup_anndata(reference)
    model = Surfaces(reference)
    model.train()
    corrected = procrustes_disparity(query.obsm["spatial"], model.predict_coordinates(query))
    monkeypatch.setattr(
        "dpvae.model.query.encoding_model.depth_correction", lambda *_: DepthCorrection()
    )
    left = procrustes_disparity(query.obsm["spatial"], model.predict_coordinates(query))
    assert left != corrected
    assert abs(corrected - left) <= 0.02


@pytest.mark.parametrize("form", [np.array, csr_matrix])
def test_a_logarithm_that_was_taken_twice_is_named_and_left(form):
    once, query = logs_of(counts_of(80)), logs_of(counts_of(40, seed=1))
    found = depth_correction(fit_depth(once), form(np.log1p(query)))
    assert found.difference.startswith("Values of the query are logarithms of logarithms")
    assert "query.X = np.expm1(query.X)" in found.remedy
    values = form(np.log1p(query))
    assert found(values) is values
    assert is_nothing(depth_correction(fit_depth(np.log1p(once)), form(np.log1p(query))))
    assert is_nothing(depth_correction(fit_depth(once), form(np.expm1(np.log1p(query)))))
