import numpy as np
import pytest
from scipy.sparse import csr_matrix

from dpvae.geometry.neighborhood import neighborhood_weights
from dpvae.model.joint.dissociated import Dissociated
from dpvae.model.joint.gene_regression import genes_by_latents, regressed_genes
from dpvae.model.joint.read_out import ImagedCells, read_out


@pytest.fixture
def problem():
    """Two technologies of dissociated cells, of which each measured other genes."""
    rng = np.random.default_rng(0)
    places = rng.uniform(size=(150, 2))
    seen = rng.normal(size=(150, 12)).astype(np.float32) + 2 * places @ rng.normal(size=(2, 12))
    seen = seen.astype(np.float32)
    imaged = ImagedCells(seen[:, :3], seen, neighborhood_weights(places, np.zeros(150), 10))
    zero = np.zeros(3, np.float32)
    cells = []
    for code in range(2):
        own = rng.normal(size=(90, 12)).astype(np.float32)
        genes = csr_matrix(own[:, :3] + code)
        cells.append(Dissociated(code, own[:, :3], own, genes, zero))
    decoded = [np.full((150, 3), value, np.float32) for value in (1.0, 3.0)]
    measured = np.array([[True, True, False], [False, True, True]])
    return imaged, cells, decoded, measured


def test_genes_come_from_the_technologies_that_measured_them(problem):
    imaged, cells, decoded, measured = problem
    found = read_out(imaged, cells, decoded, measured, paints=True)
    np.testing.assert_allclose(found.ways[0], np.tile([1.0, 2.0, 3.0], (150, 1)))
    ways = {
        1: [genes_by_latents(each, imaged.latent) for each in cells],
        3: [regressed_genes(each, imaged.known) for each in cells],
    }
    for way, (first, second) in ways.items():
        np.testing.assert_allclose(found.ways[way][:, 0], first[:, 0], atol=1e-5)
        mean = (first[:, 1] + second[:, 1]) / 2
        np.testing.assert_allclose(found.ways[way][:, 1], mean, atol=1e-5)
    spread = cells[1].spread(imaged.latent)
    np.testing.assert_allclose(found.spread[:, 2], spread[:, 2], atol=1e-5)


def test_painted_patterns_are_means_of_cells_and_regressed_ones_without_painting(problem):
    imaged, cells, decoded, measured = problem
    found = read_out(imaged, cells, decoded, measured, paints=True)
    values = cells[0].genes.toarray()[:, 0]
    assert values.min() <= found.ways[2][:, 0].min() < found.ways[2][:, 0].max() <= values.max()
    without = read_out(imaged, cells, decoded, measured, paints=False)
    np.testing.assert_array_equal(without.ways[2], without.ways[1])
    np.testing.assert_array_equal(without.ways[3], found.ways[3])
