"""The page of the documentation."""

INTRODUCTION = """# Cells and tissue in one latent space

Written by `python -m benchmarks.shared_latents FOLDER RESULTS --docs docs`. Latents of dissociated
cells and of tissue, as {meth}`dpvae.model.DPVGAE.get_latent_representation` gives them, judged as
in [arXiv:2311.00330](https://arxiv.org/abs/2311.00330) by the cell types of neighbours on the other
side, and by what mixing can hide:

- *cells → tissue*: share of the tissue's cells that have the type of most of their 15 nearest
  dissociated cells, the mean over types; *tissue → cells* the other way round. More is better.
- *mixing*: share of the other side among 30 neighbours, 1 as if at random. Types that both have.
- *kept apart*: whether dissociated cells of types that the tissue lacks are farther from it than
  others, area under the curve. 1 is best, .5 says nothing. A method that mixes everything gets .5.

*hypothalamus*: 1,308 dissociated cells of 29 counts, 6,509 imaged cells, 134 genes in common,
macrophages and fibroblasts among the dissociated cells alone. *visual cortex*: halves of a STARmap
section, of which one lost its places and the other all but 300 of 1,020 genes. Means over seeds,
with the deviation; the seed also draws the halves.
"""
TITLES = {
    "cells_to_tissue": "cells → tissue",
    "tissue_to_cells": "tissue → cells",
    "mixing": "mixing",
    "kept_apart": "kept apart",
}


def page(results):
    """The page, as text."""
    parts = [INTRODUCTION]
    for pair in results["pair"].unique():
        mine = results[results["pair"] == pair]
        columns = [name for name in TITLES if mine[name].notna().any()]
        lines = [f"## {pair.capitalize()}", ""]
        lines.append(f"| method | {' | '.join(TITLES[name] for name in columns)} | seeds |")
        lines.append("| --- " * (len(columns) + 2) + "|")
        for method, rows in mine.groupby("method", sort=False):
            shown = [_number(rows[name]) for name in columns]
            lines.append(f"| {method} | {' | '.join(shown)} | {rows['seed'].nunique()} |")
        parts.append("\n".join([*lines, ""]))
    return "\n".join(parts)


def _number(values):
    deviation = f" ± {values.std():.3f}" if len(values) > 1 else ""
    return f"{values.mean():.3f}{deviation}"
