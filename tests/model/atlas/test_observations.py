import numpy as np
import pytest
from scipy.sparse import csr_matrix

from dpvae.model.atlas import gene_regression, observations
from dpvae.model.atlas.gene_regression import fit_gene_regression
from dpvae.model.atlas.observations import observed, with_places
from dpvae.model.atlas.spatial_axes import fit_spatial_axes


@pytest.fixture(scope="module")
def tissue():
    """Genes of 150 cells, some of which follow the places, with regressions and axes."""
    rng = np.random.default_rng(0)
    places, section = rng.uniform(size=(150, 2)), np.full(150, "")
    genes = rng.normal(size=(150, 30))
    genes[:, :6] += 5.0 * np.tile(places, 3)
    axes = fit_spatial_axes(lambda r: genes[r], places, section, np.arange(150), 8, rng)
    regression = fit_gene_regression(lambda r: genes[r], np.ones(30), places, section)
    return genes, regression, axes


@pytest.mark.parametrize("form", [np.asarray, csr_matrix])
def test_cells_are_observed_in_blocks_as_all_at_once(tissue, form, monkeypatch):
    genes, regression, axes = tissue
    monkeypatch.setattr(gene_regression, "MOST_VALUES_AT_A_TIME", 30 * 7)
    rows = np.arange(3, 150, 2)
    stored = form(genes)
    found = observations.observations(regression, "", lambda r: stored[r], 5, axes, rows)
    read = regression.left_out("", genes[rows], rows)
    np.testing.assert_allclose(found, observed(axes.components(genes[rows]), read, 5), atol=1e-5)
    assert found.shape == (len(rows), 7)


def test_places_are_not_read_again_for_other_axes(tissue):
    genes, regression, axes = tissue
    rows, asked = np.arange(3, 150, 2), []

    def read_genes(some):
        asked.append(some)
        return genes[some]

    whole = observations.observations(regression, "", read_genes, 5, axes, rows)
    asked.clear()
    found = with_places(read_genes, 5, rows, whole[:, -2:], axes, rows[[4, 9, 70]])
    np.testing.assert_allclose(found, whole[[4, 9, 70]])
    np.testing.assert_array_equal(np.concatenate(asked), rows[[4, 9, 70]])
