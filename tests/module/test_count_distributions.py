import pytest
import torch
from scvi.distributions import NegativeBinomial, ZeroInflatedNegativeBinomial
from scvi.distributions._utils import DistributionConcatenator, subset_distribution

from dpvae.module.count_distributions import (
    Detection,
    SparseNegativeBinomial,
    SparseZeroInflatedNegativeBinomial,
    check_likelihood,
)

PAIRS = [
    (SparseNegativeBinomial, NegativeBinomial),
    (SparseZeroInflatedNegativeBinomial, ZeroInflatedNegativeBinomial),
]


def parameters(cls, n_cells=30, n_genes=8):
    generator = torch.Generator().manual_seed(0)
    mu = torch.rand(n_cells, n_genes, generator=generator) * 3
    given = {
        "mu": mu,
        "theta": torch.rand(n_genes, generator=generator) + 0.5,
        "scale": mu / mu.sum(-1, keepdim=True),
    }
    if issubclass(cls, ZeroInflatedNegativeBinomial):
        given["zi_logits"] = torch.randn(n_cells, n_genes, generator=generator)
    return given


@pytest.fixture(params=PAIRS, ids=["nb", "zinb"])
def pair(request):
    ours, scvi = request.param
    return ours(**parameters(ours)), scvi(**parameters(scvi))


def test_it_is_the_distribution_of_scvi_in_all_but_log_prob(pair):
    ours, scvi = pair
    assert isinstance(ours, type(scvi))
    assert torch.equal(ours.mean, scvi.mean)
    assert torch.equal(ours.variance, scvi.variance)
    assert torch.equal(ours.get_normalized("scale"), scvi.get_normalized("scale"))
    assert ours.theta.shape == scvi.theta.shape
    torch.manual_seed(0)
    sample = ours.sample((4,))
    torch.manual_seed(0)
    assert torch.equal(sample, scvi.sample((4,)))
    torch.testing.assert_close(ours.log_prob(sample), scvi.log_prob(sample))


def test_parts_and_joins_of_distributions_give_the_same_log_prob(pair):
    ours, scvi = pair
    counts, rows = ours.sample(), torch.tensor([3, 1, 20])
    expected = scvi.log_prob(counts)
    part = subset_distribution(ours, rows)
    torch.testing.assert_close(part.log_prob(counts[rows]), expected[rows])
    store = DistributionConcatenator()
    store.store_distribution(ours)
    store.store_distribution(part)
    joined = store.get_concatenated_distributions()
    assert isinstance(joined, type(ours))
    torch.testing.assert_close(
        joined.log_prob(torch.cat([counts, counts[rows]])), torch.cat([expected, expected[rows]])
    )


def test_counts_and_probabilities_as_parameters():
    given = {"total_count": torch.tensor([2.0, 3.0]), "probs": torch.tensor([[0.3, 0.4]])}
    counts = torch.tensor([[0.0, 5.0]])
    torch.testing.assert_close(
        SparseNegativeBinomial(**given).log_prob(counts), NegativeBinomial(**given).log_prob(counts)
    )


@pytest.mark.parametrize("cls", [pair[0] for pair in PAIRS])
def test_counts_are_checked_when_asked(cls):
    given = parameters(cls)
    wrong = torch.full((30, 8), 0.5)
    cls(**given).log_prob(wrong)
    with pytest.warns(UserWarning, match="within the support"):
        cls(**given, validate_args=True).log_prob(wrong)


def test_detection_is_a_bernoulli_of_the_chance_of_any_count():
    torch.manual_seed(0)
    rate = torch.rand(50, 4, dtype=torch.float64) * 3 + 1e-3
    counts = torch.poisson(rate)
    found = Detection(rate).log_prob(counts)
    expected = torch.distributions.Bernoulli(1 - (-rate).exp()).log_prob((counts > 0).double())
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(found, Detection(rate).log_prob(counts.clamp(max=1)))
    assert torch.isfinite(Detection(torch.zeros(1)).log_prob(torch.ones(1))).all()


def test_all_likelihoods_of_a_model_are_listed():
    check_likelihood("bernoulli", "bernoulli")
    with pytest.raises(ValueError, match="'gamma': choose 'nb', 'zinb', 'poisson' or 'bernoulli'"):
        check_likelihood("gamma", "bernoulli")
    with pytest.raises(ValueError, match="'bernoulli': choose 'nb', 'zinb' or 'poisson'"):
        check_likelihood("bernoulli")
