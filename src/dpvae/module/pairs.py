"""Pairs of cells in a minibatch and their distances."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pdist

MAX_PAIRS = 1024 * 1023 // 2


@dataclass(frozen=True)
class CellPairs:
    """Which cells of a minibatch are compared.

    All pairs i < j of up to 1,024 cells. Of more cells, each cell is paired with the cells a
    fixed set of cyclic shifts away, so that time and memory grow with the cells, not with their
    square: never more than about half a million pairs.

    Parameters
    ----------
    first, second
        Index of the two cells of each pair, shape ``(n_pairs,)``.
    shifts
        The cyclic shifts, or ``None`` if all pairs are taken.
    weight
        Of pairs that a mask holds, how much each counts, shape ``(n_pairs,)``.
    """

    first: Tensor
    second: Tensor
    shifts: tuple[int, ...] | None
    weight: Tensor | None = None

    @staticmethod
    def are_all_taken(n_cells: int) -> bool:
        """Whether every pair of a minibatch of this size is compared."""
        return n_cells * (n_cells - 1) // 2 <= MAX_PAIRS

    @classmethod
    def of(cls, n_cells: int, device: torch.device) -> "CellPairs":
        """Choose the pairs among ``n_cells`` cells."""
        if cls.are_all_taken(n_cells):
            first, second = torch.triu_indices(n_cells, n_cells, 1, device=device)
            return cls(first, second, None)
        n_shifts = max(MAX_PAIRS // n_cells, 1)
        spread = torch.linspace(1, (n_cells - 1) // 2, n_shifts).long().unique()
        shifts = tuple(int(shift) for shift in spread)
        cells = torch.arange(n_cells, device=device)
        second = torch.cat([(cells + shift) % n_cells for shift in shifts])
        return cls(cells.repeat(len(shifts)), second, shifts)

    @classmethod
    def masked(cls, pair_mask: Tensor) -> "CellPairs":
        """Choose the pairs i < j that a mask of shape ``(n_cells, n_cells)`` holds."""
        first, second = pair_mask.triu(1).nonzero(as_tuple=True)
        return cls.weighted(first, second, pair_mask[first, second])

    @classmethod
    def weighted(cls, first: Tensor, second: Tensor, weight: Tensor) -> "CellPairs":
        """Take these pairs, and of more than half a million evenly spread ones."""
        if len(weight) > MAX_PAIRS:
            spread = torch.linspace(0, len(weight) - 1, MAX_PAIRS, dtype=torch.double)
            taken = spread.long().to(weight.device)
            first, second, weight = first[taken], second[taken], weight[taken]
        return cls(first, second, None, weight)

    def distances(self, positions: Tensor) -> Tensor:
        """Euclidean distance of each pair, with gradient 0 where two positions coincide.

        Parameters
        ----------
        positions
            Shape ``(n_cells, n_dims)``.

        Returns
        -------
        Shape ``(n_pairs,)``, not squared.
        """
        if self.weight is not None:
            apart = positions[self.first] - positions[self.second]
            return torch.as_tensor(torch.linalg.vector_norm(apart, dim=-1))
        if self.shifts is None:
            return pdist(positions)
        return torch.cat(
            [
                torch.linalg.vector_norm(positions.roll(-shift, dims=0) - positions, dim=-1)
                for shift in self.shifts
            ]
        )
