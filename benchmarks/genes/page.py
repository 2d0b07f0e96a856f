"""Tables of errors by the choice of genes."""

import numpy as np

from benchmarks.genes.choices import CANDIDATES, CHOICES, DEFAULT, OURS, VARIANCE
from benchmarks.genes.runs import FEW, RANDOM

PAIR = ["section", "seed"]
TITLES = {RANDOM: "A random fifth is hidden", FEW: "Places of 5 % are known"}
INTRODUCTION = """# Which genes to learn from

Written by `python -m benchmarks.genes FOLDER RESULTS --page PAGE`. Nine sections with all their
genes, 8,000 to 18,000, as users have them: breast tumours and mouse hippocampus (Spatial
Transcriptomics, 250 to 1,200 spots) and a breast tumour by Visium (700 spots). Genes are chosen on
the reference alone, from log-normalised values at the median depth of the reference: by scanpy's
`highly_variable_genes` with its defaults, by the variance of the logarithms, and by
{func}`dpvae.pp.spatially_variable_genes`. All methods get the same genes. Where places of 5 % are
known, every method sees the expression of all cells. Procrustes error: 0 is the same shape, 1 is
chance. Cells without counts of the chosen genes, which DPSCVI cannot take, it puts into the middle.
Ratios are geometric means over sections and seeds; below 1 ours, the spatially variable genes, are
better: as many as there are cells of known place, but at least 500 and at most 2,000. Where a table
has fewer sections or seeds than another, or a method is missing, the others were not run.

The score, standard deviation times Moran's I, and the number of genes were chosen with seed 0 of
these sections, mostly with kNN, ridge and kernel regressions, so that small differences in their
favour mean nothing.
"""


def wide(results, choices):
    """One row a section and seed, one column a choice; only rows that are complete."""
    table = results.pivot_table(index=PAIR, columns="choice", values="procrustes_disparity")
    return table.reindex(columns=list(choices)).dropna()


def ratio(table, one, other):
    return float(np.exp(np.log(table[one] / table[other]).mean()))


def headline(results):
    """Mean error of each method by choice, and how ours compares."""
    rows = []
    for method in results["method"].unique():
        table = wide(results[results["method"] == method], CANDIDATES)
        if table.empty:
            continue
        best = int((table[OURS] <= table.min(axis=1)).sum())
        rows.append(
            [
                method,
                f"{table.index.get_level_values('section').nunique()}, "
                f"{table.index.get_level_values('seed').nunique()}",
                *(f"{table[name].mean():.3f}" for name in table),
                f"{ratio(table, OURS, DEFAULT):.2f}",
                f"{ratio(table, OURS, VARIANCE):.2f}",
                f"{best} of {len(table)}",
            ]
        )
    columns = ["method", "sections, seeds", *CANDIDATES, "ours / scanpy's", "ours / variance"]
    return markdown([*columns, "ours is best"], rows)


def by_section(results, method):
    """Error of a method section by section, mean over seeds."""
    table = wide(results[results["method"] == method], CANDIDATES)
    seeds = table.groupby(level="section").size()
    means = table.groupby(level="section").mean()
    rows = [[name, str(seeds[name]), *map("{:.3f}".format, row)] for name, row in means.iterrows()]
    return markdown(["section", "seeds", *table.columns], rows)


def by_number(results):
    """Mean error by choice and number of genes, over the sections that have all of them."""
    rows = []
    for method in results["method"].unique():
        table = wide(results[results["method"] == method], CHOICES)
        if len(table):
            rows.append([method, str(len(table)), *map("{:.3f}".format, table.mean())])
    return markdown(["method", "sections", *CHOICES], rows)


def markdown(columns, rows):
    return "\n".join(" | ".join(row) for row in [columns, ["---"] * len(columns), *rows])


def page(results):
    """The page, as text."""
    parts = [INTRODUCTION]
    for split, title in TITLES.items():
        part = results[results["split"] == split]
        if part.empty:
            continue
        parts.append(f"## {title}\n\n{headline(part)}\n")
        parts += [
            f"### {title}: {method}\n\n{by_section(part, method)}\n"
            for method in part["method"].unique()
        ]
    random = results[results["split"] == RANDOM]
    first = random[random["seed"] == random["seed"].min()]
    parts.append(f"## How many genes\n\nA random fifth is hidden, seed 0.\n\n{by_number(first)}\n")
    return "\n".join(parts)
