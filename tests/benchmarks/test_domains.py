import numpy as np
import pandas as pd
import pytest
from benchmarks.domains import representations, runs
from benchmarks.domains.page import by_section, page, summary
from benchmarks.domains.representations import REPRESENTATIONS, averaged, banksy_like
from benchmarks.domains.runs import KEYS, METHODS, Run, measured, planned
from benchmarks.domains.sections import LabelledSection, parts_of

TUMOUR = "st_her2_breast_tumour_X"


@pytest.fixture
def halves(counts):
    """A section whose genes differ between the left and the right half; some cells unlabelled."""
    counts.X = counts.X.astype(np.float32)
    is_left = counts.obsm["spatial"][:, 0] < np.median(counts.obsm["spatial"][:, 0])
    dense = counts.X.toarray()
    dense[np.ix_(is_left, np.arange(20))] += 3
    counts.X = type(counts.X)(dense)
    label = np.where(is_left, "left", "right").astype(object)
    label[:9] = ""
    return LabelledSection("halves", counts, label)


@pytest.fixture
def results():
    """Four sections and a tumour; on the tumour one of both methods was not run."""
    rows = [
        (section, seed, "PCs", clustering, ari + 0.1 * seed, ari / 2)
        for section, ari in zip([*"abcd", TUMOUR], (0.2, 0.6, 0.2, 0.6, 0.1), strict=True)
        for seed in (0, 1)
        for clustering in ("k-means", "mixture")
        if (section, clustering) != (TUMOUR, "mixture")
    ]
    return pd.DataFrame(rows, columns=[*KEYS, "ari", "nmi"])


def test_files_are_split_into_sections_and_labels_cleaned(counts):
    counts.obs["section"] = np.repeat(["x", "y"], 120)
    counts.obs["valid"] = np.r_[0, np.ones(239, dtype=int)]
    counts.obs["layer"] = np.r_[["NA", "nan", "Excluded"], np.tile(["1", "2", "3"], 79)]
    one, two = parts_of(counts, "file", "layer")
    assert (one.name, two.name) == ("file:x", "file:y")
    assert (one.adata.n_obs, two.adata.n_obs) == (119, 120)
    assert (one.is_labelled.sum(), one.n_domains) == (117, 3)
    assert one.adata.obs_names[0] == counts.obs_names[1]


def test_cells_without_a_label_are_clustered_but_not_scored(halves, monkeypatch):
    seen = []

    def truth_with_errors_where_unlabelled(adata, n_domains, seed):
        seen.append((adata.n_obs, n_domains, seed))
        return np.where(halves.is_labelled, halves.label, "third")

    monkeypatch.setitem(runs.CLUSTERINGS, "k-means", truth_with_errors_where_unlabelled)
    row = measured(Run("halves", 3, "PCs", "k-means"), halves)
    assert seen == [(240, 2, 3)]
    assert (row["ari"], row["nmi"]) == (1.0, 1.0)
    assert [row[key] for key in KEYS] == ["halves", 3, "PCs", "k-means"]


@pytest.mark.parametrize("name", ["PCs, mean of 18", "scaled PCs, mean of 18", "BANKSY-like"])
@pytest.mark.parametrize("clustering", ["k-means", "mixture"])
def test_baselines_find_planted_halves(halves, name, clustering):
    assert measured(Run("halves", 0, name, clustering), halves)["ari"] > 0.7


def test_a_clustering_that_finds_nothing_leaves_the_score_empty(halves, monkeypatch):
    def refuse(*_):
        raise ValueError

    monkeypatch.setitem(runs.CLUSTERINGS, "k-means", refuse)
    assert measured(Run("halves", 0, "PCs", "k-means"), halves)["ari"] is None


def test_the_gradient_does_not_depend_on_where_the_axes_point(halves):
    adata = halves.adata
    before = banksy_like(adata, 0)
    adata.obsm["spatial"] = adata.obsm["spatial"] @ np.array([[0.6, -0.8], [0.8, 0.6]])
    after = banksy_like(adata, 0)
    np.testing.assert_allclose(np.abs(after[:, :5]), np.abs(before[:, :5]), atol=1e-2)


def test_a_mean_is_over_the_cell_and_its_neighbors(halves):
    values = np.random.default_rng(0).normal(size=(240, 2))
    found = averaged(lambda *_: values, 239)(halves.adata, 0)
    np.testing.assert_allclose(found, np.tile(values.mean(axis=0), (240, 1)))


def test_only_what_is_there_is_planned(monkeypatch):
    monkeypatch.setattr(runs, "find_spec", lambda _: None)
    monkeypatch.delitem(representations.REPRESENTATIONS, "BANKSY-like")
    found = planned(["a", "b"], [0, 1])
    assert len(found) == len(set(found))
    expected = {m for m in METHODS if m[0] in REPRESENTATIONS and m[1] != "Leiden"}
    assert {(run.representation, run.clustering) for run in found} == expected
    assert len(found) == 4 * len(expected)


def test_means_are_over_what_all_methods_have(results):
    lines = summary(results).splitlines()
    assert lines[0].startswith("method | ARI, 4 sections")
    assert lines[2].startswith("PCs; k-means | 0.450 | 0.200 | ")
    assert lines[3].startswith("PCs; mixture | 0.450 | 0.200 | ")
    assert lines[3].endswith("| 0.071")


def test_a_method_of_few_sections_does_not_shrink_the_summary(results):
    few = pd.DataFrame([("a", 0, "few", "mixture", 1.0, 1.0)], columns=results.columns)
    text = summary(pd.concat([results, few]))
    assert text == summary(results)
    assert "few; mixture" in by_section(pd.concat([results, few]), "ari")


def test_each_section_is_by_itself(results):
    lines = by_section(results, "ari").splitlines()
    assert lines[0] == "section | PCs; k-means | PCs; mixture"
    same = ["a | 0.250 | 0.250", "b | 0.650 | 0.650", "c | 0.250 | 0.250", "d | 0.650 | 0.650"]
    assert lines[2:] == [*same, f"{TUMOUR} | 0.150 | "]
    assert "b | 0.300 | 0.300" in page(results)
