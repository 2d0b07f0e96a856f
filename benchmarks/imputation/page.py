"""The page of imputed genes."""

from benchmarks.imputation.comparison import against_others, variants
from benchmarks.imputation.scores import SCORES
from benchmarks.imputation.summary import (
    LEVELS,
    complete,
    intervals,
    on_common_runs,
    summary,
)

INTRODUCTION = """# Genes that were never imaged

Written by `python -m benchmarks.imputation FOLDER RESULTS --docs docs`. Dissociated cells have all
genes, imaged tissue has some. The genes that both have are cut at random into five folds. A fold is
removed from the tissue, imputed from the other genes and the cells, and compared with what was
measured. Each cut has a seed, which is also the seed of the methods. What is imputed and compared
are logarithms of counts, brought to one depth; the depth of a cell is the sum over the genes that
are shown, so that no hidden gene takes part in it.

- *fly*: Drop-seq of 1,297 cells of an embryo, 84 stained genes at 3,039 positions. The truth is the
  stain. Tools that need counts get counts drawn from it.
- *hypothalamus*: scRNA-seq of 1,308 cells, 29 counts each in the median, MERFISH of 6,509 cells,
  134 genes in common.
- *breast*: 709 Visium spots without their places as the dissociated side, 17,136 Xenium cells of
  the same tumour, 307 genes in common.

Scores are those of {cite:t}`Li22`, for each gene over the positions: Pearson's correlation, the
structural similarity *SSIM*, the *RMSE* of z-scores and the Jensen-Shannon divergence *JS*; means
over genes, then over folds and seeds. More is better for the first two, less for the others. RMSE
follows from Pearson's r, √(2 - 2r) for each gene: what is the same everywhere gets 1, better than
r = .5. *sd* is the deviation of Pearson over folds, *runs* the number of folds times seeds; the
best of the methods with all runs is bold. *Local means*: the truth at each position is the mean of
the ten nearest, itself included. That asks for patterns; *cells* asks for cells, whose neighbours
are most often of other types.

- *kNN on components*: mean of the 50 nearest cells, by 30 principal components of the shown genes,
  each gene scaled in each technology by itself.
- *SpaGE-like*: 50 nearest cells by cosine in the space of principal vectors, weighed as in SpaGE;
  written anew.
- *ridge*: linear regression of each gene on the shown ones, its penalty chosen among the cells.
- *kernel ridge*: the same on a Gaussian kernel of the shown genes, each cell of one length.
- *DPVGAE*: {meth}`dpvae.model.DPVGAE.get_imputed_expression`, as it is. It is not shown a tenth of
  the shown genes in the tissue, by which it chooses how to read. Its variants, …, change one
  argument; {doc}`imputation_choices` has them, and what was tried.
- *gimVI* (of scviva-tools), *Tangram*, *novoSpaRc*, *ENVI*: as their authors published them, with
  the budget of their documentation, each in an environment of its own. They take minutes a fold, so
  that they were run on folds of the first seed only: compare them in the table of the runs that
  all methods have. ENVI takes more than a quarter of an hour a fold and was not run.
"""


def page(results):
    """The page, as text."""
    parts = [INTRODUCTION]
    for pair in results["pair"].unique():
        parts.append(f"## {pair.capitalize()}\n")
        for level, title in LEVELS.items():
            parts.append(f"### {title.capitalize()}\n\n{_scores(summary(results, pair, level))}\n")
        parts.append(_common(results, pair))
    parts.append(_comparison(results))
    parts.append("![Pearson of each run](../_static/imputation/pearson.png)\n")
    known = intervals(results)
    if len(known):
        parts.append(f"## Intervals and trust\n\n{EXPLANATION}\n\n{_intervals(known)}\n")
    seconds = results.groupby(["pair", "method"], sort=False)["cpu_seconds"].mean().unstack("pair")
    rows = [[method, *map(_seconds, row)] for method, row in seconds.iterrows()]
    parts.append(f"## CPU seconds\n\n{markdown(['method', *seconds.columns], rows)}\n")
    return "\n".join(parts)


EXPLANATION = """*Coverage*: share of positions whose value is in the 90 % interval, mean and
deviation over genes. *r*: correlation, over genes, of the expected with the reached Pearson;
*difference*: by how much more is expected than reached."""


def _comparison(results):
    """DPVGAE and the best other method, and its variants, on the same runs."""
    parts = []
    for level, title in LEVELS.items():
        table = against_others(results, level)
        if len(table):
            parts.append(f"## DPVGAE and the best other method: {title}\n\n{_table(table)}\n")
    changed = variants(results)
    if len(changed):
        parts.append(f"## Variants of DPVGAE\n\n{_table(changed)}\n")
    return "\n".join(parts)


def _table(table):
    rows = [
        [_shown(value) if isinstance(value, float) else str(value) for value in row]
        for row in table.itertuples(index=False)
    ]
    return markdown(list(table.columns), rows)


def _scores(table):
    whole = table[table["runs"] == table["runs"].max()]
    best = {
        score: whole[score].idxmax() if score in MORE_IS_BETTER else whole[score].idxmin()
        for score in SCORES
    }
    rows = [
        [
            method,
            *(_shown(row[score], bold=method == best[score]) for score in best),
            _shown(row["sd"]),
            str(int(row["runs"])),
        ]
        for method, row in table.iterrows()
    ]
    return markdown(["method", "Pearson", "SSIM", "RMSE", "JS", "sd", "runs"], rows)


def _common(results, pair):
    """A table of the runs that all methods have, if some methods lack some."""
    cells, n_common = on_common_runs(results, pair, "")
    if n_common == complete(results) or n_common == 0:
        return ""
    local = on_common_runs(results, pair, "local_")[0]
    rows = [[method, _shown(cells[method]), _shown(local[method])] for method in cells.index]
    table = markdown(["method", "Pearson, cells", "Pearson, local means"], rows)
    return f"### Runs that all methods have: {n_common}\n\n{table}\n"


def _intervals(known):
    rows = [
        [row["pair"], row["method"], *(_shown(row[name]) for name in SHARES)]
        for _, row in known.iterrows()
    ]
    return markdown(["pair", "method", "coverage", "sd", "r", "difference"], rows)


MORE_IS_BETTER = ("pearson", "ssim")
SHARES = ("coverage", "sd", "r", "difference")


def _shown(value, *, bold=False):
    if value != value:
        return "-"
    return f"**{value:.3f}**" if bold else f"{value:.3f}"


def _seconds(value):
    return "-" if value != value else f"{value:.1f}" if value < 10 else f"{value:.0f}"


def markdown(columns, rows):
    return "\n".join(" | ".join(row) for row in [columns, ["---"] * len(columns), *rows])
