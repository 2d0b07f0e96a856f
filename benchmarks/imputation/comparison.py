"""DPVGAE against other methods, and against its variants, on the same runs."""

import pandas as pd

from benchmarks.imputation.summary import per_run

MODEL = "DPVGAE"
VARIANT = "… "


def against_others(results, level=""):
    """For each pair the best other method on the runs of DPVGAE, as a table."""
    rows = []
    for pair, table in _runs(results, level):
        if MODEL not in table:
            continue
        mine = table[table[MODEL].notna()]
        others = mine[[name for name in mine if name != MODEL and not name.startswith(VARIANT)]]
        others = others.dropna(axis=1).mean()
        best = others.idxmax()
        reached = mine[MODEL].mean()
        rows.append([pair, len(mine), reached, best, others[best], reached / others[best]])
    columns = ["pair", "runs", MODEL, "best other", "its Pearson", "ratio"]
    return pd.DataFrame(rows, columns=columns)


def variants(results):
    """For each pair and variant its Pearson, and DPVGAE's on the same runs, as a table."""
    rows = []
    for pair, table in _runs(results, ""):
        for name in table:
            if name.startswith(VARIANT) and MODEL in table:
                both = table[[MODEL, name]].dropna()
                own, other = both[MODEL].mean(), both[name].mean()
                rows.append([pair, name.removeprefix(VARIANT), len(both), own, other, other - own])
    columns = ["pair", "variant", "runs", MODEL, "variant's Pearson", "difference"]
    return pd.DataFrame(rows, columns=columns)


def _runs(results, level):
    """For each pair a row for each fold and seed, a column for each method."""
    means = per_run(results)
    for pair in means["pair"].unique():
        mine = means[means["pair"] == pair]
        yield pair, mine.pivot_table(f"{level}pearson", ["seed", "fold"], "method")
