"""The paper's configuration and the package's, trained as briefly as these figures allow."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import scvi

from benchmarks.accuracy.methods import baselines
from benchmarks.accuracy.problem import problem_of, spatially_variable
from benchmarks.accuracy.splits import split
from benchmarks.genes.choices import scanpy_default
from dpvae import metrics
from dpvae.model import DPVAE

FITS = Path("paper_results") / "fits"
WEIGHT = 3.0
BATCH = 128
NETWORK = {
    "n_layers": 1,
    "n_hidden": 128,
    "dropout_rate": 0.0,
    "input_dropout": 0.0,
    "distance_latent": "sample",
    "gene_weights": "equal",
}
PLAN = {"optimizer": "Adam", "lr": 3e-3, "weight_decay": 0.0, "n_steps_kl_warmup": None}


@dataclass(frozen=True)
class Configuration:
    """How a model is made and trained.

    ``n_steps`` of ``None`` are the package's own number, which grows with the cells. ``flat``
    models have as many latent dimensions as the tissue, so that the latent space is the map, as in
    the paper.
    """

    name: str
    n_genes: int
    n_steps: int | None
    flat: bool = False
    network: dict = field(default_factory=dict)
    plan: dict | None = None
    choose: Callable = spatially_variable

    def chosen(self, reference):
        """Mask of the genes of a reference."""
        return self.choose(reference, self.n_genes)

    def problem(self, section, seed=0):
        parts = split("random", section.adata.obsm["spatial"], seed)
        return problem_of(section, parts, seed, self.chosen)

    def made(self, problem, dp_weight, model_class=DPVAE):
        """Make a model of the reference of a problem."""
        reference = problem.reference
        layer = {} if model_class is DPVAE else {"layer": "counts"}
        model_class.setup_anndata(reference, **layer)
        flat = {"n_latent": problem.truth.shape[1]} if self.flat else {}
        scvi.settings.seed = problem.seed
        return model_class(reference, dp_weight=dp_weight, **self.network, **flat)

    def train(self, model, callbacks=()):
        n_cells = model.adata.n_obs
        model.train(
            max_epochs=self.n_steps and -(-self.n_steps // max(n_cells // BATCH, 1)),
            batch_size=min(BATCH, n_cells),
            train_size=1.0,
            plan_kwargs=self.plan or {},
            callbacks=list(callbacks),
            enable_progress_bar=False,
        )
        return model

    def trained(self, problem, dp_weight, model_class=DPVAE):
        """Train a model on the reference of a problem, without a look at its query."""
        return self.train(self.made(problem, dp_weight, model_class))


PAPER = Configuration(
    "paper's", 100, 500, flat=True, network=NETWORK, plan=PLAN, choose=scanpy_default
)
PACKAGE = Configuration("package's", 1_000, None)


def fitted(configuration, section, dp_weight, seed=0):
    """Arrays of the held-out cells of a section: what several figures need is trained once.

    ``truth``, ``latent``, ``free`` (placed by latent distances alone), ``placed`` (in the frame of
    the reference) and ``metric`` (of the decoder). They are kept in the folder ``FITS``.
    """
    flat = "flat" if configuration.flat else "deep"
    name = f"{flat} {configuration.n_steps} {section.name} {dp_weight:g} {seed}.npz"
    path = FITS / name.replace(":", " ")
    if path.exists():
        return dict(np.load(path))
    problem = configuration.problem(section, seed)
    model = configuration.trained(problem, dp_weight)
    arrays = {
        "truth": problem.truth,
        "latent": model.get_latent_representation(problem.query),
        "free": model.predict_coordinates(problem.query, anchors=None),
        "placed": model.predict_coordinates(problem.query),
    }
    if configuration.flat:
        arrays["metric"] = model.decoder_metric(problem.query)
    FITS.mkdir(parents=True, exist_ok=True)
    np.savez(path, **arrays)
    return arrays


def scores(fit):
    """Procrustes error of the latent distances alone, and of places in the reference's frame."""
    names = {"latent": "free", "placed": "placed"}
    return {how: metrics.procrustes_disparity(fit["truth"], fit[at]) for how, at in names.items()}


def simple_scores(problem):
    """Procrustes error of neighbours and of ridge regression on the same genes."""
    found = {
        "kNN": baselines.neighbors(problem)[0],
        "ridge": baselines.ridge_on_genes(problem)[0],
    }
    return {name: metrics.procrustes_disparity(problem.truth, at) for name, at in found.items()}
