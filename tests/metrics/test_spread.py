import numpy as np
import pytest

from dpvae.metrics import spread_ratio


def test_shrinking_is_measured_whatever_the_pose():
    rng = np.random.default_rng(0)
    true = rng.normal(size=(40, 3))
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    assert spread_ratio(true, 0.4 * true @ turn + 9.0) == pytest.approx(0.4)


def test_known_ratio():
    true = [[0.0, 0.0], [6.0, 8.0]]
    assert spread_ratio(true, [[0.0, 0.0], [0.0, 20.0]]) == pytest.approx(2.0)


def test_a_collapsed_prediction_scores_zero():
    assert spread_ratio(np.eye(4)[:, :2], np.ones((4, 2))) == 0.0


def test_a_true_tissue_in_one_place_is_refused():
    with pytest.raises(ValueError, match="all 4 rows of true are identical"):
        spread_ratio(np.ones((4, 2)), np.eye(4)[:, :2])
