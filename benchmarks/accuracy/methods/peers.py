"""Other tools, each in an environment of its own; see benchmarks/peers.py.

Seconds of a peer include the start of its Python, its imports and the reading of the files.
"""

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.accuracy.peers import NAMES, runner_of
from benchmarks.peers import existing_python, run_alone

ONLY_TWO_DIMENSIONS = ("CeLEry",)


def placed_by(name, problem):
    """Hand the problem to a peer, without the query's places, and read the places that it writes.

    Raises
    ------
    FileNotFoundError
        There is no environment for the peer.
    NotImplementedError
        The peer has no more than two dimensions, the places have three.
    RuntimeError
        The peer failed, or took too long.
    """
    n_dims = problem.truth.shape[1]
    if n_dims > 2 and name in ONLY_TWO_DIMENSIONS:
        message = f"{name} places cells in two dimensions, and these places have {n_dims}."
        raise NotImplementedError(message)
    places = answer_of(name, problem.reference, problem.query, seed=problem.seed)
    if places.shape != problem.truth.shape or not np.isfinite(places).all():
        message = f"{name} gave places of shape {places.shape}, or some that are not finite."
        raise RuntimeError(message)
    return places, None


def answer_of(name, reference, query, runner=None, options=(), *, seed=0):
    """Array that a peer's runner writes; by default the one that places cells."""
    python = existing_python(name)
    script = runner_of(name) if runner is None else runner_of(name).with_name(runner)
    with TemporaryDirectory() as folder:
        reference.write_h5ad(Path(folder) / "reference.h5ad")
        query.write_h5ad(Path(folder) / "query.h5ad")
        run_alone([python, script, folder, str(seed), *options], folder)
        return np.load(Path(folder) / "places.npy")


METHODS = {name: partial(placed_by, name) for name in NAMES}
