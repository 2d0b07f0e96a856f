import re
from pathlib import Path

import numpy as np
import pytest

from dpvae import metrics
from dpvae.metrics import SCORES, score_places
from dpvae.metrics.recovery import Recovery

GUIDE = Path(__file__).parents[2] / "docs" / "user_guide" / "metrics.md"


@pytest.fixture
def square():
    return np.random.default_rng(0).uniform(size=(800, 2))


def noisy(places):
    return places + np.random.default_rng(1).normal(0, 0.1, places.shape)


@pytest.mark.slow
def test_every_score_is_its_metric(square):
    found = noisy(square)
    found[:7] = np.nan
    error = metrics.coordinate_error(square, found)
    by_hand = {"median_error": error.median, "mean_error": error.mean}
    for name in set(SCORES) - set(by_hand):
        by_hand[name] = getattr(metrics, name)(square, found)
    assert score_places(square, found) == by_hand
    assert list(score_places(square, found)) == list(SCORES)


def test_the_seed_is_handed_on(square):
    found, names = noisy(square), ["distance_spearman", "triangle_angle_error"]
    assert score_places(square, found, names, seed=5) == {
        name: getattr(metrics, name)(square, found, seed=5) for name in names
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", SCORES)
def test_perfect_and_shuffled_cells_score_what_the_table_says(square, name):
    score = SCORES[name]
    shuffled = np.random.default_rng(2).permutation(square)
    best = score_places(square, square, [name])[name]
    chance = score_places(square, shuffled, [name])[name]
    assert best == pytest.approx(score.best, abs=1e-6)
    if score.chance is None:
        assert score.unit == "unit of the coordinates"
        radius = np.sqrt(((square - square.mean(axis=0)) ** 2).sum(axis=1).mean())
        assert 0.7 * radius < chance < 2.0 * radius
    else:
        assert chance == pytest.approx(score.chance, abs=2 if score.unit == "°" else 0.05)
    between = score_places(square, noisy(square), [name])[name]
    if name != "spread_ratio":
        assert score.is_lower_better == (best < chance)
        assert min(best, chance) < between < max(best, chance)


@pytest.mark.parametrize("n_cells", [9, 76, 400])
def test_chance_of_shuffled_cells_depends_on_their_number(n_cells):
    rng = np.random.default_rng(0)
    places, names = rng.uniform(size=(n_cells, 2)), ["neighbor_overlap"]
    by_chance = [
        score_places(places, rng.permutation(places), names)["neighbor_overlap"] for _ in range(40)
    ]
    score = SCORES["neighbor_overlap"]
    assert score.chance_of is not None
    assert np.mean(by_chance) == pytest.approx(score.chance_of(n_cells), rel=0.1)
    assert score.scale([n_cells]) == f"1 → {score.chance_of(n_cells):.2g}"
    assert score.scale([76, 76, 16]) == f"1 → {(0.2 + 0.2 + 7 / 15) / 3:.2g}"


@pytest.mark.slow
@pytest.mark.parametrize("name", SCORES)
def test_only_scores_that_need_a_frame_change_in_another_one(square, name):
    found = noisy(square)
    before = score_places(square, found, [name])[name]
    after = score_places(square, 7.0 - 3.0 * found[:, ::-1], [name])[name]
    assert (before != pytest.approx(after, rel=1e-6)) == SCORES[name].needs_frame


def test_few_cells_have_few_neighbors():
    places = np.random.default_rng(0).uniform(size=(9, 2))
    assert Recovery(places, places).n_neighbors == 4
    assert score_places(places, places, ["trustworthiness"]) == {"trustworthiness": 1.0}


def test_latents_can_be_scored_where_a_score_allows_it(square):
    names = ["distance_spearman", "trustworthiness", "continuity"]
    latent = np.c_[square, square[:, :1]]
    assert score_places(square, latent, names) == {
        name: getattr(metrics, name)(square, latent) for name in names
    }
    with pytest.raises(ValueError, match=r"shape \(800, 2\) and recovered \(800, 3\)"):
        score_places(square, latent)


def test_unknown_scores_are_named(square):
    with pytest.raises(KeyError, match=r"no scores \['procrustes'\]; .*procrustes_disparity"):
        score_places(square, square, ["procrustes"])


def test_the_table_cannot_be_changed():
    with pytest.raises(TypeError, match="item assignment"):
        SCORES["mine"] = SCORES["mean_error"]


def test_the_guide_has_every_score_with_what_is_perfect():
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    found = {title: best.removesuffix("°") for title, best in rows}
    for score in SCORES.values():
        assert float(found[score.title]) == score.best
