"""DPVAE with one ingredient of the recipe removed or changed, for the table of ablations."""

from dataclasses import replace
from functools import partial

import numpy as np

from benchmarks.accuracy.methods.models import (
    place_by_distances,
    place_by_latents,
    place_by_posterior,
    place_by_what_is_read,
    placed,
)
from dpvae.model import DPVAE
from dpvae.model.training.epochs import suitable_epochs, suitable_steps

BATCH_SIZE = 128


def variant(problem, *, training=None, place=None, **options):
    DPVAE.setup_anndata(problem.reference)
    how = {} if place is None else {"place": place}
    return placed(problem, DPVAE, options, training, **how)


def with_steps(problem, *, factor):
    n_cells = problem.reference.n_obs
    n_steps = round(factor * suitable_steps(n_cells))
    epochs = suitable_epochs(n_cells, batch_size=BATCH_SIZE, train_size=1.0, n_steps=n_steps)
    return variant(problem, training={"max_epochs": epochs})


def mean_of_models(problem, *, n_models):
    """Mean places of models that differ by their seeds; the latents of the first."""
    seeds = range(problem.seed, problem.seed + n_models)
    runs = [variant(replace(problem, seed=seed)) for seed in seeds]
    return np.mean([places for places, _ in runs], axis=0), runs[0][1]


VARIANTS = {
    "all genes alike": partial(variant, gene_weights="equal"),
    "no regression on genes": partial(variant, place=place_by_latents),
    "no posterior": partial(variant, place=place_by_what_is_read),
    "posterior alone": partial(variant, place=place_by_posterior),
    "placed by distances alone": partial(variant, place=place_by_distances),
    "dp_weight = 0": partial(variant, dp_weight=0.0),
    "dp_weight = 0.1": partial(variant, dp_weight=0.1),
    "dp_weight = 1": partial(variant, dp_weight=1.0),
    "dp_weight = 9": partial(variant, dp_weight=9.0),
    "no genes hidden": partial(variant, input_dropout=0.0),
    "no units hidden": partial(variant, dropout_rate=0.0),
    "no weight decay": partial(variant, training={"plan_kwargs": {"weight_decay": 0.0}}),
    "constant learning rate": partial(variant, training={"plan_kwargs": {"lr": 1e-3}}),
    "2 x 256 units": partial(variant, n_layers=2, n_hidden=256),
    "2 latents": partial(variant, n_latent=2),
    "30 latents": partial(variant, n_latent=30),
    "sampled latents": partial(variant, distance_latent="sample"),
    "squared error": partial(variant, distance_error="squared"),
    "a tenth for validation": partial(variant, training={"train_size": 0.9}),
    "half the steps": partial(with_steps, factor=0.5),
    "twice the steps": partial(with_steps, factor=2.0),
    "mean of 3 models": partial(mean_of_models, n_models=3),
}
