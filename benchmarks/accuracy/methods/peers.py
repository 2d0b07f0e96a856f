"""Other tools, each in an environment of its own; see benchmarks/accuracy/peers.

Seconds of a peer include the start of its Python, its imports and the reading of the files.
"""

import os
import subprocess
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.accuracy.peers import (
    REQUIREMENTS,
    VARIABLE,
    folder_of_environments,
    python_of,
    runner_of,
)

ONLY_TWO_DIMENSIONS = ("CeLEry",)
ONE_THREAD = {
    **{f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMBA")},
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    "JAX_PLATFORMS": "cpu",
    "MPLBACKEND": "Agg",
    "TQDM_DISABLE": "1",
}
REPORTED_LINES = 15


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


def existing_python(name):
    """Python of the environment of a peer; raise if there is none."""
    folder = folder_of_environments()
    if folder is None or not python_of(name, folder).exists():
        message = (
            f"There is no environment for {name}: make it with 'python -m "
            f"benchmarks.accuracy.peers FOLDER' (of imputation: benchmarks.imputation.peers), and "
            f"set the environment variable {VARIABLE} to that folder (now {folder})."
        )
        raise FileNotFoundError(message)
    return python_of(name, folder)


def run_alone(command, folder):
    """Run a command in a folder, with one thread; raise with its last lines if it fails."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment | ONE_THREAD,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        last = "\n".join(done.stdout.splitlines()[-REPORTED_LINES:])
        message = f"{command[1].name} ended with status {done.returncode}:\n{last}"
        raise RuntimeError(message)


METHODS = {name: partial(placed_by, name) for name in REQUIREMENTS}
