import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from dpvae.geometry.regression import label_classifier
from dpvae.geometry.regression.label_classifier import fit_label_classifier


def cells(n_labels, n_cells=200, noise=0.6, seed=0):
    rng = np.random.default_rng(seed)
    codes = np.arange(n_cells) % n_labels
    centers = rng.normal(size=(n_labels, 6))
    return centers[codes] + noise * rng.normal(size=(n_cells, 6)), codes


@pytest.mark.parametrize("n_labels", [2, 4])
def test_probabilities_are_those_of_scikit_learn(n_labels, monkeypatch):
    monkeypatch.setattr(label_classifier, "STRENGTHS", (0.1,))
    values, codes = cells(n_labels)
    expected = LogisticRegression(C=0.1, max_iter=1000).fit(values, codes).predict_proba(values)
    found = fit_label_classifier(values, codes).probabilities(values)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_left_out_cells_are_no_surer_than_new_ones():
    values, codes = cells(3, n_cells=60, noise=2.0)
    new, truth = cells(3, n_cells=3000, noise=2.0, seed=0)
    found = fit_label_classifier(values, codes)

    def right(probabilities, codes):
        return np.mean(probabilities.argmax(axis=1) == codes)

    own = right(found.probabilities(values), codes)
    assert right(found.left_out, codes) < own
    assert right(found.left_out, codes) == pytest.approx(
        right(found.probabilities(new), truth), abs=0.15
    )


def test_noise_is_fitted_weakly():
    rng = np.random.default_rng(0)
    values, codes = rng.normal(size=(100, 40)), np.arange(100) % 2
    found = fit_label_classifier(values, codes).probabilities(rng.normal(size=(500, 40)))
    strong = LogisticRegression(C=1.0).fit(values, codes).predict_proba(values)
    assert found.max(axis=1).mean() < 0.75 < strong.max(axis=1).mean()


def test_the_unit_of_large_values_does_not_overflow():
    values, codes = cells(3)
    found = fit_label_classifier(values, codes).probabilities(1e4 * values)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
