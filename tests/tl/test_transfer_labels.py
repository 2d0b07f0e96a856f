from dataclasses import replace

import anndata
import numpy as np
import pandas as pd
import pytest

from dpvae import tl
from dpvae.geometry import LabelProbabilities

NAMES = ["L1", "L2/3", "WM"]


@pytest.fixture
def found(expression):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.dirichlet(np.full(3, 0.7), expression.n_obs), columns=NAMES)
    return LabelProbabilities(table, 1.0 + 1.5 * (np.arange(expression.n_obs) % 5 == 0))


def test_what_is_written_is_what_was_found_and_survives_a_file(expression, found, tmp_path):
    tl.transfer_labels(expression, found)
    expression.write_h5ad(tmp_path / "cells.h5ad")
    stored = anndata.read_h5ad(tmp_path / "cells.h5ad")
    label, table = stored.obs["transferred_label"], stored.obsm["transferred_label_probabilities"]
    probability = stored.obs["transferred_label_probability"]
    assert label.cat.categories.tolist() == [*NAMES, "unknown"]
    assert list(table) == ["L1", "L2_3", "WM"]
    assert table.index.equals(stored.obs_names)
    np.testing.assert_array_equal(table, found.table)
    np.testing.assert_array_equal(probability, found.table.max(axis=1))
    is_unknown = (probability < 0.5) | (np.arange(240) % 5 == 0)
    assert ((label == "unknown") == is_unknown).all()
    assert (
        label[~is_unknown] == np.array(NAMES)[table.to_numpy().argmax(axis=1)][~is_unknown]
    ).all()
    params = stored.uns["transferred_label_params"]
    assert params["at_least"] == 0.5
    assert params["share_unknown"] == pytest.approx(is_unknown.mean())


def test_the_names_of_labels_with_a_slash_can_be_had_after_cells_were_left_out(
    expression, found, tmp_path, caplog
):
    tl.transfer_labels(expression, found)
    assert "'L2/3' is 'L2_3'" in caplog.text
    likeliest = found.table.idxmax(axis=1).to_numpy()
    kept = likeliest != "L1"  # anndata drops categories without a cell
    expression[kept].copy().write_h5ad(tmp_path / "cells.h5ad")
    stored = anndata.read_h5ad(tmp_path / "cells.h5ad")
    labels = stored.uns["transferred_label_params"]["labels"]
    table = stored.obsm["transferred_label_probabilities"].set_axis(labels, axis=1)
    assert (table.idxmax(axis=1) == likeliest[kept]).all()


def test_a_second_call_replaces_the_first(expression, found):
    tl.transfer_labels(expression, found)
    tl.transfer_labels(expression, found, at_least=0.0)
    is_unknown = expression.obs["transferred_label"] == "unknown"
    np.testing.assert_array_equal(is_unknown, np.arange(240) % 5 == 0)
    assert expression.uns["transferred_label_params"]["at_least"] == 0.0


@pytest.mark.parametrize("part", ["label", "label_probability", "label_probabilities"])
def test_what_others_wrote_is_kept(expression, found, part):
    place = expression.obsm if part.endswith("ies") else expression.obs
    place[part] = np.ones((240, 2)) if part.endswith("ies") else np.arange(240.0)
    with pytest.raises(ValueError, match=rf"\['{part}'\] exists"):
        tl.transfer_labels(expression, found, key_added="label")


def test_nothing_is_written_when_it_fails(expression, found):
    before = set(expression.obs), set(expression.obsm), set(expression.uns)
    table = found.table
    for names in (["a", "b", "unknown"], ["a/b", "a_b", "c"]):
        other = LabelProbabilities(table.set_axis(names, axis=1), found.unlikeness)
        with pytest.raises(ValueError, match="Rename them"):
            tl.transfer_labels(expression, other)
    with pytest.raises(ValueError, match="of 239 cells, adata has 240"):
        tl.transfer_labels(expression, LabelProbabilities(table[1:], found.unlikeness[1:]))
    for at_least in (50, -0.1, "0.5", float("nan")):
        with pytest.raises(ValueError, match="at_least is"):
            tl.transfer_labels(expression, found, at_least=at_least)
    with pytest.raises(TypeError, match="not probabilities of labels"):
        tl.transfer_labels(expression, table)
    with pytest.raises(TypeError, match="not an AnnData"):
        tl.transfer_labels("cells.h5ad", found)
    assert before == (set(expression.obs), set(expression.obsm), set(expression.uns))


def test_labels_of_cells_in_another_order_are_refused(expression, found):
    found = replace(found, table=found.table.set_axis(expression.obs_names))
    turned = expression[::-1].copy()
    with pytest.raises(ValueError, match="is of cells in another order: row 0 is of"):
        tl.transfer_labels(turned, found)
    tl.transfer_labels(expression, found)
