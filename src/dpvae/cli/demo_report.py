"""What the demo of the command line says: a table of scores, and a sentence on the model."""

from bisect import bisect
from collections.abc import Sequence

import pandas as pd
from anndata import AnnData
from rich.box import SIMPLE_HEAVY
from rich.table import Table

from dpvae._data.section import cells_per_section, named_sections
from dpvae.metrics import SCORES
from dpvae.model.data.doubtful_reference import APART, doubtful_column
from dpvae.pl.lengths import length_text
from dpvae.tl.coordinates import read_coordinates

DISPARITY = "procrustes_disparity"
CHANCE = 0.8
CLEARLY = 0.95
LIMITS = (0.2, 0.5)
RECOVERED = (
    "these places are recovered well",
    "these places are recovered in the large",
    "these places are recovered only roughly",
)
GUIDE = "“How good is it?” in the user guide"
HEDGED = "A spread ratio below 1: places are drawn to the centre"


def report(result: AnnData, *, spatial_key: str, sample_key: str | None) -> tuple[Table, str]:
    """Lay out the scores of a demo for a terminal, and say in a sentence how good they are.

    Parameters
    ----------
    result
        What :func:`dpvae.cli.demo.run_demo` gave.
    spatial_key, sample_key
        As there.
    """
    hidden = result.obs["hidden"].to_numpy()
    section = named_sections(result, sample_key)[hidden]
    n_cells = [int(cells.sum()) for _, cells in cells_per_section(section)]
    doubt = slides_as_one(result, spatial_key=spatial_key, sample_key=sample_key)
    scores = result.uns["scores"]
    return as_rich_table(scores, n_cells), verdict(scores, doubt)


def as_rich_table(scores: pd.DataFrame, n_cells: Sequence[int]) -> Table:
    """Lay scores out for a terminal.

    Parameters
    ----------
    scores
        Of :func:`dpvae.cli.held_out.score_table`.
    n_cells
        How many cells of each section were scored, which says what is chance.
    """
    caption = _caption(scores, n_cells)
    table = Table(
        title="Hidden places recovered",
        caption=caption,
        caption_justify="left",
        box=SIMPLE_HEAVY,
        collapse_padding=True,
    )
    table.add_column("method", no_wrap=True)
    shown = scores.map(lambda value: length_text(value, None))
    for name, values in shown.items():
        title = SCORES[str(name)].title
        width = max(map(len, [*title.split(), *values]))
        table.add_column(title, justify="right", width=width)
    for method, row in shown.iterrows():
        table.add_row(str(method), *row)
    return table


def slides_as_one(result: AnnData, *, spatial_key: str, sample_key: str | None) -> str:
    """Say what scores are worth if the reference was set up as one section, but shows several.

    Parameters
    ----------
    result
        What :func:`dpvae.cli.demo.run_demo` gave.
    spatial_key, sample_key
        As there.

    Returns
    -------
    A part of the verdict; empty unless ``setup_anndata`` warned of the same.
    """
    reference = ~result.obs["hidden"].to_numpy()
    places = read_coordinates(result, spatial_key)[reference]
    found = None if sample_key else doubtful_column(result.obs[reference], places)
    if found is None:
        return ""
    column, how = found
    means = "says little more than on which slide a cell is" if how == APART else "means little"
    return (
        f"but several slides seem to be scored as one section, and this {means}. "
        f"Give --sample-key {column}."
    )


def verdict(scores: pd.DataFrame, doubt: str = "") -> str:
    """Say in a sentence how far from chance the model is, the first row of the scores.

    Parameters
    ----------
    scores
        Of :func:`dpvae.cli.held_out.score_table`.
    doubt
        Why no score may be praised, see :func:`slides_as_one`. By default nothing.
    """
    model, disparity = scores.index[0], float(scores[DISPARITY].iloc[0])
    found = f"{model}: Procrustes {disparity:.2f}, where 0 is perfect and 1 is chance"
    if doubt:
        return f"{found}, {doubt}"
    best = str(scores[DISPARITY].idxmin())
    if disparity > CHANCE:
        return f"{found}, so these places are close to chance: see {GUIDE}."
    if scores[DISPARITY][best] < CLEARLY * disparity:
        return f"{found}; {best} does better here: see {GUIDE}."
    return f"{found}, so {RECOVERED[bisect(LIMITS, disparity)]}."


def _caption(scores: pd.DataFrame, n_cells: Sequence[int]) -> str:
    scored = (SCORES[name] for name in scores.columns)
    falls = (score for score in scored if score.chance != score.best)
    expected = ", ".join(f"{score.title} {score.scale(n_cells)}" for score in falls)
    return f"From perfect to chance: {expected}. {HEDGED}."
