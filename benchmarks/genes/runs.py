"""Places by a method on the genes that were chosen in one way."""

import time
from dataclasses import asdict, dataclass, fields, replace

import numpy as np

from benchmarks.accuracy.methods import METHODS, NEED_COUNTS
from benchmarks.accuracy.problem import problem_of
from benchmarks.accuracy.scores import place_scores
from benchmarks.accuracy.splits import split
from benchmarks.genes.choices import CANDIDATES, CHOICES, OTHER_NUMBERS

SIMPLE, NETWORKS = ("kNN", "ridge, PCs"), ("DPVAE", "MLP")
RANDOM, FEW = "random", "known5"


@dataclass(frozen=True)
class Run:
    """One method on one split of one section with one choice of genes."""

    section: str
    split: str
    seed: int
    method: str
    choice: str


KEYS = [field.name for field in fields(Run)]


def planned(sections, seeds):
    """Every run, the quickest and then the most important first, so that partial tables serve."""
    first, *others = seeds
    steps = [
        *((name, seed, SIMPLE, CANDIDATES) for name in (RANDOM, FEW) for seed in seeds),
        (RANDOM, first, SIMPLE, OTHER_NUMBERS),
        (RANDOM, first, ("DPVAE",), CANDIDATES),
        (RANDOM, first, ("MLP",), CANDIDATES),
        (RANDOM, first, ("DPSCVI",), CANDIDATES),
        (FEW, first, ("DPVAE", "MLP", "DPSCVI"), CANDIDATES),
        (RANDOM, first, ("DPVAE",), OTHER_NUMBERS),
        *((RANDOM, seed, (*NETWORKS, "DPSCVI"), CANDIDATES) for seed in others),
        *((FEW, seed, NETWORKS, CANDIDATES) for seed in others),
    ]
    return [
        Run(name, split_name, seed, method, choice)
        for split_name, seed, methods, choices in steps
        for name in sections
        for choice in choices
        for method in methods
    ]


def placed(problem, method):
    places, _ = method(problem)
    return places


def placed_with_counts(problem, method):
    """Cells without counts of the chosen genes are not shown, but put into the middle."""
    reference, query = (
        adata[np.asarray(adata.layers["counts"].sum(axis=1)).ravel() > 0].copy()
        for adata in (problem.reference, problem.query)
    )
    places = np.tile(problem.known_places.mean(axis=0), (problem.query.n_obs, 1))
    is_left = problem.query.obs_names.isin(query.obs_names)
    places[is_left] = placed(replace(problem, reference=reference, query=query), method)
    return places


def measured(run, section):
    """The run and its scores, as a row."""
    parts = split(run.split, section.adata.obsm["spatial"], run.seed)
    problem = problem_of(section, parts, run.seed, CHOICES[run.choice])
    begin = time.process_time()
    place = placed_with_counts if run.method in NEED_COUNTS else placed
    places = place(problem, METHODS[run.method])
    seconds = time.process_time() - begin
    scores = place_scores(problem.truth, places)
    kept = {
        score: scores[score]
        for score in ("procrustes_disparity", "median_error_radii", "distance_spearman")
    }
    return asdict(run) | {"n_genes": problem.reference.n_vars, **kept, "cpu_seconds": seconds}
