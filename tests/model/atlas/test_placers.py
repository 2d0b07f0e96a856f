import numpy as np
import pytest

from dpvae.model.atlas.atlas import Atlas
from dpvae.model.atlas.encoded_cells import EncodedCells
from dpvae.model.atlas.gene_regression import fit_gene_regression
from dpvae.model.atlas.layout import Layout
from dpvae.model.atlas.placers import PLACERS


@pytest.fixture
def atlas():
    """Two sections whose cells have latents near 0 and near 100, and unrelated frames."""
    rng = np.random.default_rng(0)
    latent = rng.normal(size=(80, 2)).astype(np.float32)
    latent[40:] += 100
    coordinates = 10.0 * latent.astype(float)
    coordinates[40:] = coordinates[40:, ::-1] + 5000
    return Atlas(Layout(latent, coordinates, np.repeat(["a", "bb"], 40)), 0.1)


def cells(latent, genes=None):
    return EncodedCells(latent, np.full(len(latent), "new"), genes)


@pytest.mark.parametrize("method", ["latents", "landmarks", "latents and genes"])
def test_cells_are_placed_in_their_frames(atlas, method):
    query = cells(atlas.layout.latent[[3, 50, 60]] + 0.01)
    places = PLACERS[method](atlas, query, np.array([0, 2]), np.array(["a", "bb"]))
    np.testing.assert_allclose(places[0], 10 * query.latent[0], atol=0.2)
    np.testing.assert_allclose(places[1], 10 * query.latent[2, ::-1] + 5000, atol=0.2)


def test_genes_have_a_say_where_they_are_known(atlas):
    rng = np.random.default_rng(1)
    layout = atlas.layout
    genes = rng.normal(size=(80, 12)).astype(np.float32)
    fit = fit_gene_regression(
        lambda rows: genes[rows], np.ones(12), layout.coordinates, layout.section
    )
    known = Atlas(layout, 0.1, fit)
    query = cells(layout.latent[:5] + 0.01, lambda rows: genes[rows])
    rows, frames = np.arange(5), np.full(5, "a")
    by_latents = PLACERS["latents"](known, query, rows, frames)
    joined = PLACERS["latents and genes"](known, query, rows, frames)
    np.testing.assert_allclose(
        joined, fit.join(by_latents, frames, lambda some: genes[some]), rtol=1e-6
    )
    assert np.abs(joined - by_latents).max() > 0.1
    without = cells(query.latent)
    np.testing.assert_array_equal(
        PLACERS["latents and genes"](known, without, rows, frames), by_latents
    )
