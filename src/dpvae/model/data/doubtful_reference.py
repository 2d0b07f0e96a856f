"""Warnings of references that can be set up, but are probably not as meant."""

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from dpvae._data.section import cells_per_section
from dpvae._data.some_rows import at_most
from dpvae._data.warn import warn_user
from dpvae.geometry import known_rows
from dpvae.model.data.array_positions import warn_if_array_positions

FEWEST_CELLS = 20
FEWEST_GENES = 20
ON_A_LINE = 1e-4
MOST_SHARED = 0.3
MIXED = 0.3
FEWEST_FILLED = 10
LEAST_FILLED = 0.05
TIMES_FILLED = 5
N_NEIGHBORS = 5
WIDE_GAP = 5.0
MOST_CELLS = 20_000
OVER, APART = "over one another", "far apart from one another"
FEWEST_CELLS_OF_VALUE = 10
NAMES_SECTIONS = re.compile(
    r"(tissue_?)?(section|sample|slide|slice|library|batch|specimen|animal|mouse|donor|patient|"
    r"subject|puck|capture_?area|bregma)s?(_?(id|name|key|no|number|label))?",
    re.IGNORECASE,
)

Places = NDArray[np.float64]


def warn_if_doubtful(
    obs: pd.DataFrame,
    coordinates: Places,
    section: NDArray[np.str_],
    section_key: str | None,
    name: str,
    *,
    n_genes: int,
) -> None:
    """Warn of few places, few genes, places on a line, and two slides that seem to be one section.

    Parameters
    ----------
    obs
        Table of the cells.
    coordinates
        Their places, shape ``(n_cells, 2)`` or ``(n_cells, 3)``; rows of NaN are unknown.
    section
        Name of each cell's section, shape ``(n_cells,)``.
    section_key
        Column that names the sections, or ``None``.
    name
        Where the coordinates are, for the messages.
    n_genes
        Number of genes.

    Warns
    -----
    UserWarning
        If fewer than 20 places are known or genes given; if many cells have one place; if places
        are array positions of Visium; if all places of a section lie on a line; if more than 30 %
        of a section's positions are shared by cells; or, without a ``section_key``, if a column of
        ``obs`` with a name such as ``sample`` or ``library_id`` has several values whose cells lie
        over one another or far apart.
    """
    if n_genes < FEWEST_GENES:
        warn_user(
            f"The reference has only {n_genes} genes. So few fit cells of any tissue: a query from "
            "elsewhere is not noticed, and places are guesses. Train on more genes."
        )
    known = known_rows(coordinates)
    places, section = coordinates[known], section[known]
    if len(places) < FEWEST_CELLS:
        warn_user(
            f"The reference has only {len(places)} cells of known place. A model of so few puts "
            "other cells hardly anywhere but in the middle. Some hundreds are needed, "
            f"{FEWEST_CELLS} at the very least."
        )
    found = None if section_key else doubtful_column(obs[known], places)
    if found is not None:
        column, how = found
        warn_user(
            f"All cells are set up as one section, but adata.obs[{column!r}] has "
            f"{obs[column].nunique()} values whose cells lie {how}. Of separate sections distances "
            "between cells mean nothing. If these are sections, name them: "
            f"setup_anndata(adata, sample_key={column!r})."
        )
    warn_if_filled(places, section, name)
    warn_if_array_positions(places, name)
    for value, cells in cells_per_section(section):
        where = f" of section {value!r}" if value else ""
        if is_on_a_line(places[cells]):
            warn_user(
                f"The {cells.sum()} places of {name}{where} lie on one line: all cells will be "
                "placed on it. If the tissue has a width, check that the columns are two different "
                "axes."
            )
        share = share_of_shared_places(places[cells])
        if share > MOST_SHARED and found is None:
            call = f"in adata.obs[{section_key!r}]" if section_key else "with sample_key=…"
            warn_user(
                f"{100 * share:.0f} % of the positions{where} in {name} are shared by several "
                f"cells. If several slides were put together, tell them apart {call}."
            )


