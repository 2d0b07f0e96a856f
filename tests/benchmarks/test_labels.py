import numpy as np
import pandas as pd
import pytest
from benchmarks.labels.adjusted import cooled, expected_accuracy, with_frequencies, within
from benchmarks.labels.methods import METHODS, around_place, sums_of_bins
from benchmarks.labels.page import N_BINS, page, pooled
from benchmarks.labels.problems import problem_of

from dpvae.datasets import simulated_tissue


@pytest.fixture
def sections():
    adata = simulated_tissue(300, 60, seed=0)
    return {("tissue", "layer"): (adata, adata.obs["domain"].astype(str).to_numpy())}


def test_fifths_are_disjoint_and_cover_a_section(sections):
    problems = [problem_of(sections, "tissue", "layer", fifth) for fifth in range(5)]
    names = np.concatenate([problem.query.obs_names for problem in problems])
    assert len(set(names)) == len(names) == 300
    assert all(p.reference.n_obs + p.query.n_obs == 300 for p in problems)


def test_baselines_give_probabilities_of_the_names_in_their_order(sections):
    problem = problem_of(sections, "tissue", "layer", 0)
    truth = np.array(problem.names)[problem.codes]
    expected = sections["tissue", "layer"][0].obs["domain"][problem.query.obs_names]
    np.testing.assert_array_equal(truth, expected.astype(str))
    for method in ("kNN", "logistic regression"):
        found = METHODS[method](problem)
        np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-5)
        by_chance = np.bincount(problem.codes).max() / len(problem.codes)
        assert (found.argmax(axis=1) == problem.codes).mean() > by_chance


def test_labels_at_a_place_are_those_of_the_nearest_cells(sections):
    problem = problem_of(sections, "tissue", "layer", 0)
    known = problem.reference.obsm["spatial"]
    labels = problem.reference.obs["label"].astype(str).to_numpy()
    places = known.mean(axis=0) + np.array([[0.0, 0.0], [400.0, -300.0]])
    found = around_place(lambda _: places)(problem)
    for row, place in zip(found, places, strict=True):
        near = labels[np.argsort(np.linalg.norm(known - place, axis=1))[:15]]
        np.testing.assert_allclose(row, [(near == name).mean() for name in problem.names])


def test_the_calibration_error_is_the_known_one():
    sure = np.array([[0.9, 0.1]] * 10 + [[0.4, 0.6]] * 10)
    codes = np.array([0] * 7 + [1] * 3 + [1] * 8 + [0] * 2)
    gaps = sums_of_bins(sure, codes, N_BINS)
    row = {
        "section": "s",
        "fifth": 1,
        "column": "layer",
        "method": "m",
        "n_cells": 20,
        "n_right": 15,
    }
    row |= {f"gap_{number}": gap for number, gap in enumerate(gaps)}
    found = pooled(pd.DataFrame([row, row]))
    assert found["accuracy"][0] == 0.75
    assert found["error"][0] == pytest.approx((10 * 0.2 + 10 * 0.2) / 20)
    assert "s | 40 | 0.750" in page(pd.DataFrame([row, row]))


def test_frequencies_of_the_query_are_found():
    rng = np.random.default_rng(0)
    codes = (rng.random(4000) < 0.9).astype(int)
    value = rng.normal(size=4000) + 2.0 * codes
    odds = np.exp(2.0 * value - 2.0)
    even = np.stack([1.0 / (1.0 + odds), odds / (1.0 + odds)], axis=1)
    found = with_frequencies(even, np.array([0.5, 0.5]))
    assert found[:, 1].mean() == pytest.approx(codes.mean(), abs=0.02)
    assert (found.argmax(axis=1) == codes).mean() > (even.argmax(axis=1) == codes).mean()


def test_cooling_reaches_the_accuracy_and_never_makes_surer():
    rng = np.random.default_rng(0)
    sure = rng.dirichlet([0.3, 0.3, 0.3], size=500)
    found = cooled(sure, 0.6)
    assert found.max(axis=1).mean() == pytest.approx(0.6, abs=1e-6)
    np.testing.assert_array_equal(found.argmax(axis=1), sure.argmax(axis=1))
    np.testing.assert_array_equal(cooled(sure, 0.99), sure)


def test_an_accuracy_is_expected_in_proportion_to_agreement(sections):
    problem = problem_of(sections, "tissue", "layer", 0)
    inside = within(problem)
    names = np.concatenate([inside.query.obs_names, inside.reference.obs_names])
    assert set(names) == set(problem.reference.obs_names)
    truth = np.eye(len(problem.names))

    def right(given):
        return truth[given.codes]

    def half_right(given):
        wrong = np.arange(len(given.codes)) < (given is problem) * len(given.codes) // 2
        return truth[(given.codes + wrong) % len(problem.names)]

    expected = expected_accuracy(problem, right, right, half_right)
    assert expected == pytest.approx(0.5, abs=0.02)
