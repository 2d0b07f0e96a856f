"""Processes of one thread each."""

import os
from contextlib import contextmanager

LIBRARIES = ("OMP", "OPENBLAS", "MKL", "NUMBA")


@contextmanager
def one_thread_each():
    """Let processes that are started inside compute on one thread; this one stays as it is."""
    names = [f"{library}_NUM_THREADS" for library in LIBRARIES]
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
