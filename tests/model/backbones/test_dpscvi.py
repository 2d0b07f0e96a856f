import numpy as np
import pytest
import scvi
from scipy.spatial import procrustes
from tests.conftest import QUICK, QUIET, seed_everything

from dpvae.cli.held_out import hide_places
from dpvae.model import DPSCVI
from dpvae.module import DPCountVAE

SCVI_PLAN = {
    "optimizer": "Adam",
    "lr": 1e-3,
    "weight_decay": 1e-6,
    "eps": 0.01,
    "n_epochs_kl_warmup": 400,
}
WITHOUT_OURS = {
    "input_dropout": 0.0,
    "dp_weight": 0.0,
    "gene_weights": "equal",
    "normalize_depth": False,
}
SCVI_MODEL = {"n_hidden": 128, "n_layers": 1, "dropout_rate": 0.1}


@pytest.mark.trains
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("likelihood", ["zinb", "nb"])
def test_with_the_arguments_of_scvi_and_no_term_it_is_scvi(counts, likelihood):
    curves = {}
    for cls, model, plan in (
        (scvi.model.SCVI, {}, {}),
        (DPSCVI, SCVI_MODEL | WITHOUT_OURS, SCVI_PLAN),
    ):
        scvi.settings.seed = 0
        adata = counts.copy()
        cls.setup_anndata(adata)
        trained = cls(adata, gene_likelihood=likelihood, **model)
        trained.train(max_epochs=15, train_size=0.9, plan_kwargs=plan, **QUIET)
        curves[cls] = trained.history
    for name in ("train_loss", "elbo_train", "kl_local_train"):
        np.testing.assert_allclose(
            curves[DPSCVI][name].to_numpy(dtype=float),
            curves[scvi.model.SCVI][name].to_numpy(dtype=float),
            rtol=1e-5,
        )


def posterior(model):
    """What a trained model says about its cells, from one seed."""
    scvi.settings.seed = 0
    counts_again = model.posterior_predictive_sample(n_samples=2).todense()
    return {
        "elbo": model.get_elbo(return_mean=False),
        "reconstruction": model.get_reconstruction_error(return_mean=False)["reconstruction_loss"],
        "marginal": model.get_marginal_ll(n_mc_samples=4, return_mean=False),
        "expression": model.get_normalized_expression(transform_batch="two").to_numpy(),
        "samples": counts_again,
        "likelihood": model.get_likelihood_parameters()["mean"],
        "correlation": model.get_feature_correlation_matrix(n_samples=2).to_numpy(),
        "expressed": model.differential_expression(groupby="donor", group1="one", silent=True)[
            "proba_m1"
        ]
        .sort_index()
        .to_numpy(),
    }


@pytest.mark.trains
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("likelihood", ["zinb", "nb"])
def test_a_trained_model_says_what_it_says_with_the_distributions_of_scvi(
    counts, likelihood, monkeypatch
):
    counts.obs["donor"] = ["one", "two"] * 120
    DPSCVI.setup_anndata(counts, batch_key="donor")
    model = DPSCVI(counts, **QUICK, gene_likelihood=likelihood)
    model.train(max_epochs=3, **QUIET)
    ours = posterior(model)
    monkeypatch.setattr(DPCountVAE, "generative", scvi.module.VAE.generative)
    for name, expected in posterior(model).items():
        np.testing.assert_allclose(
            np.asarray(ours[name]), np.asarray(expected), rtol=1e-4, atol=1e-6, err_msg=name
        )


@pytest.mark.trains
def test_normalized_expression_of_a_query(counts):
    reference, query = counts[:180].copy(), counts[180:, ::-1].copy()
    DPSCVI.setup_anndata(reference)
    model = DPSCVI(reference, **QUICK)
    model.train(max_epochs=1, **QUIET)
    frequencies = model.get_normalized_expression(query)
    assert frequencies.columns.tolist() == reference.var_names.tolist()
    np.testing.assert_allclose(frequencies.sum(axis=1), 1, rtol=1e-4)


