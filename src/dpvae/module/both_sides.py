"""Dissociated cells by one network, cells of the tissue by another."""

from collections.abc import Callable

import torch
from torch import Tensor

OfRows = Callable[[Tensor], Tensor]


def of_both_sides(is_tissue: Tensor, of_cells: OfRows, of_tissue: OfRows) -> Tensor:
    """Put together what two networks say of the rows of a minibatch.

    Parameters
    ----------
    is_tissue
        Which rows are cells of the tissue, shape ``(n_cells,)``.
    of_cells, of_tissue
        Give a row, in the last dimension but one, for each number of a row. At least two rows are
        asked for, since batch normalisation needs them: a row that is alone comes twice.

    Returns
    -------
    Shape ``(…, n_cells, n_numbers)``.
    """
    sides = [(~is_tissue, of_cells), (is_tissue, of_tissue)]
    rows = [torch.nonzero(mine).ravel() for mine, _ in sides]
    parts = [
        of_side(mine if len(mine) > 1 else mine.repeat(2))[..., : len(mine), :]
        for mine, (_, of_side) in zip(rows, sides, strict=True)
        if len(mine)
    ]
    order = torch.argsort(torch.cat(rows))
    return torch.cat(parts, dim=-2)[..., order, :]
