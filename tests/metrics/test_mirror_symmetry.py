import sys

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.spatial.transform import Rotation
from tests.conftest import log_normalized, tissue_with_pattern

from dpvae.metrics import mirror_symmetry


def degrees_between(one, two):
    return np.degrees(np.arccos(min(abs(float(one @ two)), 1.0)))


def symmetric(places):
    return np.c_[np.abs(places[:, 0]), places[:, 1:]]


@pytest.mark.slow
@pytest.mark.parametrize("n_dims", [2, 3])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_line_of_a_tissue_that_is_cut_askew_is_found(n_dims, seed):
    genes, places = tissue_with_pattern(symmetric, n_dims=n_dims, seed=seed)
    found = mirror_symmetry(genes, places)
    assert found.is_symmetric
    assert degrees_between(found.mirror.normal, np.eye(n_dims)[0]) < 2
    assert abs(found.mirror.offset) < 0.04
    assert found.agreement > 0.8
    assert (found.mirror.side(places) > 0).sum() >= len(places) / 2


@pytest.mark.slow
@pytest.mark.parametrize("n_dims", [2, 3])
def test_moved_tissue_has_the_moved_line(n_dims):
    genes, places = tissue_with_pattern(symmetric, n_dims=n_dims)
    first = mirror_symmetry(genes, places)
    rng = np.random.default_rng(5)
    turn = Rotation.random(random_state=5).as_matrix()
    if n_dims == 2:
        turn = Rotation.from_euler("z", 37, degrees=True).as_matrix()[:2, :2]
        turn = turn @ np.diag([1.0, -1.0])
    shift, order = 1e5 * rng.normal(size=n_dims), rng.permutation(len(places))
    moved = 250.0 * places @ turn.T + shift
    again = mirror_symmetry(genes[order], moved[order])
    np.testing.assert_allclose(turn @ first.mirror.normal, again.mirror.normal, atol=0.02)
    expected = 250.0 * first.mirror.reflect(places) @ turn.T + shift
    distance = np.linalg.norm(again.mirror.reflect(moved) - expected, axis=1)
    assert np.median(distance) < 250.0 * 0.03
    assert again.agreement == pytest.approx(first.agreement, abs=0.05)
    assert again.contrast == pytest.approx(first.contrast, abs=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_tissue_without_a_plan_is_not_symmetric(seed):
    assert not mirror_symmetry(*tissue_with_pattern(np.array, seed=seed)).is_symmetric


@pytest.mark.slow
def test_layers_and_rings_are_not_symmetric():
    def layers(places):
        return places[:, 1:]

    def rings(places):
        return np.linalg.norm(places, axis=1, keepdims=True)

    for pattern in (layers, rings):
        found = mirror_symmetry(*tissue_with_pattern(pattern, is_cut=False))
        assert not found.is_symmetric
    assert found.agreement > 0.8
    assert found.contrast < 0.2


@pytest.mark.slow
def test_genes_that_tell_the_sides_apart_lower_the_agreement():
    genes, places = tissue_with_pattern(symmetric)
    one_sided = np.where(places[:, :1] > 0, 1.0, -1.0) * np.ones(10)
    agreement = [mirror_symmetry(np.c_[genes, w * one_sided], places).agreement for w in (0, 1)]
    assert agreement[1] < agreement[0] - 0.1


@pytest.mark.slow
def test_cells_agree_where_there_is_tissue_on_the_other_side():
    genes, places = tissue_with_pattern(symmetric)
    places = np.r_[places, np.full((3, 2), np.nan)]
    genes = np.r_[genes, np.zeros((3, genes.shape[1]))]
    is_changed = (np.abs(places[:, 1]) < 0.25) & (places[:, 0] > 0.3)
    genes[is_changed] = np.roll(genes[is_changed], 1, axis=1)
    found = mirror_symmetry(genes, places)
    assert np.isnan(found.cell_agreement[-3:]).all()
    far = np.abs(places[:, 0]) > 0.2
    unchanged = far & (np.abs(places[:, 1]) > 0.5)
    assert np.nanmedian(found.cell_agreement[unchanged]) > 0.85
    deep = is_changed & (np.abs(places[:, 1]) < 0.15) & (places[:, 0] > 0.4)
    assert np.nanmedian(found.cell_agreement[deep]) < 0.5
    image = places * [-1.0, 1.0]
    gap = np.linalg.norm(image[:-3, None] - places[None, :-3], axis=-1).min(axis=1)
    assert np.isnan(found.cell_agreement[:-3][gap > 0.3]).all()
    assert np.isfinite(found.cell_agreement[:-3][gap < 0.02]).mean() > 0.95


@pytest.mark.slow
def test_sparse_and_a_sample_of_many_cells(monkeypatch):
    genes, places = tissue_with_pattern(symmetric)
    table = np.maximum(genes, 0.0)
    dense, sparse = mirror_symmetry(table, places), mirror_symmetry(csr_matrix(table), places)
    np.testing.assert_allclose(sparse.mirror.normal, dense.mirror.normal, atol=1e-6)
    module = sys.modules[mirror_symmetry.__module__]
    monkeypatch.setattr(module, "MOST_CELLS", 500)
    few, same = mirror_symmetry(table, places), mirror_symmetry(table, places)
    assert few.is_symmetric
    assert degrees_between(few.mirror.normal, dense.mirror.normal) < 3
    np.testing.assert_array_equal(few.mirror.normal, same.mirror.normal)
    assert np.isfinite(few.cell_agreement).sum() > 800


def test_wrong_input_is_refused():
    genes, places = tissue_with_pattern(symmetric)
    with pytest.raises(ValueError, match="values have 10 rows"):
        mirror_symmetry(genes[:10], places)
    with pytest.raises(ValueError, match="at least 50 are needed"):
        mirror_symmetry(genes[:40], places[:40])
    with pytest.raises(ValueError, match="no spatial pattern"):
        mirror_symmetry(np.ones((len(places), 5)), places)


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "is_symmetric"),
    [
        ("st_mouse_brain_hippo2", True),
        ("merfish_mouse_poa_6509", True),
        ("st_mouse_brain_hippo1", False),
        ("visium_v1_adult_mouse_brain", False),
        ("merfish_mouse_motor_cortex_gaston", False),
        ("st_her2_breast_tumour_B1", False),
    ],
)
def test_real_sections(real_section, name, is_symmetric):
    adata = real_section(name)
    adata = log_normalized(adata[np.ravel(adata.X.sum(axis=1)) > 0])
    found = mirror_symmetry(adata.X, adata.obsm["spatial"])
    assert found.is_symmetric == is_symmetric
    if is_symmetric:
        assert degrees_between(found.mirror.normal, np.array([1.0, 0.0])) < 10


@pytest.mark.real
def test_the_midline_plane_of_a_whole_embryo(real_section):
    half = real_section("drosophila_bdtnp")
    sides = np.random.default_rng(0).choice([-1.0, 1.0], half.n_obs)
    whole = half.obsm["spatial"] * np.c_[np.ones(half.n_obs), sides, np.ones(half.n_obs)]
    found = mirror_symmetry(half.X, whole)
    assert found.is_symmetric
    assert degrees_between(found.mirror.normal, np.array([0.0, 1.0, 0.0])) < 2
    assert not mirror_symmetry(half.X, half.obsm["spatial"]).is_symmetric
