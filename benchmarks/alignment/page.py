"""The page of the documentation: one table of the development pair, three of all others."""

from math import isnan

from benchmarks.alignment.methods import POOLED, SIMPLE, ZERO_SHOT

KINDS = ("kernel", "adversarial")
OF_MODELS = (ZERO_SHOT, POOLED, *KINDS)
TABLES = {
    "procrustes_disparity": ("Procrustes error", (*SIMPLE, *OF_MODELS)),
    "procrustes_disparity_latents": ("Procrustes error, placed by latents alone", OF_MODELS),
    "difference": ("Difference between the latents of reference and query", OF_MODELS),
}
INTRODUCTION = """# Alignment of sections

Written by `python -m benchmarks.alignment FOLDER`. A section without any known place is placed in
another one: by kNN, ridge regression on genes, and a model of the reference alone ("zero-shot");
and by models that were trained on both, the places of the query unknown and the section a batch of
the decoder: as they are ("pooled"), and with `plan_kwargs={"alignment": "kernel"}` or
`{"alignment": "adversarial"}`. All methods see the same genes and the same random cells of each
section; the tables give their number. Procrustes error of the whole query: 0 is the same
shape, 1 is chance. The difference is the squared maximum mean discrepancy
(`dpvae.module.mean_discrepancy`) between posterior means, 0 for equal distributions, at most 2.
"""


def write_page(table, pairs, development, path):
    """Write what the results hold of the pairs, and of the one that weights were compared on."""
    parts = [INTRODUCTION]
    if development:
        parts.append(_development(table[table["pair"] == development]))
    found = table[table["pair"].isin(pairs)]
    if len(found):
        parts += [_reported(found, column) for column in TABLES]
        parts.append(_summary(found))
    path.write_text("\n".join(parts), encoding="utf-8")


def _development(rows):
    lines = [
        "## Weights",
        "",
        f"Compared on {rows['pair'].iloc[0]}, which is not among the pairs below, seed 0, "
        f"{_cells(rows)}.",
        "",
        "| | weight | error | by latents | difference |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in rows.itertuples():
        weight = f"{row.weight:g}" if row.weight else ""
        numbers = (row.procrustes_disparity, row.procrustes_disparity_latents, row.difference)
        shown = " | ".join("" if isnan(value) else f"{value:.3f}" for value in numbers)
        lines.append(f"| {row.method} | {weight} | {shown} |")
    return "\n".join([*lines, ""])


def _reported(rows, column):
    title, methods = TABLES[column]
    means = rows.groupby(["model", "pair", "method"], sort=False)[column].mean()
    lines = [f"## {title}", "", _settings(rows), ""]
    lines += [f"| reference → query | {' | '.join(methods)} |", "| --- " * (len(methods) + 1) + "|"]
    models = [model for model in rows["model"].unique() if model]
    for model in models:
        for pair in rows["pair"].unique():
            values = [_of(means, model, pair, method) for method in methods]
            if None in values[-len(KINDS) - 1 :]:
                continue
            best = min(value for value in values if value is not None)
            marked = "**{:.3f}**" if column != "difference" else "{:.3f}"
            shown = [
                "" if value is None else (marked if value == best else "{:.3f}").format(value)
                for value in values
            ]
            name = f"{pair.replace(' to ', ' → ')}" + (f", {model}" if len(models) > 1 else "")
            lines.append(f"| {name} | {' | '.join(shown)} |")
    return "\n".join([*lines, ""])


def _of(means, model, pair, method):
    key = ("" if method in SIMPLE else model, pair, method)
    return float(means[key]) if key in means.index else None


def _summary(rows):
    lines = ["## In sum", ""]
    for model in (model for model in rows["model"].unique() if model):
        part = rows[rows["model"] == model]
        for column in ("procrustes_disparity", "procrustes_disparity_latents"):
            errors = part.groupby(["pair", "method"])[column].mean().unstack()[list(OF_MODELS)]
            errors = errors.dropna()
            means = ", ".join(f"{name} {value:.3f}" for name, value in errors.mean().items())
            lines.append(f"- {model}, {TABLES[column][0]}, mean of {len(errors)} pairs: {means}.")
            for kind in KINDS:
                better = (errors[kind] < errors[POOLED]).sum()
                than_zero = (errors[kind] < errors[ZERO_SHOT]).sum()
                lines.append(
                    f"  {kind} is better than pooled on {better}, than zero-shot on {than_zero}."
                )
    return "\n".join([*lines, ""])


def _settings(rows):
    weights = rows[rows["method"].isin(KINDS)].groupby("method")["weight"].unique()
    chosen = ", ".join(
        f"{kind} {'/'.join(f'{weight:g}' for weight in weights[kind])}"
        for kind in KINDS
        if kind in weights
    )
    return f"Weights: {chosen}. Seeds: {rows['seed'].nunique()}; {_cells(rows)}."


def _cells(rows):
    return f"at most {rows['n_cells'].max():,} cells of each section"
