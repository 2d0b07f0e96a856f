import math

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.sparse import block_diag, csr_matrix
from scipy.spatial.distance import pdist, squareform

from dpvae.geometry import align, normalized_stress, place_free


def latents(n_cells, seed=0):
    return np.random.default_rng(seed).normal(size=(n_cells, 5)) * [3.0, 2.0, 0.6, 0.6, 0.6]


def mask_of(latent, share=0.4, seed=0):
    rng = np.random.default_rng(seed)
    upper = np.triu(rng.uniform(size=(len(latent),) * 2) < share, 1) * rng.uniform(0.5, 2.0)
    return csr_matrix(upper + upper.T)


def naive_smacof(latent, weights, start, n_iterations):
    """Double loops and a pseudo-inverse, without relaxation."""
    n_cells, layout = len(latent), start.copy()
    distances = squareform(pdist(latent))
    for _ in range(n_iterations):
        laplacian, stretched = np.zeros((2, n_cells, n_cells))
        for i in range(n_cells):
            for j in range(n_cells):
                if i == j or weights[i, j] == 0:
                    continue
                wanted, found = distances[i, j], math.dist(layout[i], layout[j])
                weight = weights[i, j]
                laplacian[i, j] -= weight
                laplacian[i, i] += weight
                stretched[i, j] -= weight * wanted / found
                stretched[i, i] += weight * wanted / found
        layout = np.linalg.pinv(laplacian) @ stretched @ layout
    return layout


@pytest.mark.slow
def test_equals_a_naive_reference():
    latent = latents(25)
    graph = mask_of(latent)
    placement = place_free(latent, pair_mask=graph, max_iter=20_000, tol=1e-14)
    start = place_free(latent, pair_mask=graph, max_iter=1).coordinates
    naive = naive_smacof(latent, graph.toarray(), start, 4000)
    wanted = pdist(latent)
    weight = squareform(graph.toarray())

    def loss(layout):
        return (weight * (pdist(layout) - wanted) ** 2).sum()

    assert loss(placement.coordinates) == pytest.approx(loss(naive), rel=1e-6)


def test_a_mask_of_all_pairs_is_no_mask():
    latent = latents(60)
    everyone = csr_matrix(3.0 * (1.0 - np.eye(60)))
    options = {"tol": 1e-12, "max_iter": 2000}
    found = place_free(latent, pair_mask=everyone, **options)
    expected = place_free(latent, **options)
    np.testing.assert_allclose(pdist(found.coordinates), pdist(expected.coordinates), atol=1e-4)
    assert found.stress == pytest.approx(expected.stress, rel=1e-9)
    np.testing.assert_allclose(found.residual, expected.residual, rtol=1e-3)


def test_no_neighboring_layout_is_better():
    latent = latents(30)
    graph = mask_of(latent)
    weight, wanted = squareform(graph.toarray()), pdist(latent)
    placement = place_free(latent, pair_mask=graph, tol=1e-14, max_iter=20_000)

    def loss(values):
        return (weight * (pdist(values.reshape(30, 2)) - wanted) ** 2).sum()

    best = minimize(loss, placement.coordinates.ravel(), options={"gtol": 1e-9})
    assert loss(placement.coordinates) == pytest.approx(best.fun, rel=1e-7)
    expected = np.sqrt(best.fun / (weight * wanted**2).sum())
    assert placement.stress == pytest.approx(expected, rel=1e-6)


def test_follows_the_order_of_the_cells():
    latent = latents(40)
    graph = mask_of(latent)
    order = np.random.default_rng(4).permutation(40)
    expected = place_free(latent, pair_mask=graph).coordinates[order]
    found = place_free(latent[order], pair_mask=graph[order][:, order]).coordinates
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_parts_are_named_and_laid_out_by_themselves():
    latent = latents(50)
    first, second = latent[:29], latent[29:49]
    full = [csr_matrix(1.0 - np.eye(len(part))) for part in (first, second)]
    graph = block_diag([*full, csr_matrix((1, 1))], format="csr")
    with pytest.warns(UserWarning, match="3 parts.*largest has 29 of 50 cells, 1 cell has no") as w:
        placement = place_free(latent, pair_mask=graph, tol=1e-10, max_iter=2000)
    assert w[0].filename == __file__
    for part, cells in ((first, slice(0, 29)), (second, slice(29, 49))):
        alone = place_free(part, tol=1e-10, max_iter=2000)
        stress = normalized_stress(placement.coordinates[cells], part)
        assert stress == pytest.approx(alone.stress, rel=1e-3)
    centered = latent - latent.mean(axis=0)
    principal = centered @ np.linalg.svd(centered, full_matrices=False)[2][:2].T
    turned = align(placement.coordinates, principal, with_scale=False)
    np.testing.assert_allclose(turned.apply(placement.coordinates)[49], principal[49], atol=1e-6)
    assert np.isnan(placement.residual[49])
    assert np.isfinite(placement.residual[:49]).all()


def test_a_wrong_mask_is_refused():
    with pytest.raises(ValueError, match="pair_mask has shape"):
        place_free(latents(10), pair_mask=csr_matrix((9, 9)))
