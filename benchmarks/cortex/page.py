"""Tables of whole sections that are placed by others."""

import pandas as pd

from benchmarks.domains.page import markdown

TITLES = {
    "spearman": "Spearman",
    "contacts_01": "contact F1, 1 %",
    "contacts_10": "contact F1, 10 %",
    "procrustes": "Procrustes error",
    "rssd": "RSSD",
    "rssd_of_classes": "RSSD, sum over classes",
}
INTRODUCTION = """# Whole sections: the protocol of LUNA

Written by `python -m benchmarks.cortex FOLDER RESULTS --page PAGE`. Every section is placed as a
whole from its expression alone, by other sections of its tissue whose places are known. Frames of
sections are unrelated. Places of each section are centred and divided by its longest range.

LUNA's benchmark {cite:p}`Yu25` is mouse cortex by MERFISH: 33 sections of one mouse, 31 of another.
Its two files are read with `--luna TRAIN.csv TEST.csv`. They were not at hand, so there is **no
number of this package on them** yet; LUNA's stored predictions are scored here, which gives its
published numbers. The same protocol was run on sections of other tissues, which are smaller and
fewer, so numbers of different tables cannot be compared.

- *Spearman*: {func}`dpvae.metrics.cell_distance_spearman`; *contact F1*:
  {func}`dpvae.metrics.contact_f1`; *RSSD*: {func}`dpvae.metrics.rssd`, and of each class by itself
  {func}`dpvae.metrics.rssd_by_class`. Procrustes error: 0 is the same shape, 1 chance. RSSD and
  Procrustes error are better the lower.
- *one reference*: learned from one section at a time, since coordinates of several have no common
  frame; mean over up to five.
- *mean of class (oracle)*: every cell at the true mean place of its layer or cell type. It knows
  what no method knows. Cells of a class coincide, so it has more contacts than others, and its
  contact F1 cannot be compared.

On LUNA's sections the oracle has nearly the RSSD of LUNA, with half its Spearman: places that are
drawn to the middle lower the RSSD. Do not rank methods by it.

CeLEry runs where its environment is made (`python -m benchmarks.accuracy.peers FOLDER`); here it
was not run. One seed. DPVAE was not run where it has no row.

Means over sections.
"""


def table(results):
    """A row for each method: means over sections and seeds."""
    scores = [name for name in TITLES if results[name].notna().any()]
    mean = results.groupby("method", sort=False)[scores].mean()
    n_sections = results.groupby("method", sort=False)["section"].nunique()
    rows = [
        [method, str(n_sections[method]), *(f"{v:.3f}" if pd.notna(v) else "" for v in row)]
        for method, row in mean.iterrows()
    ]
    return markdown(["method", "sections", *(TITLES[name] for name in scores)], rows)


def page(results):
    """The page, as text."""
    parts = [f"## {name}\n\n{table(part)}\n" for name, part in results.groupby("task", sort=False)]
    return "\n".join([INTRODUCTION, *parts])
