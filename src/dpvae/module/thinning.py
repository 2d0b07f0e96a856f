"""Cells as they would have looked with fewer molecules."""

from typing import Any

import torch
from torch import Tensor, nn

from dpvae.module.number import is_number


def thin_counts(counts: Tensor, share: Tensor) -> Tensor:
    """Keep each molecule of a cell with the same probability.

    Thinned Poisson counts are Poisson counts of a smaller depth, so what is left is what shallower
    sequencing would have found.

    Parameters
    ----------
    counts
        Counts, shape ``(n_cells, n_genes)``: whole numbers, at least 0.
    share
        Probability with which a molecule of each cell is kept, from 0 to 1, shape ``(n_cells, 1)``.

    Returns
    -------
    Counts of the same shape, binomial with mean ``share * counts`` and variance
    ``share * (1 - share) * counts``. Random numbers come from torch. No gradient flows to
    ``counts``.

    Examples
    --------
    >>> import torch
    >>> from dpvae.module.thinning import thin_counts
    >>> counts = torch.tensor([[0.0, 3.0, 50.0]])
    >>> thin_counts(counts, torch.ones(1, 1))
    tensor([[ 0.,  3., 50.]])
    """
    return torch.binomial(counts.detach(), share.expand_as(counts))


def check_least_depth(least_depth: Any) -> None:
    """Raise if cells cannot be left this share of their molecules; see :class:`Thinning`."""
    if not (is_number(least_depth) and 0 < least_depth <= 1):
        message = f"least_depth is {least_depth!r}: give a share above 0 and at most 1."
        raise ValueError(message)


class Thinning(nn.Module):
    """Thins the counts of each cell in training, to a random share of its molecules.

    Parameters
    ----------
    least_depth
        Smallest share of its molecules that a cell keeps, above 0 and at most 1. Each cell's share
        is drawn anew, log-uniformly between this and 1. With 1 counts are left as they are.

    Raises
    ------
    ValueError
        If ``least_depth`` is not above 0 and at most 1.
    """

    def __init__(self, least_depth: float = 1.0) -> None:
        super().__init__()
        check_least_depth(least_depth)
        self.least_depth = least_depth

    @property
    def is_on(self) -> bool:
        """Whether counts are thinned now."""
        return self.training and self.least_depth < 1.0

    def forward(self, counts: Tensor) -> Tensor:
        """Thin counts of shape ``(n_cells, n_genes)``."""
        if not self.is_on:
            return counts
        part = torch.rand(len(counts), 1, dtype=counts.dtype, device=counts.device)
        return thin_counts(counts, self.least_depth**part)
