"""Fig. 2: are cells that are far apart in the tissue also far apart in expression?"""

import matplotlib.pyplot as plt
import numpy as np

from benchmarks.accuracy.problem import prepared
from benchmarks.paper.training import PAPER
from benchmarks.section_names import short
from dpvae import metrics, pl

TITLE = "Figure 2: distances of expression follow distances of tissue"
CLAIM = (
    "In 23 of 27 samples the distance between two spots and the distance between their expression "
    "are significantly and positively correlated, some correlations being close to zero. The "
    "interval is Fisher's, which counts every pair of spots as an independent observation."
)


def jobs(sections, seeds):  # noqa: ARG001
    return [{"section": section.name} for section in sections]


def measure(job, sections):
    section = sections[job["section"]]
    adata, _ = prepared(section.adata, section.adata[:2], section.holds_counts, PAPER.chosen)
    found = metrics.distance_pearson(adata.obsm["spatial"], adata.X.toarray())
    row = {"n_cells": adata.n_obs, "pearson": found.correlation, "p_value": found.p_value}
    row["fisher_low"], row["fisher_high"] = found.fisher_interval
    row["low"], row["high"] = found.interval
    return [row]


def draw(table):
    shown = table.sort_values("pearson", ascending=False)
    _, panel = plt.subplots(figsize=(6, 0.2 * len(shown) + 1), layout="constrained")
    axes = pl.distance_correlation(shown.assign(section=shown["section"].map(short)), ax=panel)
    axes.set_xlim(table["low"].min() - 0.05, table["high"].max() + 0.05)
    axes.margins(y=0.01)
    axes.tick_params(axis="y", labelsize="small")
    return axes.figure


def findings(table):
    narrow = table["fisher_low"] > 0
    wide = table["low"] > 0
    mantel = (table["p_value"] < 0.05) & (table["pearson"] > 0)
    width = (table["high"] - table["low"]) / (table["fisher_high"] - table["fisher_low"])
    lost = table.loc[narrow & ~(wide & mantel), "section"].map(short)
    without = f" ({', '.join(lost)})" if len(lost) else ""
    below = [f"{short(row.section)}" for row in table.itertuples() if row.pearson < 0]
    return (
        f"By the paper's interval the correlation is above zero in {narrow.sum()} of {len(table)} "
        f"sections. That interval is too narrow: pairs share cells. One that leaves out cells "
        f"instead of pairs is {width.median():.0f} times as wide (median) and is above zero in "
        f"{wide.sum()}; Mantel's test, which shuffles cells, rejects at 5 % in {mantel.sum()}. "
        f"{(narrow & ~(wide & mantel)).sum()} sections lose their significance by the stricter "
        f"tests{without}. The statement therefore holds for most sections, but the sizes matter "
        f"more than the p-values: the median correlation is {table['pearson'].median():.2f}, from "
        f"{table['pearson'].min():.2f} to {table['pearson'].max():.2f}, "
        f"{(np.abs(table['pearson']) < 0.1).sum()} of {len(table)} are below 0.1 in size, and "
        f"{len(below)} negative{' (' + ', '.join(below) + ')' if below else ''}. "
        f"A significant correlation is no promise that places can be read from expression, and a "
        f"weak one no verdict: it takes all genes alike, while a model can choose the genes that "
        f"vary in space."
    )
