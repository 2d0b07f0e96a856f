"""Tables of pooled references beside single ones."""

import pandas as pd

from benchmarks.pooling.runs import BALANCED, RANDOM, SIMPLE, SINGLE

TOLERANCE = 1.05
POOLED = (RANDOM, BALANCED)
COLUMNS = ["target", "seed", "method", "references", "procrustes"]
INTRODUCTION = """# Pooled references

Written by `python -m benchmarks.pooling FOLDER RESULTS`. Each section whose tissue has at least two
others in the folder is placed by DPVAE trained on all others together, with random minibatches and
with `balance_sections=True`, and by DPVAE trained on each of the others alone. Procrustes error of
the whole section (0 is the same shape, 1 chance), mean of {seeds}.

kNN and ridge regressions learn coordinates, which have no common frame across sections, so they
cannot be pooled: they are trained on each reference alone, and the best is shown, chosen with
hindsight, as is the best single reference of DPVAE. A pool has the genes that all its sections
share.
"""


def table_of(results):
    """One row a target of which all is done: means over seeds."""
    mean = results.groupby(["target", "method", "references"])["procrustes"].mean().reset_index()
    rows = {}
    for target, part in mean.groupby("target"):
        by_method = part.groupby("method")["procrustes"]
        best, average = by_method.min(), by_method.mean()
        if set(best.index) != {*POOLED, SINGLE, *SIMPLE}:
            continue
        rows[target] = {
            **{name: best[name] for name in POOLED},
            "best single": best[SINGLE],
            "mean single": average[SINGLE],
            **{f"{name}, best single": best[name] for name in SIMPLE},
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def verdicts(table):
    """Lines that say how the pooled models compare with the single references."""
    lines = []
    for name in POOLED:
        ratio = table[name] / table["best single"]
        near = ratio <= TOLERANCE
        better = table[name] < table["mean single"]
        lines.append(
            f"- {name}: mean {table[name].mean():.3f}; beside the best single reference "
            f"{ratio.mean():.3f} times its error on average, {ratio.max():.3f} at worst; not more "
            f"than 5 % worse on {near.sum()} of {len(table)} targets, better than the average "
            f"single reference on {better.sum()}."
        )
    return lines


def spread_of_seeds(results):
    """Mean difference between the seeds of a pooled run."""
    pooled = results[results["method"].isin(POOLED)]
    by_run = pooled.groupby(["target", "method"])["procrustes"]
    return float((by_run.max() - by_run.min()).mean())


def page(results):
    """The page, as text."""
    table, n_seeds = table_of(results), results["seed"].nunique()
    shown = table.map("{:.3f}".format).reset_index(names="section")
    seeds = "one seed" if n_seeds == 1 else f"{n_seeds} seeds"
    parts = [INTRODUCTION.format(seeds=seeds), *verdicts(table)]
    if n_seeds > 1:
        parts.append(
            f"- seeds of a pooled run differ by {spread_of_seeds(results):.3f} on average."
        )
    head = [" | ".join(shown.columns), " | ".join(["---"] * shown.shape[1])]
    return "\n".join([*parts, "", *head, *(" | ".join(row) for row in shown.to_numpy()), ""])
