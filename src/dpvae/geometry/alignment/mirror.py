"""Mirror images of places, and their folding onto one half."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dpvae._data.numbers import floats_of


@dataclass(frozen=True, eq=False)
class Mirror:
    """A line (in 3-D a plane) about which places are mirrored: {s : s · normal = offset}.

    Attributes
    ----------
    normal
        Unit vector across the line, shape ``(n_dims,)``, p = 2 or 3. Folding keeps the half it
        points to.
    offset
        Distance of the line from the origin along ``normal``, in the unit of the coordinates.

    Raises
    ------
    ValueError
        If ``normal`` is not of shape (2,) or (3,) and length 1, or a value is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from dpvae.geometry import Mirror
    >>> midline = Mirror(np.array([1.0, 0.0]), 10.0)
    >>> midline.reflect([[7.0, 5.0]]).tolist(), midline.fold([[7.0, 5.0], [12.0, 5.0]]).tolist()
    ([[13.0, 5.0]], [[13.0, 5.0], [12.0, 5.0]])
    """

    normal: NDArray[np.float64]
    offset: float

    def __post_init__(self) -> None:
        normal = np.asarray(self.normal, dtype=np.float64)
        if normal.shape not in ((2,), (3,)) or not np.isclose(np.linalg.norm(normal), 1.0):
            message = f"normal is {normal.tolist()}; pass a vector of 2 or 3 numbers and length 1."
            raise ValueError(message)
        if not np.isfinite(self.offset):
            message = f"offset is {self.offset}; pass a finite distance from the origin."
            raise ValueError(message)

    def side(self, coordinates: ArrayLike) -> NDArray[np.float64]:
        """Signed distance of places from the line, positive in the half that folding keeps.

        Parameters
        ----------
        coordinates
            Shape ``(n_cells, n_dims)``. Rows of NaN stay NaN.

        Returns
        -------
        Shape ``(n_cells,)``, in the unit of the coordinates.

        Raises
        ------
        ValueError
            If the coordinates are not of shape ``(n_cells, n_dims)``.
        """
        values = floats_of(coordinates, "coordinates")
        if values.ndim != 2 or values.shape[1] != len(self.normal):
            message = (
                f"coordinates have shape {values.shape}; the mirror needs (cells, "
                f"{len(self.normal)})."
            )
            raise ValueError(message)
        return np.asarray(values @ self.normal - self.offset)

    def reflect(self, coordinates: ArrayLike) -> NDArray[np.float64]:
        """Mirror images of places.

        Parameters
        ----------
        coordinates
            Shape ``(n_cells, n_dims)``. Rows of NaN stay NaN.

        Returns
        -------
        Shape ``(n_cells, n_dims)``.
        """
        side = self.side(coordinates)
        return floats_of(coordinates, "coordinates") - 2.0 * side[:, None] * self.normal

    def fold(self, coordinates: ArrayLike) -> NDArray[np.float64]:
        """Bring all places into the half that ``normal`` points to; those in it stay.

        The distance of two folded places is from one of them to the nearer of the other and its
        mirror image.

        Parameters
        ----------
        coordinates
            Shape ``(n_cells, n_dims)``. Rows of NaN stay NaN.

        Returns
        -------
        Shape ``(n_cells, n_dims)``.
        """
        outside = np.minimum(self.side(coordinates), 0.0)
        return floats_of(coordinates, "coordinates") - 2.0 * outside[:, None] * self.normal

    def reversed(self) -> "Mirror":
        """Return the same line, of which folding keeps the other half."""
        return Mirror(-np.asarray(self.normal), -self.offset)
