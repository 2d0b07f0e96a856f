import numpy as np
import pytest
import torch

from dpvae.model.loading.blocks import BufferedBatches, block_order, share_of_process


def batches(n_rows=1000, batch_size=64, buffer_size=256, **kwargs):
    rows = 10 * np.arange(n_rows)
    kwargs.setdefault("order", lambda rng: block_order(n_rows, buffer_size, rng))
    return BufferedBatches(rows, batch_size=batch_size, buffer_size=buffer_size, **kwargs)


def epoch(sampler, seed=0):
    torch.manual_seed(seed)
    return [draw.buffer[draw.chosen] for draw in sampler]


@pytest.mark.parametrize("n_rows", [1, 63, 64, 256, 257, 1000])
@pytest.mark.parametrize("batch_size", [1, 64, 300])
def test_every_row_comes_once_in_an_epoch(n_rows, batch_size):
    sampler = batches(n_rows, batch_size)
    found = epoch(sampler)
    assert len(found) == len(sampler) == -(-n_rows // batch_size)
    assert {len(rows) for rows in found[:-1]} <= {batch_size}
    np.testing.assert_array_equal(np.sort(np.concatenate(found)), 10 * np.arange(n_rows))


def test_a_last_minibatch_that_is_not_full_can_be_left_out_and_is_random():
    sampler = batches(1000, 64, drop_last=True)
    left_out = []
    for seed in range(3):
        found = epoch(sampler, seed)
        assert len(found) == len(sampler) == 15
        assert {len(rows) for rows in found} == {64}
        left_out.append(set(range(0, 10_000, 10)) - set(np.concatenate(found).tolist()))
    assert left_out[0] != left_out[1]


def test_the_seed_of_torch_gives_the_order_and_epochs_differ():
    sampler = batches()
    first = epoch(sampler)
    second = [draw.buffer[draw.chosen] for draw in sampler]
    again = epoch(sampler)
    np.testing.assert_array_equal(np.concatenate(first), np.concatenate(again))
    assert not np.array_equal(np.concatenate(first), np.concatenate(second))


def test_a_buffer_is_read_once_and_is_of_bounded_size():
    buffers = [tuple(draw.buffer) for draw in batches(1000, 64, 256)]
    changes = [new for old, new in zip([(), *buffers], buffers, strict=False) if new != old]
    assert len(changes) == len(set(changes)) == 4
    assert max(map(len, changes)) <= 256
    assert all(np.all(np.diff(buffer) > 0) for buffer in changes)


def test_minibatches_mix_what_is_far_apart_in_the_file():
    n_rows, batch_size, n_sections = 64_000, 256, 8
    section = np.arange(n_rows) // (n_rows // n_sections)
    sampler = BufferedBatches(
        np.arange(n_rows),
        batch_size=batch_size,
        buffer_size=8_192,
        order=lambda rng: block_order(n_rows, 8_192, rng),
    )
    shares = np.array([np.bincount(section[rows], minlength=8) for rows in epoch(sampler)])
    assert (shares > 0).all()
    assert shares.mean(axis=0).tolist() == [batch_size / n_sections] * n_sections
    by_chance = np.sqrt(batch_size * (1 / 8) * (7 / 8))
    assert shares.std() < 2.5 * by_chance


def test_neighbors_in_the_file_are_seldom_drawn_together():
    n_rows, batch_size = 32_768, 256
    sampler = BufferedBatches(
        np.arange(n_rows),
        batch_size=batch_size,
        buffer_size=8_192,
        order=lambda rng: block_order(n_rows, 8_192, rng),
    )
    together = np.mean([(np.diff(np.sort(rows)) == 1).sum() for rows in epoch(sampler)])
    assert together < 1.5 * batch_size * batch_size / 8_192


def test_without_an_order_rows_come_as_they_are():
    rows = np.array([5, 3, 9, 1, 7])
    sampler = BufferedBatches(rows, batch_size=2, buffer_size=4)
    assert [draw.buffer[draw.chosen].tolist() for draw in sampler] == [[5, 3], [9, 1], [7]]


@pytest.mark.parametrize(("buffer_size", "block"), [(100, 16), (6_400, 100), (10**6, 512)])
def test_blocks_follow_each_other_in_the_file(buffer_size, block):
    order = block_order(10_000, buffer_size, np.random.default_rng(0))
    np.testing.assert_array_equal(np.sort(order), np.arange(10_000))
    ends = np.flatnonzero(np.diff(order) != 1)
    assert len(ends) == pytest.approx(10_000 / block, rel=0.1, abs=2)
    other = block_order(10_000, buffer_size, np.random.default_rng(1))
    assert set(order[ends] % block) != set(other[np.flatnonzero(np.diff(other) != 1)] % block)


@pytest.mark.parametrize("n_rows", [3, 4, 1023, 5000])
@pytest.mark.parametrize("n_processes", [1, 2, 3])
def test_processes_share_all_rows_equally(n_rows, n_processes):
    rows = 7 * np.arange(n_rows)
    shares = [share_of_process(rows, process, n_processes) for process in range(n_processes)]
    assert {len(share) for share in shares} == {-(-n_rows // n_processes)}
    everything, times = np.unique(np.concatenate(shares), return_counts=True)
    np.testing.assert_array_equal(everything, rows)
    assert (times[1:] == 1).all()


def test_a_share_is_of_long_blocks_from_everywhere():
    share = share_of_process(np.arange(10_000), 1, 2)
    ends = np.flatnonzero(np.diff(share) > 1)
    assert len(ends) == 9
    assert np.diff(ends).min() > 450
    assert share.max() > 9_000
