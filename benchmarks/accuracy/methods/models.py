"""The models of the package: their defaults, the backbones alone, and as in the paper."""

import scvi

from dpvae.model import DPHVAE, DPSCVI, DPVAE, Surfaces

QUIET = {"enable_progress_bar": False, "logger": False}


def dpvae(problem, training=None, **options):
    DPVAE.setup_anndata(problem.reference, sample_key=problem.section_key)
    return placed(problem, DPVAE, options, training)


def dpscvi(problem, **options):
    DPSCVI.setup_anndata(problem.reference, layer="counts", sample_key=problem.section_key)
    return placed(problem, DPSCVI, options)


def dphvae(problem, **options):
    DPHVAE.setup_anndata(problem.reference, sample_key=problem.section_key)
    return placed(problem, DPHVAE, options)


def surfaces(problem):
    """Without training a network."""
    Surfaces.setup_anndata(problem.reference, sample_key=problem.section_key)
    return placed(problem, Surfaces, {})


def per_section(problem):
    """Genes standardised section by section; of the query by its own cells."""
    return dpvae(problem, standardize="section")


def plain_vae(problem):
    """The backbone alone: neither the loss nor the weights of genes know of places."""
    return dpvae(problem, dp_weight=0.0, gene_weights="equal")


def plain_scvi(problem):
    return dpscvi(problem, dp_weight=0.0, gene_weights="equal", normalize_depth=False)


def paper(problem):
    """One hidden layer, two latents, no regularisation, full batches, distances between samples."""
    network = {
        "n_layers": 1,
        "n_hidden": 128,
        "n_latent": problem.truth.shape[1],
        "dropout_rate": 0.0,
        "input_dropout": 0.0,
        "distance_latent": "sample",
        "gene_weights": "equal",
    }
    plan = {"optimizer": "Adam", "lr": 1e-3, "weight_decay": 0.0, "n_steps_kl_warmup": None}
    training = {
        "max_epochs": 1000,
        "batch_size": problem.reference.n_obs,
        "train_size": 1.0,
        "plan_kwargs": plan,
    }
    DPVAE.setup_anndata(problem.reference)
    return placed(problem, DPVAE, network, training, place_by_distances)


def predict(model, problem):
    return model.predict_coordinates(problem.query)


def place_by_latents(model, problem):
    return model.predict_coordinates(problem.query, method="latents")


def place_by_what_is_read(model, problem):
    return model.predict_coordinates(problem.query, method="latents and genes")


def place_by_posterior(model, problem):
    return model.predict_coordinates(problem.query, method="posterior")


def place_by_distances(model, problem):
    """Place by the distances to landmarks in the latent space alone, all alike, as in the paper."""
    return model.predict_coordinates(problem.query, method="landmarks")


def placed(problem, model_class, options, training=None, place=predict):
    """Train a model on the reference; give the places and latents of the query."""
    scvi.settings.seed = problem.seed
    model = model_class(problem.reference, **options)
    model.train(**(training or {}), **QUIET)
    return place(model, problem), model.get_latent_representation(problem.query)
