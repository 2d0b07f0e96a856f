"""What a peer imputes, in an environment of its own."""

import resource
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.imputation.peers import runner_of
from benchmarks.peers import existing_python, run_alone


def imputed_by(name, problem):
    """Values at positions × hidden genes, and seconds of the processor, its start included.

    Raises
    ------
    FileNotFoundError
        There is no environment for the peer.
    RuntimeError
        The peer failed, took too long, or gave values that are not finite or of another shape.
    """
    python = existing_python(name)
    before = _seconds_of_children()
    with TemporaryDirectory() as folder:
        problem.cells.write_h5ad(Path(folder) / "cells.h5ad")
        problem.tissue.write_h5ad(Path(folder) / "tissue.h5ad")
        (Path(folder) / "hidden.txt").write_text("\n".join(problem.hidden), "utf-8")
        run_alone([python, runner_of(name), folder, str(problem.seed)], folder)
        values = np.load(Path(folder) / "imputed.npy")
    shape = (problem.tissue.n_obs, len(problem.hidden))
    if values.shape != shape or not np.isfinite(values).all():
        message = f"{name} gave values of shape {values.shape}, not {shape}, or not finite ones."
        raise RuntimeError(message)
    return values, _seconds_of_children() - before


def _seconds_of_children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