@pytest.mark.trains
def test_covariates_are_registered(counts):
    counts.obs["donor"] = ["one", "two"] * 120
    counts.obs["sex"] = ["f", "m"] * 120
    counts.obs["age"] = np.linspace(0, 1, 240)
    counts.obs["size"] = np.asarray(counts.X.sum(axis=1)).ravel()
    DPSCVI.setup_anndata(
        counts,
        batch_key="donor",
        labels_key="cell_type",
        size_factor_key="size",
        categorical_covariate_keys=["sex"],
        continuous_covariate_keys=["age"],
    )
    model = DPSCVI(counts, **QUICK)
    model.train(max_epochs=1, **QUIET)
    bare = counts[:10].copy()
    bare.obs = bare.obs[[]]
    np.testing.assert_array_equal(
        model.get_latent_representation(bare), model.get_latent_representation(indices=range(10))
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels_key": "type"}, r"no adata.obs\['type'\]"),
        ({"categorical_covariate_keys": ["sex"]}, r"no adata.obs\['sex'\]"),
        ({"layer": "counts"}, r"no adata.layers\['counts'\]"),
    ],
)
def test_failed_setup_changes_nothing(counts, options, message):
    obs, obsm, uns = counts.obs.copy(), sorted(counts.obsm), sorted(counts.uns)
    with pytest.raises(KeyError, match=message):
        DPSCVI.setup_anndata(counts, **options)
    assert counts.obs.equals(obs)
    assert (sorted(counts.obsm), sorted(counts.uns)) == (obsm, uns)


def test_normalized_values_are_refused(expression):
    with pytest.raises(ValueError, match=r"not integers.*use DPVAE"):
        DPSCVI.setup_anndata(expression)


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "bound"), [("visium_v1_adult_mouse_brain", 0.12), ("dlpfc_151507", 0.28)]
)
def test_hidden_spots_of_a_real_section_are_recovered(real_section, name, bound):
    adata = real_section(name)
    reference, query = hide_places(adata, spatial_key="spatial")
    DPSCVI.setup_anndata(reference)
    model = DPSCVI(reference)
    model.train(**QUIET)
    truth = adata[query.obs_names].obsm["spatial"]
    assert procrustes(truth, model.predict_coordinates(query))[2] < bound


@pytest.mark.trains
def test_depth_does_not_move_a_cell(counts):
    DPSCVI.setup_anndata(counts)
    model = DPSCVI(counts, **QUICK)
    model.train(max_epochs=2, **QUIET)
    deeper = counts.copy()
    deeper.X = counts.X * 3
    np.testing.assert_allclose(
        model.get_latent_representation(deeper), model.get_latent_representation(counts), atol=1e-4
    )
    places, expected = model.predict_coordinates(deeper), model.predict_coordinates(counts)
    np.testing.assert_allclose(places, expected, rtol=1e-3)
    raw = DPSCVI(counts, **QUICK, normalize_depth=False)
    raw.is_trained_ = True
    assert not np.allclose(
        raw.get_latent_representation(deeper), raw.get_latent_representation(counts), atol=1e-2
    )


def test_the_encoder_sees_centered_genes_of_mean_variance_one(counts):
    DPSCVI.setup_anndata(counts)
    model = DPSCVI(counts, **QUICK, input_dropout=0.0)
    seen = []
    model.module.z_encoder.encoder.register_forward_pre_hook(
        lambda _, inputs: seen.append(inputs[0].detach().numpy())
    )
    model.is_trained_ = True
    model.get_latent_representation()
    genes = np.vstack(seen)
    np.testing.assert_allclose(genes.mean(axis=0), 0, atol=1e-3)
    assert genes.var(axis=0).mean() == pytest.approx(1, rel=0.01)


def thinning_model(counts, **options):
    seed_everything()
    DPSCVI.setup_anndata(counts)
    model = DPSCVI(counts, **options, **QUICK)
    model.train(max_epochs=4, batch_size=50, **QUIET)
    return model


@pytest.mark.trains
def test_thinning_follows_the_seed_and_is_saved(counts, tmp_path):
    model = thinning_model(counts, least_depth=0.2)
    latent = model.get_latent_representation()
    again = thinning_model(counts, least_depth=0.2).get_latent_representation()
    np.testing.assert_array_equal(latent, again)
    assert not np.array_equal(latent, thinning_model(counts).get_latent_representation())
    model.save(str(tmp_path / "model"))
    loaded = DPSCVI.load(tmp_path / "model", counts)
    assert loaded.module.encoder_input.thinning.least_depth == 0.2
    np.testing.assert_array_equal(loaded.get_latent_representation(), latent)


@pytest.mark.trains
def test_all_molecules_are_the_default(counts):
    default, whole = thinning_model(counts), thinning_model(counts, least_depth=1.0)
    np.testing.assert_array_equal(
        default.get_latent_representation(), whole.get_latent_representation()
    )


def test_impossible_shares_of_molecules_are_refused(counts):
    DPSCVI.setup_anndata(counts)
    with pytest.raises(ValueError, match="least_depth is 0"):
        DPSCVI(counts, least_depth=0, **QUICK)
