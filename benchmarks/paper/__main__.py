"""The paper's figures on the sections of a folder: python -m benchmarks.paper FOLDER [NAMES]."""

import argparse
from functools import partial
from importlib import import_module
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import torch
from PIL import Image

from benchmarks.accuracy.sections import folder_sections
from benchmarks.paper.page import FIGURES, entry, write_page
from benchmarks.paper.results import completed
from benchmarks.paper.training import BATCH, PACKAGE, PAPER, WEIGHT
from benchmarks.quiet import run_quietly

NAMES = (
    *("fig02", "fig05", "fig06", "fig07", "fig08", "fig09"),
    *("fig10", "fig11", "fig12", "fig14", "table1"),
)
RESOLUTION = 90
N_COLORS = 128


def arguments():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.paper", description=__doc__)
    parser.add_argument("folder", type=Path, help="h5ad files with obsm['spatial']")
    parser.add_argument("names", nargs="*", help=f"of {', '.join(NAMES)}; by default all")
    parser.add_argument("--sections", nargs="+", help="names, or beginnings of names")
    parser.add_argument("--seeds", type=int, default=1, help="number of seeds")
    parser.add_argument("--results", type=Path, default=Path("paper_results"))
    parser.add_argument("--redraw", action="store_true", help="train nothing; draw what is there")
    parser.add_argument("--docs", type=Path, help="folder that page and figures are written to")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in NAMES]
    if unknown:
        parser.error(f"There are no figures {unknown}; choose from {', '.join(NAMES)}.")
    return options


def sections_for(options):
    sections = folder_sections(options.folder)
    if options.sections:
        beginnings = tuple(options.sections)
        sections = [section for section in sections if section.name.startswith(beginnings)]
    if not sections:
        message = f"{options.folder} holds no such h5ad file with obsm['spatial']."
        raise SystemExit(message)
    return sections


def save(figure, path):
    """Save a figure as a small picture of few colours."""
    figure.savefig(path, dpi=RESOLUTION, bbox_inches="tight")
    plt.close(figure)
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(N_COLORS)
    small.save(path, optimize=True)


def main():
    options = arguments()
    run_quietly()
    mpl.use("Agg")
    torch.set_num_threads(1)
    sections = sections_for(options)
    by_name = {section.name: section for section in sections}
    entries = []
    for name in options.names or NAMES:
        module = import_module(f"benchmarks.paper.{name}")
        jobs = module.jobs(sections, range(options.seeds))
        if not jobs:
            print(f"{name}: left out, there are no suitable sections", flush=True)
            continue
        path = options.results / f"{name}.csv"
        if options.redraw and not path.exists():
            continue
        measure = partial(module.measure, sections=by_name)
        table = completed(path, jobs, measure, redraw=options.redraw)
        text = entry(module, table)
        print(text, flush=True)
        entries.append(text)
        if options.docs:
            folder = options.docs / FIGURES
            folder.mkdir(parents=True, exist_ok=True)
            save(module.draw(table), folder / f"{name}.png")
    if options.docs and not options.names:
        numbers = {"paper": PAPER, "package": PACKAGE, "batch": BATCH, "weight": WEIGHT}
        write_page(options.docs, entries, **numbers)


if __name__ == "__main__":
    main()
