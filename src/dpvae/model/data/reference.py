"""The checks of a reference, before anything is written into it."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from dpvae._data.arguments import check_one_name
from dpvae._data.counted import counted
from dpvae._data.section import cells_per_section, check_column, section_names
from dpvae._data.warn import warn_user
from dpvae.geometry import check_coordinates, known_rows
from dpvae.model.data.doubtful_reference import warn_if_doubtful
from dpvae.model.data.far_places import warn_if_far
from dpvae.model.data.gene_number import say_if_genes_are_not_chosen

FEWEST_KNOWN = 3
LARGEST_RATIO_OF_SIZES = 20
SMALLEST, LARGEST = 1e-30, 1e30


def check_reference(
    adata: AnnData,
    *,
    spatial_key: str,
    section_key: str | None,
    obs_keys: Iterable[tuple[str, str]],
) -> None:
    """Raise if a reference cannot be set up, before anything is written into it.

    Parameters
    ----------
    adata
        The reference.
    spatial_key
        Key of the coordinates in ``adata.obsm``.
    section_key
        Column of ``adata.obs`` that names the sections, or ``None``.
    obs_keys
        All columns of ``adata.obs`` that the user named: the argument, and the column.
    """
    if adata.is_view:
        call = "adata.to_memory()" if adata.isbacked else "adata.copy()"
        message = f"adata is a view of another AnnData. Run adata = {call} first."
        raise ValueError(message)
    if not isinstance(adata.obs, pd.DataFrame):
        message = (
            "adata.obs is not in memory, but columns are added to it. Run adata.obs = "
            "adata.obs.to_memory() and adata.var = adata.var.to_memory() first; expression can "
            "stay on disk."
        )
        raise ValueError(message)
    if not adata.var_names.is_unique:
        n_twice = int(adata.var_names.duplicated().sum())
        message = (
            f"{counted(n_twice, 'gene name occurs', 'gene names occur')} more than once, but genes "
            "are matched by name. Run adata.var_names_make_unique()."
        )
        raise ValueError(message)
    check_one_name(spatial_key, "spatial_key")
    check_one_name(section_key, "sample_key")
    for argument, key in obs_keys:
        check_column(adata, key, argument=argument)
    if spatial_key not in adata.obsm:
        found = sorted(key for key in adata.obsm if not key.startswith("_")) or "nothing"
        message = (
            f"There is no adata.obsm[{spatial_key!r}] with the coordinates of the cells; obsm has "
            f"{found}. Name the right key with spatial_key=…"
        )
        raise KeyError(message)
    name = f"adata.obsm[{spatial_key!r}]"
    coordinates = check_coordinates(adata.obsm[spatial_key], name=name)
    section = section_names(adata, section_key)
    check_known_sections(coordinates, section, name)
    check_size(coordinates, name)
    warn_if_far(adata.obs_names, coordinates, section, name)
    check_one_unit(coordinates, section, name)
    warn_if_flat(coordinates, name)
    say_if_genes_are_not_chosen(adata)
    warn_if_doubtful(adata.obs, coordinates, section, section_key, name, n_genes=adata.n_vars)


def check_known_sections(
    coordinates: NDArray[np.float64], section: NDArray[np.str_], name: str
) -> None:
    """Raise if too few places of a section are known to place cells in its frame."""
    known = known_rows(coordinates)
    for value, cells in cells_per_section(section[known]):
        places = coordinates[known][cells]
        if len(places) >= FEWEST_KNOWN and not (places == places[0]).all():
            continue
        found = f"{len(places)} cells" if len(places) < FEWEST_KNOWN else "one place for all cells"
        message = (
            f"{name} knows {found} of section {value!r}: at least {FEWEST_KNOWN} of a section are "
            "needed, at different places. Leave the section out, or set its coordinates to NaN."
        )
        raise ValueError(message)


def check_size(coordinates: NDArray[np.float64], name: str) -> None:
    """Raise if a tissue is so small or so large that single precision cannot hold its size."""
    size = float((np.nanmax(coordinates, axis=0) - np.nanmin(coordinates, axis=0)).max())
    if not SMALLEST <= size <= LARGEST:
        message = f"{name} spreads over {size:.3g}: give it in another unit, such as micrometres."
        raise ValueError(message)


def check_one_unit(coordinates: NDArray[np.float64], section: NDArray[np.str_], name: str) -> None:
    """Raise if sections differ so much in size that their units must differ."""
    places = pd.DataFrame(coordinates, index=section).dropna()
    spread = places.groupby(level=0).std(ddof=0).pow(2).sum(axis=1).pow(0.5)
    spread = spread[spread > 0]
    if len(spread) > 1 and spread.max() > LARGEST_RATIO_OF_SIZES * spread.min():
        message = (
            f"The sections of {name} seem to have different units: section "
            f"{spread.idxmax()!r} is {spread.max() / spread.min():.0f} times as large as "
            f"{spread.idxmin()!r} ({spread.max():.3g} against {spread.min():.3g}). Bring them "
            "into one unit, such as micrometres."
        )
        raise ValueError(message)


def warn_if_flat(coordinates: NDArray[np.float64], name: str) -> None:
    """Warn if one of three coordinates is the same for all cells of known place."""
    lowest, highest = np.nanmin(coordinates, axis=0), np.nanmax(coordinates, axis=0)
    constant = np.flatnonzero(lowest == highest)
    if coordinates.shape[1] == 3 and len(constant):
        others = np.setdiff1d(np.arange(3), constant[:1]).tolist()
        warn_user(
            f"Column {constant[0]} of {name} is {lowest[constant[0]]:g} for all cells: the tissue "
            f"is flat. Give the other two, {name}[:, {others}], or layouts in space bend out of "
            "the plane."
        )
