"""Tables of pooled and single references."""

import re

import pandas as pd

from benchmarks.pooling.runs import POOLED, SIMPLE, SINGLE

TOLERANCE = 1.05
SEPARATOR = " + "
COLUMNS = ["target", "seed", "method", "references", "procrustes_disparity"]
INTRODUCTION = """# Pooled references

Written by `python -m benchmarks.pooling FOLDER RESULTS --page PAGE`. Each section whose tissue has
two or more others in the folder is placed by DPVAE trained on all others together, and by DPVAE
trained on each of the others alone.
Procrustes error of the whole section (0 is the same shape, 1 chance), mean over seeds.

kNN and ridge regressions learn coordinates, which have no common frame across sections, so they
cannot be pooled: they are trained on each reference alone, and the best is shown, chosen with
hindsight, as is the best single reference of DPVAE. A pool has the genes that all its sections
share.
"""


def complete(results):
    """Rows of the targets and seeds of which all is done."""

    def is_done(part):
        n_references = part["references"].str.count(re.escape(SEPARATOR)).max() + 1
        return len(part) == 1 + n_references * (1 + len(SIMPLE))

    return results.groupby(["target", "seed"]).filter(is_done)


def table_of(results):
    """One row a target: means over seeds."""
    done = complete(results)
    mean = (
        done.groupby(["target", "method", "references"])["procrustes_disparity"]
        .mean()
        .reset_index()
    )
    rows = {}
    for target, part in mean.groupby("target"):
        by_method = part.groupby("method")["procrustes_disparity"]
        best, average = by_method.min(), by_method.mean()
        rows[target] = {
            "seeds": done.loc[done["target"] == target, "seed"].nunique(),
            POOLED: best[POOLED],
            "best single": best[SINGLE],
            "mean single": average[SINGLE],
            **{f"{name}, best single": best[name] for name in SIMPLE},
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def verdict(table):
    """Say how the pooled models compare with the single references."""
    ratio = table[POOLED] / table["best single"]
    near = ratio <= TOLERANCE
    better = table[POOLED] < table["mean single"]
    return (
        f"- {POOLED}: mean {table[POOLED].mean():.3f}; {ratio.mean():.3f} times the error of the "
        f"best single reference on average, {ratio.max():.3f} at worst; not more than 5 % worse "
        f"on {near.sum()} of {len(table)} targets, better than the average single reference on "
        f"{better.sum()}."
    )


def spread_of_seeds(results):
    """Mean difference between two seeds of a pooled run, or None where there is one seed."""
    pooled = complete(results)
    pooled = pooled[pooled["method"] == POOLED]
    by_run = pooled.groupby(["target", "method"])["procrustes_disparity"]
    differences = (by_run.max() - by_run.min())[by_run.count() > 1]
    return float(differences.mean()) if len(differences) else None


def page(results):
    """The page, as text."""
    table, spread = table_of(results), spread_of_seeds(results)
    lines = [verdict(table)]
    if spread is not None:
        lines.append(
            f"- seeds of a pooled run differ by {spread:.3f} on average, where several ran."
        )
    seeds = table.pop("seeds").astype(str)
    shown = table.map("{:.3f}".format)
    shown.insert(0, "seeds", seeds)
    shown = shown.reset_index(names="section")
    head = [" | ".join(shown.columns), " | ".join(["---"] * shown.shape[1])]
    rows = [" | ".join(row) for row in shown.to_numpy()]
    return "\n".join([INTRODUCTION, *lines, "", *head, *rows, ""])
