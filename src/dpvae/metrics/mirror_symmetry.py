"""How symmetric a section is, and about which line."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dpvae._data.counted import counted
from dpvae.geometry import Mirror, check_coordinates, coordinate_unit, known_rows
from dpvae.metrics.mirror_search import Candidates, refined
from dpvae.metrics.regional_expression import RegionalExpression

LEAST_AGREEMENT = 0.6
LEAST_CONTRAST = 0.2
FEWEST_CELLS = 50
MOST_CELLS = 20_000

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MirrorSymmetry:
    """The line about which a section is the most symmetric, and how symmetric it is.

    Attributes
    ----------
    mirror
        The line, in 3-D a plane, in the frame and unit of the coordinates. Its normal points to
        the half with more cells.
    agreement
        How alike expression is at mirrored places: 0, as at any two places that lie as far from
        each other, in 2-D in about the same direction; 1, as at one place.
    contrast
        How much less mirrored places agree about the best line that brings them elsewhere, by 0.7
        tissue radii or more: 0, not less, as in layers and rings; 1, they do not agree at all.
    coverage
        Share of the tissue whose mirror image is in the tissue.
    cell_agreement
        Of each cell, shape ``(n_cells,)``: 0, expression around its mirror image is as unlike as at
        a random place; 1, alike; negative, less alike. NaN if there is no tissue or no place.
    """

    mirror: Mirror
    agreement: float
    contrast: float
    coverage: float
    cell_agreement: Values

    @property
    def is_symmetric(self) -> bool:
        """Whether expression hardly tells mirrored places apart, about this line alone.

        Agreement is at least 0.6 and contrast at least 0.2.
        """
        return self.agreement >= LEAST_AGREEMENT and self.contrast >= LEAST_CONTRAST


def mirror_symmetry(values: Any, coordinates: ArrayLike, *, seed: int = 0) -> MirrorSymmetry:
    """Find the line about which expression is the most symmetric, in 3-D the plane.

    Mean expression around 500 places is compared with that around their mirror images, for all
    lines that leave at least half of the tissue a mirror image. Differences are measured against
    the differences between other places as far apart, in 2-D in about the same direction. So
    neither nearness to the line counts as symmetry, nor constant expression along layers.

    Parameters
    ----------
    values
        Log-normalised expression, shape ``(n_cells, n_genes)``: dense, SciPy sparse, or anything
        otherwise with rows that can be taken by number.
    coordinates
        Shape ``(n_cells, 2)`` or ``(n_cells, 3)``, in any unit. Rows of NaN are left out.
    seed
        Seed of the 20,000 cells that are used if there are more.

    Returns
    -------
    The line and how symmetric the section is about it. Shifted, rotated, mirrored and rescaled
    coordinates give the line that is moved likewise.

    Raises
    ------
    ValueError
        If shapes do not match, coordinates are malformed, fewer than 50 cells have a place, or
        expression is constant.

    Notes
    -----
    About a second in 2-D and a few in 3-D; time and memory O(n_cells) beyond.

    Examples
    --------
    >>> import numpy as np
    >>> from dpvae.metrics import mirror_symmetry
    >>> places = np.random.default_rng(0).uniform(-1, 1, (500, 2))
    >>> genes = np.c_[abs(places[:, 0]), np.cos(5 * places[:, 0]), places[:, 1], places[:, 1] ** 2]
    >>> found = mirror_symmetry(genes, places)
    >>> found.is_symmetric, abs(found.mirror.normal).round(1).tolist()
    (True, [1.0, 0.0])
    """
    places = check_coordinates(coordinates)
    if np.shape(values)[0] != len(places):
        message = f"values have {np.shape(values)[0]} rows; coordinates have {len(places)}."
        raise ValueError(message)
    known = np.flatnonzero(known_rows(places))
    if len(known) < FEWEST_CELLS:
        message = (
            f"{counted(len(known), 'cell has', 'cells have')} a place; at least {FEWEST_CELLS} "
            "are needed."
        )
        raise ValueError(message)
    used = known
    if len(known) > MOST_CELLS:
        used = np.sort(np.random.default_rng(seed).choice(known, MOST_CELLS, replace=False))
    unit, center = coordinate_unit(places[used]), places[used].mean(axis=0)
    standard = (places - center) / unit
    section = RegionalExpression.of(values[used], standard[used])
    if section.chance <= section.noise:
        message = "expression has no spatial pattern at all, so that no line can be found."
        raise ValueError(message)
    candidates = Candidates.of(section)
    best = refined(section, candidates)
    side = standard[known] @ best.normal - best.offset
    sign = 1.0 if (side > 0).sum() >= (side < 0).sum() else -1.0
    mirror = Mirror(sign * best.normal, sign * (best.offset * unit + float(center @ best.normal)))
    return MirrorSymmetry(
        mirror,
        best.agreement,
        candidates.contrast,
        best.coverage,
        _cell_agreement(section, Mirror(best.normal, best.offset), standard),
    )


def _cell_agreement(section: RegionalExpression, mirror: Mirror, places: Values) -> Values:
    known = np.flatnonzero(known_rows(places))
    here, _ = section.at(places[known])
    there, is_inside = section.at(mirror.reflect(places[known]))
    excess = ((here - there) ** 2).sum(axis=1) - section.noise
    agreement = np.full(len(places), np.nan)
    agreement[known[is_inside]] = 1.0 - excess[is_inside] / (section.chance - section.noise)
    return np.asarray(np.minimum(agreement, 1.0))
