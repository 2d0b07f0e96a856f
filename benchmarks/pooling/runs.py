"""Places of a section by all others of its tissue together, and by each of them alone."""

from itertools import product

from benchmarks.accuracy.methods.baselines import neighbors, ridge_on_components, ridge_on_genes
from benchmarks.accuracy.methods.models import dpvae
from benchmarks.accuracy.problem import cross_problem, pooled_problem
from dpvae import metrics

POOLED, SINGLE = "pooled, random", "single"
SIMPLE = {"kNN": neighbors, "ridge, PCs": ridge_on_components, "ridge, genes": ridge_on_genes}


def planned(pools, seeds):
    """Target, seed, method and references of every run."""
    for (*others, target), seed in product(pools, seeds):
        yield target, seed, POOLED, tuple(others)
        for other, method in product(others, (SINGLE, *SIMPLE)):
            yield target, seed, method, (other,)


def error(sections, target, seed, method, references):
    """Procrustes disparity of the target's cells."""
    known = [sections[name] for name in references]
    if method == POOLED:
        problem = pooled_problem(known, sections[target], seed)
    else:
        problem = cross_problem(*known, sections[target], seed)
    places, _ = SIMPLE[method](problem) if method in SIMPLE else dpvae(problem)
    return metrics.procrustes_disparity(problem.truth, places)
