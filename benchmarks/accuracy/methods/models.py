"""The models of the package: their defaults, the backbones alone, and as in the paper."""

import scvi

from dpvae.model import DPSCVI, DPVAE

QUIET = {"enable_progress_bar": False, "logger": False}


def dpvae(problem, **options):
    DPVAE.setup_anndata(problem.reference)
    return _placed(problem, DPVAE, options)


def dpscvi(problem, **options):
    DPSCVI.setup_anndata(problem.reference, layer="counts")
    return _placed(problem, DPSCVI, options)


def plain_vae(problem):
    """The backbone alone: neither the loss nor the weights of genes know of places."""
    return dpvae(problem, dp_weight=0.0, gene_weights="equal")


def plain_scvi(problem):
    return dpscvi(problem, dp_weight=0.0, gene_weights="equal")


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
    return _placed(problem, DPVAE, network, training)


def _placed(problem, model_class, options, training=None):
    scvi.settings.seed = problem.seed
    model = model_class(problem.reference, **options)
    model.train(**(training or {}), **QUIET)
    latent = model.get_latent_representation(problem.query)
    return model.predict_coordinates(problem.query), latent
