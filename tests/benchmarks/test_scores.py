import numpy as np
import pytest
from benchmarks.accuracy.report import SCORES as SHOWN
from benchmarks.accuracy.scores import IN_RADII, latent_scores, place_scores

from dpvae.metrics import SCORES, score_places


def test_scores_are_those_of_the_package_under_its_names():
    rng = np.random.default_rng(0)
    truth = rng.uniform(size=(200, 2))
    places = truth + rng.normal(0, 0.1, truth.shape)
    found = place_scores(truth, places)
    radius = np.sqrt(((truth - truth.mean(axis=0)) ** 2).sum(axis=1).mean())
    assert found.pop(IN_RADII) == pytest.approx(found["median_error"] / radius)
    assert found == score_places(truth, places, found)


def test_every_shown_score_is_in_the_table_or_measured_by_the_benchmark():
    own = {IN_RADII, *latent_scores(None, None), "seconds", "peak_gb"}
    assert set(SHOWN) <= set(SCORES) | own
