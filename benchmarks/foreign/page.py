"""The page of true and false alarms."""

from benchmarks.foreign.cases import (
    CHOSEN_ON,
    FEW,
    FOREIGN,
    FOREIGN_KINDS,
    PAIR,
    PARTS,
    TECHNOLOGY,
    ZEROS,
)
from dpvae.model.data.doubtful_reference import FEWEST_GENES

INTRODUCTION = """# Foreign queries

Written by `python -m benchmarks.foreign FOLDER RESULTS --page PAGE`. Every section is a reference,
without a contiguous fifth of its cells and a random fifth of the others. It places these cells,
whole sections of the same tissue, and sections of other organs and species, with gene names in
capitals. Counts are brought to the reference's median depth; references have at most 2,000
cells and 1,200 genes, queries 600 cells. Foreign queries are placed by a reference that was trained
on the shared genes, or with zeros for missing genes. If more than half are missing, this is
refused; the table shows the warning that would follow.

Difference, correlation and share do not depend on the length of training. The spread of the places
does: it comes from short trainings of 30 to 300 steps.

The limit of the difference was chosen on the references marked "chosen on" and their queries with
zeros, before any other reference, and any query with shared genes, was looked at. The limit of
the correlation, and the warning at setup of fewer than 20 genes, were added after the first queries
with 8 to 30 shared genes; the limit of the spread was lowered from .15 to .1 after one false alarm
(34 cells of one kind, olfactory bulb 2).
"""
ORDER = (*PARTS, PAIR, TECHNOLOGY, ZEROS, FOREIGN)
SHOWN = ["difference", "correlation", "share", "spread"]


def page(results):
    """The page, as text."""
    results = results.assign(is_chosen_on=results["reference"].isin(CHOSEN_ON))
    parts = [INTRODUCTION, _summary(results)]
    parts += ["", "## Same tissue, other section", "", _cases(results, (PAIR, TECHNOLOGY))]
    parts += ["", "## Foreign, shared genes", "", _cases(results, (FOREIGN,))]
    parts += ["", "## Foreign, zeros", "", _cases(results, (ZEROS,))]
    alarmed = results[results["is_warned"] & results["kind"].isin(PARTS)]
    if len(alarmed):
        parts += ["", "## Parts of the section itself that were warned of", ""]
        parts += [_cases(alarmed, PARTS)]
    return "\n".join([*parts, ""])


def _summary(results):
    rows = [
        "| query | references | queries | warned of | refused, too | difference | correlation |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for kind in ORDER:
        for is_chosen_on, name in ((True, "chosen on"), (False, "others")):
            found = results[(results["kind"] == kind) & (results["is_chosen_on"] == is_chosen_on)]
            if not len(found):
                continue
            is_foreign = kind in FOREIGN_KINDS
            is_few = FEW.get(kind, 50) < 10
            worst = found["difference"].min() if is_foreign else found["difference"].max()
            odd = found["correlation"].max() if is_foreign else found["correlation"].min()
            signs = (">", "<") if is_foreign else ("<", ">")
            numbers = ("", "") if is_few else (f"{signs[0]} {worst:.2f}", f"{signs[1]} {odd:.2f}")
            rows.append(
                f"| {kind} | {name} | {len(found)} | {found['is_warned'].sum()} | "
                f"{found['is_refused'].sum()} | {numbers[0]} | {numbers[1]} |"
            )
    return "\n".join(rows).replace("< ", "≤ ").replace("> ", "≥ ")


def _cases(results, kinds):
    rows = [
        "| reference → query | genes | said | difference | correlation | unlike share | spread |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in results[results["kind"].isin(kinds)].itertuples():
        said = "warned" if row.is_warned else "nothing"
        if row.is_refused:
            said = "refused" if row.is_warned else "refused, then nothing"
        elif row.n_genes < FEWEST_GENES:
            said = "warned, at setup, too" if row.is_warned else "warned at setup"
        genes = f"{row.n_present} of {row.n_genes}"
        genes = f"{row.n_genes}" if row.n_present == row.n_genes else genes
        query = row.kind if row.query == row.reference else row.query
        numbers = " | ".join(f"{getattr(row, name):.2f}" for name in SHOWN)
        rows.append(f"| {row.reference} → {query} | {genes} | {said} | {numbers} |")
    return "\n".join(rows)
