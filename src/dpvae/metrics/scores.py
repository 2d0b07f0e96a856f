"""The one table of scores: what each is called, how it is computed, and what to expect of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from numpy.typing import ArrayLike

from dpvae.metrics.angles import triangle_angle_error
from dpvae.metrics.contacts import contact_precision
from dpvae.metrics.error import coordinate_error
from dpvae.metrics.paired import paired_cells
from dpvae.metrics.procrustes import procrustes_disparity
from dpvae.metrics.ranks import share_without_intruders
from dpvae.metrics.recovery import Recovery, n_neighbors_among
from dpvae.metrics.spearman import distance_spearman
from dpvae.metrics.spread import spread_ratio
from dpvae.metrics.stress import normalized_stress

DEGREES, COORDINATES = "°", "unit of the coordinates"


@dataclass(frozen=True)
class Score:
    """A score of recovered places.

    Attributes
    ----------
    title
        What tables for readers call it.
    function
        Gives the value of a :class:`~dpvae.metrics.recovery.Recovery`.
    best
        Value of perfect places.
    chance
        About the value of many shuffled cells; ``None`` for a length, which depends on the tissue.
    unit
        Of the value: empty, ``"°"`` or ``"unit of the coordinates"``.
    needs_frame
        Whether recovered places have to be in the frame and unit of the true ones.
    chance_of
        Gives the value of shuffled cells from their number, if it depends on it.

    Examples
    --------
    >>> from dpvae.metrics import SCORES
    >>> SCORES["distance_spearman"].is_lower_better, SCORES["distance_spearman"].scale([76])
    (False, '1 → 0')
    >>> SCORES["neighbor_overlap"].scale([76])
    '1 → 0.2'
    """

    title: str
    function: Callable[[Recovery], float]
    best: float
    chance: float | None
    unit: str = ""
    needs_frame: bool = False
    chance_of: Callable[[int], float] | None = None

    @property
    def is_lower_better(self) -> bool:
        """Whether a lower value is better; false also for the spread ratio, where 1 is right."""
        return self.chance is None or self.best < self.chance

    def scale(self, n_cells: Sequence[int]) -> str:
        """From perfect to chance, in words, averaged over sections of these numbers of cells."""
        if self.chance is None:
            return f"{self.best:g} ({self.unit})"
        chance = self.chance
        if self.chance_of is not None:
            chance = sum(self.chance_of(number) for number in n_cells) / len(n_cells)
        return f"{self.best:g}{self.unit} → {chance:.2g}{self.unit}"


Metric = Callable[..., float]


def _plain(metric: Metric) -> Callable[[Recovery], float]:
    return lambda pair: metric(pair.true, pair.recovered)


def _seeded(metric: Metric) -> Callable[[Recovery], float]:
    return lambda pair: metric(pair.true, pair.recovered, seed=pair.seed)


def _overlap(pair: Recovery) -> float:
    return pair.true_neighbors.share_of(pair.recovered_neighbors.indices)


def _overlap_by_chance(n_cells: int) -> float:
    return n_neighbors_among(n_cells) / (n_cells - 1)


def _trustworthiness(pair: Recovery) -> float:
    return share_without_intruders(pair.true, pair.recovered_neighbors.indices, seed=pair.seed)


def _continuity(pair: Recovery) -> float:
    return share_without_intruders(pair.recovered, pair.true_neighbors.indices, seed=pair.seed)


def _median_error(pair: Recovery) -> float:
    return coordinate_error(pair.true, pair.recovered).median


def _mean_error(pair: Recovery) -> float:
    return coordinate_error(pair.true, pair.recovered).mean


SCORES: Mapping[str, Score] = MappingProxyType(
    {
        "procrustes_disparity": Score("Procrustes disparity", _plain(procrustes_disparity), 0, 1),
        "normalized_stress": Score("normalised stress", _plain(normalized_stress), 0, 0.6),
        "distance_spearman": Score("distance Spearman", _seeded(distance_spearman), 1, 0),
        "neighbor_overlap": Score(
            "neighbour overlap", _overlap, 1, 0, chance_of=_overlap_by_chance
        ),
        "trustworthiness": Score("trustworthiness", _trustworthiness, 1, 0.5),
        "continuity": Score("continuity", _continuity, 1, 0.5),
        "contact_precision": Score("contact precision", _plain(contact_precision), 1, 0),
        "triangle_angle_error": Score(
            "triangle angle error", _seeded(triangle_angle_error), 0, 50, DEGREES
        ),
        "spread_ratio": Score("spread ratio", _plain(spread_ratio), 1, 1, needs_frame=True),
        "median_error": Score(
            "median error", _median_error, 0, None, COORDINATES, needs_frame=True
        ),
        "mean_error": Score("mean error", _mean_error, 0, None, COORDINATES, needs_frame=True),
    }
)


def score_places(
    true: ArrayLike, recovered: ArrayLike, names: Iterable[str] = tuple(SCORES), *, seed: int = 0
) -> dict[str, float]:
    """Score recovered places by several scores at once, so that neighbours are searched once.

    Parameters
    ----------
    true
        Shape ``(n_cells, n_dims)``, in any unit.
    recovered
        Shape ``(n_cells, n_dims)``; of another number of columns, such as a latent representation,
        for the scores that allow it. Rows with NaN in either are dropped.
    names
        Which of :data:`SCORES`. By default all.
    seed
        Seed of random pairs, triangles and subsets. By default 0.

    Returns
    -------
    The scores by name, in the order of ``names``. Scores of neighbours take 15 of them, or fewer
    than half of the cells.

    Raises
    ------
    KeyError
        If there is no such score.
    ValueError
        If one of the scores cannot be computed.

    Examples
    --------
    >>> from dpvae.metrics import score_places
    >>> score_places([[0, 0], [3, 4]], [[0, 0], [6, 8]], ["spread_ratio", "median_error"])
    {'spread_ratio': 2.0, 'median_error': 2.5}
    """
    wanted = list(names)
    unknown = [name for name in wanted if name not in SCORES]
    if unknown:
        message = f"There are no scores {unknown}; choose from {list(SCORES)}."
        raise KeyError(message)
    pair = Recovery(*paired_cells(true, recovered, at_least=1), seed=seed)
    return {name: SCORES[name].function(pair) for name in wanted}
