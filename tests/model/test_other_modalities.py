"""Peaks and proteins in place of genes: planted patterns are recovered, and cells are placed."""

import numpy as np
import pytest
from anndata import AnnData
from scipy.sparse import csr_matrix
from scipy.stats import pearsonr
from tests.conftest import QUIET, seed_everything

from dpvae.datasets import simulated_tissue
from dpvae.model import DPSCVI, SPAVAE

N_CELLS, WIDTH = 400, 1_000.0
FOR_EXPRESSION = {
    "n_hidden": 32,
    "n_latent": 10,
    "n_spatial": 10,
    "n_cosines": 64,
    "spatial_share": None,
    "kl_weight": 1.0,
}
pytestmark = pytest.mark.trains


def surfaces_of(counts, places, **options):
    """Slopes along x of the logarithms of the predicted shares, in places that were not measured.

    With them, the correlations with x.
    """
    seed_everything()
    cells = AnnData(csr_matrix(counts.astype(np.float32)), obsm={"spatial": places})
    SPAVAE.setup_anndata(cells)
    model = SPAVAE(cells, **FOR_EXPRESSION, **options)
    model.train(max_epochs=100, batch_size=64, **QUIET)
    new = np.random.default_rng(1).uniform(0.05, 0.95, (200, 2)) * WIDTH
    values = np.log(model.predict_expression(new).X)
    x = new[:, 0] / WIDTH - 0.5
    return np.polyfit(x, values, 1)[0], np.array([pearsonr(x, value)[0] for value in values.T])


@pytest.mark.parametrize("likelihood", ["bernoulli", "poisson"])
def test_peaks_that_open_along_the_tissue_are_recovered(likelihood):
    rng = np.random.default_rng(0)
    places = rng.uniform(0, WIDTH, (N_CELLS, 2))
    x = places[:, [0]] / WIDTH - 0.5
    rates = np.tile(rng.uniform(0.1, 0.6, 40), (N_CELLS, 1))
    rates[:, :5] *= np.exp(2 * x)
    rates[:, 5:10] *= np.exp(-2 * x)
    fragments = rng.poisson(rates)
    counts = np.minimum(fragments, 1) if likelihood == "bernoulli" else fragments
    slopes, alike = surfaces_of(counts, places, gene_likelihood=likelihood)
    assert slopes[:5].mean() == pytest.approx(2, abs=0.6)
    assert slopes[5:10].mean() == pytest.approx(-2, abs=0.6)
    assert np.abs(slopes[10:]).mean() < 0.5
    assert alike[:5].min() > 0.8
    assert alike[5:10].max() < -0.8


def test_proteins_are_recovered_with_their_background():
    rng = np.random.default_rng(0)
    places = rng.uniform(0, WIDTH, (N_CELLS, 2))
    x = places[:, 0] / WIDTH - 0.5
    background = rng.lognormal(2, 0.5, 20)
    background[:2] = 40
    signal = np.tile(rng.lognormal(3, 1, 20), (N_CELLS, 1))
    signal[:, 0], signal[:, 1] = 60 * np.exp(3 * x), 60 * np.exp(-3 * x)
    means = signal + background
    counts = rng.negative_binomial(10, 10 / (10 + means))
    slopes, alike = surfaces_of(counts, places)
    of_means = np.polyfit(x, np.log(means / means.sum(axis=1, keepdims=True))[:, :2], 1)[0]
    assert np.abs(of_means).max() < 2  # of the signal alone it is 3: background hides a part
    np.testing.assert_allclose(slopes[:2], of_means, atol=0.5)
    assert min(alike[0], -alike[1]) > 0.95
    assert np.abs(slopes[2:]).max() < 0.4


@pytest.mark.parametrize("kind", ["peaks", "proteins"])
def test_cells_are_placed_by_peaks_and_by_proteins(kind):
    cells = simulated_tissue(400, 200 if kind == "peaks" else 60, seed=0)
    if kind == "peaks":
        cells.X = cells.X.minimum(1).tocsr()
    else:
        cells = cells[:, :25].copy()
        background = np.random.default_rng(0).poisson(5, cells.shape)
        cells.X = csr_matrix(cells.X.toarray() + background.astype(np.float32))
    reference, query = cells[:300].copy(), cells[300:].copy()
    true = query.obsm.pop("spatial")
    seed_everything()
    DPSCVI.setup_anndata(reference)
    model = DPSCVI(reference, n_hidden=32, n_layers=1)
    model.train(max_epochs=60, batch_size=64, **QUIET)
    error = np.linalg.norm(model.predict_coordinates(query) - true, axis=1)
    chance = np.linalg.norm(reference.obsm["spatial"].mean(axis=0) - true, axis=1)
    assert np.median(error) < 0.7 * np.median(chance)


