import time
from pathlib import Path

import numpy as np


def interleaved(functions, repeats=3):
    """Median seconds of each function, run in turns, after one run to warm up."""
    seconds = {name: [] for name in functions}
    for turn in range(repeats):
        for name, function in functions.items():
            begin = time.perf_counter()
            function()
            seconds[name].append(time.perf_counter() - begin)
        del turn
    return {name: float(np.median(times)) for name, times in seconds.items()}


def peak_memory_gb():
    """Peak of this process; ``getrusage`` would give a larger parent's."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return float(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1e6


def curved_latents(n_cells, seed=0, noise=0.12):
    """A curved sheet of cells in ten latent dimensions, with noise, and the places of the cells."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(-1.2, 1.2, size=(n_cells, 2))
    products = np.c_[places[:, 0] ** 2, places.prod(axis=1), places[:, 1] ** 2]
    basis = np.linalg.qr(rng.normal(size=(10, 5)))[0]
    latent = np.c_[places, 0.25 * products] @ basis.T
    return latent + noise * rng.normal(size=(n_cells, 10)), places
