"""Options of a prior that follows the tissue."""

import numpy as np
import pytest

from dpvae.model.tissue.spatial_options import check_beta, check_prior

PRIOR = {"n_latent": 10, "n_spatial": 2, "spatial_share": 0.95, "kernel": "matern"}


@pytest.mark.parametrize(
    ("option", "values", "message"),
    [
        ("n_spatial", [11, -1, 1.5, "2", None, True], "a whole number from 0 to n_latent=10"),
        ("spatial_share", [0, 1, 1.2, -0.5, "0.5", np.nan, True], "above 0 and below 1, or None"),
        ("kernel", ["rbf", None, 3, ["matern"]], "kernel is "),
        ("n_cosines", [8, 0, -1, 20.5, "64", None], "a whole number of at least 9"),
    ],
)
def test_priors_that_cannot_be_are_refused(option, values, message):
    for value in values:
        with pytest.raises(ValueError, match=rf"{option} is .*{message}|^{message}"):
            check_prior(**(PRIOR | {"n_cosines": 256, option: value}))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"n_spatial": 0},
        {"n_spatial": 10},
        {"n_spatial": np.int64(3)},
        {"spatial_share": None},
        {"spatial_share": np.float32(0.5)},
        {"kernel": "gaussian"},
        {"kernel": "cauchy"},
        {"n_cosines": 9},
    ],
)
def test_priors_that_can_be_are_taken(options):
    check_prior(**(PRIOR | {"n_cosines": 256} | options))


@pytest.mark.parametrize(
    ("kl_weight", "kl_target", "kl_range", "message"),
    [
        (-1, None, (4, 25), "kl_weight is -1: give a number that is at least 0"),
        (np.nan, None, (4, 25), "kl_weight"),
        ("10", None, (4, 25), "kl_weight"),
        (10, 0, (4, 25), "kl_target is 0: give a number above 0, or None"),
        (10, "0.1", (4, 25), "kl_target"),
        (10, 0.1, (25, 4), "kl_range is .* the lowest and the highest"),
        (10, 0.1, (4,), "kl_range"),
        (10, 0.1, 25, "kl_range"),
        (10, 0.1, ("4", "25"), "kl_range"),
        (1, 0.1, (4, 25), r"kl_weight is 1, outside of kl_range=\(4, 25\)"),
    ],
)
def test_betas_that_cannot_be_are_refused(kl_weight, kl_target, kl_range, message):
    with pytest.raises(ValueError, match=message):
        check_beta(kl_weight, kl_target, kl_range)


def test_betas_that_can_be_are_taken():
    check_beta(0, None, (4, 25))
    check_beta(1, None, "is not read without a target")
    check_beta(10, 0.025, [4, 25])
