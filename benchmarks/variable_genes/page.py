"""Tables of false positives and power."""

import pandas as pd

INTRODUCTION = """# Spatially variable genes

Written by `python -m benchmarks.variable_genes FOLDER`. Half of the genes of a section are as they
are. The others are shuffled: their counts move between 50 cells of like depth, so that they depend
on depth as before, and on nothing more. Counts are thinned, each is kept with the chance in the
second column, or all are kept (1). Genes in fewer than ten cells are left out. All methods are
given the depth that cells had before the shuffle.

- *false at .05*: how many of the shuffled genes have p < .05; .05 is right.
- *AUC*: how often a gene as it is has a lower p-value than a shuffled one. Not all genes as they
  are follow the tissue, so that 1 cannot be reached.
- *called*: genes with a false discovery rate (Benjamini & Hochberg) of at most .05, and how many
  of them are shuffled; .05 is allowed.

The kernel test is {func}`dpvae.tl.spatially_variable_genes`. SPARK-X is its statistic
{cite:p}`Zhu21`, written again: counts against the coordinates and ten transformations of them, once
as it is by default and once with the logarithm of depth as a covariate. Moran's I is computed by
{func}`dpvae.tl.autocorrelation` over six neighbours, with its variance under randomisation: of
log-normalised counts, and of log(1 + counts) from which depth is taken out as in the kernel test.
Means over the seeds in the table; p-values of 1 for genes that a method cannot
test. Lengths, knots and bins of the kernel test were chosen mainly on `dlpfc_151507`,
`visium_v1_adult_mouse_brain` and `starmap_mouse_visual_cortex_1020`; some trials looked at others,
so that only `st_mouse_brain_hippo1` was never looked at before.

A shuffle keeps a little of a pattern: the mean of each bin stays at the places of its cells. With
bins of m cells about one part in m² of the evidence is left, which shows in genes with very strong
patterns. With bins of 20 instead of 50 cells, .087 instead of .064 of the shuffled genes have
p < .05 in the kernel test of `xenium_human_breast_cancer_2023_squirtle` (all counts, six seeds).
"""
GROUP = ["section", "kept"]


def markdown(columns, rows):
    return "\n".join(" | ".join(row) for row in [columns, ["---"] * len(columns), *rows])


def cells(group):
    called = group["called"].sum()
    false = group["false_called"].sum() / called if called else 0.0
    return [
        f"{group['false_at_05'].mean():.3f}",
        f"{group['false_at_01'].mean():.4f}",
        f"{group['auc'].mean():.3f}",
        f"{group['called'].mean():.0f} ({100 * false:.1f} %)",
    ]


def overall(results):
    """Means over sections and seeds, thinned and not."""
    rows = []
    for method in results["method"].unique():
        for name, is_thinned in (("thinned", True), ("all counts", False)):
            part = results[(results["method"] == method) & ((results["kept"] < 1) == is_thinned)]
            if len(part):
                seconds = f"{part['cpu_seconds'].mean():.1f}"
                rows.append([method, name, *cells(part), seconds])
    columns = ["method", "counts", "false at .05", "at .01", "AUC", "called (false)", "CPU s"]
    return markdown(columns, rows)


def by_section(results):
    """A row for each section, share of counts and method."""
    rows = []
    for (section, kept), part in results.groupby(GROUP, sort=False):
        for method in results["method"].unique():
            group = part[part["method"] == method]
            genes = f"{group['shuffled'].mean():.0f}"
            seeds = str(group["seed"].nunique())
            rows.append([section, f"{kept:g}", seeds, genes, method, *cells(group)])
    columns = ["section", "kept", "seeds", "shuffled genes", "method"]
    return markdown([*columns, "false at .05", "at .01", "AUC", "called (false)"], rows)


def page(rows):
    """The page, as text."""
    results = pd.DataFrame(rows)
    parts = [
        INTRODUCTION,
        f"## All sections\n\n{overall(results)}\n",
        f"## Section by section\n\n{by_section(results)}\n",
    ]
    return "\n".join(parts)