def switched(n_cells=400, seed=0):
    """Proteins of which a cell has much or none, above background: 0 and 1 follow the tissue."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(0, WIDTH, (n_cells, 2))
    x = places[:, 0] / WIDTH - 0.5
    background = rng.lognormal(3, 0.5, 20)
    chance = np.full((n_cells, 20), 0.5)
    chance[:, 0], chance[:, 1] = 1 / (1 + np.exp(-12 * x)), 1 / (1 + np.exp(12 * x))
    means = background * (1 + 6 * (rng.random(chance.shape) < chance))
    counts = rng.negative_binomial(10, 10 / (10 + means)).astype(np.float32)
    return AnnData(csr_matrix(counts), obsm={"spatial": places}), chance


@pytest.fixture(scope="module")
def of_proteins():
    seed_everything()
    cells, _ = switched()
    cells.obs["side"] = np.where(cells.obsm["spatial"][:, 0] < WIDTH / 2, "left", "right")
    SPAVAE.setup_anndata(cells)
    model = SPAVAE(cells, gene_likelihood="nb_mixture", **FOR_EXPRESSION)
    model.train(max_epochs=100, batch_size=64, **QUIET)
    return model


def test_expression_of_proteins_is_their_foreground(of_proteins):
    found = of_proteins.predict_expression(of_proteins.adata.obsm["spatial"]).X
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-4)
    x = of_proteins.adata.obsm["spatial"][:, 0]
    assert pearsonr(found[:, 0], x)[0] > 0.9
    assert pearsonr(found[:, 1], x)[0] < -0.9
    shares = of_proteins.get_normalized_expression(n_samples=10).to_numpy()
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-4)
    _, chance = switched()
    assert pearsonr(shares[:, 0], chance[:, 0])[0] > 0.8
    assert of_proteins.expression_ is None


def test_samples_of_proteins_have_their_background(of_proteins):
    counts = of_proteins.adata.X.toarray()
    samples = of_proteins.posterior_predictive_sample(n_samples=5).todense().mean(axis=2)
    np.testing.assert_allclose(samples.mean(axis=0), counts.mean(axis=0), rtol=0.25)
    parameters = of_proteins.get_likelihood_parameters()
    np.testing.assert_allclose(parameters["mean"].mean(axis=0), counts.mean(axis=0), rtol=0.25)


def test_proteins_of_other_cells_are_likelier_if_they_are_of_the_tissue(of_proteins):
    cells, _ = switched(100, seed=1)
    cells.obsm["spatial"] = cells.obsm["spatial"].copy()
    likelihoods = []
    for turned in (False, True):
        if turned:
            cells.obsm["spatial"][:, 0] = WIDTH - cells.obsm["spatial"][:, 0]
        likelihoods.append(of_proteins.get_marginal_ll(cells, n_mc_samples=50))
    assert np.isfinite(likelihoods).all()
    assert likelihoods[0] > likelihoods[1] + 0.5


def test_foregrounds_of_proteins_are_compared(of_proteins):
    found = of_proteins.differential_expression(
        groupby="side", group1="left", group2="right", mode="change"
    )
    change = found["lfc_mean"]
    assert change["1"] == change.max() > 0.5
    assert change["0"] == change.min() < -0.5


def test_a_minified_model_of_proteins_predicts_the_same(of_proteins, tmp_path):
    positions = np.random.default_rng(0).uniform(0, WIDTH, (20, 2))
    expected = of_proteins.predict_expression(positions).X
    latent = of_proteins.get_latent_representation()
    of_proteins.save(tmp_path / "model", save_anndata=True)
    model = SPAVAE.load(tmp_path / "model")
    np.testing.assert_array_equal(model.predict_expression(positions).X, expected)
    model.minify_adata()
    np.testing.assert_allclose(model.get_latent_representation(), latent, atol=1e-5)
    np.testing.assert_array_equal(model.predict_expression(positions).X, expected)
    model.posterior_predictive_sample()
