import logging

import anndata as ad
import numpy as np
import pytest
from tests.conftest import tissue_with_pattern

from dpvae import metrics
from dpvae.tl import mirror_symmetry


@pytest.mark.slow
def test_every_section_has_its_own_line(two_sections, caplog):
    with caplog.at_level(logging.WARNING, logger="dpvae"):
        mirror_symmetry(two_sections, sample_key="section")
    table = two_sections.uns["dpvae_mirror_symmetry"]
    assert table["section"].tolist() == ["one", "two"]
    assert table["is_symmetric"].tolist() == [True, False]
    assert "Sections ['one'] are symmetric" in caplog.text
    for _, row in table.iterrows():
        cells = (two_sections.obs["section"] == row["section"]).to_numpy()
        found = metrics.mirror_symmetry(two_sections.X[cells], two_sections.obsm["spatial"][cells])
        assert row["agreement"] == found.agreement
        assert [row["normal_1"], row["normal_2"]] == found.mirror.normal.tolist()
        assert row["offset"] == found.mirror.offset
        column = two_sections.obs["dpvae_mirror_symmetry_agreement"]
        np.testing.assert_array_equal(column[cells], found.cell_agreement)


@pytest.mark.slow
def test_nothing_is_said_of_a_tissue_without_symmetry(caplog):
    genes, places = tissue_with_pattern(np.array)
    with caplog.at_level(logging.WARNING, logger="dpvae"):
        table = mirror_symmetry(ad.AnnData(genes, obsm={"spatial": places}), copy=True)
    assert not table["is_symmetric"].any()
    assert caplog.text == ""


@pytest.mark.slow
def test_expression_on_disk_gives_the_same(two_sections, backed):
    in_memory = mirror_symmetry(two_sections, sample_key="section", copy=True)
    on_disk = mirror_symmetry(backed(two_sections), sample_key="section", copy=True)
    np.testing.assert_allclose(in_memory["agreement"], on_disk["agreement"])


@pytest.mark.slow
def test_the_table_survives_h5ad(two_sections, tmp_path):
    mirror_symmetry(two_sections, sample_key="section")
    two_sections.write_h5ad(tmp_path / "a.h5ad")
    found = ad.read_h5ad(tmp_path / "a.h5ad").uns["dpvae_mirror_symmetry"]
    assert found["is_symmetric"].tolist() == [True, False]


def test_wrong_input_changes_nothing(two_sections, counts):
    with pytest.raises(ValueError, match="holds raw counts"):
        mirror_symmetry(counts)
    two_sections.uns["mine"] = {"a": 1}
    before = set(two_sections.obs), set(two_sections.uns)
    with pytest.raises(ValueError, match="would be overwritten"):
        mirror_symmetry(two_sections, key_added="mine")
    with pytest.raises(KeyError, match=r"no adata\.layers"):
        mirror_symmetry(two_sections, layer="nowhere")
    with pytest.raises(KeyError, match=r"no adata\.obsm"):
        mirror_symmetry(two_sections, spatial_key="nowhere")
    broken = two_sections.copy()
    broken.X[3, 2] = np.nan
    with pytest.raises(ValueError, match="NaN, infinite"):
        mirror_symmetry(broken)
    assert (set(two_sections.obs), set(two_sections.uns)) == before


@pytest.mark.slow
def test_the_advice_names_the_sections_of_the_user(two_sections, caplog):
    mirror_symmetry(two_sections, sample_key="section")
    assert "dpvae.tl.fold(adata, sample_key='section')" in caplog.text


def test_a_column_that_is_not_there_is_refused(two_sections):
    with pytest.raises(KeyError, match=r"no adata.obs\['typo'\]"):
        mirror_symmetry(two_sections, sample_key="typo")
