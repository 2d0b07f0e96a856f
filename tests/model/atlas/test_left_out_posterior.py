import numpy as np
import pytest
from scipy.spatial import cKDTree
from tests.model.atlas.test_gene_surfaces import fit, tissue

from dpvae.model.atlas.left_out_posterior import left_out_posterior


@pytest.fixture(scope="module")
def known():
    """Places of all cells, rows of section a, and the function that leaves out some of these."""
    genes, places, section = tissue(240)
    surfaces, _ = fit(genes, places, section)
    rows = np.flatnonzero(section == "a")

    def found_for(chosen):
        return left_out_posterior(surfaces, "a", lambda r: genes[r], places, rows, chosen)

    return places, rows, found_for


@pytest.fixture(scope="module")
def every(known):
    return known[2](known[1])


@pytest.mark.slow
def test_cells_come_in_their_order(known, every):
    places, rows, _ = known
    error = np.linalg.norm(every.mean() - places[rows], axis=1)
    shuffled = np.linalg.norm(every.mean() - np.roll(places[rows], 7, axis=0), axis=1)
    assert np.median(error) < 0.5 * np.median(shuffled)


@pytest.mark.slow
def test_no_cell_points_at_itself(known, every):
    probabilities = every.probabilities.toarray()
    own = np.searchsorted(every.reference_rows, known[1])
    np.testing.assert_array_equal(every.reference_rows[own], known[1])
    assert (probabilities[np.arange(len(own)), own] == 0.0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-6)


def test_some_cells_are_a_part_of_all(known, every):
    _, rows, found_for = known
    np.testing.assert_allclose(
        found_for(rows[::3]).probabilities.toarray(),
        every.probabilities.toarray()[::3],
        atol=1e-6,
    )


def test_probabilities_are_not_too_narrow(known, every):
    """The position next to a cell is in its region of 90 % nine times of ten, or nearly."""
    places, rows, _ = known
    next_to_it = cKDTree(places[rows]).query(places[rows], k=2)[1][:, 1]
    inside = every.in_region(places[rows][next_to_it], 0.9)
    assert 0.8 < inside.mean() < 0.99
