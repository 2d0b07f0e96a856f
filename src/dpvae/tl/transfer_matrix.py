"""How well models of each section place the cells of every section."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray
from tqdm.auto import tqdm

from dpvae._data.counted import counted
from dpvae._data.culprit import named_in_errors, obsm_name
from dpvae._data.some_rows import random_share
from dpvae._keys import OBSM
from dpvae.geometry import align, known_rows
from dpvae.metrics import SCORES, score_places
from dpvae.tl.coordinates import read_coordinates

PAIR = ["trained_on", "tested_on", "seed"]
NUMBERS = ["n_cells", "n_genes"]
FEWEST_CELLS = 3
SHOWN = ["procrustes_disparity", "distance_spearman", "median_error"]
FOUND = "the places that its model gives"
COLUMNS = [*SHOWN, *NUMBERS]


class PlacesCells(Protocol):
    """What gives cells a place: a model of this package, or anything with this method."""

    def predict_coordinates(self, adata: AnnData) -> NDArray[np.float64]:
        """Give every cell a place, shape (n_cells, 2) or (n_cells, 3)."""


Train = Callable[[AnnData, int], PlacesCells]


def transfer_matrix(
    sections: Mapping[str, AnnData],
    models: Mapping[str, PlacesCells] | Train,
    *,
    spatial_key: str = OBSM.spatial,
    held_out: float = 0.2,
    seed: int = 0,
    path: str | Path | None = None,
    progress_bar: bool = True,
) -> pd.DataFrame:
    """Train on each section, place the cells of every other.

    As in figure 10 of :cite:t:`Zhou24`.

    Parameters
    ----------
    sections
        The sections by name, with coordinates and with the expression that the models take.
    models
        How to train: a function that takes a reference and a seed and returns a trained model. Or
        trained models by name, each of which then places every section as it is given: leave out
        the cells that they were trained on.
    spatial_key
        Key of the coordinates in ``obsm``. No model sees the coordinates of cells that it places.
    held_out
        Share of each section's cells, chosen at random, that no model is trained on. They are the
        test of a section's own model; all others place the whole section. Not used with trained
        models.
    seed
        Seed of this choice, and the seed that the function is given.
    path
        CSV file that each pair is added to as soon as it is scored; pairs that it holds for this
        seed are not computed again. Use another file for other sections or another way to train.
    progress_bar
        Whether to show how many pairs are done.

    Returns
    -------
    A table with a row for each model and two levels of columns, score and tested section, so that
    ``table["procrustes_disparity"]`` is what :func:`dpvae.pl.transfer_matrix` draws. The frames of
    two sections are unrelated: recovered places are shifted, turned, mirrored and scaled onto the
    true ones first.

    - ``procrustes_disparity``: 0 for the same shape, about 1 for chance;
    - ``distance_spearman``: correlation of distances, 1 for the same order, 0 for chance;
    - ``median_error``: half of the cells are nearer to their place than this, in the unit of the
      tested section's coordinates;
    - ``n_cells``, ``n_genes``: how many cells were placed, and how many genes they were given with.

    Raises
    ------
    KeyError
        If a section has no ``obsm[spatial_key]``.
    TypeError
        If ``sections`` is no dictionary.
    ValueError
        If there are no sections or models, two sections share no genes or differ in their number of
        coordinates, gene names occur more than once, a section has too few cells, or ``held_out``
        is not between 0 and 1.

    Notes
    -----
    Two sections are compared by the genes that both have. A model is trained once for each set of
    genes: once per section if all have the same genes, up to n² times if no two have. Bring the
    sections to their common genes if that takes too long.

    Examples
    --------
    >>> import dpvae
    >>> from sklearn.linear_model import RidgeCV
    >>> from sklearn.pipeline import make_pipeline
    >>> class Ridge:
    ...     def __init__(self, reference, seed):
    ...         self.fit = RidgeCV().fit(reference.X.toarray(), reference.obsm["spatial"])
    ...
    ...     def predict_coordinates(self, adata):
    ...         return self.fit.predict(adata.X.toarray())
    >>> sections = {
    ...     name: dpvae.datasets.simulated_tissue(200, 50, seed=seed)
    ...     for seed, name in enumerate("ab")
    ... }
    >>> table = dpvae.tl.transfer_matrix(sections, Ridge, progress_bar=False)
    >>> table["n_cells"].to_numpy().tolist()
    [[40, 200], [200, 40]]
    """
    _check_is_mapping(sections)
    sections = {str(name): section for name, section in sections.items()}
    if isinstance(models, Mapping):
        models = {str(name): model for name, model in models.items()}
    _check(sections, models, spatial_key, held_out)
    rows = _stored_rows(path)
    done = {tuple(row[key] for key in PAIR) for row in rows}
    names = list(sections if callable(models) else models)
    pairs = [(one, other, seed) for one in names for other in sections]
    with tqdm(pairs, desc="pairs of sections", disable=not progress_bar) as bar:
        for name in names:
            missing = {two: sections[two] for one, two, _ in pairs if one == name}
            missing = {two: missing[two] for two in missing if (name, two, seed) not in done}
            bar.update(len(sections) - len(missing))
            if callable(models):
                trials = _trials(name, sections[name], missing, models, held_out, seed)
            else:
                trials = ((models[name], two, query) for two, query in missing.items())
            for model, two, query in trials:
                row = {"trained_on": name, "tested_on": two, "seed": seed}
                rows.append(row | _scores(model, query, spatial_key, two, seed))
                _store(rows[-1], path)
                bar.update()
    scored = pd.DataFrame([row for row in rows if tuple(row[key] for key in PAIR) in set(pairs)])
    table = scored.pivot(index="trained_on", columns="tested_on", values=COLUMNS)
    columns = pd.MultiIndex.from_product([COLUMNS, sections], names=["score", "tested_on"])
    table = table.reindex(index=pd.Index(names, name="trained_on"), columns=columns)
    return table.astype({column: int for column in columns if column[0] in NUMBERS})


def _check_is_mapping(sections: object) -> None:
    if isinstance(sections, Mapping):
        return
    message = (
        f"sections is a {type(sections).__name__}: give a dictionary, such as "
        "{'donor 1': one, 'donor 2': two}."
    )
    raise TypeError(message)


def _check(
    sections: Mapping[str, AnnData],
    models: Mapping[str, PlacesCells] | Train,
    spatial_key: str,
    held_out: Any,
) -> None:
    _check_models(models)
    if not sections or not (callable(models) or models):
        given = counted(len(sections), "section")
        message = f"sections holds {given}: pass at least one, and a way to place it."
        raise ValueError(message)
    if not isinstance(held_out, int | float | np.floating) or not 0 < held_out < 1:
        message = f"held_out is {held_out!r}: choose a share between 0 and 1, such as 0.2."
        raise ValueError(message)
    for name, section in sections.items():
        places = read_coordinates(section, spatial_key, name=f"sections[{name!r}]")
        if not section.var_names.is_unique:
            message = (
                f"Gene names of section {name!r} occur more than once, but genes are matched by "
                "name. Run var_names_make_unique() on it."
            )
            raise ValueError(message)
        n_known = int(known_rows(places).sum())
        n_hidden = len(random_share(section.n_obs, float(held_out), seed=0)[1])
        if n_known < FEWEST_CELLS or (callable(models) and n_hidden < FEWEST_CELLS):
            held = (
                f", and {counted(n_hidden, 'cell is', 'cells are')} held out"
                if callable(models)
                else ""
            )
            message = (
                f"Section {name!r} has {counted(n_known, 'cell')} of known place{held}: "
                f"{FEWEST_CELLS} are "
                "needed to score. Leave the section out, or raise held_out."
            )
            raise ValueError(message)
    n_dims = {name: section.obsm[spatial_key].shape[1] for name, section in sections.items()}
    if len(set(n_dims.values())) > 1:
        message = f"Sections have different numbers of coordinates: {n_dims}. Use one number."
        raise ValueError(message)
    if callable(models):
        for one, two in combinations(sections, 2):
            if not sections[one].var_names.isin(sections[two].var_names).any():
                message = (
                    f"Sections {one!r} and {two!r} share no genes. See with "
                    "dpvae.tl.match_genes whether they are called by other names."
                )
                raise ValueError(message)


def _check_models(models: object) -> None:
    if not (callable(models) or isinstance(models, Mapping)):
        message = (
            f"models is a {type(models).__name__}: give a function that trains one, or trained "
            "models by name."
        )
        raise TypeError(message)


def _trials(
    name: str,
    section: AnnData,
    others: Mapping[str, AnnData],
    train: Train,
    held_out: float,
    seed: int,
) -> Iterator[tuple[PlacesCells, str, AnnData]]:
    """Train on a section once for each set of genes that it shares with others."""
    known, hidden = random_share(section.n_obs, held_out, seed)
    shared = defaultdict(list)
    for other, cells in others.items():
        shared[tuple(section.var_names.isin(cells.var_names))].append(other)
    for is_shared, tested in shared.items():
        genes = section.var_names[list(is_shared)]
        model = train(_copy_of(section[known, genes]), seed)
        for other in tested:
            rows = hidden if other == name else slice(None)
            yield model, other, others[other][rows, genes]


def _copy_of(adata: AnnData) -> AnnData:
    return adata.to_memory() if adata.isbacked else adata.copy()


def _scores(
    model: PlacesCells, query: AnnData, spatial_key: str, section: str, seed: int
) -> dict[str, float | int]:
    query = _copy_of(query)
    true = read_coordinates(query, spatial_key)
    del query.obsm[spatial_key]
    found = model.predict_coordinates(query)
    scores: dict[str, float | int] = {}
    with named_in_errors(obsm_name(spatial_key, name=f"sections[{section!r}]"), FOUND):
        aligned = align(found, true).apply(found)
        for name in SHOWN:
            places = aligned if SCORES[name].needs_frame else found
            scores |= score_places(true, places, [name], seed=seed)
    return scores | {"n_cells": query.n_obs, "n_genes": query.n_vars}


def _stored_rows(path: str | Path | None) -> list[dict[str, Any]]:
    if path is None or not Path(path).exists():
        return []
    missing: dict[str, list[str]] = {score: [""] for score in COLUMNS}
    texts = {"trained_on": str, "tested_on": str}
    table = pd.read_csv(path, dtype=texts, keep_default_na=False, na_values=missing)
    if list(table) != PAIR + COLUMNS:
        message = (
            f"{path} has the columns {list(table)}, not the columns of a transfer matrix: choose "
            "another path."
        )
        raise ValueError(message)
    return [dict(zip(PAIR + COLUMNS, row, strict=True)) for row in table.itertuples(index=False)]


def _store(row: Mapping[str, Any], path: str | Path | None) -> None:
    if path is not None:
        pd.DataFrame([row]).to_csv(path, mode="a", header=not Path(path).exists(), index=False)
