import numpy as np
import pytest
from scipy.sparse import csr_matrix

from dpvae.geometry.regression.kernel import PENALTIES, RELATIVE_WIDTHS
from dpvae.model.atlas import gene_regression
from dpvae.model.atlas.gene_regression import (
    WORTH_OF_CELLS,
    fit_gene_regression,
)

EQUAL = np.ones(40)


def problem(n_cells=300, n_genes=40, noise=0.1):
    """Two sections with frames of their own; places follow a few strong genes."""
    rng = np.random.default_rng(0)
    genes = rng.normal(size=(n_cells, n_genes)) + 3.0
    genes[:, :3] *= 5.0
    section = np.where(np.arange(n_cells) % 3 == 0, "a", "b")
    slopes = {"a": rng.normal(size=(3, 2)), "b": rng.normal(size=(3, 2))}
    places = np.stack([cell[:3] @ slopes[name] for cell, name in zip(genes, section, strict=True)])
    return genes, places + noise * rng.normal(size=places.shape), section


def alone(regression, genes, frame):
    """Places of the regression without those that it joins."""
    joined = regression.join(np.zeros((genes.shape[0], 2)), frame, lambda rows: genes[rows])
    known = [regression.sections[name].n_known for name in frame]
    share = WORTH_OF_CELLS / (WORTH_OF_CELLS + np.array(known))
    return joined / share[:, None]


def leave_one_out(components, places, width, penalty):
    """Squared error of every cell placed by a kernel ridge regression on the others."""
    total = 0.0
    centered = places - places.mean(axis=0)
    for cell in range(len(places)):
        others = np.delete(np.arange(len(places)), cell)
        apart = components[others, None] - components[None, others]
        kernel = np.exp(-0.5 * (apart**2).sum(-1) / width**2)
        dual = np.linalg.solve(kernel + penalty * np.eye(len(others)), centered[others])
        near = np.exp(-0.5 * ((components[cell] - components[others]) ** 2).sum(-1) / width**2)
        total += ((near @ dual - centered[cell]) ** 2).sum()
    return total


@pytest.mark.parametrize("form", [np.asarray, csr_matrix])
def test_tissues_are_learned_each_in_its_frame(form):
    genes, places, section = problem()
    train, test = np.arange(240), np.arange(240, 300)
    stored = form(genes)
    regression = fit_gene_regression(
        lambda rows: stored[train[rows]], EQUAL, places[train], section[train]
    )
    found = alone(regression, stored[test], section[test])
    assert np.sqrt(np.mean((found - places[test]) ** 2)) < 0.5 * places[test].std()


def test_width_and_penalty_have_the_least_error_on_cells_left_out():
    genes, places, _ = problem(n_cells=40, noise=3.0)
    section = np.full(40, "a")
    kernel = (
        fit_gene_regression(lambda rows: genes[rows], EQUAL, places, section).sections["a"].kernel
    )
    components = kernel.components
    distance = np.linalg.norm(components[:, None] - components[None], axis=-1)
    typical = np.median(distance[np.triu_indices(40, 1)])
    errors = {
        (relative, penalty): leave_one_out(components, places, relative * typical, penalty)
        for relative in RELATIVE_WIDTHS
        for penalty in PENALTIES
    }
    relative, penalty = min(errors, key=errors.get)
    assert kernel.width == pytest.approx(relative * typical)
    gram = np.exp(-0.5 * (distance / kernel.width) ** 2)
    expected = np.linalg.solve(gram + penalty * np.eye(40), places - places.mean(axis=0))
    np.testing.assert_allclose(kernel.coefficients, expected, atol=1e-6)


def test_cells_of_unknown_place_shape_the_axes_but_not_the_regression():
    genes, places, section = problem()
    hidden = places.copy()
    hidden[150:] = np.nan
    regression = fit_gene_regression(lambda rows: genes[rows], EQUAL, hidden, section)
    assert {name: kernel.n_known for name, kernel in regression.sections.items()} == {
        "a": 50,
        "b": 100,
    }
    np.testing.assert_allclose(regression.mean, genes.mean(axis=0))
    shuffled = genes.copy()
    shuffled[150:] = genes[150:][::-1]  # the same axes
    again = fit_gene_regression(lambda rows: shuffled[rows], EQUAL, hidden, section)
    np.testing.assert_allclose(
        alone(again, genes, section), alone(regression, genes, section), atol=1e-4
    )


