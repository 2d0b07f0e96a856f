"""The search for the line about which a section is the most symmetric."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import null_space
from scipy.optimize import minimize
from scipy.spatial import KDTree

from dpvae.metrics.regional_expression import RegionalExpression

N_DIRECTIONS = {2: 60, 3: 200}
OFFSETS = {2: np.linspace(-0.6, 0.6, 25), 3: np.linspace(-0.6, 0.6, 13)}
LEAST_COVERAGE = 0.5
N_DISTANCES = 12
SPACINGS_INSIDE = 1.5
LEAST_COSINE = {2: np.cos(np.pi / 9.0), 3: 0.0}
QUITE_DIFFERENT = 0.7
STEP = 0.05

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Candidates:
    """Lines in all directions, and the share of the pattern that mirroring explains.

    That is Σ (expected − found squared difference) over the mirrored landmarks, over what it would
    be if all of them had an equal mirror image far away.

    Attributes
    ----------
    directions
        Unit vectors across the lines, shape ``(n_directions, n_dims)``.
    offsets
        Distances from the origin, in tissue radii, shape ``(n_offsets,)``.
    explained
        Shape ``(n_directions, n_offsets)``; −∞ if less than half of the tissue has a mirror
        image.
    steps, expected
        Distances of mirrored places, shape ``(n_distances,)``, and the squared differences of
        expression that are expected there, shape ``(n_directions, n_distances)``: the means over
        pairs within 20° of that direction, in space in any direction: tissue in space may be a
        shell.
    contrast
        As in :class:`dpvae.metrics.MirrorSymmetry`; lines that leave less than half as much to
        explain do not count.
    """

    directions: Values
    offsets: Values
    explained: Values
    steps: Values
    expected: Values
    contrast: float

    @classmethod
    def of(cls, section: RegionalExpression) -> Self:
        """Try all lines."""
        places = section.landmarks
        n_dims = places.shape[1]
        directions, offsets = _directions(n_dims), OFFSETS[n_dims]
        tree = KDTree(places)
        reach = SPACINGS_INSIDE * float(np.median(tree.query(places, 2)[0][:, 1]))
        steps, expected = _expected(section, directions)
        explained = np.full((len(directions), len(offsets)), -np.inf)
        possible = np.full_like(explained, np.nan)
        for row, normal in enumerate(directions):
            side = places @ normal - offsets[:, None]
            images = places - 2.0 * side[..., None] * normal
            distance, nearest = tree.query(images.reshape(-1, n_dims), distance_upper_bound=reach)
            is_inside = np.isfinite(distance).reshape(side.shape)
            there = section.around[np.where(is_inside, nearest.reshape(side.shape), 0)]
            found = ((section.around - there) ** 2).sum(axis=-1)
            chance = np.interp(2.0 * np.abs(side), steps, expected[row])
            gain = np.where(is_inside, chance - found, 0.0).sum(axis=1)
            usable = is_inside.mean(axis=1) >= LEAST_COVERAGE
            explained[row, usable] = gain[usable]
            possible[row] = np.where(is_inside, chance - section.noise, 0.0).sum(axis=1)
        contrast = _contrast(places, directions, offsets, explained, possible)
        explained /= len(places) * (section.chance - section.noise)
        return cls(directions, offsets, explained, steps, expected, contrast)

    @property
    def best(self) -> tuple[int, int]:
        """Numbers of the direction and of the offset that explain the most."""
        row, column = np.unravel_index(self.explained.argmax(), self.explained.shape)
        return int(row), int(column)


@dataclass(frozen=True, eq=False)
class Line:
    """A line, and how well expression agrees about it.

    Attributes
    ----------
    normal, offset
        As in :class:`dpvae.geometry.Mirror`, in tissue radii from the centre of the section.
    explained, agreement, coverage
        As in :class:`Candidates` and :class:`dpvae.metrics.MirrorSymmetry`.
    """

    normal: Values
    offset: float
    explained: float
    agreement: float
    coverage: float


def refined(section: RegionalExpression, candidates: Candidates) -> Line:
    """Turn and shift the best candidate until it explains the most (Nelder & Mead 1965)."""
    row, column = candidates.best
    first, offset = candidates.directions[row], float(candidates.offsets[column])
    tangents = null_space(first[None])

    def line(change: Values) -> Line:
        normal = first + tangents @ change[:-1]
        normal /= np.linalg.norm(normal)
        return _measured(
            section, candidates.steps, candidates.expected[row], normal, offset + float(change[-1])
        )

    n_changes = len(first)
    corners = np.vstack([np.zeros(n_changes), STEP * np.eye(n_changes)])
    result = minimize(
        lambda change: -line(change).explained,
        np.zeros(n_changes),
        method="Nelder-Mead",
        options={"initial_simplex": corners, "xatol": 2e-3, "fatol": 1e-4, "maxiter": 80},
    )
    return line(result.x)


def _measured(
    section: RegionalExpression, steps: Values, expected: Values, normal: Values, offset: float
) -> Line:
    side = section.landmarks @ normal - offset
    there, is_inside = section.at(section.landmarks - 2.0 * side[:, None] * normal)
    found = ((section.around - there) ** 2).sum(axis=1)[is_inside]
    chance = np.interp(2.0 * np.abs(side[is_inside]), steps, expected)
    gain, possible = float((chance - found).sum()), float((chance - section.noise).sum())
    coverage = float(is_inside.mean())
    explained = gain / (len(side) * (section.chance - section.noise))
    agreement = gain / possible if possible > 0.0 else 0.0
    if coverage < LEAST_COVERAGE:
        explained -= 1.0
    return Line(normal, offset, explained, agreement, coverage)


def _expected(section: RegionalExpression, directions: Values) -> tuple[Values, Values]:
    """Squared difference of two places by their distance, for pairs in about each direction."""
    first, second = np.triu_indices(len(section.landmarks), 1)
    displacement = section.landmarks[first] - section.landmarks[second]
    distance = np.linalg.norm(displacement, axis=1)
    unlike = ((section.around[first] - section.around[second]) ** 2).sum(axis=1)
    edges = np.linspace(0.0, distance.max(), N_DISTANCES + 1)
    group = np.digitize(distance, edges[1:-1])
    expected = np.empty((len(directions), N_DISTANCES))
    for row, normal in enumerate(directions):
        is_along = np.abs(displacement @ normal) >= LEAST_COSINE[directions.shape[1]] * distance
        size = np.bincount(group[is_along], minlength=N_DISTANCES)
        total = np.bincount(group[is_along], unlike[is_along], minlength=N_DISTANCES)
        expected[row] = np.where(size > 0, total / np.maximum(size, 1), section.chance)
    return (edges[1:] + edges[:-1]) / 2.0, expected


def _contrast(
    places: Values, directions: Values, offsets: Values, explained: Values, possible: Values
) -> float:
    row, column = np.unravel_index(explained.argmax(), explained.shape)
    turn = -2.0 * np.einsum("di,dj->dij", directions, directions)
    turn = turn - turn[row]
    shift = 2.0 * offsets[:, None] * directions[:, None]
    shift = shift - shift[row, column] + (turn @ places.mean(axis=0))[:, None]
    covariance = np.cov(places.T, bias=True)
    squares = np.einsum("dij,jk,dik->d", turn, covariance, turn)[:, None] + (shift**2).sum(axis=-1)
    agreement = explained / possible
    is_rival = (squares > QUITE_DIFFERENT**2) & (possible > possible[row, column] / 2.0)
    rival = max(float(agreement[is_rival].max(initial=0.0)), 0.0)
    return float(np.clip(1.0 - rival / agreement[row, column], 0.0, 1.0))


def _directions(n_dims: int) -> Values:
    """Spread unit vectors evenly over half of all directions."""
    number = np.arange(N_DIRECTIONS[n_dims])
    if n_dims == 2:
        angle = np.pi * number / len(number)
        return np.stack([np.cos(angle), np.sin(angle)], axis=1)
    height = (number + 0.5) / len(number)
    around, across = np.pi * (1.0 + 5.0**0.5) * number, np.sqrt(1.0 - height**2)
    return np.stack([across * np.cos(around), across * np.sin(around), height], axis=1)
