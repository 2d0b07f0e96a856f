import numpy as np
import pytest

from dpvae.model.joint.calibration_genes import calibration_genes, check_n_calibration


@pytest.mark.parametrize(
    ("n_shared", "expected"), [(12, 3), (32, 8), (80, 8), (200, 20), (900, 50)]
)
def test_a_tenth_of_the_shared_genes_within_bounds(n_shared, expected):
    shared = np.arange(1000) % 1000 < n_shared
    found = calibration_genes(shared[::-1], None)
    assert len(found) == expected
    assert shared[::-1][found].all()
    assert (np.diff(found) > 0).all()


def test_some_genes_must_be_left_to_learn_from():
    with pytest.raises(ValueError, match="n_calibration is 8, but 12 genes are shared"):
        calibration_genes(np.ones(12, dtype=bool), 8)


@pytest.mark.parametrize("wrong", [0, 2, 2.5, "ten", True])
def test_numbers_that_mean_nothing_are_refused(wrong):
    with pytest.raises(ValueError, match="n_calibration is"):
        check_n_calibration(wrong)
    check_n_calibration(None)
    check_n_calibration(3)
