"""Symmetric sections, found and folded: python -m benchmarks.symmetry FOLDER [REFERENCE QUERY]."""

import argparse
import time
from pathlib import Path

import matplotlib as mpl
import numpy as np
import scanpy as sc

from benchmarks.accuracy.methods.baselines import neighbors, ridge_on_genes
from benchmarks.accuracy.methods.models import dpvae
from benchmarks.accuracy.problem import cross_problem
from benchmarks.accuracy.sections import folder_sections
from benchmarks.accuracy.worker import load
from benchmarks.gallery.pictures import save_picture
from benchmarks.quiet import run_quietly
from dpvae import metrics
from dpvae.geometry import align

METHODS = {
    "kNN": lambda problem: neighbors(problem)[0],
    "ridge": lambda problem: ridge_on_genes(problem)[0],
    "DPVAE": lambda problem: dpvae(problem)[0],
}
PICTURE = Path("docs/_static/symmetry.png")


def table(folder):
    print("section | cells | agreement | contrast | symmetric | seconds")
    print("--- | --- | --- | --- | --- | ---")
    for section in folder_sections(folder):
        adata = section.adata
        if section.holds_counts:
            sc.pp.normalize_total(adata)
            sc.pp.log1p(adata)
        begin = time.perf_counter()
        found = metrics.mirror_symmetry(adata.X, adata.obsm["spatial"])
        seconds = time.perf_counter() - begin
        verdict = "yes" if found.is_symmetric else ""
        print(
            f"{section.name} | {adata.n_obs} | {found.agreement:.2f} | {found.contrast:.2f} | "
            f"{verdict} | {seconds:.1f}",
            flush=True,
        )


def half(adata):
    """Places of a section, folded if it is symmetric."""
    found = metrics.mirror_symmetry(adata.X, adata.obsm["spatial"])
    places = adata.obsm["spatial"]
    return found.mirror.fold(places) if found.is_symmetric else places


def compared(folder, reference, query, seed):
    """Places of the query by each method, trained on whole places and on the half."""
    sections = load(reference, folder), load(query, folder)
    problem = cross_problem(*sections, seed)
    target = problem.query.copy()
    target.obsm["spatial"] = problem.truth
    truth = half(target)
    whole, folded = problem.reference.obsm["spatial"], half(problem.reference)
    found = {}
    for name, method in METHODS.items():
        for kind, places in (("whole", whole), ("folded", folded)):
            problem.reference.obsm["spatial"] = places.copy()
            found[name, kind] = method(problem)
            print(f"{name} | {kind} | {scores(truth, found[name, kind])}", flush=True)
    return truth, found


def scores(truth, places):
    """Procrustes error, and median error after alignment in tissue radii."""
    aligned = align(places, truth).apply(places)
    radius = np.sqrt(((truth - truth.mean(axis=0)) ** 2).sum(axis=1).mean())
    error = metrics.coordinate_error(truth, aligned).median / radius
    return f"{metrics.procrustes_disparity(truth, places):.3f} | {error:.2f}"


def picture(truth, whole, folded, path=PICTURE):
    """Each cell in the colour of its true place: truth, trained on the whole, on the half."""
    import matplotlib.pyplot as plt

    from dpvae.pl.position_colors import position_colors

    colors = position_colors(truth)
    figure, panels = plt.subplots(
        1, 3, figsize=(8, 3.2), sharex=True, sharey=True, layout="constrained"
    )
    titles = "true places", "placed by the whole reference", "placed by the folded one"
    for ax, title, places in zip(panels, titles, (truth, whole, folded), strict=True):
        aligned = align(places, truth).apply(places)
        error = metrics.procrustes_disparity(truth, places)
        ax.scatter(*aligned.T, c=colors, s=7, linewidths=0)
        ax.set_title(title if places is truth else f"{title},\ndisparity {error:.2f}")
        ax.set_aspect("equal")
        ax.set_axis_off()
    panels[0].invert_yaxis()  # of all three, which share it
    save_picture(figure, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("sections", nargs="*", help="names of a reference and a query")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    mpl.use("Agg")
    run_quietly()
    if not arguments.sections:
        table(arguments.folder)
        return
    truth, found = compared(arguments.folder, *arguments.sections, arguments.seed)
    picture(truth, found["DPVAE", "whole"], found["DPVAE", "folded"])


if __name__ == "__main__":
    main()