def warn_if_filled(coordinates: Places, section: NDArray[np.str_], name: str) -> None:
    """Warn if many cells of a section have one place, as if a number stood for "unknown".

    Parameters
    ----------
    coordinates
        Shape ``(n_cells, 2)`` or ``(n_cells, 3)``; rows of NaN are unknown.
    section
        Name of each cell's section, shape ``(n_cells,)``.
    name
        Where the coordinates are, for the message.

    Warns
    -----
    UserWarning
        If ten cells or more, and one in twenty, have one place, five times as many as have another.
    """
    known = known_rows(coordinates)
    for value, cells in cells_per_section(section[known]):
        n_cells = pd.DataFrame(coordinates[known][cells]).value_counts()
        most, usual = int(n_cells.iloc[0]), float(n_cells.median())
        if most < max(FEWEST_FILLED, LEAST_FILLED * cells.sum(), TIMES_FILLED * usual):
            continue
        where = f" of section {value!r}" if value else ""
        place = ", ".join(f"{number:g}" for number in n_cells.index[0])
        warn_user(
            f"{most} of the {cells.sum()} places{where} in {name} are the same one, ({place}). If "
            "it stands for an unknown place, set these rows to NaN."
        )


def is_on_a_line(places: Places) -> bool:
    """Whether three or more places lie on a line; shape ``(n_cells, 2)`` or ``(n_cells, 3)``."""
    spread = np.linalg.svd(places - places.mean(axis=0), compute_uv=False)
    return len(places) > 2 and bool(spread[1] <= ON_A_LINE * spread[0])


def share_of_shared_places(places: Places) -> float:
    """Share of the positions at which there are several cells.

    Of one section it is 0 as a rule; 11 % in osmFISH data of the mouse cortex. Of two slides with
    the same grid of spots it is the share of spots that tissue covers on both.
    """
    n_cells = pd.DataFrame(places).value_counts()
    return float((n_cells > 1).mean())


def doubtful_column(obs: pd.DataFrame, places: Places) -> tuple[str, str] | None:
    """Find a column that seems to name several sections.

    Parameters
    ----------
    obs
        Table of the cells of known place.
    places
        Shape ``(n_cells, 2)`` or ``(n_cells, 3)``.

    Returns
    -------
    The column and how the cells of its values lie, :data:`OVER` or :data:`APART`; or ``None``.
    """
    for column, codes in _columns_of_sections(obs):
        cells = at_most(np.flatnonzero(codes >= 0), MOST_CELLS, np.random.default_rng(0))
        if mixing(places[cells], codes[cells]) > MIXED:
            return column, OVER
        if places.shape[1] == 2 and relative_gap(places[cells], codes[cells]) > WIDE_GAP:
            return column, APART
    return None


def mixing(places: Places, group: NDArray[np.intp]) -> float:
    """How far groups of cells lie over one another.

    Parameters
    ----------
    places
        Shape ``(n_cells, 2)`` or ``(n_cells, 3)``.
    group
        Number of each cell's group.

    Returns
    -------
    Share of the five nearest neighbours that are of another group than the cell, divided by what it
    would be if groups were drawn at random: 1 for slides laid over one another, near 0 for parts of
    a tissue that only touch.
    """
    neighbors = NearestNeighbors(n_neighbors=min(N_NEIGHBORS, len(places) - 1)).fit(places)
    near = neighbors.kneighbors(return_distance=False)
    share = np.bincount(group) / len(group)
    return float((group[near] != group[:, None]).mean() / (1.0 - (share**2).sum()))


def relative_gap(places: Places, group: NDArray[np.intp]) -> float:
    """Widest gap between a group and all others, in distances of neighbouring cells.

    Parameters
    ----------
    places
        Shape ``(n_cells, 2)`` or ``(n_cells, 3)``.
    group
        Number of each cell's group.
    """
    spacing = np.median(NearestNeighbors(n_neighbors=1).fit(places).kneighbors()[0])
    gaps = []
    for number in np.unique(group):
        others = NearestNeighbors(n_neighbors=1).fit(places[group != number])
        gaps.append(others.kneighbors(places[group == number])[0].min())
    return float(max(gaps) / spacing) if spacing > 0 else 0.0


def _columns_of_sections(obs: pd.DataFrame) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """Columns that may name sections, with the number of each cell's value, -1 if missing."""
    for column in obs:
        if not (isinstance(column, str) and NAMES_SECTIONS.fullmatch(column)):
            continue
        codes = np.asarray(pd.factorize(obs[column])[0], dtype=np.intp)
        n_cells = np.bincount(codes[codes >= 0])
        if len(n_cells) > 1 and n_cells.min() >= FEWEST_CELLS_OF_VALUE:
            yield column, codes
