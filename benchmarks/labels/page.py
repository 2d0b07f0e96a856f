"""Tables of labels: how many are right, and whether they are as sure as they are right."""

import pandas as pd

from benchmarks.domains.page import markdown
from benchmarks.domains.sections import TUMOUR
from benchmarks.labels.problems import ARROW, CELL_TYPE

N_BINS = 15
TUNED = (
    "dlpfc_151507", "dlpfc_151669", "osmfish_ss_cortex", "starmap_mouse_visual_cortex_1020",
    "starmap_mpfc_3sections:20180417_BZ5_control",
)  # fmt: skip
INTRODUCTION = """# Labels of new cells

Written by `python -m benchmarks.labels FOLDER RESULTS --page PAGE`. Cells get a label of the
reference (layer, region, cell type) by their expression alone.

- *accuracy*: share of cells whose likeliest label is right; "unknown" is not used here.
- *calibration error* (expected calibration error, 15 bins): how far the probability of the
  likeliest label is, on average, from the share that is right. Its value by chance is not 0: about
  .05 for 250 perfectly calibrated cells, .02 for 1,500.

Methods:

- *kNN* (15 neighbours) and *logistic regression* (defaults of scikit-learn): on 50 principal
  components of standardised, log-normalised genes.
- *place by CeLEry* {cite:p}`Zhang23`: its coordinate, and the share of each label among the 15
  cells of the reference that are nearest. [Whole sections](cortex) has how it was run.
- *posterior alone*: {meth}`dpvae.geometry.Posterior.share`.
- *Surfaces*, *DPVAE*: {meth}`predict_labels <dpvae.model.DPVAE.predict_labels>`, its defaults.
- *frequencies of the query*, *cooled by agreement*: tried against probabilities that are too sure
  on another donor's section; not in the package. See the last section.

Genes are chosen by {func}`dpvae.pp.spatially_variable_genes` for all methods. Labels of fewer than
ten cells are left out. One seed: each cell of a section is hidden once, in one of five fifths.
DPVAE, which takes longer, was trained without the first fifth only.
"""
ACROSS = """## Why probabilities are too sure on another donor

The weights that make probabilities as sure as they are right are learned from cells of the
reference. On another donor's section both opinions, of genes and of places, are less often right,
and nothing in the reference tells how much less.

- *frequencies of the query* {cite:p}`Saerens02`: the frequencies of the labels that fit the query
  best replace those of the reference. Probabilities become surer, and they were too sure already.
- *cooled by agreement*: one temperature makes probabilities less sure. It is chosen so that their
  mean is the expected accuracy: the one on a left-out fifth of the reference, times the share of
  cells in which genes and places agree, over the same share in that fifth.
- genes standardised by the query's own mean and scale: accuracy of a logistic regression falls from
  .710 to .638 (151507 to 151669) and from .710 to .645 (151669 to 151507), since a section with
  other layers has other means.

Neither is in the package. Frequencies of the query raise the calibration error in eight of the nine
transfers. Cooling lowers it in six, but raises it in two: from .020 to .037 on STARmap, and from
.042 to .427 from tumour B1 to A1, where the plain regression fails.

With the regression that `predict_labels` has, tumour A1 stays at .047, and 151669 at .122. There
genes and places agree as often as in the reference (.78 and .80), and are wrong together. Besides,
the probabilities of a cell would depend on the other cells of the query.

The best temperature, chosen with the true labels, leaves .062 from 151507 to 151669 and .036 from
151669 to 151507. So no temperature reaches .05 in the first. Those last figures, and the ones with
the regression of `predict_labels`, are of one run that no command here repeats.
"""


def pooled(results):
    """Accuracy and calibration error of each section and method, all its fifths together."""
    gaps = [f"gap_{number}" for number in range(N_BINS)]
    sums = results.groupby(["section", "column", "method"], sort=False)[
        ["n_cells", "n_right", *gaps]
    ].sum()
    return pd.DataFrame(
        {
            "accuracy": sums["n_right"] / sums["n_cells"],
            "error": sums[gaps].abs().sum(axis=1) / sums["n_cells"],
            "n_cells": sums["n_cells"],
        }
    ).reset_index()


def table(found, value):
    """A row for each section, a column for each method, and their means."""
    wide = found.pivot_table(index="section", columns="method", values=value, sort=False)
    wide = wide.reindex(columns=found["method"].drop_duplicates())
    n_cells = found.groupby("section")["n_cells"].max()
    rows = [[name, str(n_cells[name]), *map(_shown, row)] for name, row in wide.iterrows()]
    rows.append(["mean of complete rows", "", *map(_shown, wide.dropna().mean())])
    return markdown(["section", "cells", *wide.columns], rows)


def _shown(value):
    return f"{value:.3f}" if pd.notna(value) else ""


def page(results):
    """The page, as text."""
    every = pooled(results)
    most = every.groupby(["section", "column"])["n_cells"].transform("max")
    found = every[every["n_cells"] == most]
    is_pair = found["section"].str.contains(ARROW)
    is_tuned = found["section"].isin(TUNED)
    is_tumour = found["section"].str.startswith(TUMOUR)
    is_type = found["column"] == CELL_TYPE
    parts = {
        "Each fifth is hidden: layers and regions, sections that choices were made on": found[
            ~is_pair & ~is_type & is_tuned
        ],
        "Each fifth is hidden: layers and regions, other sections": found[
            ~is_pair & ~is_type & ~is_tuned
        ],
        "Each fifth is hidden: cell types": found[~is_pair & is_type],
        "The first fifth alone is hidden: layers and regions, with DPVAE": first_fifth(results),
        "Another section": found[is_pair & ~is_tumour],
        "Another patient's tumour": found[is_pair & is_tumour],
    }
    lines = [INTRODUCTION]
    for title, rows in parts.items():
        if len(rows):
            lines += [f"## {title}\n", f"**Accuracy**\n\n{table(rows, 'accuracy')}\n"]
            lines += [f"**Calibration error**\n\n{table(rows, 'error')}\n"]
    return "\n".join([*lines, ACROSS])


def first_fifth(results):
    """The first fifth of the sections that DPVAE was trained on."""
    some = results[
        (results["fifth"] == 0)
        & (results["column"] != CELL_TYPE)
        & ~results["section"].str.contains(ARROW)
    ]
    with_dpvae = some.loc[some["method"] == "DPVAE", "section"]
    return pooled(some[some["section"].isin(with_dpvae)])
