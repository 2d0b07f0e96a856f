"""SPAVAE on planted tissues, and on tissues at the edge of what can be learned."""

import numpy as np
import pytest
from anndata import AnnData
from scipy.sparse import csr_matrix
from scipy.spatial import cKDTree
from scipy.stats import pearsonr
from tests.conftest import QUIET, log_normalized, seed_everything

from dpvae.datasets import simulated_tissue
from dpvae.model import SPAVAE

FOR_EXPRESSION = {
    "n_hidden": 32,
    "n_latent": 10,
    "n_spatial": 10,
    "spatial_share": None,
    "kl_weight": 1.0,
}
QUICK = {"n_hidden": 16, "n_latent": 4, "n_cosines": 64}


def planted(n_cells=300, n_genes=20, n_dims=2, seed=0):
    """A square tissue: gene 0 rises along x, gene 1 falls, the others are alike everywhere."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(0, 1_000, (n_cells, n_dims))
    shares = np.ones((n_cells, n_genes))
    shares[:, 0] = 4 * np.exp(2 * (places[:, 0] / 1_000 - 0.5))
    shares[:, 1] = 4 * np.exp(-2 * (places[:, 0] / 1_000 - 0.5))
    shares /= shares.sum(axis=1, keepdims=True)
    counts = rng.poisson(200 * shares).astype(np.float32)
    cells = AnnData(csr_matrix(counts), obsm={"spatial": places})
    cells.layers["shares"] = shares
    return cells


def fit(cells, *, setup=None, max_epochs=2, **options):
    seed_everything()
    SPAVAE.setup_anndata(cells, **(setup or {}))
    model = SPAVAE(cells, **(QUICK | options))
    model.train(max_epochs=max_epochs, batch_size=64, **QUIET)
    return model


@pytest.fixture(scope="module")
def of_gradient(trains):  # noqa: ARG001
    return fit(planted(), max_epochs=150, **FOR_EXPRESSION)


def test_a_planted_gradient_is_recovered_where_nothing_was_measured(of_gradient):
    rng = np.random.default_rng(1)
    positions = rng.uniform(50, 950, (200, 2))
    found = of_gradient.predict_expression(positions)
    truth = planted().layers["shares"]
    for gene, sign in ((0, 1), (1, -1)):
        values = np.log(found.X[:, gene])
        assert sign * pearsonr(values, positions[:, 0])[0] > 0.95
        slope = np.polyfit(positions[:, 0] / 1_000, values, 1)[0]
        assert 1.4 < sign * slope < 2.3  # 2 was planted
    np.testing.assert_allclose(found.X.sum(axis=1), 1.0, rtol=1e-4)
    np.testing.assert_allclose(found.X[:, 2:].mean(), truth[:, 2:].mean(), rtol=0.1)


def test_measured_places_are_predicted_too(of_gradient):
    cells = of_gradient.adata
    found = of_gradient.predict_expression(cells.obsm["spatial"], genes=["0"], library_size=200.0)
    assert found.shape == (300, 1)
    truth = 200 * cells.layers["shares"][:, 0]
    assert pearsonr(found.X[:, 0], truth)[0] > 0.95
    assert np.abs(found.X[:, 0] / truth - 1).mean() < 0.15


def test_what_is_far_away_is_said_to_be_and_less_certain(of_gradient):
    inside = np.array([[500.0, 500.0], [300, 700], [200, 200]])
    with pytest.warns(UserWarning, match="3 of 6 positions are outside of the section"):
        found = of_gradient.predict_expression(np.r_[inside, inside + 3_000])
    deviation = found.layers["deviation"][:, :2].mean(axis=1)
    assert deviation[:3].max() < 0.85 * deviation[3:].min()
    np.testing.assert_allclose(found.X[3:], found.X[3:4].repeat(3, axis=0), rtol=1e-5)


def test_a_position_does_not_depend_on_others(of_gradient):
    positions = np.random.default_rng(0).uniform(0, 1_000, (30, 2))
    together = of_gradient.predict_expression(positions)
    alone = of_gradient.predict_expression(positions[[17, 3]])
    np.testing.assert_allclose(alone.X, together.X[[17, 3]], rtol=1e-4)
    np.testing.assert_array_equal(alone.obsm["spatial"], positions[[17, 3]])
    again = of_gradient.predict_expression(positions, genes=["1", "0"], library_size=10.0)
    np.testing.assert_allclose(again.X, 10 * together.X[:, [1, 0]], rtol=1e-4)
    np.testing.assert_allclose(
        again.layers["deviation"], 10 * together.layers["deviation"][:, [1, 0]], rtol=1e-3
    )


@pytest.mark.trains
def test_hidden_spots_are_predicted_better_than_by_the_mean_or_the_nearest_one():
    cells = simulated_tissue(500, 60, mean_depth=200.0, seed=3)
    hidden = np.arange(500) % 10 == 0
    model = fit(cells[~hidden].copy(), max_epochs=60, **FOR_EXPRESSION)
    counts = cells.X.toarray().astype(np.float64)
    shares = counts / counts.sum(axis=1, keepdims=True)
    places = cells.obsm["spatial"]
    found = model.predict_expression(places[hidden]).X
    nearest = cKDTree(places[~hidden]).query(places[hidden])[1]
    average = np.broadcast_to(shares[~hidden].mean(axis=0), found.shape)

    def error(shares_):
        scaled = np.sqrt(shares_) - np.sqrt(shares[hidden])
        return (scaled[:, cells.var["is_spatial"].to_numpy()] ** 2).mean()

    assert error(found) < 0.97 * error(average)
    assert error(found) < 0.7 * error(shares[~hidden][nearest])


@pytest.mark.trains
def test_batches_are_averaged_or_chosen():
    cells = planted()
    cells.obs["batch"], cells.obs["slide"] = ["one", "two"] * 150, "slide"
    counts = cells.X.toarray()
    counts[::2, 5] *= 8  # of batch one
    cells.X = csr_matrix(counts)
    setup = {"batch_key": "batch", "sample_key": "slide"}
    model = fit(cells, setup=setup, max_epochs=60, **FOR_EXPRESSION)
    positions = cells.obsm["spatial"][:20]
    one, two, both = (model.predict_expression(positions, batch=b).X for b in ("one", "two", None))
    assert (one[:, 5] > 2 * two[:, 5]).all()
    places = model.frames_.positions(0, positions).places
    surfaces = model.expression_.shares("slide", places, np.arange(20))
    np.testing.assert_allclose(both, 0.5 * (one + two) / 2 + 0.5 * surfaces, rtol=1e-3)
    with pytest.raises(ValueError, match=r"batch is 'three': choose one of \['one', 'two'\]"):
        model.predict_expression(positions, batch="three")


@pytest.mark.trains
def test_three_dimensions():
    cells = planted(n_dims=3)
    model = fit(cells, max_epochs=80, **FOR_EXPRESSION)
    positions = np.random.default_rng(1).uniform(100, 900, (100, 3))
    found = model.predict_expression(positions)
    assert pearsonr(np.log(found.X[:, 0]), positions[:, 0])[0] > 0.9
    with pytest.raises(ValueError, match="give 3 numbers for each position"):
        model.predict_expression(positions[:, :2])


def check_usable(model):
    """Latents and expression are finite, and cells of a query get those of the reference."""
    latent = model.get_latent_representation()
    assert np.isfinite(latent).all()
    assert np.isfinite(model.get_normalized_expression().to_numpy()).all()
    query = model.adata[::3].copy()
    found = model.get_latent_representation(query)
    np.testing.assert_allclose(found, latent[::3], rtol=1e-4, atol=1e-5)


@pytest.mark.trains
@pytest.mark.filterwarnings("ignore:100 % of the positions")
def test_cells_at_the_same_places_are_learned_from():
    cells = planted(120)
    cells.obsm["spatial"] = np.round(cells.obsm["spatial"] / 250) * 250
    check_usable(fit(cells))


@pytest.mark.trains
def test_genes_that_are_constant_are_learned_from():
    cells = planted(120)
    counts = cells.X.toarray()
    counts[:, 3], counts[:, 4] = 0, 7
    cells.X = csr_matrix(counts)
    model = fit(cells, max_epochs=60)
    check_usable(model)
    shares = model.predict_expression(spacing=300.0).X
    assert shares[:, 3].max() < shares[:, 4].min()


@pytest.mark.trains
@pytest.mark.filterwarnings("ignore:The 120 places of")
def test_places_on_a_line_are_learned_from():
    cells = planted(120)
    cells.obsm["spatial"][:, 1] = 5.0
    model = fit(cells)
    check_usable(model)
    assert np.isfinite(model.predict_expression([[500.0, 5.0]]).X).all()


@pytest.mark.trains
@pytest.mark.filterwarnings("ignore")
def test_a_section_of_three_spots_is_encoded_by_expression():
    cells = planted(120)
    cells.obs["slide"] = np.where(np.arange(120) < 3, "few", "many")
    model = fit(cells, setup={"sample_key": "slide"})
    check_usable(model)
    both, alone = (model.get_latent_representation(given=g) for g in ("both", "expression"))
    np.testing.assert_allclose(both[:3], alone[:3], atol=1e-6)
    assert np.abs(both[3:] - alone[3:]).max() > 1e-3
    with pytest.warns(UserWarning, match="1 of 1 positions are outside"):
        model.predict_expression(cells.obsm["spatial"][:1], section="few")


def test_a_tissue_of_unknown_places_is_refused():
    cells = planted(60)
    cells.obsm["spatial"][:] = np.nan
    with pytest.raises(ValueError, match="known for 0 of 60 cells; at least 3 are needed"):
        SPAVAE.setup_anndata(cells)


def test_values_that_are_no_counts_are_refused():
    cells = log_normalized(planted(60))
    with pytest.raises(ValueError, match="raw counts"):
        SPAVAE.setup_anndata(cells)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_spatial": 5}, "n_spatial is 5: give a whole number from 0 to n_latent=4"),
        ({"spatial_share": 1.0}, r"spatial_share is 1\.0: give a share above 0 and below 1"),
        ({"kernel": "rbf"}, "kernel is 'rbf'"),
        ({"kl_target": 0.1, "kl_weight": 1.0}, "outside of kl_range"),
        ({"n_cosines": 4}, "n_cosines is 4"),
        ({"gene_likelihood": "normal"}, "gene_likelihood is 'normal'"),
        ({"dp_weight": -1.0}, "dp_weight"),
        ({"gene_weights": "moran"}, "gene_weights"),
    ],
)
def test_options_that_cannot_be_are_refused(options, message):
    cells = planted(60)
    SPAVAE.setup_anndata(cells)
    with pytest.raises(ValueError, match=message):
        SPAVAE(cells, **(QUICK | options))


def test_an_untrained_model_predicts_nothing():
    cells = planted(60)
    SPAVAE.setup_anndata(cells)
    model = SPAVAE(cells, **QUICK)
    for call in (
        lambda: model.predict_expression(spacing=100.0),
        lambda: model.get_latent_representation(given="place"),
    ):
        with pytest.raises(RuntimeError, match="The model is not trained: call"):
            call()


def test_what_latents_are_given_is_checked(of_gradient):
    with pytest.raises(ValueError, match="given is 'nothing': choose 'both'"):
        of_gradient.get_latent_representation(given="nothing")


@pytest.mark.trains
def test_without_spatial_dimensions_places_do_not_matter():
    model = fit(planted(120), n_spatial=0)
    latents = [model.get_latent_representation(given=g) for g in ("both", "expression", "place")]
    np.testing.assert_allclose(latents[0], latents[1], atol=1e-6)
    np.testing.assert_array_equal(latents[2], 0.0)
    found = model.predict_expression(spacing=300.0)
    np.testing.assert_allclose(found.X, found.X[:1].repeat(len(found.X), axis=0), rtol=1e-5)


@pytest.mark.trains
@pytest.mark.parametrize(
    "options",
    [
        {"kernel": "gaussian"},
        {"kernel": "cauchy"},
        {"n_spatial": 4},
        {"kl_target": 0.05, "kl_weight": 5.0},
        {"gene_likelihood": "zinb"},
        {"gene_likelihood": "poisson"},
        {"gene_likelihood": "nb_mixture"},
        {"dp_weight": 3.0},
        {"gene_weights": "spatial", "input_dropout": 0.3, "n_layers": 2},
        {"normalize_depth": False},
        {"n_cosines": 9},
        {"kl_weight": 0.0, "spatial_share": None},
    ],
)
def test_options_are_kept_in_the_file(options, tmp_path):
    model = fit(planted(120), **options)
    check_usable(model)
    expected = model.predict_expression(spacing=300.0)
    latent = model.get_latent_representation()
    model.save(tmp_path / "model")
    loaded = SPAVAE.load(tmp_path / "model", adata=planted(120))
    found = loaded.predict_expression(spacing=300.0)
    np.testing.assert_array_equal(found.X, expected.X)
    np.testing.assert_allclose(loaded.get_latent_representation(), latent, atol=1e-6)


def test_importance_weights_of_a_standard_normal_prior_are_refused(of_gradient):
    arguments = {"n_samples_overall": 20, "weights": "importance"}
    with pytest.raises(ValueError, match="leave out weights='importance'"):
        of_gradient.get_normalized_expression(**arguments)
