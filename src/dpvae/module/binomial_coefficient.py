"""The binomial coefficient of the negative binomial distribution, where counts are not 0."""

import torch
from torch import Tensor

MAX_TABULATED = 256


class BinomialCoefficient:
    r"""Logarithm of :math:`\Gamma(x + θ) / (\Gamma(θ)\, x!)`, and its derivative in θ.

    Parameters
    ----------
    counts
        x, more than 0, shape ``(n_counts,)``.
    theta
        θ of each count, shape ``(n_counts,)``.

    Examples
    --------
    >>> import torch
    >>> coefficient = BinomialCoefficient(torch.tensor([2.0]), torch.tensor([3.0]))
    >>> coefficient.log().exp()  # 3 · 4 / 2
    tensor([6.])
    """

    def __init__(self, counts: Tensor, theta: Tensor) -> None:
        self.counts = counts
        self.theta = theta

    def log(self) -> Tensor:
        """Take the logarithm, shape ``(n_counts,)``."""
        log = (self.counts + self.theta).lgamma_()
        return log.sub_(self.theta.lgamma()).sub_((self.counts + 1).lgamma_())

    def theta_slope(self) -> Tensor:
        """Differentiate the logarithm in θ, shape ``(n_counts,)``."""
        return (self.counts + self.theta).digamma_().sub_(self.theta.digamma())


class GeneBinomialCoefficient:
    r"""Logarithm of :math:`\Gamma(x + θ) / (\Gamma(θ)\, x!)`, each gene with a θ of its own.

    The gamma functions of a small integer are sums of that many logarithms or reciprocals. They are
    looked up in a table with a row per integer, no larger than the number of counts.

    Parameters
    ----------
    counts
        x, more than 0, shape ``(n_counts,)``.
    theta
        θ of each gene, shape ``(n_genes,)``.
    gene
        Gene of each count, shape ``(n_counts,)``.
    """

    def __init__(self, counts: Tensor, theta: Tensor, gene: Tensor) -> None:
        n_genes = len(theta)
        n_rows = min(max(len(counts) // n_genes, 1), MAX_TABULATED)
        integer = counts.clamp(1, n_rows).to(gene.dtype)
        self.theta = theta
        self.smaller = torch.arange(n_rows, dtype=theta.dtype, device=theta.device).unsqueeze(1)
        self.other_place = (integer != counts).nonzero().squeeze(1)
        other_gene = gene[self.other_place]
        self.other = BinomialCoefficient(counts[self.other_place], theta[other_gene])
        self.cell = integer.sub_(1).mul_(n_genes).add_(gene)

    def log(self) -> Tensor:
        """Take the logarithm, shape ``(n_counts,)``."""
        table = (self.theta + self.smaller).div_(self.smaller + 1).log_().cumsum_(dim=0)
        return self._looked_up(table, self.other.log())

    def theta_slope(self) -> Tensor:
        """Differentiate the logarithm in θ, shape ``(n_counts,)``."""
        table = (self.theta + self.smaller).reciprocal_().cumsum_(dim=0)
        return self._looked_up(table, self.other.theta_slope())

    def _looked_up(self, table: Tensor, other: Tensor) -> Tensor:
        return table.view(-1).index_select(0, self.cell).index_copy_(0, self.other_place, other)
