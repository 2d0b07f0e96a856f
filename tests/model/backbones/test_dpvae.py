import numpy as np
import pytest
from scipy.spatial import procrustes
from scipy.spatial.distance import pdist
from scipy.stats import norm
from tests.conftest import QUICK, QUIET, log_normalized

from dpvae.cli.held_out import hide_places, knn_coordinates, ridge_coordinates
from dpvae.model import DPVAE


def snapshot(adata):
    return adata.obs.copy(), sorted(adata.obsm), sorted(adata.uns), sorted(adata.layers)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"layer": "log"}, KeyError, r"no adata.layers\['log'\]"),
        ({"spatial_key": "xy"}, KeyError, r"no adata.obsm\['xy'\]"),
        ({"sample_key": "slide"}, KeyError, r"no adata.obs\['slide'\]"),
        ({"batch_key": "donor"}, KeyError, r"no adata.obs\['donor'\]"),
    ],
)
def test_failed_setup_changes_nothing(expression, options, error, message):
    obs, *keys = snapshot(expression)
    with pytest.raises(error, match=message):
        DPVAE.setup_anndata(expression, **options)
    assert snapshot(expression)[0].equals(obs)
    assert list(snapshot(expression)[1:]) == keys


def test_raw_counts_are_refused_and_nothing_is_changed(counts):
    obs, *keys = snapshot(counts)
    with pytest.raises(ValueError, match=r"adata.X holds raw counts.*sc.pp.normalize_total"):
        DPVAE.setup_anndata(counts)
    assert snapshot(counts)[0].equals(obs)
    assert list(snapshot(counts)[1:]) == keys


def test_sections_are_those_of_the_sample_else_of_the_batch(sections):
    sections.obs["donor"] = np.where(np.arange(240) % 2, "one", "two")
    DPVAE.setup_anndata(sections, sample_key="section", batch_key="donor")
    model = DPVAE(sections, **QUICK)
    assert model.summary_stats["n_section"] == 3
    assert model.summary_stats["n_batch"] == 2
    DPVAE.setup_anndata(sections, batch_key="donor")
    assert DPVAE(sections, **QUICK).summary_stats["n_section"] == 2


def test_genes_are_standardized_by_the_statistics_of_the_reference(expression):
    DPVAE.setup_anndata(expression)
    standardization = DPVAE(expression, **QUICK).module.encoder_input
    dense = expression.X.toarray()
    np.testing.assert_allclose(standardization.mean[0], dense.mean(0), rtol=1e-4)
    np.testing.assert_allclose(standardization.scale[0], dense.std(0), rtol=1e-3)


@pytest.mark.trains
@pytest.mark.filterwarnings("ignore:All cells are set up as one section")
@pytest.mark.parametrize("sample_key", ["section", None])
def test_per_section_statistics_take_out_what_shifts_a_whole_section(sections, sample_key):
    def fit(standardize):
        DPVAE.setup_anndata(sections, sample_key=sample_key)
        model = DPVAE(sections, **QUICK, standardize=standardize)
        model.train(max_epochs=1, **QUIET)
        return model

    query = sections[sections.obs["section"] == sections.obs["section"].iloc[0]].copy()
    query.obs["section"] = "new"
    shifted = query.copy()
    shifted.X = 3 * shifted.X.toarray() + 1
    for standardize, agree in (("section", True), ("reference", False)):
        model = fit(standardize)
        here, there = (model.get_latent_representation(cells) for cells in (query, shifted))
        assert np.allclose(here, there, atol=1e-4) is agree


@pytest.mark.trains
def test_per_section_model_survives_saving_and_a_query_model(sections, tmp_path):
    reference = sections[sections.obs["section"] != sections.obs["section"].iloc[-1]].copy()
    query = sections[sections.obs["section"] == sections.obs["section"].iloc[-1]].copy()
    DPVAE.setup_anndata(reference, sample_key="section")
    model = DPVAE(reference, **QUICK, standardize="section")
    model.train(max_epochs=1, **QUIET)
    latent = model.get_latent_representation(query)
    model.save(str(tmp_path / "model"))
    loaded = DPVAE.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.get_latent_representation(query), latent)
    del query.obsm["spatial"]
    updated = DPVAE.load_query_data(query, tmp_path / "model")
    updated.train(max_epochs=1, plan_kwargs={"lr": 0.0}, **QUIET)
    np.testing.assert_allclose(updated.get_latent_representation(), latent, atol=1e-3)


def test_loss_of_the_network_of_the_paper_is_equation_4(expression):
    """With λ of the paper, which weighs its term λ times more and not by the number of genes."""
    paper = {"n_hidden": 64, "n_layers": 1, "dropout_rate": 0, "input_dropout": 0}
    paper |= {"n_latent": 2, "distance_latent": "sample", "gene_weights": "equal"}
    DPVAE.setup_anndata(expression)
    model = DPVAE(expression, dp_weight=0.7, **paper)
    model.module.distance_term.set_distance_scale(0.002)
    tensors = next(iter(model._make_data_loader(expression, batch_size=240)))
    inference, generative, output = model.module.train()(tensors, loss_kwargs={"kl_weight": 0.3})

    X, places = expression.X.toarray(), expression.obsm["spatial"]
    genes = (X - X.mean(axis=0)) / X.std(axis=0)
    mean, z = (x.detach().numpy() for x in (generative["px"].loc, inference["z"]))
    mu, sd = (getattr(inference["qz"], x).detach().numpy() for x in ("loc", "scale"))
    reconstruction = -norm(mean).logpdf(genes).sum(axis=1).mean()
    divergence = 0.5 * (mu**2 + sd**2 - 1 - 2 * np.log(sd)).sum(axis=1).mean()
    error = np.abs(pdist(z) - model.distance_scale * pdist(places)).mean()
    alpha = 0.7 * 40 / (model.distance_scale * float(model.module.distance_term.unit))
    expected = reconstruction + 0.3 * divergence + alpha * error
    assert output.loss.item() == pytest.approx(expected, rel=1e-3)


def test_unknown_standardization_is_refused(expression):
    DPVAE.setup_anndata(expression)
    with pytest.raises(ValueError, match="standardize is 'gene': choose 'reference' or 'section'"):
        DPVAE(expression, standardize="gene")


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "bound"), [("visium_v1_adult_mouse_brain", 0.10), ("dlpfc_151507", 0.25)]
)
def test_hidden_spots_of_a_real_section_are_recovered(real_section, name, bound):
    adata = log_normalized(real_section(name))
    reference, query = hide_places(adata, spatial_key="spatial")
    truth = adata[query.obs_names].obsm["spatial"]
    DPVAE.setup_anndata(reference)
    model = DPVAE(reference)
    model.train(**QUIET)
    places = model.predict_coordinates(query)
    disparity = procrustes(truth, places)[2]
    data = reference.X.toarray(), reference.obsm["spatial"], query.X.toarray()
    assert disparity < bound
    assert disparity < procrustes(truth, knn_coordinates(*data))[2]
    assert disparity < procrustes(truth, ridge_coordinates(*data))[2]
