import numpy as np
import pytest
from scipy.sparse import csr_matrix

from dpvae.metrics import regional_expression
from dpvae.metrics.regional_expression import RegionalExpression


@pytest.fixture
def places():
    return np.random.default_rng(0).uniform(-1, 1, (400, 2))


@pytest.fixture
def genes(places):
    rng = np.random.default_rng(1)
    pattern = np.cos(3.0 * places @ rng.normal(size=(2, 12)) + rng.uniform(0, 6, 12))
    return pattern + 0.3 * rng.normal(size=pattern.shape)


def test_means_are_those_of_the_nearest_cells(genes, places):
    section = RegionalExpression.of(genes, places)
    wanted = np.array([[0.2, -0.3], [5.0, 5.0]])
    means, is_inside = section.at(wanted)
    for place, mean in zip(wanted, means, strict=True):
        nearest = np.argsort(np.linalg.norm(places - place, axis=1))[: section.n_around]
        np.testing.assert_allclose(mean, section.cells[nearest].mean(axis=0))
    assert is_inside.tolist() == [True, False]


def test_sparse_equals_dense(genes, places):
    table = np.maximum(genes, 0.0)
    dense, sparse = (
        RegionalExpression.of(table, places),
        RegionalExpression.of(csr_matrix(table), places),
    )
    np.testing.assert_allclose(np.abs(sparse.cells), np.abs(dense.cells), atol=1e-8)
    assert sparse.noise == pytest.approx(dense.noise)


def test_noise_is_what_two_samples_of_one_place_differ_by(places):
    rng = np.random.default_rng(2)
    pattern = np.cos(3.0 * places @ rng.normal(size=(2, 12)))
    clean = RegionalExpression.of(pattern, places)
    noisy = RegionalExpression.of(pattern + rng.normal(size=pattern.shape), places)
    assert clean.noise < 0.02 * clean.chance
    assert 0.05 * noisy.chance < noisy.noise < 0.5 * noisy.chance


def test_landmarks_are_spread_out_whatever_the_order_of_cells(genes, places, monkeypatch):
    monkeypatch.setattr(regional_expression, "N_LANDMARKS", 40)
    chosen = RegionalExpression.of(genes, places).landmarks
    order = np.random.default_rng(3).permutation(len(places))
    again = RegionalExpression.of(genes[order], places[order]).landmarks
    assert {tuple(row) for row in chosen} == {tuple(row) for row in again}
    outermost = places[np.linalg.norm(places - places.mean(axis=0), axis=1).argmax()]
    assert tuple(outermost) in {tuple(row) for row in chosen}
    gaps = np.linalg.norm(chosen[:, None] - chosen[None], axis=-1)
    assert gaps[~np.eye(40, dtype=bool)].min() > 0.2
