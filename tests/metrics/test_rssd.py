import warnings

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from dpvae.metrics import rssd, rssd_by_class


def by_scipy(true, recovered):
    """As LUNA computes it, on three coordinates."""
    one, other = (np.c_[p, np.zeros((len(p), 3 - p.shape[1]))] for p in (true, recovered))
    with warnings.catch_warnings(action="ignore"):  # of places on a line
        return Rotation.align_vectors(one, other)[1]


@pytest.mark.parametrize("n_dims", [2, 3])
@pytest.mark.parametrize("flips", [1.0, -1.0])
def test_equals_the_rotation_of_scipy(noisy_pair, n_dims, flips):
    true, recovered = (np.c_[places, places[:, :1] ** 2][:, :n_dims] for places in noisy_pair(50))
    recovered[:, 0] *= flips
    assert rssd(true, recovered) == pytest.approx(by_scipy(true, recovered))


def test_places_on_a_line_are_fine():
    line = np.c_[np.arange(5.0), np.zeros(5)]
    turned = line[:, ::-1] + np.array([0.5, 0.0])
    assert rssd(line, turned) == pytest.approx(by_scipy(line, turned))


def test_turns_and_mirror_images_do_not_count_but_shifts_and_scales_do(noisy_pair):
    true, recovered = noisy_pair(40)
    mirror = np.array([[0.6, 0.8], [0.8, -0.6]])
    assert rssd(true, recovered @ mirror) == pytest.approx(rssd(true, recovered))
    assert rssd(true, true @ mirror) == pytest.approx(0.0, abs=1e-6)
    assert rssd(true, 2.0 * true) == pytest.approx(np.linalg.norm(true))
    assert rssd(true, true + 1.0) > 0.1
    in_space = np.c_[true, recovered[:, :1]]
    assert rssd(in_space, in_space * [1.0, 1.0, -1.0]) > 0.1


def test_each_class_turns_by_itself(noisy_pair):
    true, _ = noisy_pair(60)
    labels = np.repeat(["b", "a", "few"], [30, 28, 2])
    turned = true.copy()
    turned[labels == "a"] = true[labels == "a"][:, ::-1]
    turned[labels == "b"] += 0.5
    found = rssd_by_class(true, turned, labels)
    assert list(found.index) == ["a", "b"]
    assert found["a"] == pytest.approx(0.0, abs=1e-6)
    is_b = labels == "b"
    assert found["b"] == pytest.approx(by_scipy(true[is_b], turned[is_b]))


def test_cells_without_place_or_class_are_left_out(noisy_pair):
    true, recovered = noisy_pair(40)
    expected = rssd_by_class(true[4:], recovered[4:], ["a"] * 36)
    labels = np.array([None, np.nan, *["a"] * 38], dtype=object)
    true[2], recovered[3] = np.nan, np.nan
    assert rssd_by_class(true, recovered, labels)["a"] == pytest.approx(expected["a"])


def test_bad_input_is_refused(noisy_pair):
    true, recovered = noisy_pair(10)
    with pytest.raises(ValueError, match="there are 9 labels"):
        rssd_by_class(true, recovered, ["a"] * 9)
    with pytest.raises(ValueError, match="No class has 3 cells"):
        rssd_by_class(true, recovered, np.arange(10))
    with pytest.raises(ValueError, match="4 dimensions"):
        rssd(np.ones((5, 4)), np.ones((5, 4)))


@pytest.mark.real
def test_published_sum_over_classes_of_luna(luna_sections):
    sums = [
        rssd_by_class(
            section[["x", "y"]], section[["x_luna", "y_luna"]], section["cell_class"]
        ).sum()
        for section in luna_sections
    ]
    assert np.mean(sums) == pytest.approx(78.9, abs=0.1)


def test_the_same_places_far_from_the_origin_have_nothing_between_them():
    places = np.random.default_rng(0).normal(size=(50, 3)) * 1e3 + 1e7
    assert rssd(places, places) < 1e-5
    assert rssd(places[:, :2], places[:, 1::-1]) < 1e-5
