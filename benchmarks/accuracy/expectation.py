"""What to expect before training: python -m benchmarks.accuracy.expectation FOLDER RESULTS."""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import scanpy as sc
from scipy.stats import spearmanr

import dpvae
from benchmarks.accuracy.problem import problem_of
from benchmarks.accuracy.runs import finished
from benchmarks.accuracy.sections import folder_sections
from benchmarks.accuracy.splits import split
from benchmarks.method_style import style_of

N_TOP = 20
RESOLUTION = 110
MINUS = "\N{MINUS SIGN}"
SIZES = (300, 3_000, 10_000)
BOUNDS = (0.0, 0.2, 0.4, 0.6, 1.0)


def signal(section):
    """Spatial signal of the known cells of a random split, as a user can measure it."""
    reference = problem_of(section, split("random", section.adata.obsm["spatial"], 0), 0).reference
    genes = dpvae.tl.autocorrelation(reference, copy=True)["morans_i"]
    sc.pp.pca(reference, n_comps=min(30, reference.n_vars - 1))
    pairs = dpvae.tl.distance_preservation(reference, use_rep="X_pca", copy=True)
    return {
        "section": section.name,
        "n_known": reference.n_obs,
        "top_morans_i": float(genes.nlargest(N_TOP).mean()),
        "distance_correlation": float(pairs["pearson"].iloc[0]),
    }


def expected(table):
    """Held-out error of sections by the Moran's I of their best genes."""
    grouped = table.groupby(pd.cut(table["top_morans_i"], BOUNDS), observed=True)["DPVAE"]
    return grouped.agg(["size", "min", "median", "max"]).round(2)


def area(n_cells):
    """Area of the marker of a section in square points."""
    return 12 * np.sqrt(np.asarray(n_cells) / 100)


def draw(table, path):
    figure, panels = plt.subplots(1, 2, figsize=(7.2, 3.9), sharey=True, layout="constrained")
    style = style_of("DPVAE")
    labels = {
        "top_morans_i": f"mean Moran's I of the {N_TOP} best genes",
        "distance_correlation": "correlation of distances",
    }
    for axes, (column, label) in zip(panels, labels.items(), strict=True):
        axes.scatter(
            table[column], table["DPVAE"], s=area(table["n_known"]), color=style.color, alpha=0.6
        )
        rank = spearmanr(table[column], table["DPVAE"]).statistic
        text = f"Spearman {rank:.2f}".replace("-", MINUS)
        axes.text(0.97, 0.97, text, transform=axes.transAxes, ha="right", va="top")
        axes.set(xlabel=label, ylim=(-0.03, 1.05))
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    bulbs = table[table["section"].str.contains("olfactory")]
    if len(bulbs):
        middle = bulbs[["top_morans_i", "DPVAE"]].mean()
        panels[0].annotate(
            "olfactory bulbs",
            middle,
            textcoords="offset points",
            xytext=(-12, -3),
            ha="right",
            fontsize="small",
        )
    panels[0].set_ylabel("Procrustes disparity of hidden cells")
    handles = [
        panels[0].scatter([], [], s=area(n), color=style.color, alpha=0.6, label=f"{n:,} cells")
        for n in SIZES
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(SIZES), frameon=False)
    figure.savefig(path, dpi=RESOLUTION)
    plt.close(figure)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--docs", type=Path)
    options = parser.parse_args()
    results = finished(options.results)
    ours = results[(results["split"] == "random") & (results["method"] == "DPVAE")]
    signals = pd.DataFrame([signal(section) for section in folder_sections(options.folder)])
    errors = ours.groupby("section")["procrustes_disparity"].mean().rename("DPVAE")
    table = signals.join(errors, on="section", how="inner")
    print(table.round(3).to_string(index=False))
    print(expected(table).to_string())
    if options.docs is not None:
        draw(table, options.docs / "_static" / "accuracy" / "expectation.png")


if __name__ == "__main__":
    main()
