"""Places by a method on the genes that were chosen in one way."""

import time
from dataclasses import asdict, dataclass, fields

from benchmarks.accuracy.methods import METHODS
from benchmarks.accuracy.problem import problem_of
from benchmarks.accuracy.scores import place_scores
from benchmarks.accuracy.splits import split
from benchmarks.genes.choices import CHOICES

DEFAULT, VARIANCE, OURS = CHOICES
CANDIDATES = ((DEFAULT, 2000), (VARIANCE, 2000), (OURS, 500))
OTHER_NUMBERS = ((VARIANCE, 500), (OURS, 200), (OURS, 1000), (OURS, 2000))
SIMPLE = ("kNN", "ridge, PCs")
RANDOM, FEW = "random", "known5"


@dataclass(frozen=True)
class Run:
    """One method on one split of one section with so many genes of one choice."""

    section: str
    split: str
    seed: int
    method: str
    choice: str
    n_genes: int


KEYS = [field.name for field in fields(Run)]


def planned(sections, seeds):
    """Every run, the most important first: what is left out is then the same for all sections."""
    first, *others = seeds
    steps = [
        (RANDOM, first, (*SIMPLE, "DPVAE"), CANDIDATES),
        (RANDOM, first, ("MLP", "DPSCVI"), CANDIDATES),
        (RANDOM, first, (*SIMPLE, "DPVAE"), OTHER_NUMBERS),
        *((RANDOM, seed, (*SIMPLE, "DPVAE", "MLP", "DPSCVI"), CANDIDATES) for seed in others),
        *((FEW, seed, (*SIMPLE, "DPVAE", "MLP"), CANDIDATES) for seed in seeds),
    ]
    return [
        Run(name, split_name, seed, method, choice, n_genes)
        for split_name, seed, methods, choices in steps
        for method in methods
        for name in sections
        for choice, n_genes in choices
    ]


def measured(run, section):
    """The run and its scores, as a row."""
    parts = split(run.split, section.adata.obsm["spatial"], run.seed)
    problem = problem_of(section, parts, run.seed, run.n_genes, CHOICES[run.choice])
    begin = time.process_time()
    places, _ = METHODS[run.method](problem)
    seconds = time.process_time() - begin
    scores = place_scores(problem.truth, places)
    kept = ("procrustes", "median_error_radii", "spearman")
    return asdict(run) | {score: scores[score] for score in kept} | {"cpu_seconds": seconds}
