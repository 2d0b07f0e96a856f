import numpy as np
import pytest
from scipy.sparse import csr_matrix

import dpvae
from dpvae.geometry import Posterior
from dpvae.tl.posterior_of_cells import check_posterior_of, distance_to_cells


def test_what_is_no_posterior_of_these_cells_is_named(expression):
    found = Posterior(np.eye(2), csr_matrix(np.full((3, 2), 0.5)), np.arange(2), np.ones(3))
    check_posterior_of(found, expression[:3])
    with pytest.raises(ValueError, match=r"of 3 cells, query has 4: give model\.predict_posterior"):
        check_posterior_of(found, expression[:4], name="query")
    with pytest.raises(TypeError, match="query is a str, not an AnnData"):
        check_posterior_of(found, "cells", name="query")
    for wrong in (None, found.probabilities, found.mean()):
        with pytest.raises(TypeError, match=rf"found is a {type(wrong).__name__}, not a posterior"):
            dpvae.tl.posterior(expression, wrong)
        with pytest.raises(TypeError, match=r"give model\.predict_posterior\(query\)"):
            dpvae.tl.mapping(wrong, expression, expression)


def test_cells_in_another_order_are_refused_and_those_of_new_names_are_not(expression):
    query = expression[:3].copy()
    query.obs_names = ["a", "b", "c"]
    chances = csr_matrix([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])
    found = Posterior(np.eye(2), chances, np.arange(2), np.ones(3), cells=query.obs_names)
    check_posterior_of(found, query)
    turned = query[[2, 1, 0]].copy()
    with pytest.raises(ValueError, match=r"row 0 is of 'a', but in query of 'c'. Predict it of qu"):
        check_posterior_of(found, turned, name="query")
    check_posterior_of(found.of([2, 1, 0]), turned)
    renamed = query.copy()
    renamed.obs_names = ["a", "b-1", "c-1"]
    check_posterior_of(found, renamed)
    with pytest.raises(ValueError, match="in another order"):
        dpvae.tl.posterior(turned, found)
    assert "spatial_posterior" not in turned.obsm


def test_positions_that_were_guessed_of_cells_without_a_place_are_named():
    positions = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    chances, errors = csr_matrix([[0.2, 0.3, 0.5]]), np.array([0.0, 0.4, 0.0])
    found = Posterior(positions, chances, np.arange(3), np.ones(1), position_errors=errors)
    places = np.where(errors[:, None] > 0.0, np.nan, positions)
    with pytest.raises(ValueError, match=r"^1 of the positions are guesses of a fine-tuned model"):
        distance_to_cells(found, places, "reference.obsm['spatial']")
    places[found.reference_rows] = found.positions
    np.testing.assert_array_equal(distance_to_cells(found, places, "places"), 0.0)


@pytest.mark.parametrize("level", [None, "0.9", 0.0, 1.5])
def test_a_level_that_is_no_share_is_named(level, expression):
    found = Posterior(np.eye(2), csr_matrix(np.full((240, 2), 0.5)), np.arange(2), np.ones(240))
    before = set(expression.obsm) | set(expression.obs)
    with pytest.raises(ValueError, match=r"level is .*: give a share between 0 and 1"):
        dpvae.tl.posterior(expression, found, level=level)
    assert set(expression.obsm) | set(expression.obs) == before
