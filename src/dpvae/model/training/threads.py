"""On how many threads of the processor a model trains."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch

LIMITS = ("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "MKL_NUM_THREADS")


@contextmanager
def training_threads(n_threads: int | None) -> Iterator[None]:
    """Train on one thread, or on as many as requested and allowed.

    Threads wait for one another hundreds of times a step. If each has its own core, four are up to
    1.7 times faster than one; if one has to wait for a core, ten times slower. A number that
    scanpy or numba set for torch before is ignored.

    Parameters
    ----------
    n_threads
        Number of threads. ``None`` is one.

    Raises
    ------
    ValueError
        If the number of threads is not at least 1.

    Warns
    -----
    UserWarning
        If it is more than :func:`allowed_threads`, which are then used.
    """
    if n_threads is not None and n_threads < 1:
        message = f"n_threads is {n_threads}: give a number that is at least 1, or None."
        raise ValueError(message)
    allowed = allowed_threads()
    if n_threads is not None and n_threads > allowed:
        found = [f"{name}={os.environ[name]}" for name in LIMITS if _limit(name) is not None]
        message = (
            f"n_threads is {n_threads}, but this process may use {allowed}: training uses "
            f"{allowed}. The limit is {', '.join([f'{_n_cores()} cores', *found])}."
        )
        warnings.warn(message, UserWarning, stacklevel=4)
    before = torch.get_num_threads()
    torch.set_num_threads(min(n_threads or 1, allowed))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def allowed_threads() -> int:
    """Count the threads that the environment and the cores of this process allow."""
    limits = (_limit(name) for name in LIMITS)
    return min([_n_cores(), *(limit for limit in limits if limit is not None)])


def _n_cores() -> int:
    """Count the cores that this process may use: on a cluster, the job's."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _limit(name: str) -> int | None:
    """Read the first number of a variable such as ``OMP_NUM_THREADS=4,2``."""
    first = os.environ.get(name, "").split(",")[0].strip()
    return int(first) if first.isdecimal() and int(first) > 0 else None
