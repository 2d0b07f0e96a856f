"""Tables of niches of held-out cells."""

import pandas as pd

from benchmarks.domains.page import markdown

TITLES = {
    "nmi": "NMI with true niches",
    "accuracy": "Share of cells in the right niche",
    "wrong": "Share of the composition that is wrong",
}
OURS = "Surfaces, niche_composition"
KINDS = {
    "random": "A random fifth is hidden",
    "block": "A block is hidden: the fifth that is nearest to a random cell",
}
INTRODUCTION = """# Niches of new cells

Written by `python -m benchmarks.niches FOLDER RESULTS --page PAGE`. Of a fifth of the cells the
niche is found from their expression alone. True niches are those at their true places.

- *composition*: the share of each cell type among the 18 nearest cells.
- *niche*: one of eight clusters (k-means) of the compositions of the reference. A hidden cell is in
  the niche whose center is nearest to its true composition, which counts hidden cells too.
- *NMI*: 1 is the same niches, 0 chance. Niches are learned from one seed's reference, so means over
  seeds are of different niches.
- *share of the composition that is wrong*: half of the sum of absolute differences. 0 is the true
  composition, 1 no type in common. Only for methods that give a composition.

Methods:

- *mean of the cell's type (oracle)*: mean composition around known cells of the same type. It is
  given the true type of the hidden cell.
- *kNN*: 15 known cells of similar expression (50 components). *place*: composition at the mean of
  their places. *composition*: mean of their compositions. *label*: the commonest of their niches.
- *logistic regression, label*: of the niche on 50 components, defaults of scikit-learn.
- *place*: composition at the place of {meth}`predict_coordinates
  <dpvae.model.DPVAE.predict_coordinates>`.
- *CeLEry* {cite:p}`Zhang23`: composition at its coordinate. [Whole sections](cortex) has how it was
  run.
- *niche_composition*: {func}`dpvae.tl.niche_composition`, over the posterior.
- *share of the posterior*: the niche with the largest {meth}`dpvae.geometry.Posterior.share`.
- *predict_labels*: {meth}`predict_labels <dpvae.model.DPVAE.predict_labels>` of the niche.

Genes are chosen by {func}`dpvae.pp.spatially_variable_genes` for all methods.
A method of fewer seeds has other hidden cells and niches than the others: compare it only in the
first table, which pairs runs.
"""


def table(results, score):
    """A row for each method, a column for each section, and the mean of what all have."""
    wide = results.pivot_table(index="method", columns="section", values=score, sort=False)
    wide = wide.reindex(columns=results["section"].drop_duplicates())
    is_complete = wide.notna().all(axis=1)
    rows = [
        [
            method,
            *(f"{value:.3f}" if pd.notna(value) else "" for value in row),
            f"{row.mean():.3f}" if is_complete[method] else "",
        ]
        for method, row in wide.iterrows()
    ]
    return markdown(["method", *wide.columns, "mean"], rows)


def wins(results):
    """In how many problems niche_composition has the higher NMI, against each method."""
    problems = results.pivot_table(
        index=["section", "split", "seed"], columns="method", values="nmi", sort=False
    )
    rows = []
    for method in problems.columns.drop(OURS):
        both = problems[[OURS, method]].dropna()
        better = both[OURS] - both[method]
        rows.append([method, f"{(better > 0).sum()} of {len(both)}", f"{better.mean():+.3f}"])
    return markdown([f"*{OURS}* against", "higher NMI", "mean difference"], rows)


def page(results):
    """The page, as text."""
    most = results["seed"].nunique()
    fewer = [*_with_fewer(results, "section", most), *_with_fewer(results, "method", most)]
    exceptions = f" ({'; '.join(fewer)})" if fewer else ""
    lines = [INTRODUCTION, f"Means over {most} seeds{exceptions}.\n"]
    if OURS in set(results["method"]):
        lines.append(f"{wins(results)}\n")
    for kind, title in KINDS.items():
        part = results[results["split"] == kind]
        if len(part):
            lines.append(f"## {title}\n")
            lines += [
                f"**{name}**\n\n{table(part, key)}\n"
                for key, name in TITLES.items()
                if part[key].notna().any()
            ]
    return "\n".join(lines)


def _with_fewer(results, column, most):
    """Which sections or methods were not run with all seeds."""
    n_seeds = results.groupby(column, sort=False)["seed"].nunique()
    return [f"{name}: {number}" for name, number in n_seeds.items() if number < most]
