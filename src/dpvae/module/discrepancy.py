"""How different the latents of two sections are, by kernels."""

import torch
from torch import Tensor

from dpvae.module.pairs import CellPairs

N_KERNELS = 5
WIDEST = 4.0


def mean_discrepancy(latent: Tensor, section: Tensor) -> Tensor:
    r"""Estimate the squared maximum mean discrepancy between the sections of a minibatch.

    For two sections with latents z and w :cite:p:`Gretton12`

    .. math::

        \mathrm{MMD}^2 = \mathbb{E}\, k(z, z') + \mathbb{E}\, k(w, w') - 2\, \mathbb{E}\, k(z, w)

    with a mean of five Gaussian kernels, whose variances are ¼, ½, 1, 2 and 4 times the squared
    median distance between the cells of the minibatch :cite:p:`Long15`: the value does not depend
    on the unit of the latents. Pairs of a cell with itself are left out, so that the expected value
    is 0 if the distributions are equal; a single value may be below. Of more than two sections,
    the mean over all pairs of them.

    Parameters
    ----------
    latent
        z, shape ``(n_cells, n_latent)``.
    section
        Code of each cell's section, shape ``(n_cells,)`` or ``(n_cells, 1)``.

    Returns
    -------
    Shape ``()``, at most 2. 0 if no two sections have two cells each. Time and memory grow with
    the number of pairs of cells, which is at most about half a million: of more than 1,024 cells
    not all pairs are used.

    Examples
    --------
    >>> import torch
    >>> from dpvae.module import mean_discrepancy
    >>> latent = torch.tensor([[0.0, 0.0], [0.0, 1.0], [9.0, 0.0], [9.0, 1.0]])
    >>> mean_discrepancy(latent, torch.tensor([0, 0, 1, 1])).item() > 0.5
    True
    >>> mean_discrepancy(latent, torch.tensor([0, 1, 0, 1])).item() < 0.0
    True
    """
    codes, member = torch.unique(section.reshape(-1), return_inverse=True)
    n_sections = len(codes)
    pairs = CellPairs.of(len(latent), latent.device)
    first, second = member[pairs.first], member[pairs.second]
    kind = torch.minimum(first, second) * n_sections + torch.maximum(first, second)
    n_pairs = torch.bincount(kind, minlength=n_sections**2).to(latent)
    weight = _weight_of_pairs(n_pairs.reshape(n_sections, n_sections))
    return weight.reshape(-1)[kind] @ _similarity(pairs, latent)


def _weight_of_pairs(n_pairs: Tensor) -> Tensor:
    """How much a pair counts by the sections of its cells, the upper triangle."""
    within = n_pairs.diagonal()
    compared = ((within[:, None] > 0) & (within > 0) & (n_pairs > 0)).triu(1)
    partners = compared.sum(dim=0) + compared.sum(dim=1)
    weight = torch.diag(partners / within.clamp(min=1)) - 2.0 * compared / n_pairs.clamp(min=1)
    return weight / compared.sum().clamp(min=1)


def _similarity(pairs: CellPairs, latent: Tensor) -> Tensor:
    """Mean of the kernels; to square one halves its variance."""
    squared = pairs.distances(latent).square()
    middle = squared.detach().median()
    middle = torch.where(middle > 0, middle, torch.ones_like(middle))
    kernel = torch.exp(squared / (-2.0 * WIDEST * middle))
    total = kernel
    for _ in range(N_KERNELS - 1):
        kernel = kernel.square()
        total = total + kernel
    return total / N_KERNELS
