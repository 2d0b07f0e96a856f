"""Two files of cells, each where the other belongs, or both the same."""

import warnings

import numpy as np
import pytest

from dpvae.cli.two_files import check_order, warn_if_learned_from, warn_if_same

REMEDY = "dpvae train b.h5ad --query a.h5ad."


def test_files_in_the_wrong_order_are_noticed(counts):
    without = counts.copy()
    del without.obsm["spatial"]
    with pytest.raises(ValueError, match=r"have no obsm\['spatial'\].*swapped\? dpvae train b.h5a"):
        check_order(without, counts, "spatial", REMEDY)
    check_order(counts, without, "spatial", REMEDY)
    check_order(counts, counts, "spatial", REMEDY)
    check_order(without, without, "spatial", REMEDY)  # setup says what is missing
    check_order(counts, counts, "another", REMEDY)


@pytest.mark.parametrize("form", ["sparse", "dense"])
def test_the_same_cells_are_noticed_and_others_of_the_same_names_are_not(counts, form):
    if form == "dense":
        counts.X = counts.X.toarray()
    other = counts.copy()
    with pytest.warns(UserWarning, match="--query and the reference are the same cells"):
        warn_if_same(counts, other)
    other.X = 2 * other.X  # Visium: barcodes and places are those of any section
    without = counts.copy()
    without.X = None
    others = [other, without, counts[:180].copy(), counts[:, :30].copy()]
    with warnings.catch_warnings(action="error"):
        for cells in others:
            warn_if_same(counts, cells)


def test_cells_that_were_learned_from_are_known_by_their_latents():
    rng = np.random.default_rng(0)
    reference = rng.normal(size=(300, 10)).astype(np.float32)
    noise = rng.normal(size=(300, 10)).astype(np.float32)
    with pytest.warns(UserWarning, match="Most cells of the query are cells of the reference"):
        warn_if_learned_from(rng.permutation(reference) * (1 + 1e-6), reference)
    part = np.vstack([reference[:60], noise[:40]])
    with pytest.warns(UserWarning, match="dpvae demo --data"):
        warn_if_learned_from(part, reference)
    with warnings.catch_warnings(action="error"):
        warn_if_learned_from(noise, reference)
        warn_if_learned_from(np.vstack([reference[:40], noise[:60]]), reference)
        warn_if_learned_from(reference + 0.01 * noise, reference)
