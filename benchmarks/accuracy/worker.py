"""What one process of the benchmark does. Heavy imports happen here, once for all processes."""

import logging
import time
from pathlib import Path

import torch

from benchmarks.accuracy.methods import METHODS
from benchmarks.accuracy.problem import problem_of
from benchmarks.accuracy.scores import latent_scores, place_scores
from benchmarks.accuracy.sections import public_sections, sections_of
from benchmarks.accuracy.splits import split


def scored(run, source):
    """Scores and sizes of one run. ``source``: a folder of h5ad files, or ``None`` for the web."""
    torch.set_num_threads(1)
    logging.disable(logging.WARNING)
    section = load(run.section, source)
    parts = split(run.split, section.adata.obsm["spatial"], run.seed)
    problem = problem_of(section, parts, run.seed)
    begin = time.perf_counter()
    places, latent = METHODS[run.method](problem)
    seconds = time.perf_counter() - begin
    return {
        "n_cells": section.adata.n_obs,
        "n_known": len(parts.known),
        "n_genes": problem.reference.n_vars,
        **place_scores(problem.truth, places),
        **latent_scores(problem.truth, latent),
        "seconds": seconds,
    }


def load(name, source):
    """Find a section by its name."""
    file = name.split(":")[0]
    sections = (
        public_sections(file) if source is None else sections_of(Path(source) / f"{file}.h5ad")
    )
    return next(section for section in sections if section.name == name)
