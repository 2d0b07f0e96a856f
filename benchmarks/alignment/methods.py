"""A query placed by a model of the reference alone, or of both, with and without alignment."""

from dataclasses import replace

import anndata as ad
import numpy as np
import scvi
import torch

from benchmarks.accuracy.methods.baselines import neighbors, ridge_on_genes
from benchmarks.accuracy.scores import place_scores
from dpvae.geometry import align
from dpvae.model import DPSCVI, DPVAE
from dpvae.module import mean_discrepancy

MODELS = {"DPVAE": DPVAE, "DPSCVI": DPSCVI}
SIMPLE = {"kNN": neighbors, "ridge": ridge_on_genes}
ZERO_SHOT = "zero-shot"
POOLED = "pooled"
CELLS_COMPARED = 1_000
QUIET = {"enable_progress_bar": False}
REFERENCE, QUERY = "reference", "query"


def at_most(section, n_cells):
    """At most this many random cells of a section, always the same ones."""
    if section.adata.n_obs <= n_cells:
        return section
    rows = np.sort(np.random.default_rng(0).permutation(section.adata.n_obs)[:n_cells])
    return replace(section, adata=section.adata[rows].copy())


def pool(problem):
    """Reference and query in one AnnData, the places of the query unknown."""
    query = problem.query.copy()
    query.obsm["spatial"] = np.full_like(problem.truth, np.nan)
    sections = {REFERENCE: problem.reference, QUERY: query}
    return ad.concat(sections, label="section", index_unique=" ")


def model_of(problem, model_class, plan):
    """A trained model, and the cells of the query as it knows them."""
    options = {"layer": "counts"} if model_class is DPSCVI else {}
    scvi.settings.seed = problem.seed
    if plan is None:
        model_class.setup_anndata(problem.reference, **options)
        model = model_class(problem.reference)
        model.train(logger=False, **QUIET)
        return model, problem.query
    cells = pool(problem)
    model_class.setup_anndata(cells, sample_key="section", batch_key="section", **options)
    model = model_class(cells)
    model.train(plan_kwargs=plan, logger=False, **QUIET)
    return model, cells[cells.obs["section"] == QUERY].copy()


def scored(problem, method, model="DPVAE", weight=None):
    """Scores of the places of the query; of a model, with and without its regression on genes."""
    if method in SIMPLE:
        return scores_of(problem.truth, SIMPLE[method](problem)[0])
    plan = {POOLED: {}, ZERO_SHOT: None}.get(
        method, {"alignment": method, "alignment_weight": weight}
    )
    trained, query = model_of(problem, MODELS[model], plan)
    query.obsm.pop("spatial", None)
    scores = scores_of(problem.truth, trained.predict_coordinates(query))
    by_latents = scores_of(problem.truth, trained.predict_coordinates(query, method="latents"))
    latents = [trained.get_latent_representation(cells) for cells in (problem.reference, query)]
    return {
        **scores,
        **{f"{name}_latents": value for name, value in by_latents.items()},
        "difference": difference(*latents),
    }


def scores_of(truth, places):
    """Scores of places that are moved onto the true ones, whose frame is another."""
    scores = place_scores(truth, align(places, truth).apply(places))
    return {
        name: scores[name]
        for name in ("procrustes_disparity", "median_error_radii", "distance_spearman")
    }


def difference(one, other):
    """Squared maximum mean discrepancy between some cells of two sections."""
    rng = np.random.default_rng(0)
    n_cells = min(len(one), len(other), CELLS_COMPARED // 2)
    latent = np.vstack([values[rng.permutation(len(values))[:n_cells]] for values in (one, other)])
    section = np.repeat([0, 1], n_cells)
    return mean_discrepancy(torch.as_tensor(latent), torch.as_tensor(section)).item()
