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

FOLDER = Path("docs/benchmarks")
PAGES = {
    "speed": ("free_placement", "anchored_placement", "autocorrelation"),
    "training_speed": ("training", "processes"),
}
NAMES = tuple(name for names in PAGES.values() for name in names)
INTRODUCTIONS = {
    "speed": """# Speed of placement and statistics

Written by `python -m benchmarks.speed`, which prints the same tables. What is compared runs in
turns in one process on one thread (searches for neighbours among more than 10,000 anchors use all
cores); seconds are medians. Seconds do not travel from machine to machine, ratios do.
""",
    "training_speed": """# Speed of training

Written by `python -m benchmarks.speed training processes`, which prints the same tables. What is
compared runs in turns in one process, with the same seeds and steps, on one thread unless said
otherwise; seconds are medians. Seconds do not travel from machine to machine, ratios do.

The table against scVI trains models of its size, with its arguments and likelihood (zero-inflated),
batch 128. Its seconds are all of `train`, with what `DPSCVI.train` does after the last step: the
reference's latents, and with a distance term the regression on genes. `ELBO` is from the last
epoch with its sign changed, as scvi-tools logs it; next to it the ELBO of cells of the same tissue
that were not trained on.
""",
}


def machine():
    packages = ("dpvae", "numpy", "scipy", "numba", "scikit-learn", "scanpy", "scvi-tools", "torch")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"Python {platform.python_version()}, {versions}; {os.cpu_count()} cores, load {load}."


def main():
    warnings.simplefilter("ignore")
    logging.disable(logging.INFO)
    wanted = [name for name in NAMES if name in sys.argv[1:]] or list(NAMES)
    for page, names in PAGES.items():
        chosen = [name for name in names if name in wanted]
        parts = [INTRODUCTIONS[page], machine(), *printed(chosen)]
        if chosen == list(names) and "--quick" not in sys.argv:
            parts.append(f"After the run: {machine()}")
            (FOLDER / f"{page}.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def printed(names):
    for name in names:
        module = importlib.import_module(f"benchmarks.speed.{name}")
        for title, table in module.tables(quick="--quick" in sys.argv):
            print(f"\n{title}\n\n{table.to_string(index=False)}", flush=True)
            lines = [" | ".join(row) for row in table.astype(str).to_numpy()]
            header = f"{' | '.join(table.columns)}\n{' | '.join(['---'] * table.shape[1])}"
            yield f"## {title}\n\n" + "\n".join([header, *lines])


if __name__ == "__main__":
    main()
