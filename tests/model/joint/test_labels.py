import numpy as np
import pandas as pd

from dpvae.model.joint.labels import labels_of_others


def test_labels_go_both_ways_and_never_come_from_the_own_technology():
    rng = np.random.default_rng(0)
    kind = rng.integers(2, size=300)
    latent = (kind[:, None] * 8 + rng.normal(size=(300, 3))).astype(np.float32)
    technology = np.arange(300) % 2
    labels = pd.Series(np.array(["neuron", "glia"])[kind], index=[f"c{i}" for i in range(300)])
    labels[technology == 0] = "glia"  # wrong, and only seen by the others
    found = labels_of_others(latent, technology, labels)
    assert found.columns.tolist() == ["glia", "neuron"]
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    mine = technology == 0
    assert ((found["glia"] > 0.5) == (kind == 1))[mine].all()
    assert (found["glia"][~mine] == 1).all()


def test_cells_whose_others_have_no_label_get_none():
    latent = np.random.default_rng(0).normal(size=(80, 2)).astype(np.float32)
    technology = np.arange(80) // 40
    labels = pd.Series(np.where(technology == 1, "a", None), dtype=object)
    labels[45:] = "b"
    found = labels_of_others(latent, technology, labels)
    assert found[technology == 1].isna().all().all()
    np.testing.assert_allclose(found[technology == 0].sum(axis=1), 1.0)


def test_numbers_with_missing_ones_are_the_labels_of_whole_numbers():
    latent = np.random.default_rng(0).normal(size=(80, 2)).astype(np.float32)
    technology = np.arange(80) // 40
    labels = pd.Series(np.where(technology == 1, 1.0 + np.arange(80) % 2, np.nan))
    assert labels_of_others(latent, technology, labels).columns.tolist() == ["1", "2"]


def test_few_labelled_cells_do_not_give_all_cells_the_same_shares():
    kind = np.arange(60) % 2
    latent = (8 * kind[:, None] + np.random.default_rng(0).normal(size=(60, 2))).astype(np.float32)
    technology = (np.arange(60) >= 40).astype(int)  # 20 with labels
    labels = pd.Series(np.where(technology == 1, np.array(["a", "b"])[kind], None), dtype=object)
    found = labels_of_others(latent, technology, labels)[technology == 0]
    assert (found["b"] == kind[:40]).all()
