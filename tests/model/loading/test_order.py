import re

import numpy as np
import pytest
import torch
from tests.conftest import QUICK, QUIET, seed_everything
from tests.model.training.test_checkpoint import Stop

from dpvae.model import DPVAE
from dpvae.model.loading.order import SectionSampler, section_order
from dpvae.tl import pair_mask

BALANCED = {"balance_sections": True}
SIZES = {
    "alike": [300, 310],
    "many": [60] * 30,
    "a small one": [1000, 20],
    "tiny ones": [500, 3, 2, 2, 1],
    "one": [333],
    "smaller than a minibatch": [5, 4],
}


def codes(sizes, seed=0):
    """Sections of these sizes, in mixed order."""
    return np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))


def minibatches(order, size=64):
    return [order[begin : begin + size] for begin in range(0, len(order), size)]


def pairs_within(section, order, size=64):
    """Share of the pairs of minibatches whose cells are of one section, counted one by one."""
    same = [section[rows][:, None] == section[rows] for rows in minibatches(order, size)]
    within = sum(np.triu(alike, 1).sum() for alike in same)
    return within / sum(len(alike) * (len(alike) - 1) // 2 for alike in same)


@pytest.mark.parametrize("drop_last", [True, False])
@pytest.mark.parametrize("batch_size", [1, 7, 64])
@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
def test_every_cell_comes_once(sizes, batch_size, drop_last):
    section, rng = codes(sizes), np.random.default_rng(0)
    order = section_order(section, batch_size, rng, drop_last=drop_last)
    np.testing.assert_array_equal(np.sort(order), np.arange(len(section)))


@pytest.mark.parametrize(
    ("sizes", "chance", "least"),
    [("alike", 0.5, 0.65), ("many", 1 / 30, 0.4), ("one", 1.0, 1.0)],
)
def test_more_pairs_are_of_one_section_than_by_chance(sizes, chance, least):
    section, rng = codes(SIZES[sizes]), np.random.default_rng(0)
    found = [pairs_within(section, section_order(section, 64, rng)) for _ in range(20)]
    mixed = [pairs_within(section, rng.permutation(len(section))) for _ in range(20)]
    assert np.mean(mixed) == pytest.approx(chance, abs=0.03)
    assert np.mean(found) >= least


def test_a_small_section_beside_a_large_one_meets_itself():
    section, rng = codes(SIZES["a small one"]), np.random.default_rng(0)
    small = np.flatnonzero(section == 1)
    for _ in range(20):
        order = section_order(section, 64, rng)
        together = max(np.isin(small, rows).sum() for rows in minibatches(order))
        assert together >= 10


@pytest.mark.parametrize("sizes", [[500, 3, 2, 2], [62, 2], [64, 2]])
def test_cells_of_tiny_sections_are_left_out_no_more_than_others(sizes):
    section, rng = codes(sizes), np.random.default_rng(0)
    n_full = len(section) // 64 * 64
    left_out = np.zeros(len(section))
    for _ in range(3000):
        left_out[section_order(section, 64, rng, drop_last=True)[n_full:]] += 1
    share = left_out / 3000
    expected = (len(section) - n_full) / len(section)
    np.testing.assert_allclose(share, expected, atol=4 * np.sqrt(expected / 3000) + 1e-9)


def test_minibatches_of_what_is_left_of_sections_come_at_any_time():
    section, rng = codes([640, *[10] * 12]), np.random.default_rng(0)
    steps = [
        step
        for _ in range(100)
        for step, rows in enumerate(minibatches(section_order(section, 64, rng)))
        if (section[rows] > 0).any()
    ]
    assert set(range(11)) <= set(steps)


def test_all_pairs_of_a_section_meet_about_equally_often():
    section, rng = codes([70, 90]), np.random.default_rng(0)
    met = np.zeros((160, 160))
    for _ in range(1500):
        for rows in minibatches(section_order(section, 32, rng), 32):
            met[np.ix_(rows, rows)] += 1
    for code in (0, 1):
        within = met[np.ix_(section == code, section == code)]
        counts = within[np.triu_indices(len(within), 1)]
        assert counts.std() / counts.mean() < 0.1


def test_orders_follow_the_seed_and_differ_between_epochs():
    sampler = SectionSampler(codes(SIZES["alike"]), 64)
    torch.manual_seed(0)
    first, second = list(sampler), list(sampler)
    torch.manual_seed(0)
    assert first == list(sampler)
    assert first != second
    assert len(sampler) == 610


def made(sections):
    seed_everything()
    DPVAE.setup_anndata(sections, sample_key="section")
    return DPVAE(sections, **QUICK)


def seen_sections(model, monkeypatch, **arguments):
    """Sections of the cells of every minibatch that trains, and the cells' numbers per section."""
    seen = []
    forward = model.module.distance_term.forward

    def spy(latent, coordinates, section, *rest, **options):
        seen.append(torch.bincount(section.reshape(-1).long(), minlength=3).tolist())
        return forward(latent, coordinates, section, *rest, **options)

    monkeypatch.setattr(model.module.distance_term, "forward", spy)
    model.train(max_epochs=4, batch_size=20, **arguments, **QUIET)
    return np.array(seen)


@pytest.mark.trains
@pytest.mark.parametrize("is_on_disk", [False, True])
def test_training_sees_minibatches_of_few_sections(sections, backed, is_on_disk, monkeypatch):
    model = made(backed(sections) if is_on_disk else sections)
    seen = seen_sections(model, monkeypatch, datasplitter_kwargs=BALANCED)
    assert seen.shape == (4 * 12, 3)
    np.testing.assert_array_equal(seen.reshape(4, 12, 3).sum(axis=1), [[80, 80, 80]] * 4)
    assert ((seen > 0).sum(axis=1) <= 2).all()


@pytest.mark.trains
def test_by_default_minibatches_are_random(sections, monkeypatch):
    seen = seen_sections(made(sections), monkeypatch)
    assert ((seen > 0).sum(axis=1) == 3).mean() > 0.8


@pytest.mark.trains
def test_only_the_training_part_is_ordered(sections, monkeypatch):
    rows = np.random.default_rng(0).permutation(240)
    split = {"external_indexing": [rows[:200], rows[200:]], **BALANCED}
    model = made(sections)
    seen_sections(model, monkeypatch, datasplitter_kwargs=split, check_val_every_n_epoch=9)
    assert sorted(model.train_indices) == sorted(rows[:200])
    assert sorted(model.validation_indices) == sorted(rows[200:])


@pytest.mark.trains
def test_a_training_that_is_resumed_is_the_uninterrupted_one(sections, tmp_path):
    arguments = {"max_epochs": 6, "batch_size": 50, "datasplitter_kwargs": BALANCED, **QUIET}
    whole, half, resumed = made(sections), None, None
    whole.train(**arguments)
    half = made(sections)
    with pytest.raises(OSError, match="the machine"):
        half.train(
            checkpoint=tmp_path / "state", checkpoint_every=2, callbacks=[Stop(4)], **arguments
        )
    resumed = made(sections)
    resumed.train(resume_from=tmp_path / "state", **arguments)
    for name, expected in whole.module.state_dict().items():
        torch.testing.assert_close(resumed.module.state_dict()[name], expected, rtol=0, atol=0)
    message = "its balance_sections is True, here it is None"
    with pytest.raises(ValueError, match=message):
        made(sections).train(
            **{**arguments, "datasplitter_kwargs": {}}, resume_from=tmp_path / "state"
        )


@pytest.mark.filterwarnings("ignore:All cells are set up as one section")
def test_unnamed_sections_are_refused(sections):
    DPVAE.setup_anndata(sections)
    model = DPVAE(sections, **QUICK)
    with pytest.raises(ValueError, match=re.escape("setup_anndata(sample_key=…)")):
        model.train(max_epochs=1, datasplitter_kwargs=BALANCED, **QUIET)


def test_several_processes_are_refused(sections):
    splitter = made(sections)._data_splitter_cls
    with pytest.raises(ValueError, match="works in one process"):
        splitter(made(sections).adata_manager, distributed_sampler=True, **BALANCED)


def test_a_pair_mask_is_refused(sections):
    pair_mask(sections, sample_key="section")
    DPVAE.setup_anndata(sections, sample_key="section", mask_key="dpvae_pair_mask")
    model = DPVAE(sections, **QUICK)
    with pytest.raises(ValueError, match="pair mask, which decides"):
        model.train(max_epochs=1, datasplitter_kwargs=BALANCED, **QUIET)
