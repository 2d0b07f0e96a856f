"""The unit and origin in which coordinates are learned."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dpvae.geometry.coordinates import check_coordinate_rows, check_coordinates, known_rows


def coordinate_unit(coordinates: ArrayLike, section: ArrayLike | None = None) -> float:
    """Measure the one isotropic length by which coordinates are divided.

    It is the root mean square distance of the known cells from the centroid of their own section,
    pooled over sections. It does not change under rotation or shift of any section.

    Parameters
    ----------
    coordinates
        Shape ``(n_cells, n_dims)``, in any unit, the same for all sections. Rows of NaN are left
        out.
    section
        Codes of the sections, shape ``(n_cells,)``. By default one section.

    Returns
    -------
    A length in the unit of ``coordinates``.

    Raises
    ------
    ValueError
        If the coordinates are malformed (see :func:`check_coordinates`), ``section`` has another
        length, or no section has two cells at different places.

    Notes
    -----
    Time and memory O(n_cells n_dims).

    Examples
    --------
    >>> from dpvae.geometry import coordinate_unit
    >>> coordinate_unit([[0, 0], [6, 0], [0, 8], [6, 8]])
    5.0
    """
    values = check_coordinates(coordinates)
    offsets = _from_section_center(values, section)
    unit = float(np.sqrt(np.nanmean((offsets**2).sum(axis=1))))
    if unit == 0.0:
        message = (
            "no section has two cells at different places, so the coordinates have no scale; "
            "check that `section` holds one code for each tissue section."
        )
        raise ValueError(message)
    return unit


def standard_coordinates(
    coordinates: ArrayLike, section: ArrayLike | None, unit: float
) -> NDArray[np.float64]:
    """Centre every section at its known cells and divide by one isotropic length.

    Parameters
    ----------
    coordinates
        Shape ``(n_cells, n_dims)``, in any unit. Rows of NaN stay NaN.
    section
        Codes of the sections, shape ``(n_cells,)``, or ``None`` for one section.
    unit
        The length, in the unit of ``coordinates``, that becomes 1 (see :func:`coordinate_unit`).

    Returns
    -------
    Coordinates without a unit, shape ``(n_cells, n_dims)``.

    Raises
    ------
    ValueError
        If the coordinates are malformed (see :func:`check_coordinates`), ``section`` has another
        length, or ``unit`` is not positive and finite.

    Notes
    -----
    Time and memory O(n_cells n_dims).

    Examples
    --------
    >>> from dpvae.geometry import standard_coordinates
    >>> standard_coordinates([[0, 0], [6, 0], [0, 8], [6, 8]], None, 5.0).tolist()
    [[-0.6, -0.8], [0.6, -0.8], [-0.6, 0.8], [0.6, 0.8]]
    """
    if not (np.isfinite(unit) and unit > 0):
        message = f"unit is {unit}; pass a positive length, such as coordinate_unit returns."
        raise ValueError(message)
    return _from_section_center(check_coordinate_rows(coordinates), section) / unit


def _from_section_center(
    values: NDArray[np.float64], section: ArrayLike | None
) -> NDArray[np.float64]:
    code = np.zeros(len(values), dtype=np.int64) if section is None else np.asarray(section)
    if code.shape != (len(values),):
        message = (
            f"section has shape {code.shape}; it needs one code for each of {len(values)} rows."
        )
        raise ValueError(message)
    offsets = np.full_like(values, np.nan)
    known = np.flatnonzero(known_rows(values))
    _, member = np.unique(code[known], return_inverse=True)
    size = np.bincount(member)
    for axis in range(values.shape[1]):
        position = values[known, axis]
        center = np.bincount(member, weights=position) / size
        offsets[known, axis] = position - center[member]
    return offsets
