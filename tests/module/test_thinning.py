import pytest
import torch

from dpvae.module import DPCountVAE
from dpvae.module.thinning import Thinning, thin_counts

from .test_dp_count_vae import ARGUMENTS, WITHOUT_OURS, minibatch, seen_by_the_encoder


@pytest.fixture
def counts():
    return torch.tensor([[0.0, 1.0, 4.0, 30.0, 1000.0]]).repeat(20_000, 1)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.9])
def test_molecules_are_kept_as_a_binomial_keeps_them(counts, share):
    thinned = thin_counts(counts, torch.full((len(counts), 1), share))
    expected, variance = share * counts[0], share * (1 - share) * counts[0]
    n_cells = len(counts)
    assert ((thinned.mean(dim=0) - expected).abs() <= 5 * (variance / n_cells).sqrt()).all()
    torch.testing.assert_close(thinned.var(dim=0), variance, rtol=0.06, atol=0)
    assert (thinned == thinned.round()).all()
    assert (thinned >= 0).all()
    assert (thinned <= counts).all()


def test_each_cell_has_a_share_of_its_own():
    counts = torch.full((4, 5000), 20.0)
    share = torch.tensor([[0.0], [0.25], [0.5], [1.0]])
    found = thin_counts(counts, share).mean(dim=1) / 20
    torch.testing.assert_close(found, share[:, 0], rtol=0, atol=0.01)
    assert found[0] == 0
    assert found[-1] == 1


def test_of_all_molecules_nothing_changes(counts):
    assert torch.equal(thin_counts(counts, torch.ones(len(counts), 1)), counts)


def test_zeros_stay_zeros(counts):
    assert (thin_counts(counts, torch.rand(len(counts), 1))[:, 0] == 0).all()


@pytest.mark.slow
def test_shares_are_drawn_for_each_cell_between_the_least_and_all():
    thinning = Thinning(0.1).train()
    counts = torch.full((4000, 1000), 50.0)
    share = thinning(counts).mean(dim=1) / 50
    logarithms = share.log10()
    assert share.min() > 0.09
    assert share.max() < 1.01
    torch.testing.assert_close(logarithms.mean(), torch.tensor(-0.5), rtol=0, atol=0.03)
    torch.testing.assert_close(logarithms.var(), torch.tensor(1 / 12), rtol=0.1, atol=0)


def test_draws_follow_the_seed(counts):
    torch.manual_seed(3)
    first, second = Thinning(0.5)(counts), Thinning(0.5)(counts)
    torch.manual_seed(3)
    assert torch.equal(Thinning(0.5)(counts), first)
    assert not torch.equal(first, second)


@pytest.mark.parametrize("is_training", [True, False])
def test_it_is_off_by_default_and_outside_training(counts, is_training):
    thinning = Thinning(1.0 if is_training else 0.1).train(is_training)
    assert thinning(counts) is counts
    assert not thinning.is_on


@pytest.mark.parametrize("least_depth", [0.0, -0.1, 1.5, float("nan")])
def test_impossible_shares_are_refused(least_depth):
    with pytest.raises(ValueError, match=r"least_depth is .*above 0 and at most 1"):
        Thinning(least_depth)


def module(**options):
    torch.manual_seed(0)
    return DPCountVAE(**ARGUMENTS, **WITHOUT_OURS, **options).train()


@pytest.mark.parametrize("log_variational", [True, False])
def test_the_encoder_sees_whole_molecules_of_thinned_cells(log_variational):
    model, tensors = module(least_depth=0.2, log_variational=log_variational), minibatch()
    tensors["X"] = tensors["X"] * 40
    before = tensors["X"].clone()
    seen = seen_by_the_encoder(model, tensors)
    counts = seen.expm1() if log_variational else seen
    torch.testing.assert_close(counts, counts.round(), rtol=0, atol=1e-3)
    assert (counts.sum(dim=1) < before.sum(dim=1)).all()
    assert (counts <= before + 1e-3).all()
    assert torch.equal(tensors["X"], before)


def test_thinned_cells_are_brought_to_the_same_depth():
    model, tensors = module(least_depth=0.2, normalize_depth=True), minibatch()
    tensors["X"] = tensors["X"] * 40
    model.encoder_input.depth.fill_(50.0)
    seen = seen_by_the_encoder(model, tensors)
    torch.testing.assert_close(seen.expm1().sum(dim=1), torch.full((10,), 50.0))


def test_the_likelihood_is_that_of_the_counts_as_they_are():
    model, tensors = module(least_depth=0.01), minibatch()
    inference, generative, _ = model(tensors, compute_loss=True)
    expected = -generative["px"].log_prob(tensors["X"]).sum(dim=1)
    found = model.loss(tensors, inference, generative).reconstruction_loss
    torch.testing.assert_close(found["reconstruction_loss"], expected)
    torch.testing.assert_close(inference["library"], tensors["X"].sum(1, keepdim=True).log())


def test_without_thinning_the_encoder_sees_the_same_to_the_bit():
    seen = [seen_by_the_encoder(module(**kw), minibatch()) for kw in ({}, {"least_depth": 1.0})]
    assert torch.equal(seen[0], minibatch()["X"].log1p())
    assert torch.equal(*seen)


def test_placed_cells_are_not_thinned():
    model = module(least_depth=0.1).eval()
    assert torch.equal(seen_by_the_encoder(model, minibatch()), minibatch()["X"].log1p())
