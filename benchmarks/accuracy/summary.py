"""Tables of the results: means with intervals, wins and losses, ranks."""

import numpy as np
import pandas as pd
from scipy import stats

from dpvae.metrics import SCORES

OURS = ("DPVAE", "DPSCVI")
LEVEL = 1.02


def by_section(results, score="procrustes_disparity"):
    """Mean over seeds, a row for each section, a column for each method that ran everywhere."""
    return results.pivot_table(index="section", columns="method", values=score, sort=False)


def half_widths(results, score="procrustes_disparity"):
    """Half the 95 % interval (Student) of the mean over seeds; NaN with one seed."""

    def half_width(values):
        n_seeds = len(values)
        if n_seeds < 2:
            return np.nan
        return stats.t.ppf(0.975, n_seeds - 1) * values.std(ddof=1) / np.sqrt(n_seeds)

    return results.pivot_table(
        index="section", columns="method", values=score, aggfunc=half_width, sort=False
    )


def common_runs(results):
    """Results of the sections and seeds that all their methods finished."""
    n_methods = results.groupby(["section", "seed"])["method"].transform("nunique")
    return results[n_methods == results["method"].nunique()]


def headline(results, scores):
    """Mean over sections of every score, a row for each method, over runs that all finished."""
    shown = common_runs(results)
    columns = {score: by_section(shown, score).mean() for score in scores}
    table = pd.DataFrame(columns).reset_index(names="method")
    return table.sort_values(scores[0], ignore_index=True)


def against(results, method, others, score="procrustes_disparity"):
    """On how many sections a method is better than each other, level (2 %), or worse.

    Of each pair the runs that both finished are compared.
    """
    rows = []
    for other in others:
        both = common_runs(results[results["method"].isin([method, other])])
        if other == method or both["method"].nunique() < 2:
            continue
        pair = by_section(both, score)
        ratio = pair[method] / pair[other]
        if not SCORES[score].is_lower_better:
            ratio = 1 / ratio
        rows.append(
            {
                "against": other,
                "better": int((ratio < 1 / LEVEL).sum()),
                "level": int(ratio.between(1 / LEVEL, LEVEL).sum()),
                "worse": int((ratio > LEVEL).sum()),
                "mean ratio": float(np.exp(np.log(ratio).mean())),
                "worst ratio": float(ratio.max()),
                "Wilcoxon p": float(stats.wilcoxon(pair[method], pair[other]).pvalue)
                if len(pair) > 5
                else np.nan,
            }
        )
    return pd.DataFrame(rows)


def ablation(results, score="procrustes_disparity"):
    """Each variant against DPVAE, over the sections and seeds that it was run on."""
    runs = results.pivot_table(index=["section", "seed"], columns="method", values=score)
    rows = []
    for method in runs.columns.drop("DPVAE"):
        both = runs[["DPVAE", method]].dropna()
        ratio = both[method] / both["DPVAE"]
        rows.append(
            {
                "variant": method,
                "sections": both.index.get_level_values("section").nunique(),
                "error": both[method].mean(),
                "of the default": both["DPVAE"].mean(),
                "mean ratio": float(np.exp(np.log(ratio).mean())),
                "worse by 2 %": int((ratio > LEVEL).sum()),
                "better by 2 %": int((ratio < 1 / LEVEL).sum()),
            }
        )
    return pd.DataFrame(rows).sort_values("mean ratio", ascending=False, ignore_index=True)


def ranks(results, score="procrustes_disparity"):
    """Mean rank of each method over the sections, and the critical difference of Nemenyi's test.

    Methods do not differ at 5 % if their mean ranks differ by less than that (Demšar 2006).
    """
    table = by_section(results, score).dropna()
    n_sections, n_methods = table.shape
    mean_ranks = table.rank(axis=1, ascending=SCORES[score].is_lower_better).mean().sort_values()
    quantile = stats.studentized_range.ppf(0.95, n_methods, np.inf) / np.sqrt(2)
    return mean_ranks, quantile * np.sqrt(n_methods * (n_methods + 1) / (6 * n_sections))
