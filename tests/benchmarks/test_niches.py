import numpy as np
import pandas as pd
import pytest
from benchmarks.domains.sections import LabelledSection
from benchmarks.niches.methods import COMPOSITIONS, measured, scores
from benchmarks.niches.page import OURS, page, wins
from benchmarks.niches.problems import N_NEIGHBORS, own_compositions, problem_of

from dpvae.datasets import simulated_tissue


@pytest.fixture
def section():
    adata = simulated_tissue(400, 60, seed=0)
    types = adata.obs["cell_type"].astype(str).to_numpy()
    return LabelledSection("tissue", adata, types)


def test_a_cell_does_not_count_itself_even_where_others_have_its_place():
    rng = np.random.default_rng(0)
    places = np.repeat(rng.uniform(size=(30, 2)), 2, axis=0)
    types = np.where(rng.random(60) < 0.5, "a", "b")
    found = own_compositions(places, types, ["a", "b"])
    distance = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    naive = [(types[np.argsort(row)[:N_NEIGHBORS]] == "a").mean() for row in distance]
    np.testing.assert_allclose(found[:, 0], naive, atol=1.01 / N_NEIGHBORS)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)


def test_truth_counts_hidden_cells_and_the_reference_only_its_own(section):
    problem = problem_of(section, "random", 0)
    hidden = section.adata.obs_names.get_indexer(problem.query.obs_names)
    everywhere = own_compositions(section.adata.obsm["spatial"], section.label, problem.types)
    np.testing.assert_allclose(problem.truth, everywhere[hidden])
    assert "spatial" not in problem.query.obsm
    known = problem.reference
    own = own_compositions(known.obsm["spatial"], known.obs["cell_type"], problem.types)
    np.testing.assert_allclose(known.obsm["composition"], own)
    np.testing.assert_array_equal(known.obs["label"].astype(int), problem.niches(own))


def test_true_places_give_nearly_the_true_niches_and_no_method_is_far_behind_chance(section):
    problem = problem_of(section, "random", 0)
    hidden = section.adata.obs_names.get_indexer(problem.query.obs_names)
    at_truth = problem.around(section.adata.obsm["spatial"][hidden])
    right = (problem.niches(at_truth) == problem.niches(problem.truth)).mean()
    assert right > 0.6
    for method in ("kNN, place", "kNN, composition", "mean of the cell's type (oracle)"):
        np.testing.assert_allclose(COMPOSITIONS[method](problem).sum(axis=1), 1.0)
        found = measured(problem, method)
        assert 0.0 < found["wrong"] < 1.0
        assert found["accuracy"] < right
    assert measured(problem, "kNN, label")["nmi"] > 0.0


def test_nmi_does_not_depend_on_the_numbers_of_niches():
    rng = np.random.default_rng(0)
    true, found = rng.integers(4, size=(2, 200))
    assert scores(true, true)["nmi"] == pytest.approx(1.0)
    other = np.array([2, 0, 3, 1])[found]
    assert scores(true, found)["nmi"] == pytest.approx(scores(true, other)["nmi"])


def test_the_page_says_which_methods_had_fewer_seeds():
    rows = [
        {"section": "s", "split": "random", "seed": seed, "method": method, "nmi": 0.25}
        for method, n_seeds in (("kNN, place", 3), ("DPVAE, place", 1))
        for seed in range(n_seeds)
    ]
    text = page(pd.DataFrame(rows).assign(accuracy=0.5, wrong=np.nan))
    assert "3 seeds (DPVAE, place: 1)." in text
    assert "kNN, place | 0.250 | 0.250" in text
    assert "block" not in text.split("3 seeds (")[1]


def test_wins_are_counted_over_problems_that_both_have():
    rows = [
        {"section": "s", "split": "random", "seed": seed, "method": method, "nmi": nmi}
        for method, values in ((OURS, [0.4, 0.5, 0.6]), ("other", [0.3, 0.6]))
        for seed, nmi in enumerate(values)
    ]
    assert "other | 1 of 2 | +0.000" in wins(pd.DataFrame(rows))
