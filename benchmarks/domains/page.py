"""Tables of the agreement with domains that were drawn by hand."""

import pandas as pd

from benchmarks.domains.sections import TUMOUR

METHOD = "method"
INTRODUCTION = """# Spatial domains

Written by `python -m benchmarks.domains FOLDER RESULTS --page PAGE`.
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
    """Mean ARI and NMI over the sections that all methods have, and how far seeds are apart."""
    scores = {score: means(results, score).dropna(axis=1) for score in ("ari", "nmi")}
    spread = with_methods(results).groupby([METHOD, "section"], sort=False)["ari"].std()
    seconds = with_methods(results).groupby(METHOD, sort=False)["cpu_seconds"].median()
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
            f"{seconds[method]:.1f}",
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
        "seconds",
    ]
    return markdown(columns, rows)


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
