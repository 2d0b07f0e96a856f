"""What one process of the benchmark does. Heavy imports happen here, once for all processes."""

import logging
import time
from pathlib import Path

import torch

from benchmarks.accuracy.methods import METHODS
from benchmarks.accuracy.problem import cross_problem, pooled_problem, problem_of
from benchmarks.accuracy.scores import latent_scores, place_scores
from benchmarks.accuracy.sections import ARROW, public_sections, sections_of
from benchmarks.accuracy.splits import CROSS, POOLED, split


def scored(run, source):
    """Scores and sizes of one run. ``source``: a folder of h5ad files, or ``None`` for the web."""
    torch.set_num_threads(1)
    logging.disable(logging.WARNING)
    problem = posed(run, [load(name, source) for name in run.section.split(ARROW)])
    begin = time.perf_counter()
    places, latent = METHODS[run.method](problem)
    seconds = time.perf_counter() - begin
    return {
        "n_cells": problem.reference.n_obs,
        "n_known": int(problem.is_known.sum()),
        "n_hidden": len(problem.truth),
        "n_genes": problem.reference.n_vars,
        **place_scores(problem.truth, places),
        **latent_scores(problem.truth, latent),
        "seconds": seconds,
    }


def posed(run, sections):
    """The problem of a run."""
    if run.split == CROSS:
        return cross_problem(*sections, run.seed)
    if run.split == POOLED:
        return pooled_problem(sections[:-1], sections[-1], run.seed)
    (section,) = sections
    return problem_of(section, split(run.split, section.adata.obsm["spatial"], run.seed), run.seed)


def load(name, source):
    """Find a section by its name."""
    file = name.split(":")[0]
    sections = (
        public_sections(file) if source is None else sections_of(Path(source) / f"{file}.h5ad")
    )
    return next(section for section in sections if section.name == name)
