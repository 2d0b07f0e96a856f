from dataclasses import replace

import numpy as np
import pytest
from tests.model.atlas.test_gene_surfaces import fit, tissue

from dpvae.model.atlas.atlas import Atlas
from dpvae.model.atlas.encoded_cells import EncodedCells
from dpvae.model.atlas.layout import Layout
from dpvae.model.atlas.placers import by_latents


@pytest.fixture
def atlas():
    rng = np.random.default_rng(0)
    places = rng.uniform(-1, 1, size=(120, 2))
    latent = np.hstack([2 * places, rng.normal(scale=0.01, size=(120, 1))]).astype(np.float32)
    return Atlas(Layout(latent, places, np.repeat(["a", "b"], 60)), 2.0)


def test_cells_go_to_the_frame_of_their_own_section_or_of_the_one_that_is_named(atlas):
    query = EncodedCells(atlas.layout.latent[[3, 70]], np.array(["a", "b"]), None)
    placed = atlas.place(query, by_latents)
    assert placed.frame.tolist() == ["a", "b"]
    np.testing.assert_allclose(placed.coordinates, atlas.layout.coordinates[[3, 70]], atol=0.05)
    assert atlas.place(query, by_latents, "b").frame.tolist() == ["b", "b"]
    assert placed.latent is query.latent


def test_the_frame_that_was_chosen_for_cells_is_logged(atlas, caplog):
    new = EncodedCells(atlas.layout.latent[70:90], np.full(20, "new"), None)
    assert atlas.frame_of(new, None) == "b"
    (record,) = caplog.records
    assert record.getMessage().startswith(
        "Section 'new' is placed in the frame of the reference's section 'b', the most similar"
    )
    caplog.clear()
    assert atlas.frame_of(new, "a") == "a"
    own = EncodedCells(new.latent, np.full(20, "a"), None)
    assert atlas.frame_of(own, None) == "a"
    one = replace(atlas, layout=replace(atlas.layout, section=np.full(120, "")))
    assert one.frame_of(new, None) == ""
    assert not caplog.records


def test_cells_of_a_new_section_do_not_depend_on_the_order_of_the_reference(atlas):
    rng = np.random.default_rng(1)
    query = EncodedCells(
        atlas.layout.latent[:40] + rng.normal(scale=0.01, size=(40, 3)).astype(np.float32),
        np.full(40, "new"),
        None,
    )
    order = rng.permutation(120)
    layout = atlas.layout
    mixed = Atlas(
        Layout(layout.latent[order], layout.coordinates[order], layout.section[order]), 2.0
    )
    found = mixed.place(query, by_latents).coordinates
    np.testing.assert_allclose(found, atlas.place(query, by_latents).coordinates, atol=1e-6)


@pytest.mark.slow
def test_cells_that_are_not_the_reference_are_noticed(atlas):
    genes, places, section = tissue(120)
    surfaces, _ = fit(genes, places, section)
    known = replace(atlas, surfaces=surfaces)
    known.check_is_reference(places, "a")
    some_unknown = np.where(np.arange(120)[:, None] % 3 == 0, np.nan, places)
    known.check_is_reference(some_unknown, "a")
    for other in (places[::-1], places[:50], np.full((120, 2), np.nan)):
        with pytest.raises(ValueError, match=r"load\(path, adata=reference\)"):
            known.check_is_reference(other, "a")
