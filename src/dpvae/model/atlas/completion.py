"""Fine-tuning on a query of which some places are known: the others are guessed, then learned."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray

from dpvae._data.section import cells_per_section
from dpvae._keys import OBSM
from dpvae.geometry import known_rows, standard_coordinates
from dpvae.geometry.regression.blend import blend
from dpvae.model.atlas.gene_regression import ReadGenes, components_of, gene_axes

N_STEPS = 300
PLAN = {"lr": 1e-3, "lr_schedule": "cosine", "n_steps_kl_warmup": None}
FLAT = 1e-6
LARGEST_RATIO_OF_SIZES = 20

Points = NDArray[np.float64]


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


def completed_coordinates(
    coordinates: Points,
    section: NDArray[np.str_],
    guess: Points,
    latent: NDArray[np.float32],
    components: Points,
) -> Points:
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

    """
    completed = guess.copy()
    for _, cells in cells_per_section(section):
        rows = np.flatnonzero(known_rows(coordinates[cells]))
        if len(rows) == 0:
            continue
        places = coordinates[cells][rows]
        z = latent[cells].astype(np.float64)
        completed[cells] = blend(z, guess[cells], rows, places, components[cells])[0]
    return completed


def own_components(genes: ReadGenes, factor: Points, n_cells: int) -> Points:
    """Components of the genes of a query, on axes of its own."""
    rows = np.arange(n_cells)
    mean, loadings = gene_axes(genes, factor, rows, np.random.default_rng(0))
    return components_of(genes(rows), mean, loadings)


@contextmanager
def coordinates_in_use(
    cells: AnnData, coordinates: Points | None, section: NDArray[np.str_]
) -> Iterator[None]:
    """Let a model train with these coordinates in place of its own."""
    if coordinates is None:
        yield
        return
    before: Any = cells.obsm[OBSM.centered]
    cells.obsm[OBSM.centered] = standard_coordinates(coordinates, section, 1.0)
    try:
        yield
    finally:
        cells.obsm[OBSM.centered] = before


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
