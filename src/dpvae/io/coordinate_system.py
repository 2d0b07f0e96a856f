"""Coordinate systems of SpatialData, and what is known of their units."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from dpvae._data.arguments import check_is_anndata
from dpvae._keys import COORDINATE_SYSTEM, OBSM, UNIT, params_key

if TYPE_CHECKING:
    from spatialdata import SpatialData

MICROMETERS: Final = "micrometers"
NAMES_OF_MICROMETERS = (MICROMETERS, "microns", "um", "µm")
READER = "spatialdata_io_reader"
GLOBAL: Final = "global"
DOWNSCALED = ("_downscaled_hires", "_downscaled_lowres")
IN_PIXELS = {"visium", "visium_hd", "xenium", "merscope", "cosmx"}


def chosen_system(given: str | None, of_elements: Mapping[str, set[str]], table: str) -> str:
    """Choose the coordinate system in which the cells of a table are read.

    Parameters
    ----------
    given
        Its name, or ``None``: one in micrometres, by its name, or the only one that there is.
    of_elements
        Coordinate systems of each element that the table annotates.
    table
        Name of the table, for messages.

    Raises
    ------
    KeyError
        If an element has no transformation to it.
    ValueError
        If none is named and there are several.
    """
    for name, systems in of_elements.items():
        if given is not None and given not in systems:
            message = (
                f"Element {name!r}, which table {table!r} annotates, has no transformation to "
                f"coordinate system {given!r}, but to {sorted(systems)}."
            )
            raise KeyError(message)
    if given is not None:
        return given
    common = set.intersection(*of_elements.values())
    usual = [name for name in NAMES_OF_MICROMETERS if name in common]
    if usual or len(common) == 1:
        return (usual or list(common))[0]
    found = ", ".join(f"{name!r}: {sorted(systems)}" for name, systems in of_elements.items())
    message = (
        f"The elements of table {table!r} have these coordinate systems: {found}. Name one that "
        "all of them have, with coordinate_system=…; or run dpvae.io.add_micrometers(sdata) first, "
        "and all are read in micrometres."
    )
    raise ValueError(message)


def unit_of(sdata: "SpatialData", coordinate_system: str) -> str | None:
    """Give the unit of a coordinate system, if it is known: SpatialData keeps none."""
    if coordinate_system in NAMES_OF_MICROMETERS:
        return "micrometer"
    if not is_in_pixels(sdata):
        return None
    if coordinate_system.endswith(DOWNSCALED):
        return "downscaled pixel"
    is_of_slide = f"{coordinate_system}{DOWNSCALED[0]}" in sdata.coordinate_systems
    return "pixel" if is_of_slide or coordinate_system == GLOBAL else None


def is_in_pixels(sdata: "SpatialData") -> bool:
    """Whether a reader of spatialdata-io made the object, which gives pixels."""
    return sdata.attrs.get(READER) in IN_PIXELS


def system_of(reference: Any) -> str:
    """Name of the coordinate system in which :func:`table_of` read a reference.

    Raises
    ------
    KeyError
        If it was not read so, or forgets it.
    TypeError
        If it is no AnnData.
    """
    check_is_anndata(reference, name="reference")
    params = reference.uns.get(params_key(OBSM.spatial), {})
    if COORDINATE_SYSTEM not in params:
        message = (
            f"reference.uns[{params_key(OBSM.spatial)!r}] does not name the coordinate system of "
            "the places: give the AnnData that dpvae.io.table_of(sdata) returned. What "
            "anndata.concat puts together forgets it."
        )
        raise KeyError(message)
    return str(params[COORDINATE_SYSTEM])


def place_record(coordinate_system: str, unit: str | None) -> dict[str, str]:
    """Say of places what ``adata.uns["spatial_params"]`` keeps."""
    return {COORDINATE_SYSTEM: coordinate_system} | ({UNIT: unit} if unit else {})
