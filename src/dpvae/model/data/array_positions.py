"""A warning of coordinates that are row and column of an array of spots, not places."""

import numpy as np
from numpy.typing import NDArray

from dpvae._data.warn import warn_user

FEWEST_CELLS = 100
LARGEST = 223

Places = NDArray[np.float64]


def warn_if_array_positions(places: Places, name: str) -> None:
    """Warn of coordinates that look like array positions of Visium.

    Parameters
    ----------
    places
        Known places, shape ``(n_cells, n_dims)``.
    name
        Where the coordinates are, for the message.

    Warns
    -----
    UserWarning
        If they do, see :func:`are_array_positions`.
    """
    if are_array_positions(places):
        warn_user(
            f"{name} looks like rows and columns of an array of spots, as Visium's array_row and "
            "array_col. Steps along both axes then differ in length, in Visium by √3. Give pixels, "
            "as in obsm['spatial'] of scanpy.read_visium, or pxl_row_in_fullres and "
            "pxl_col_in_fullres."
        )


def are_array_positions(places: Places) -> bool:
    """Whether places are rows and columns of an array of spots whose odd rows are shifted.

    In Visium, and in arrays of 2,000 spots before it, row and column of every spot add up to an
    even number. A square array is not taken for one: it has odd sums, too, or, with steps of two,
    no odd rows. Its positions are as good as lengths.

    Parameters
    ----------
    places
        Known places, shape ``(n_cells, n_dims)``.

    Returns
    -------
    True if there are two columns, at least 100 places, and all are whole numbers, none above 223 as
    in the largest array of Visium, in even and odd rows, with even sums.
    """
    if places.shape[1] != 2 or np.abs(places).max(initial=0.0) > LARGEST:
        return False
    whole = np.round(places)
    is_odd = whole[:, 0] % 2 == 1
    return bool(
        (whole == places).all()
        and (whole.sum(axis=1) % 2 == 0).all()
        and is_odd.any()
        and not is_odd.all()
        and len(np.unique(whole, axis=0)) >= FEWEST_CELLS
    )
