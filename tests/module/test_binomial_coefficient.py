import pytest
import torch
from scipy.special import digamma, gammaln

from dpvae.module.binomial_coefficient import (
    MAX_TABULATED,
    BinomialCoefficient,
    GeneBinomialCoefficient,
)


def case(counts, theta, n_cells=200):
    """Counts in all genes of many cells, so that the table is as large as it gets."""
    n_genes = len(theta)
    gene = torch.arange(n_genes).repeat(n_cells)
    counts = torch.tensor(counts, dtype=torch.float64)
    counts = counts[torch.arange(len(gene)) // n_genes % len(counts)]
    return counts, torch.tensor(theta, dtype=torch.float64), gene


def expected(counts, theta):
    x, r = counts.numpy(), theta.numpy()
    log = gammaln(x + r) - gammaln(r) - gammaln(x + 1)
    return torch.tensor(log), torch.tensor(digamma(x + r) - digamma(r))


COUNTS = [1, 2, 3, 17, MAX_TABULATED, MAX_TABULATED + 1, 0.5, 2.5, 300, 1e6]
THETA = [1e-8, 1e-3, 0.7, 4.0, 1e3]


@pytest.mark.parametrize("n_cells", [2, 20, 400])
@pytest.mark.parametrize("dtype", [torch.int32, torch.int64])
def test_table_and_gamma_functions_agree(n_cells, dtype):
    counts, theta, gene = case(COUNTS, THETA, n_cells)
    log, slope = expected(counts, theta[gene])
    for found in (
        BinomialCoefficient(counts, theta[gene]),
        GeneBinomialCoefficient(counts, theta, gene.to(dtype)),
    ):
        torch.testing.assert_close(found.log(), log, rtol=1e-10, atol=1e-9)
        torch.testing.assert_close(found.theta_slope(), slope, rtol=1e-10, atol=1e-9)


def test_table_does_not_lose_small_counts_of_a_large_theta_in_single_precision():
    counts, theta, gene = case([1, 2, 5], [1e5, 1e6])
    found = GeneBinomialCoefficient(counts.float(), theta.float(), gene)
    exact = [torch.log((theta[gene] + j) / (1 + j)) * (j < counts) for j in range(5)]
    torch.testing.assert_close(found.log().double(), sum(exact), rtol=1e-6, atol=0)
    exact = [(j < counts) / (theta[gene] + j) for j in range(5)]
    torch.testing.assert_close(found.theta_slope().double(), sum(exact), rtol=1e-6, atol=0)


def test_no_counts_at_all():
    nothing = torch.empty(0)
    found = GeneBinomialCoefficient(nothing, torch.ones(3), torch.empty(0, dtype=torch.int32))
    assert len(found.log()) == len(found.theta_slope()) == 0
