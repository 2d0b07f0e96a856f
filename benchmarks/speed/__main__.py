"""Print the speed tables and write them into the docs: python -m benchmarks.speed [NAMES]."""

import importlib
import logging
import os
import platform
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

for library in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

NAMES = ("free_placement", "anchored_placement", "autocorrelation", "training", "processes")
PAGE = Path("docs/benchmarks/speed.md")
INTRODUCTION = """# Speed

Written by `python -m benchmarks.speed`, which prints the same tables. What is compared runs in
turns in one process on one thread (searches for neighbours among more than 10,000 anchors use all
cores); seconds are medians. Seconds do not travel from machine to machine, ratios do.
"""


def machine():
    packages = ("dpvae", "numpy", "scipy", "numba", "scikit-learn", "scanpy", "scvi-tools", "torch")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"Python {platform.python_version()}, {versions}; {os.cpu_count()} cores, load {load}."


def main():
    warnings.simplefilter("ignore")
    logging.disable(logging.INFO)
    wanted = [name for name in NAMES if name in sys.argv[1:]] or list(NAMES)
    page = [INTRODUCTION, machine()]
    for name in wanted:
        module = importlib.import_module(f"benchmarks.speed.{name}")
        for title, table in module.tables(quick="--quick" in sys.argv):
            print(f"\n{title}\n\n{table.to_string(index=False)}", flush=True)
            lines = [" | ".join(row) for row in table.astype(str).to_numpy()]
            header = f"{' | '.join(table.columns)}\n{' | '.join(['---'] * table.shape[1])}"
            page.append(f"## {title}\n\n" + "\n".join([header, *lines]))
    page.append(f"After the run: {machine()}")
    print("\n" + page[1])
    if wanted == list(NAMES) and "--quick" not in sys.argv:
        PAGE.write_text("\n\n".join(page) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
