"""The plane in which coordinates are drawn."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from dpvae.geometry.coordinates import known_rows
from dpvae.pl.lengths import with_unit

TISSUE_AXES = ("x", "y")
PRINCIPAL_AXES = ("principal axis 1", "principal axis 2")


@dataclass(frozen=True)
class View:
    """A plane and the direction in which one looks at it.

    Attributes
    ----------
    center
        Origin of the plane, shape ``(n_dims,)``.
    directions
        Orthonormal columns, shape ``(n_dims, n_dims)``: across, along, and in 3-D towards the
        viewer.
    """

    center: NDArray[np.float64]
    directions: NDArray[np.float64]

    @property
    def is_tissue_plane(self) -> bool:
        """Whether the plane is the tissue's own: coordinates are drawn as they are."""
        return len(self.center) == 2

    def project(self, coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
        """Coordinates of shape ``(n, n_dims)`` in the plane, shape ``(n, 2)``."""
        return np.asarray((coordinates - self.center) @ self.directions[:, :2])

    def back_to_front(self, coordinates: NDArray[np.float64]) -> NDArray[np.intp]:
        """Order in which to draw known cells, shape ``(n_known,)``: near ones cover far ones."""
        known = np.flatnonzero(known_rows(coordinates))
        if self.is_tissue_plane:
            return known
        height = coordinates[known] @ self.directions[:, 2]
        return np.asarray(known[np.argsort(height, kind="stable")])

    def dress(self, ax: Axes, unit: str | None) -> None:
        """Label the axes, make the aspect equal, and put the origin of a tissue plane top-left."""
        names = TISSUE_AXES if self.is_tissue_plane else PRINCIPAL_AXES
        ax.set_xlabel(with_unit(names[0], unit))
        ax.set_ylabel(with_unit(names[1], unit))
        ax.set_aspect("equal")
        ax.locator_params(nbins=5)
        ax.spines[["top", "right"]].set_visible(False)
        if self.is_tissue_plane and not ax.yaxis_inverted():
            ax.invert_yaxis()


def view_of(coordinates: NDArray[np.float64]) -> View:
    """View of a tissue: 2-D as it lies, 3-D along its shortest principal axis.

    Parameters
    ----------
    coordinates
        Shape ``(n, n_dims)``, NaN rows are left out.
    """
    n_dims = coordinates.shape[1]
    if n_dims == 2:
        return View(np.zeros(2), np.eye(2))
    known = coordinates[known_rows(coordinates)]
    center = known.mean(axis=0)
    _, _, rows = np.linalg.svd(known - center, full_matrices=len(known) < n_dims)
    largest = rows[np.arange(n_dims), np.abs(rows).argmax(axis=1)]
    return View(center, (rows * np.sign(largest)[:, None]).T)
