from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from dpvae.geometry.regression.balanced_kernel import (
    RELATIVE_WIDTHS,
    BalancedKernel,
    balance,
    fit_balanced_kernel,
)


def noisy_cells(n_cells=300, n_genes=400, seed=0):
    """Cells along a line whose expression follows it, and is noisier on one side."""
    rng = np.random.default_rng(seed)
    place = rng.uniform(-1, 1, size=(n_cells, 1))
    noise = np.where(place < 0, 4.0, 1.0)
    genes = np.sin(place * rng.normal(size=n_genes)) + noise * rng.normal(size=(n_cells, n_genes))
    return genes, place


def weights(kernel, distance):
    return replace(kernel, places=np.eye(distance.shape[1])).predict(distance)


def test_every_cell_is_as_often_a_neighbor_as_any_other():
    genes, place = noisy_cells()
    distance = cdist(genes, genes)
    kernel = fit_balanced_kernel(distance, place)
    np.fill_diagonal(distance, np.inf)
    np.testing.assert_allclose(weights(kernel, distance).sum(axis=0), 1.0, atol=1e-3)
    unbalanced = replace(kernel, log_weight=np.zeros(len(place)))
    assert weights(unbalanced, distance).sum(axis=0).max() > 3


def test_distances_to_all_that_are_longer_by_noise_change_no_coupling():
    genes, _ = noisy_cells(100)
    distance = cdist(genes, genes)
    np.fill_diagonal(distance, np.inf)
    longer = np.random.default_rng(1).uniform(0, 5, size=100)
    expected = balance(distance, 2.0) + longer / 2.0
    found = balance(distance + longer[:, None] + longer, 2.0)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_cells_are_not_drawn_to_the_side_that_is_less_noisy():
    genes, place = noisy_cells(400)
    known, query = genes[:300], genes[300:]
    kernel = fit_balanced_kernel(cdist(known, known), place[:300])
    unbalanced = [
        BalancedKernel(
            np.zeros(300), relative * np.std(cdist(known, known)), place[:300], place[:300]
        )
        for relative in RELATIVE_WIDTHS
    ]
    errors = [
        np.abs(each.predict(cdist(query, known)) - place[300:]).mean()
        for each in (kernel, *unbalanced)
    ]
    assert errors[0] < 0.8 * min(errors[1:]), errors


def test_the_width_has_the_least_error_on_cells_left_out():
    genes, place = noisy_cells(60)
    distance = cdist(genes, genes)
    kernel = fit_balanced_kernel(distance, place)
    typical = distance[np.triu_indices(60, 1)].std()
    np.fill_diagonal(distance, np.inf)

    def left_out(width):
        coupling = np.exp(-distance / width)
        for _ in range(3000):
            coupling /= coupling.sum(axis=1, keepdims=True)
            coupling /= coupling.sum(axis=0, keepdims=True)
        coupling /= coupling.sum(axis=1, keepdims=True)
        return ((coupling @ place - place) ** 2).sum()

    best = min(RELATIVE_WIDTHS, key=lambda relative: left_out(relative * typical))
    assert kernel.width == pytest.approx(best * typical)
    assert ((kernel.left_out - place) ** 2).sum() == pytest.approx(left_out(kernel.width), rel=1e-3)


def test_order_of_the_cells_does_not_matter():
    genes, place = noisy_cells(50)
    order = np.random.default_rng(2).permutation(50)
    query = cdist(genes[:5] + 0.1, genes)
    expected = fit_balanced_kernel(cdist(genes, genes), place).predict(query)
    kernel = fit_balanced_kernel(cdist(genes[order], genes[order]), place[order])
    np.testing.assert_allclose(kernel.predict(query[:, order]), expected, atol=1e-8)


def test_an_outlier_does_not_upset_the_balance():
    genes, place = noisy_cells(50)
    genes[0] += 1e4
    kernel = fit_balanced_kernel(cdist(genes, genes), place)
    assert np.isfinite(kernel.log_weight).all()
    found = kernel.predict(cdist(genes[1:2], genes))
    assert np.isfinite(found).all()


@pytest.mark.parametrize("n_cells", [1, 2, 10])
def test_cells_that_are_all_alike_give_the_mean(n_cells):
    place = np.arange(2.0 * n_cells).reshape(n_cells, 2)
    kernel = fit_balanced_kernel(np.zeros((n_cells, n_cells)), place)
    found = kernel.predict(np.zeros((1, n_cells)))
    np.testing.assert_allclose(found, place.mean(axis=0)[None])
