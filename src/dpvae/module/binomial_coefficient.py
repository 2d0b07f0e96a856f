"""The binomial coefficient of the negative binomial distribution, where counts are not 0."""

from typing import NamedTuple

import torch
from torch import Tensor

MAX_TABULATED = 64


class Coefficient(NamedTuple):
    """Logarithm of the coefficient, and its derivative in θ; both of shape ``(n_counts,)``."""

    log: Tensor
    theta_slope: Tensor


def log_coefficient(counts: Tensor, theta: Tensor) -> Coefficient:
    r"""Logarithm of :math:`\Gamma(x + θ) / (\Gamma(θ)\, x!)`, each count with a θ of its own.

    Parameters
    ----------
    counts
        x, shape ``(n_counts,)``.
    theta
        θ of each count, shape ``(n_counts,)``.

    Examples
    --------
    >>> import torch
    >>> log_coefficient(torch.tensor([2.0]), torch.tensor([3.0])).log.exp()  # 3 · 4 / 2
    tensor([6.])
    """
    shifted = counts + theta
    log = shifted.lgamma().sub_(theta.lgamma()).sub_((counts + 1).lgamma_())
    return Coefficient(log, shifted.digamma_().sub_(theta.digamma()))


def log_coefficient_by_gene(counts: Tensor, theta: Tensor, gene: Tensor) -> Coefficient:
    r"""Logarithm of :math:`\Gamma(x + θ) / (\Gamma(θ)\, x!)`, each gene with a θ of its own.

    The gamma functions of a small integer are sums of as many logarithms or reciprocals, which are
    looked up in a table of a row per integer, never larger than the counts are many.

    Parameters
    ----------
    counts
        x, shape ``(n_counts,)``.
    theta
        θ of each gene, shape ``(n_genes,)``.
    gene
        Gene of each count, shape ``(n_counts,)``.
    """
    n_genes = len(theta)
    n_rows = min(max(len(counts) // n_genes, 1), MAX_TABULATED)
    smaller = torch.arange(n_rows, dtype=theta.dtype, device=theta.device).unsqueeze(1)
    factor = theta + smaller
    slopes = factor.reciprocal().cumsum_(dim=0)
    logs = factor.div_(smaller + 1).log_().cumsum_(dim=0)

    integer = counts.clamp(1, n_rows).to(gene.dtype)
    cell = (integer - 1).mul_(n_genes).add_(gene)
    log = logs.view(-1).index_select(0, cell)
    slope = slopes.view(-1).index_select(0, cell)

    other = (integer != counts).nonzero().squeeze(1)
    direct = log_coefficient(counts[other], theta[gene[other]])
    return Coefficient(
        log.index_copy_(0, other, direct.log), slope.index_copy_(0, other, direct.theta_slope)
    )
