import numpy as np
import pytest

from dpvae.model.atlas.atlas import Atlas
from dpvae.model.atlas.encoded_cells import EncodedCells
from dpvae.model.atlas.gene_regression import fit_gene_regression
from dpvae.model.atlas.gene_surfaces import fit_gene_surfaces
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


@pytest.mark.parametrize("method", list(PLACERS))
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


@pytest.mark.slow
@pytest.mark.parametrize(("method", "share"), [("posterior", 1.0), ("all", 0.5)])
def test_the_posterior_counts_alone_or_like_what_is_read(atlas, method, share):
    rng = np.random.default_rng(1)
    layout = atlas.layout
    signal = (layout.coordinates - layout.coordinates.mean(axis=0)) @ rng.normal(size=(2, 12))
    genes = (signal / signal.std(axis=0) + rng.normal(size=(80, 12))).astype(np.float32)
    fit = fit_gene_regression(
        lambda rows: genes[rows], np.ones(12), layout.coordinates, layout.section
    )
    surfaces = fit_gene_surfaces(lambda rows: genes[rows], layout.coordinates, layout.section, fit)
    known = Atlas(layout, 0.1, fit, surfaces)
    order = np.array([70, 2, 41, 9])  # rows of cells in another order than their genes
    query = cells(layout.latent[order], lambda some: genes[order[some]])
    rows, frames = np.array([3, 0, 1]), np.array(["a", "bb", "a"])
    read = PLACERS["latents and genes"](known, query, rows, frames)
    found = PLACERS[method](known, query, rows, frames)
    for cell, name in enumerate(frames):
        one = genes[order[rows[[cell]]]]
        mean, unlike = surfaces.sections[name].means(surfaces.values(name, one, read[[cell]]))
        weight = share if method == "posterior" else share / unlike[0] ** 2
        expected = read[cell] + weight * (mean[0] - read[cell])
        np.testing.assert_allclose(found[cell], expected, rtol=1e-6)
        assert np.abs(found[cell] - read[cell]).max() > 1e-3
    without = cells(query.latent)
    by_latents = PLACERS["latents"](known, query, rows, frames)
    np.testing.assert_array_equal(PLACERS[method](known, without, rows, frames), by_latents)