def test_it_counts_as_much_as_eight_hundred_cells():
    genes, places, section = problem()
    regression = fit_gene_regression(lambda rows: genes[rows], EQUAL, places, section)
    from_genes = alone(regression, genes, section)
    joined = regression.join(places + 7.0, section, lambda rows: genes[rows])
    n_known = np.where(section == "a", 100, 200)[:, None]
    expected = (800 * from_genes + n_known * (places + 7.0)) / (800 + n_known)
    np.testing.assert_allclose(joined, expected)


def test_weighted_components_see_what_is_weak():
    genes = problem()[0]
    genes[:, :3] /= 100.0
    section = np.full(300, "b")
    places = genes[:, :2] * 300
    factor = np.r_[1000.0, 1000.0, 1000.0, np.ones(37)]
    weighted = fit_gene_regression(lambda rows: genes[rows], factor, places, section)
    equal = fit_gene_regression(lambda rows: genes[rows], EQUAL, places, section)
    left_out = [((alone(fit, genes, section) - places) ** 2).mean() for fit in (weighted, equal)]
    assert left_out[0] < 0.5 * left_out[1]


@pytest.mark.slow
def test_large_sections_are_thinned():
    genes, places, _ = problem(n_cells=1500)
    section = np.full(1500, "a")
    regression = fit_gene_regression(lambda rows: genes[rows], EQUAL, places, section)
    assert len(regression.sections["a"].kernel.components) == 1000
    assert regression.sections["a"].n_known == 1500


@pytest.mark.parametrize("n_cells", [1, 20])
def test_identical_cells_are_placed_in_the_middle(n_cells):
    places = np.random.default_rng(0).normal(size=(n_cells, 2))
    genes, section = np.ones((n_cells, 5)), np.full(n_cells, "a")
    regression = fit_gene_regression(lambda rows: genes[rows], np.ones(5), places, section)
    expected = np.tile(places.mean(axis=0), (n_cells, 1))
    np.testing.assert_allclose(alone(regression, genes, section), expected, atol=1e-12)


def test_cells_left_out_spread_less_the_less_genes_tell():
    spreads = []
    for noise in (0.1, 5.0, 50.0):
        genes, places, section = problem(noise=noise)
        regression = fit_gene_regression(lambda rows, g=genes: g[rows], EQUAL, places, section)
        spreads.append(regression.sections["a"].left_out_spread)
    assert (np.diff(spreads, axis=0) < 0).all()
    assert spreads[0].min() > 0.8
    assert spreads[2].max() < 0.5


def test_many_sections_keep_fewer_cells_each(monkeypatch):
    monkeypatch.setattr(gene_regression, "MOST_CELLS_TOGETHER", 60)
    monkeypatch.setattr(gene_regression, "FEWEST_CELLS", 20)
    genes, places, section = problem()
    fit = fit_gene_regression(lambda rows: genes[rows], EQUAL, places, section)
    assert [len(kernel.neighbors.genes) for kernel in fit.sections.values()] == [30, 30]
    one = fit_gene_regression(lambda rows: genes[rows], EQUAL, places, np.full(300, "a"))
    assert len(one.sections["a"].neighbors.genes) == 60


def test_where_it_would_count_next_to_nothing_no_gene_is_read(monkeypatch):
    genes, places, section = problem()
    fit = fit_gene_regression(lambda rows: genes[rows], EQUAL, places, section)
    monkeypatch.setattr(gene_regression, "NEGLIGIBLE_SHARE", 0.85)  # of 100 and 200 known cells
    read = []

    def reading(rows):
        read.extend(rows)
        return genes[rows]

    joined = fit.join(places, section, reading)
    np.testing.assert_array_equal(joined[section == "b"], places[section == "b"])
    assert (joined[section == "a"] != places[section == "a"]).all()
    assert read == np.flatnonzero(section == "a").tolist()


