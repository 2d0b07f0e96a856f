import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from tests.model.atlas.test_gene_surfaces import fit, tissue

from dpvae.geometry import Posterior
from dpvae.model.atlas.cell_labels import LabelledReference, labels_of, predict_labels


def halves(places):
    """Label by the side of the tissue."""
    return (places[:, 0] > np.median(places[:, 0])).astype(np.intp)


@pytest.fixture(scope="module")
def known():
    genes, places, section = tissue(240)
    codes = np.empty(240, dtype=np.intp)
    for name in ("a", "b"):
        codes[section == name] = halves(places[section == name])
    surfaces, _ = fit(genes, places, section)
    return genes, places, section, codes, surfaces


def reference_of(known, codes=None):
    genes, places, section, own, _ = known
    codes = own if codes is None else codes
    return LabelledReference(lambda rows: genes[rows], places, section, codes, ["left", "right"])


def labels_by(known, reference, section="a", seed=1):
    genes, places, sections = tissue(240, seed=seed)
    mine = np.flatnonzero(sections == section)[:60]
    surfaces = known[4]
    read = surfaces.regression.by_kernel(section, genes[mine])
    found = surfaces.posterior(section, read, lambda rows: genes[mine][rows], places[mine], None)
    return predict_labels(
        reference, surfaces, section, found, lambda rows: genes[mine][rows]
    ), halves(places[mine])


@pytest.mark.slow
def test_sides_of_the_tissue_are_found(known):
    found, truth = labels_by(known, reference_of(known))
    assert list(found.table) == ["left", "right"]
    np.testing.assert_allclose(found.table.sum(axis=1), 1.0)
    right = found.table.to_numpy().argmax(axis=1) == truth
    assert right.mean() > 0.85
    assert found.highest.mean() == pytest.approx(right.mean(), abs=0.1)


@pytest.mark.slow
def test_shuffled_labels_are_not_believed(known):
    codes = np.random.default_rng(0).permutation(known[3])
    found, _ = labels_by(known, reference_of(known, codes))
    assert found.highest.mean() < 0.7


@pytest.mark.slow
def test_cells_without_a_label_do_not_count(known):
    codes = known[3].copy()
    codes[::4] = -1
    found, truth = labels_by(known, reference_of(known, codes))
    assert (found.table.to_numpy().argmax(axis=1) == truth).mean() > 0.8


def test_a_section_without_labels_is_refused(known):
    codes = np.where(known[2] == "a", -1, known[3])
    with pytest.raises(ValueError, match="0 cells of the reference's section 'a' with a label"):
        labels_by(known, reference_of(known, codes))


def test_shares_are_of_positions_with_a_label():
    found = Posterior(
        np.eye(3), csr_matrix([[0.5, 0.3, 0.2], [0.0, 0.0, 1.0]]), np.array([2, 0, 1]), np.ones(2)
    )
    reference = LabelledReference(
        lambda rows: rows, np.zeros((4, 2)), np.full(4, ""), np.array([0, -1, 1, 1]), ["a", "b"]
    )
    np.testing.assert_allclose(reference.share(found), [[0.375, 0.625], [0.5, 0.5]])


def test_labels_are_read_as_text_and_missing_ones_are_minus_one():
    column = pd.Series([1, 2, None, 1, 2] * 5, dtype="Int64")
    codes, names = labels_of(column, "x")
    assert names == ["1", "2"]
    assert codes[:5].tolist() == [0, 1, -1, 0, 1]


def test_rare_labels_are_left_out_with_a_warning():
    column = pd.Series(["a"] * 9 + ["once"] + ["b"] * 9, dtype="category")
    with pytest.warns(UserWarning, match=r"fewer than 5 cells .* left out: \['once'\]\."):
        codes, names = labels_of(column, "x")
    assert names == ["a", "b"]
    assert codes[9] == -1


@pytest.mark.parametrize("labels", [["a"] * 20, ["a"] * 20 + ["b"], [None] * 9])
def test_one_label_is_refused(labels):
    with pytest.raises(ValueError, match=r"adata.obs\['x'\] has . labels? of 5 cells or more"):
        labels_of(pd.Series(labels, dtype=object), "adata.obs['x']")
