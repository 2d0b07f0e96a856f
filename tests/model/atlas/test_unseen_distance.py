import numpy as np
import pytest

from dpvae.geometry.surfaces.tissue_model import relative_distance
from dpvae.model.atlas.spatial_axes import fit_spatial_axes
from dpvae.model.atlas.unseen_distance import fifths, unseen_distance

N_GENES = 300


def cells(n_cells, seed, n_genes=N_GENES):
    rng = np.random.default_rng(seed)
    places = rng.uniform(size=(n_cells, 2))
    waves = np.random.default_rng(99).normal(size=(2, n_genes))
    genes = np.cos(3.0 * places @ waves + np.arange(n_genes)) + rng.normal(size=(n_cells, n_genes))
    return genes.astype(np.float32), places


def reading(genes, places, fold=None):
    """The fifth of each cell, and functions that fit axes without one and read components."""
    section = np.full(len(genes), "")
    fold = fifths(section, np.ones(len(genes), dtype=bool)) if fold is None else fold

    def fit(number):
        rows, rng = np.flatnonzero(fold != number), np.random.default_rng(0)
        return fit_spatial_axes(lambda some: genes[some], places, section, rows, 12, rng)

    return fold, fit, lambda axes, rows: axes.components(genes[rows])


@pytest.fixture(scope="module")
def small():
    """Fewer cells than genes: what is told of new ones, and what is true of many of these."""
    genes, places = cells(150, 0)
    fold, fit, observe = reading(genes, places)
    axes = fit(-1)
    values = observe(axes, np.arange(150))
    fresh = relative_distance(values, places, axes.components(cells(600, 1)[0]))
    told = unseen_distance(np.arange(150), places, fold, fit, observe)
    return told, np.quantile(fresh, 0.9)


def test_fifths_divide_the_known_cells_of_each_section():
    section = np.array(["a", "b", "b"])[np.arange(120) % 3]
    known = np.arange(120) < 105
    fold = fifths(section, known)
    assert (fold[~known] == -1).all()
    np.testing.assert_array_equal(np.bincount(fold[known & (section == "a")]), [7] * 5)
    np.testing.assert_array_equal(np.bincount(fold[known & (section == "b")]), [14] * 5)


@pytest.mark.slow
def test_new_cells_are_nearer_than_those_that_axes_adapted_to(small):
    told, true = small
    assert true < 0.6
    assert told == pytest.approx(true, rel=0.25)


@pytest.mark.slow
def test_axes_of_many_cells_do_not_adapt():
    genes, places = cells(1_200, 0, n_genes=20)
    assert 0.85 < unseen_distance(np.arange(1_200), places, *reading(genes, places)) <= 1.0


@pytest.mark.slow
def test_the_same_cells_are_left_out_each_time():
    genes, places = cells(100, 2, n_genes=60)
    given = (np.arange(100), places, *reading(genes, places))
    assert unseen_distance(*given) == unseen_distance(*given)


@pytest.mark.slow
def test_fifths_are_left_out_until_there_are_200_cells():
    genes, places = cells(400, 0, n_genes=60)
    fold, fit, observe = reading(genes, places)
    left_out = []

    def watched(axes, rows):
        left_out.append(rows)
        return observe(axes, rows)

    unseen_distance(np.arange(400), places, fold, fit, watched)
    assert [len(rows) for rows in left_out[1::2]] == [80, 80, 80]
    assert len(np.unique(np.concatenate(left_out[1::2]))) == 240


@pytest.mark.slow
def test_a_fifth_without_cells_of_the_section_is_passed_over():
    genes, places = cells(60, 0)
    one, three = np.full(60, 3), np.arange(60) % 3
    assert unseen_distance(np.arange(60), places, *reading(genes, places, one)) == 1.0
    assert 0.0 < unseen_distance(np.arange(60), places, *reading(genes, places, three)) < 1.0


@pytest.mark.parametrize(
    ("n_cells", "spoil"),
    [
        (23, lambda g, p: (g, p)),  # 18 or 19 are left
        (60, lambda g, p: (g, np.c_[p[:, 0], p[:, 0]])),
        (60, lambda g, p: (np.ones_like(g), p)),
    ],
)
def test_too_few_cells_on_a_line_or_all_alike_tell_nothing(n_cells, spoil):
    genes, places = spoil(*cells(n_cells, 0, n_genes=40))
    assert unseen_distance(np.arange(n_cells), places, *reading(genes, places)) == 1.0


@pytest.mark.slow
def test_places_in_another_unit_tell_the_same():
    genes, places = cells(100, 2, n_genes=60)
    other = unseen_distance(np.arange(100), 1e4 * places - 7.0, *reading(genes, 1e4 * places - 7.0))
    found = unseen_distance(np.arange(100), places, *reading(genes, places))
    assert found == pytest.approx(other, rel=1e-3)
