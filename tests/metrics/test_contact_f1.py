import numpy as np
import pytest
from scipy.spatial.distance import pdist
from sklearn.metrics import f1_score

from dpvae.metrics import contact_f1


@pytest.mark.parametrize("quantile", [0.01, 0.1, 0.5])
def test_equals_f1_of_all_pairs(noisy_pair, quantile):
    true, recovered = noisy_pair(70)
    one, other = pdist(true), pdist(recovered)
    contact = one <= np.quantile(one, quantile), other <= np.quantile(other, quantile)
    assert contact_f1(true, recovered, quantile=quantile) == pytest.approx(f1_score(*contact))


def test_a_sample_of_pairs_is_near_all_pairs(noisy_pair):
    pair = noisy_pair(800)
    sampled = contact_f1(*pair, quantile=0.1, max_pairs=100_000)
    assert sampled == pytest.approx(contact_f1(*pair, quantile=0.1), abs=0.01)
    assert sampled == contact_f1(*pair, quantile=0.1, max_pairs=100_000, seed=0)
    assert sampled != contact_f1(*pair, quantile=0.1, max_pairs=100_000, seed=1)


def test_each_layout_has_its_own_unit_and_frame(noisy_pair):
    true, recovered = noisy_pair(80)
    turned = 30.0 * recovered @ np.array([[0.6, 0.8], [0.8, -0.6]]) + 5.0
    assert contact_f1(true, turned) == contact_f1(true, recovered)
    assert contact_f1(recovered, true) == contact_f1(true, recovered)
    assert contact_f1(true, 9.0 * true) == 1.0


def test_shuffled_cells_score_the_quantile():
    rng = np.random.default_rng(1)
    true = rng.uniform(size=(1000, 2))
    assert contact_f1(true, rng.permutation(true), quantile=0.1) == pytest.approx(0.1, abs=0.01)


def test_bad_input_is_refused():
    places = np.eye(4)[:, :2]
    for quantile in (0.0, 1.0, 5, float("nan")):
        with pytest.raises(ValueError, match="quantile is"):
            contact_f1(places, places, quantile=quantile)
    with pytest.raises(ValueError, match="all 4 rows of recovered are identical"):
        contact_f1(places, np.zeros((4, 2)))


@pytest.mark.real
@pytest.mark.slow
def test_published_numbers_of_luna(luna_sections):
    found = [
        [contact_f1(*layouts, quantile=quantile, max_pairs=200_000) for quantile in (0.01, 0.1)]
        for section in luna_sections
        for layouts in [(section[["x", "y"]], section[["x_luna", "y_luna"]])]
    ]
    assert np.mean(found, axis=0) == pytest.approx([0.059, 0.267], abs=0.003)
