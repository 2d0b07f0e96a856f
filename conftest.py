"""One thread a process, and the package before pytest imports its files one by one.

Tests run side by side: threads of theirs would wait for each other. Functions of the package have
the names of their modules, and would be replaced by them.
"""

import os

for library in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

import numba  # noqa: E402

numba.config.reload_config()  # a plugin of pytest may have imported it with as many as cores

import dpvae.io  # noqa: E402
import dpvae.pl  # noqa: E402
import dpvae.tl  # noqa: E402, F401
