import pytest
import torch
from scvi.module.base import LossOutput

from dpvae.model.training.epoch_means import EpochMeans


def minibatch(n_cells, seed):
    generator = torch.Generator().manual_seed(seed)
    draw = torch.rand(4, n_cells, generator=generator)
    return LossOutput(
        loss=draw[0].mean(),
        reconstruction_loss=draw[1],
        kl_local={"kl_z": draw[2], "kl_l": draw[3]},
        kl_global=torch.tensor(float(seed)),
        extra_metrics={"distance_loss": draw[0].min(), "z": draw},
    )


def test_means_weigh_every_cell_alike():
    means = EpochMeans()
    batches = [minibatch(n_cells, seed) for seed, n_cells in enumerate([7, 7, 2])]
    for batch in batches:
        means.add(batch)
    found = means.take(n_total=16)

    def per_cell(values):
        return sum(n * value for n, value in zip([7, 7, 2], values, strict=True)) / 16

    assert found["loss"] == pytest.approx(per_cell([b.loss.item() for b in batches]))
    reconstruction = sum(b.reconstruction_loss_sum.item() for b in batches) / 16
    kl = sum(b.kl_local_sum.item() for b in batches) / 16
    assert found["reconstruction_loss"] == pytest.approx(reconstruction)
    assert found["kl_local"] == pytest.approx(kl)
    assert found["kl_global"] == pytest.approx(1.0)
    assert found["elbo"] == pytest.approx(reconstruction + kl + 1 / 16)
    nearest = per_cell([b.extra_metrics["distance_loss"].item() for b in batches])
    assert found["distance_loss"] == pytest.approx(nearest)
    assert "z" not in found


def test_an_epoch_begins_anew():
    means = EpochMeans()
    means.add(minibatch(3, 0))
    means.take(None)
    assert means.take(None) == {}
    means.add(minibatch(5, 1))
    assert means.take(None)["loss"] == pytest.approx(minibatch(5, 1).loss.item())


def test_two_processes_give_the_means_of_all_cells():
    one, first, second = EpochMeans(), EpochMeans(), EpochMeans()
    for n_cells, seed, part in [(4, 0, first), (6, 1, second), (4, 2, first)]:
        one.add(minibatch(n_cells, seed))
        part.add(minibatch(n_cells, seed))
    sent = []
    second.take(14, lambda sums: sent.append(sums) or sums)
    assert first.take(14, lambda sums: sums + sent[0]) == pytest.approx(one.take(14))
