"""The results as a page: tables for the terminal and for the documentation, with figures."""

from benchmarks.accuracy.figures import ranks_figure, sections_figure
from benchmarks.accuracy.scores import IN_RADII, OF_PLACES
from benchmarks.accuracy.sections import ARROW
from benchmarks.accuracy.summary import OURS, ablation, against, by_section, half_widths, headline

SCORES = (
    *OF_PLACES[:4],
    IN_RADII,
    "spread_ratio",
    "morans_i",
    "gearys_c",
    "seconds",
    "peak_gb",
)
WORDS = {
    "procrustes_disparity": "Procrustes disparity",
    "distance_spearman": "Spearman of distances",
    "normalized_stress": "stress",
    "neighbor_overlap": "neighbour overlap",
    "median_error_radii": "median error, radii",
    "spread_ratio": "spread ratio",
    "morans_i": "Moran's I of latents",
    "gearys_c": "Geary's C of latents",
    "peak_gb": "peak GB",
}
TITLES = {
    "random": "A random fifth is hidden",
    "known20": "Places of 20 % are known",
    "known5": "Places of 5 % are known",
    "known2": "Places of 2 % are known",
    "block": "A contiguous fifth is hidden",
    "cross": "From one section to another",
    "pooled": "From all other sections of a tissue to one",
}


def write_report(results, sections, splits, methods, docs):
    """Print the tables, and with a docs folder write them and the figures there."""
    parts_of = results["section"].str.split(ARROW)
    is_wanted = parts_of.map(lambda names: set(names) <= set(sections))
    shown = results[is_wanted & results["method"].isin(methods)]
    parts = []
    for split in splits:
        part = shown[shown["split"] == split]
        if part.empty:
            continue
        tables = split_tables(part)
        for title, table in tables:
            print(f"\n{TITLES[split]}: {title}\n\n{table.to_string(index=False)}", flush=True)
        parts.append(_page_part(split, part, tables, docs))
    if docs is not None:
        page = _page(docs, "accuracy_tables.md")
        page.write_text("\n\n".join([INTRODUCTION, *parts, _versions(shown)]) + "\n", "utf-8")


def write_ablation(results, sections, splits, methods, docs):
    """Print what each ingredient of the recipe is worth, and with a docs folder write it there."""
    is_wanted = results["section"].isin(sections) & results["split"].isin(splits)
    table = ablation(results[is_wanted & results["method"].isin(methods)]).round(3)
    print(f"\n{table.to_string(index=False)}", flush=True)
    if docs is not None:
        page = _page(docs, "ablation.md")
        page.write_text(f"{ABLATION}\n\n{_markdown(table)}\n", "utf-8")


def _page(docs, name):
    folder = docs / "benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name


def split_tables(part):
    """Titles and tables of one split."""
    names = part["method"].unique()
    interval = ", mean ± 95 % interval over seeds" if part["seed"].nunique() > 1 else ""
    tables = [
        (
            "means over the sections and seeds that every method finished",
            headline(part, SCORES).round(3),
        ),
        (f"Procrustes disparity of each section{interval}", _section_table(part)),
    ]
    for ours in (name for name in OURS if name in names):
        table = against(part, ours, names)
        if len(table):
            tables.append((f"{ours} against the others, section by section", table.round(3)))
    return tables


def _section_table(part):
    means, widths = by_section(part), half_widths(part).reindex(by_section(part).index)
    text = means.map("{:.3f}".format)
    for method in means.columns.intersection(widths.columns):
        has_interval = widths[method].notna()
        interval = widths[method].map(" ± {:.3f}".format)
        text[method] = text[method] + interval.where(has_interval, "")
    return text.replace("nan", "-").reset_index(names="section")


def _page_part(split, part, tables, docs):
    lines = [f"## {TITLES[split]}"]
    if docs is not None:
        folder = docs / "_static" / "accuracy"
        folder.mkdir(parents=True, exist_ok=True)
        sections_figure(part, folder / f"{split}.png")
        ranks_figure(part, folder / f"{split}_ranks.png")
        lines += [
            f"![Error by section](../_static/accuracy/{split}.png)",
            f"![Mean ranks](../_static/accuracy/{split}_ranks.png)",
        ]
    lines += [f"**{title[0].upper()}{title[1:]}**\n\n{_markdown(table)}" for title, table in tables]
    return "\n\n".join(lines)


def _markdown(table):
    rows = [" | ".join(row) for row in table.astype(str).replace("nan", "-").to_numpy()]
    columns = [WORDS.get(column, column) for column in table.columns]
    return "\n".join([" | ".join(columns), " | ".join(["---"] * table.shape[1]), *rows])


def _versions(results):
    versions = sorted(results["versions"].unique())
    return "Run with " + "; and with ".join(versions) + "."


INTRODUCTION = """# Accuracy: all tables

Written by `python -m benchmarks.accuracy FOLDER --docs docs`. Lower Procrustes disparity is better:
0 is the same shape, 1 is chance. Genes come from `dpvae.pp.spatially_variable_genes`, the same
for every method. Everything that is fitted (genes, scaling, penalties, weights) sees the known
cells only; where places of a few per cent are known, every method sees the
expression of all cells. On a lattice of spots a random split leaves almost every hidden spot a
known neighbour: the contiguous blocks are the harder and the more truthful test. Every run has one
thread. Tissue radii are root mean square distances from the centre.
See {doc}`/user_guide/how_good` for what the numbers mean."""

ABLATION = """# What each ingredient is worth

Written by `python -m benchmarks.accuracy FOLDER --ablation --docs docs`: DPVAE with its defaults,
and with one ingredient removed or changed. Procrustes disparity of a random fifth of the cells that
was hidden, mean over sections; a ratio above 1 says that the change makes it worse. The default was
chosen on validation parts of these sections, so small differences in its favour mean nothing.
Read ratios, not errors: the default of today, with surfaces of expression, is on the page
{doc}`/user_guide/how_good`."""