def test_places_of_its_own_cells_are_those_of_regressions_without_them():
    genes, places, section = problem(n_cells=90)
    fit = fit_gene_regression(lambda rows: genes[rows], EQUAL, places, section)
    own = fit.sections["b"]
    cells = np.flatnonzero(section == "b")
    n_cells = len(cells)
    np.testing.assert_array_equal(own.rows, cells)
    kernel, centered = own.kernel, places[cells] - places[cells].mean(axis=0)
    apart = np.linalg.norm(kernel.components[:, None] - kernel.components, axis=-1)
    gram = np.exp(-0.5 * (apart / kernel.width) ** 2)
    by_penalty = {
        penalty: np.abs((gram + penalty * np.eye(n_cells)) @ kernel.coefficients - centered).max()
        for penalty in PENALTIES
    }
    penalty = min(by_penalty, key=by_penalty.get)
    by_kernel, by_neighbors = np.empty((n_cells, 2)), np.zeros((n_cells, 2))
    for cell in range(n_cells):
        others = np.delete(np.arange(n_cells), cell)
        ridge = gram[np.ix_(others, others)] + penalty * np.eye(n_cells - 1)
        dual = np.linalg.solve(ridge, centered[others])
        by_kernel[cell] = gram[cell, others] @ dual + places[cells].mean(axis=0)
        distance = np.linalg.norm(genes[cells[others]] - genes[cells[cell]], axis=1)
        for half in (own.neighbors.as_they_are, own.neighbors.weighted):
            weight = np.exp(half.log_weight[others] - distance / half.width)
            by_neighbors[cell] += 0.5 * weight @ places[cells[others]] / weight.sum()
    precision = [1 / ((x - places[cells]) ** 2).mean() for x in (by_kernel, by_neighbors)]
    expected = np.average([by_kernel, by_neighbors], axis=0, weights=precision)
    found = fit.left_out("b", genes[cells], cells)
    np.testing.assert_allclose(found, expected, atol=1e-3 * places.std())
    np.testing.assert_allclose(
        fit.left_out("b", genes[cells[[7, 3]]], cells[[7, 3]]), found[[7, 3]], rtol=1e-4
    )
    assert np.abs(found - fit.predict("b", genes[cells])).max() > 0.05 * places.std()


def test_cells_that_it_was_not_fitted_to_are_placed_by_all_that_it_was(monkeypatch):
    monkeypatch.setattr(gene_regression, "MOST_CELLS", 50)
    genes, places, section = problem()
    places[10:20] = np.nan
    fit = fit_gene_regression(lambda rows: genes[rows], EQUAL, places, section)
    cells = np.flatnonzero(section == "a")
    was_fitted = np.isin(cells, fit.sections["a"].rows)
    assert was_fitted.sum() == 50
    np.testing.assert_array_equal(fit.sections["a"].places, places[fit.sections["a"].rows])
    found, plain = fit.left_out("a", genes[cells], cells), fit.predict("a", genes[cells])
    np.testing.assert_allclose(found[~was_fitted], plain[~was_fitted])
    assert (np.abs(found - plain)[was_fitted].max(axis=1) > 1e-6).all()


def test_cells_that_it_was_fitted_to_are_not_placed_anew(monkeypatch):
    genes, places, section = problem()
    fit = fit_gene_regression(lambda rows: genes[rows], EQUAL, places, section)
    cells = np.flatnonzero(section == "b")
    kind, placed = type(fit.sections["b"]), []
    monkeypatch.setattr(kind, "predict", lambda _, genes, __: placed.append(len(genes)))
    found = fit.left_out("b", genes[cells], cells)
    assert placed == []
    error = np.linalg.norm(found - places[cells], axis=1).mean()
    by_section = fit.sections["b"].left_out_places - places[cells]
    assert np.linalg.norm(by_section, axis=1).mean() == error
    both = [of.left_out_places - of.places for of in fit.sections.values()]
    assert fit.left_out_error == np.linalg.norm(np.concatenate(both), axis=1).mean()
