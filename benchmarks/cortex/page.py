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

- *CeLEry* {cite:p}`Zhang23`: the settings of its tutorial, which are its defaults: at most 500
  epochs in batches of four cells. Its package took 137 seconds for one reference of 1,053 cells, so
  its steps are compiled here (`benchmarks/cortex/celery.py`), which took three. Weights, batches
  and updates are the same. After 12 epochs places differ by 2e-7 of the longest range, after all
  500 by 1.4 % (median), since rounding adds up; Spearman is .280 and .277, the Procrustes error
  .820 in both. *50 epochs*: a tenth of them, not tuned, because the full training fits the
  reference too closely.
- *CeLEry's package*: runs if there is an environment for it
  (`python -m benchmarks.peers FOLDER --only CeLEry`).
- *set encoder*: see below. *attention off*: the same network and training, in which each cell is
  encoded alone.

Means over sections, of each section over seeds.

## Does it help to see the whole section?

LUNA and G2T encode each cell with sight of all cells of its section. DPVAE and Surfaces encode each
cell alone. The *set encoder* is an experiment with that idea, in
`benchmarks/cortex/set_encoder.py`; it is not in the package.

- 50 components of weighted genes, a width of 64, and two layers of attention with 16 inducing
  points (ISAB of the Set Transformer {cite:p}`Lee19`). Time and memory are linear in the cells.
- It learns eight coordinates for each cell from sets of 128 cells of one section. Their distances
  are to be those in the tissue, so frames of sections do not matter. 400 steps of four sets.
- A section is encoded as a whole and placed by the two principal axes of its points.

Designs were chosen on three placements by a single section: STARmap BZ5 to BZ9 and BZ9 to BZ5,
151507 to 151508. Mean Spearman, one seed:

design | attention | off
--- | --- | ---
genes standardised together | 0.514 | 0.521
genes standardised by section | 0.505 | 0.531
… and half of the sets from half a section | 0.508 |
each set shifted and scaled at random | 0.507 | 0.525

**It does not help enough.** With attention, cells of the first hippocampus are placed better than
without (Spearman .62 and .59, three seeds), and cells of the second are not (.39 both). On STARmap
attention is worse with each of three seeds (.47 and .49). On layers it makes no difference (.63,
one seed), and on tumours it is worse (.125 and .145, one seed). DPVAE is better than both on layers
(.74), tumours (.17) and STARmap (.50), and level in the hippocampus.

Two or three sections show little of how sections differ, which is what attention has to learn from.
LUNA's 33 may show more. The network without attention comes close to DPVAE in Spearman on STARmap
(.49 and .50) and the hippocampus (.49 and .50). On STARmap its Procrustes error is higher (.70 and
.61).

Tumours of other patients are a hard case: on average every method is below .2, and the place of the
class, if it were known, would give .40.

"""


def table(results):
    """A row for each method: means over sections and seeds."""
    scores = [name for name in TITLES if results[name].notna().any()]
    by_section = results.groupby(["method", "section"], sort=False)[scores].mean()
    mean = by_section.groupby("method", sort=False).mean()
    counts = results.groupby("method", sort=False)[["section", "seed"]].nunique().astype(str)
    rows = [
        [method, *counts.loc[method], *(f"{v:.3f}" if pd.notna(v) else "" for v in row)]
        for method, row in mean.iterrows()
    ]
    return markdown(["method", "sections", "seeds", *(TITLES[name] for name in scores)], rows)


def page(results):
    """The page, as text."""
    parts = [f"## {name}\n\n{table(part)}\n" for name, part in results.groupby("task", sort=False)]
    return "\n".join([INTRODUCTION, *parts])
