"""Fine-tuning on a query of which some places are known: the others are guessed, then learned."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray

from dpvae._data.section import cells_per_section
from dpvae._keys import OBSM
from dpvae.geometry import known_rows, place_by_consensus, standard_coordinates
from dpvae.geometry.regression.blend import MEAN_OF_RAYLEIGH, MOTION, blend
from dpvae.model.atlas.gene_regression import ReadGenes, components_of, gene_axes
from dpvae.model.atlas.seen_places import SeenPlaces

logger = logging.getLogger(__name__)

N_STEPS = 300
PLAN = {"lr": 1e-3, "lr_schedule": "cosine", "n_steps_kl_warmup": None}
FLAT = 1e-6
LARGEST_RATIO_OF_SIZES = 20

Points = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Completed:
    """Places of all cells of a query, of which some are guessed.

    Parameters
    ----------
    coordinates
        Shape ``(n_cells, 2)`` or ``(n_cells, 3)``.
    errors
        Expected distance from the true places, shape ``(n_cells,)``; 0 for known ones.
    """

    coordinates: Points
    errors: Points


def check_known_places(
    coordinates: Points, section: NDArray[np.str_], name: str, *, fewest: int
) -> bool:
    """Raise if the known places of a query's section are too few to fix its frame.

    Parameters
    ----------
    coordinates
        Shape ``(n_cells, 2)`` or ``(n_cells, 3)``; rows of NaN are cells of unknown place.
    section
        Name of each cell's section.
    name
        Where the coordinates are, for the message.
    fewest
        How many cells of known place a section needs, if it has any.

    Returns
    -------
    Whether any place is known.
    """
    known = known_rows(coordinates)
    for value, cells in cells_per_section(section[known]):
        places = coordinates[known][cells]
        spread = np.linalg.svd(places - places.mean(axis=0), compute_uv=False)
        rank = int((spread > FLAT * spread[0]).sum())
        if len(places) >= fewest and rank == places.shape[1]:
            continue
        where = f" in section {value!r}" if value else ""
        found = f"{len(places)} cells" if len(places) < fewest else f"{len(places)} cells in a row"
        message = (
            f"{name} knows the places of {found}{where}: {fewest} or more in general position are "
            "needed to learn from. Give more places; or set these to NaN and use "
            "reference_model.predict_coordinates(query), which needs none."
        )
        raise ValueError(message)
    return bool(known.any())


def say_without_places(key: str) -> None:
    """Log that a query is learned from without places, since none is known under this key."""
    logger.warning(
        "No place of the query is known in adata.obsm[%r]: training can adapt the model to the "
        "query's expression alone. To learn from known places, write them there, with NaN for all "
        "other cells.",
        key,
    )


def completed_coordinates(
    coordinates: Points,
    section: NDArray[np.str_],
    guess: Points,
    latent: NDArray[np.float32],
    components: Points,
    seen: SeenPlaces | None = None,
) -> Completed:
    """Keep the places that are known, and correct the guess of the others by them.

    Sections without known places keep the guess. In the others the guess, moved, is mixed with
    regressions on latents and genes, as the known cells choose: see
    :class:`dpvae.geometry.Blend`.

    Parameters
    ----------
    coordinates
        Known places and rows of NaN, shape ``(n_cells, 2)`` or ``(n_cells, 3)``.
    section
        Name of each cell's section.
    guess
        Places without the help of known ones, shape as ``coordinates``.
    latent
        z, shape ``(n_cells, n_latent)``.
    components
        Components of the genes, shape ``(n_cells, n_components)``.
    seen
        Known places that the guess has learned from; by default none.

    Returns
    -------
    The places. Errors are those of known cells that the guess has not learned from, each left out:
    see :class:`dpvae.geometry.Blend`. With fewer than ten of these in a section, they are what was
    found when places were new. In a section without known places they are the mean error of the
    others; if none of these is guessed, what was found when places were new; or, if all are, the
    mean error of the guess where places are known.
    """
    completed, errors, of_guess = guess.copy(), np.full(len(guess), np.nan), [0.0]
    for _, cells in cells_per_section(section):
        rows = np.flatnonzero(known_rows(coordinates[cells]))
        if len(rows) == 0:
            continue
        places = coordinates[cells][rows]
        z = latent[cells].astype(np.float64)
        unseen = None if seen is None else ~seen.is_seen[cells][rows]
        completed[cells], expected, mix = blend(
            z, guess[cells], rows, places, components[cells], unseen
        )
        if expected is None:
            assert seen is not None
            expected = np.where(known_rows(coordinates[cells]), 0.0, seen.errors[cells])
        errors[cells] = expected
        of_guess.append(MEAN_OF_RAYLEIGH[places.shape[1]] * mix.errors.get(MOTION, 0.0))
    found = errors[~known_rows(coordinates) & np.isfinite(errors)]
    if not len(found) and seen is not None:
        errors = np.where(np.isfinite(errors), errors, seen.errors)
    usual = found.mean() if len(found) else max(of_guess)
    return Completed(completed, np.nan_to_num(errors, nan=usual))


def smoothed(
    places: Points, latent: NDArray[np.float32], section: NDArray[np.str_]
) -> NDArray[np.float64]:
    """Place the cells of each section by their latents and the places of all of them.

    Parameters
    ----------
    places
        Shape ``(n_cells, n_dims)``.
    latent
        z, shape ``(n_cells, n_latent)``.
    section
        Name of each cell's section, shape ``(n_cells,)``.
    """
    smooth = places.copy()
    for _, rows in cells_per_section(section):
        smooth[rows] = place_by_consensus(latent[rows], latent[rows], places[rows])
    return smooth


def own_components(genes: ReadGenes, factor: Points, n_cells: int) -> Points:
    """Components of the genes of a query, on axes of its own."""
    rows = np.arange(n_cells)
    mean, loadings = gene_axes(genes, factor, rows, np.random.default_rng(0))
    return components_of(genes(rows), mean, loadings)


@contextmanager
def coordinates_in_use(
    cells: AnnData, completed: Completed | None, section: NDArray[np.str_]
) -> Iterator[None]:
    """Let a model train with these coordinates in place of its own."""
    if completed is None:
        yield
        return
    before: Any = cells.obsm[OBSM.centered]
    cells.obsm[OBSM.centered] = standard_coordinates(completed.coordinates, section, 1.0)
    try:
        yield
    finally:
        cells.obsm[OBSM.centered] = before


def check_same_units(places: Points, guess: Points, section: NDArray[np.str_]) -> None:
    """Raise if known places of a section seem to be in another unit than its guessed ones.

    Parameters
    ----------
    places
        Shape ``(n_cells, 2)`` or ``(n_cells, 3)``; rows of NaN are cells of unknown place.
    guess
        By the reference, shape as ``places``.
    section
        Name of each cell's section, shape ``(n_cells,)``.
    """
    known = known_rows(places)
    for name, rows in cells_per_section(section[known]):
        check_same_unit(places[known][rows], guess[known][rows], name)


def check_same_unit(places: Points, guess: Points, name: str) -> None:
    """Raise if a section's known places spread much more, or less, than its predicted ones."""
    given, expected = (float(np.sqrt(x.var(axis=0).sum())) for x in (places, guess))
    ratio = max(given, expected) / max(min(given, expected), np.finfo(float).tiny)
    if expected > 0 and ratio > LARGEST_RATIO_OF_SIZES:
        where = f" of section {name!r}" if name else ""
        doubt, otherwise = "", ""
        if expected < given:
            doubt = ", or the reference does not tell these cells apart"
            otherwise = (
                ", if it is another; if it is the same, the model places all of these cells near "
                "one point: train the reference longer, or see whether it is the same tissue"
            )
        message = (
            f"The known places{where} seem to have another unit than the reference{doubt}: they "
            f"spread over {given:.3g}, the same cells placed by the reference over {expected:.3g}. "
            f"Bring them into the reference's unit{otherwise}."
        )
        raise ValueError(message)
