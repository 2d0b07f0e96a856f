"""One of several positions for every cell, such that cells move little."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial import KDTree
from scipy.spatial.distance import cdist

from dpvae._data.counted import counted
from dpvae.geometry.coordinates import check_coordinate_rows, known_rows

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
Costs = Callable[[Rows, Rows], Floats]

MOST_PAIRS_AT_ONCE = 2_000_000
CELLS_OF_A_BLOCK = 256
N_FREE_NEIGHBORS = 8
MOST_SWEEPS = 50
SMALLEST_GAIN = 1e-3


def assign_positions(
    coordinates: ArrayLike,
    positions: ArrayLike,
    *,
    costs: ArrayLike | None = None,
    capacity: int | ArrayLike | None = 1,
    seed: int = 0,
) -> NDArray[np.intp]:
    """Give every cell one of several positions, so that the cells move as little as possible.

    The sum of the squared distances that cells move is minimised, or a sum of other costs, under
    the condition that no position takes more cells than it has room for.

    Parameters
    ----------
    coordinates
        Places of the cells, shape ``(n_cells, 2)`` or ``(n_cells, 3)``, in any unit. A row of NaN
        gets no position.
    positions
        The positions, shape ``(n_positions, 2)`` or ``(n_positions, 3)``, in the frame and unit of
        ``coordinates``.
    costs
        What it costs to give each cell each position, shape ``(n_cells, n_positions)``, such as
        :meth:`Posterior.expected_distance`. By default the squared distance.
    capacity
        How many cells a position can take: one number for all, or shape ``(n_positions,)``.
        ``None``: any number, so that every cell goes to the nearest position, or the one that
        costs least. By default 1.
    seed
        Seed of the directions in which large problems are cut into blocks. By default 0.

    Returns
    -------
    Row of ``positions`` for each cell, shape ``(n_cells,)``; −1 for a cell without a place.

    Raises
    ------
    ValueError
        If an array is malformed, a position or cost is NaN, or there is less room than there are
        cells.

    Notes
    -----
    The optimum (:func:`scipy.optimize.linear_sum_assignment`) if cells × room is at most 2
    million. Above, cells and room are halved together, along the widest direction, down to blocks
    of 256 cells, and each block is solved by itself; then blocks are cut in other directions and
    solved again, with the room that is free near them, until a sweep gains less than 0.1 %. Time
    O(n_cells log n_cells) for each of at most 50 sweeps, memory O(n_cells + room). With a capacity
    of ``None`` time is O((n_cells + n_positions) log n_positions). Costs are copied once.

    Examples
    --------
    >>> from dpvae.geometry import assign_positions
    >>> cells = [[0.0, 0.1], [0.0, 0.2], [0.0, 5.0]]
    >>> assign_positions(cells, [[0, 0], [0, 1], [0, 4]]).tolist()
    [0, 1, 2]
    >>> assign_positions(cells, [[0, 0], [0, 1], [0, 4]], capacity=None).tolist()
    [0, 0, 2]
    """
    places = check_coordinate_rows(coordinates, name="coordinates")
    targets = _checked_positions(positions, places.shape[1])
    known = np.flatnonzero(known_rows(places))
    cells = places[known]
    assigned = np.full(len(places), -1, dtype=np.intp)
    given = None if costs is None else _checked_costs(costs, known, len(places), len(targets))
    best = KDTree(targets).query(cells)[1] if given is None else given.argmin(axis=1)
    if capacity is None:
        assigned[known] = best
        return assigned
    slot = np.repeat(np.arange(len(targets)), _room(capacity, len(targets), len(known)))
    if not len(known):
        return assigned
    slots = targets[slot]
    if given is None:
        found = _assigned_slots(cells, slots, _squared_moves(cells, slots), seed)
    else:
        found = _assigned_slots(targets[best], slots, _costs_of_slots(given, slot), seed)
    assigned[known] = slot[found]
    return assigned


def _squared_moves(cells: Floats, slots: Floats) -> Costs:
    return lambda rows, room: cdist(cells[rows], slots[room], "sqeuclidean")


def _costs_of_slots(costs: Floats, slot: Rows) -> Costs:
    return lambda rows, room: costs[np.ix_(rows, slot[room])]


def _checked_costs(costs: ArrayLike, known: Rows, n_cells: int, n_positions: int) -> Floats:
    """Costs of known cells, above the least that each of them can have."""
    given = np.asarray(costs)
    if given.shape != (n_cells, n_positions) or not np.isfinite(given[known]).all():
        message = (
            f"costs has the shape {given.shape}: give one finite number for each of the {n_cells} "
            f"cells and each of the {n_positions} positions."
        )
        raise ValueError(message)
    above: Floats = given[known]
    above -= above.min(axis=1, keepdims=True)
    return above


def _checked_positions(positions: ArrayLike, n_dims: int) -> Floats:
    targets = check_coordinate_rows(positions, name="positions")
    if targets.shape[1] != n_dims:
        message = (
            f"coordinates have {n_dims} dimensions and positions {targets.shape[1]}; both must be "
            "in the same frame."
        )
        raise ValueError(message)
    n_unknown = int((~known_rows(targets)).sum())
    if n_unknown or not len(targets):
        found = f"{n_unknown} of {len(targets)} positions are NaN" if n_unknown else "no positions"
        message = f"positions is not usable ({found}): pass at least one, and only known ones."
        raise ValueError(message)
    return targets


def _room(capacity: int | ArrayLike, n_positions: int, n_cells: int) -> NDArray[np.int64]:
    given = np.asarray(capacity)
    if given.shape not in ((), (n_positions,)) or (given != np.floor(given)).any():
        message = (
            f"capacity has shape {given.shape} and type {given.dtype}; pass a whole number, or one "
            f"for each of the {n_positions} positions."
        )
        raise ValueError(message)
    room = np.broadcast_to(given, (n_positions,)).clip(max=n_cells).astype(np.int64)
    if (room < 0).any():
        message = (
            f"capacity is negative for {counted(int((room < 0).sum()), 'position')}: 0 is the "
            "least."
        )
        raise ValueError(message)
    if room.sum() < n_cells:
        message = (
            f"{n_cells} cells do not fit: {n_positions} positions have room for {room.sum()}. Pass "
            f"capacity={-(-n_cells // n_positions)} or more, or capacity=None for any number."
        )
        raise ValueError(message)
    return np.asarray(room)


def _assigned_slots(cells: Floats, slots: Floats, cost: Costs, seed: int) -> Rows:
    if len(cells) * len(slots) <= MOST_PAIRS_AT_ONCE:
        return _optimal(cost(np.arange(len(cells)), np.arange(len(slots))))
    assigned = _assigned_by_halves(cells, slots, cost)
    rng = np.random.default_rng(seed)
    total = _total(cost, assigned)
    for _ in range(MOST_SWEEPS):
        before = total
        _improve(cells, slots, cost, assigned, rng)
        total = _total(cost, assigned)
        if before - total <= SMALLEST_GAIN * before:
            break
    return assigned


def _optimal(costs: Floats) -> Rows:
    """Row of the slot of each cell; no more cells than slots."""
    return np.asarray(linear_sum_assignment(costs)[1], dtype=np.intp)


def _total(cost: Costs, assigned: Rows) -> float:
    n_blocks = -(-len(assigned) // CELLS_OF_A_BLOCK)
    blocks = np.array_split(np.arange(len(assigned)), n_blocks)
    return float(sum(np.trace(cost(rows, assigned[rows]), dtype=np.float64) for rows in blocks))


def _assigned_by_halves(cells: Floats, slots: Floats, cost: Costs) -> Rows:
    """Halve cells and slots together until a block is small."""
    assigned = np.empty(len(cells), dtype=np.intp)
    stack = [(np.arange(len(cells)), np.arange(len(slots)))]
    while stack:
        rows, room = stack.pop()
        if len(rows) <= CELLS_OF_A_BLOCK // 4:
            near = KDTree(slots[room]).query(cells[rows], k=range(1, len(rows) + 1))[1]
            room = room[np.unique(near)]
            assigned[rows] = room[_optimal(cost(rows, room))]
            continue
        left, right, axis = _halves(cells, rows)
        middle = (cells[left[-1], axis] + cells[right[0], axis]) / 2
        room = room[np.argsort(slots[room, axis], kind="stable")]
        cut = np.searchsorted(slots[room, axis], middle)
        cut = np.clip(cut, len(left), len(room) - len(right))
        stack += [(left, room[:cut]), (right, room[cut:])]
    return assigned


def _improve(
    cells: Floats, slots: Floats, cost: Costs, assigned: Rows, rng: np.random.Generator
) -> None:
    """Solve blocks of cells, cut in a random direction, for their own and the free slots."""
    rotation, _ = np.linalg.qr(rng.normal(size=(cells.shape[1], cells.shape[1])))
    share = rng.uniform()
    points = ((1 - share) * cells + share * slots[assigned]) @ rotation
    free = np.setdiff1d(np.arange(len(slots)), assigned)
    nearest = range(1, min(N_FREE_NEIGHBORS, len(free)) + 1)
    tree = KDTree(slots[free]) if len(free) else None
    is_taken = np.zeros(len(slots), dtype=bool)
    for rows in _blocks(points, round(CELLS_OF_A_BLOCK * rng.uniform(0.5, 1))):
        room = assigned[rows]
        if tree is not None:
            near = free[np.unique(tree.query(cells[rows], k=nearest)[1])]
            room = np.concatenate([room, near[~is_taken[near]]])
        assigned[rows] = room[_optimal(cost(rows, room))]
        is_taken[assigned[rows]] = True


def _blocks(points: Floats, size: int) -> Iterator[Rows]:
    stack = [np.arange(len(points))]
    while stack:
        rows = stack.pop()
        if len(rows) <= size:
            yield rows
        else:
            stack += _halves(points, rows)[:2]


def _halves(points: Floats, rows: Rows) -> tuple[Rows, Rows, int]:
    """Halve points along the axis in which they are spread most."""
    axis = int(np.argmax(np.ptp(points[rows], axis=0)))
    rows = rows[np.argsort(points[rows, axis], kind="stable")]
    half = len(rows) // 2
    return rows[:half], rows[half:], axis
