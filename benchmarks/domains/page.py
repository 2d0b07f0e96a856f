"""Tables of the agreement with domains that were drawn by hand."""

import pandas as pd

from benchmarks.domains.sections import TUMOUR

METHOD = "method"
MOST = 0.75
INTRODUCTION = """# Spatial domains

Written by `python -m benchmarks.domains FOLDER RESULTS --page PAGE`. Domains that somebody drew by
hand against those that are found from raw counts and places, with the true number of domains:
layers of human cortex (Visium, three sections), regions of mouse cortex (osmFISH one section,
STARmap four) and, by themselves, of four breast tumours (Spatial Transcriptomics). Cells without a
label are clustered and not scored. ARI and NMI: 1 is the same domains, 0 chance. Means over seeds,
each section by itself.

Every method is one of these representations of all genes, and a clustering.

- *PCs*: 20 principal components of log-normalised values; *scaled PCs*: the same of genes that were
  brought to variance 1 before.
- *mean of 18*: the mean of each cell and its 18 nearest neighbours,
  {func}`dpvae.tl.neighborhood_mean`.
- *BANKSY-like*: 20 components of each scaled gene, its mean among 18 neighbours and the length of
  its gradient there, weighed as {cite:t}`Singhal24` do for domains (λ = 0.8), but with neighbours
  that count alike.
- *SPAVAE*: latents of {class}`dpvae.model.SPAVAE`, trained on the section with its defaults, two
  surfaces; five seeds on human cortex, three on the others. *β = 1*: `SPAVAE(adata, kl_weight=1)`,
  five seeds, three on the tumours.
- *k-means*, best of ten starts; *mixture*: {func}`dpvae.tl.spatial_domains`; *smoothed*: with
  `smooth=18`; *Leiden*: with `method="leiden"`, only where a resolution gives the wanted number.

One covariance for all clusters was chosen on six of these sections and confirmed on the other six:
see [the guide](../user_guide/domains). The number of neighbours, of components and of λ were not
tuned. SPAVAE's defaults were chosen on the three sections of human cortex, and β = 1 on the five of
mouse cortex, by seed 0: see [how it was chosen](domain_choices). A difference of less than .05
means nothing.
"""


def with_methods(results):
    """Name each representation and clustering in one column, in the order of the first runs."""
    return results.assign(**{METHOD: results["representation"] + "; " + results["clustering"]})


def means(results, score):
    """Mean over seeds: a row for each method, a column for each section."""
    table = with_methods(results).pivot_table(
        index=METHOD, columns="section", values=score, sort=False
    )
    return table.reindex(columns=results["section"].drop_duplicates())


def summary(results):
    """Mean ARI and NMI over the sections that all methods have, and how far seeds are apart.

    Methods that were run on fewer than three quarters of the sections are left out.
    """
    scores = {score: _of_most(means(results, score)).dropna(axis=1) for score in ("ari", "nmi")}
    spread = with_methods(results).groupby([METHOD, "section"], sort=False)["ari"].std()
    tissue = [name for name in scores["ari"] if not name.startswith(TUMOUR)]
    tumours = [name for name in scores["ari"] if name.startswith(TUMOUR)]
    rows = [
        [
            method,
            *(
                f"{scores[score].loc[method, names].mean():.3f}"
                for names in (tissue, tumours)
                for score in ("ari", "nmi")
            ),
            f"{spread[method].mean():.3f}",
        ]
        for method in scores["ari"].index
    ]
    columns = [
        "method",
        f"ARI, {len(tissue)} sections",
        "NMI",
        f"ARI, {len(tumours)} tumours",
        "NMI ",
        "deviation of ARI among seeds",
    ]
    return markdown(columns, rows)


def _of_most(table):
    return table[table.notna().mean(axis=1) >= MOST]


def by_section(results, score):
    """Each section by itself, mean over seeds, the methods as columns."""
    table = means(results, score).T
    rows = [[name, *map(_shown, row)] for name, row in table.iterrows()]
    return markdown(["section", *table.columns], rows)


def _shown(value):
    return f"{value:.3f}" if pd.notna(value) else ""


def markdown(columns, rows):
    return "\n".join(" | ".join(row) for row in [columns, ["---"] * len(columns), *rows])


def page(results):
    """The page, as text."""
    return "\n".join(
        [
            INTRODUCTION,
            f"## All sections\n\n{summary(results)}\n",
            f"## ARI of each section\n\n{by_section(results, 'ari')}\n",
            f"## NMI of each section\n\n{by_section(results, 'nmi')}\n",
        ]
    )
