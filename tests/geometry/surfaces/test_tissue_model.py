from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from dpvae.geometry.surfaces.likelihood import Likelihood
from dpvae.geometry.surfaces.noise import noise_precision
from dpvae.geometry.surfaces.surfaces import fit_surfaces
from dpvae.geometry.surfaces.temperature import MOST_POSITIONS
from dpvae.geometry.surfaces.tissue_model import fit_tissue_model, relative_distance

N_CELLS, N_VALUES = 600, 12
WIDTH = np.array([10.0, 7.0])


class Tissue:
    """Values of cells that are smooth in a feature of their place, with correlated noise."""

    def __init__(self, feature=lambda places: places, noise=1.0, wandering=0.0):
        rng = np.random.default_rng(0)
        self.feature, self.noise, self.wandering = feature, noise, wandering
        self.waves = rng.normal(size=(2, N_VALUES)) * 0.35
        self.phase = rng.uniform(0, 6, N_VALUES)
        self.mixing = np.eye(N_VALUES) + 0.1 * rng.normal(size=(N_VALUES, N_VALUES))

    def cells(self, n_cells, seed):
        """Values and places of cells, which may have wandered since they got their values."""
        rng = np.random.default_rng(seed)
        places = rng.uniform(size=(n_cells, 2)) * WIDTH
        noise = self.noise * rng.normal(size=(n_cells, N_VALUES)) @ self.mixing
        before = places + self.wandering * rng.normal(size=places.shape)
        return 2.0 * np.sin(self.feature(before) @ self.waves + self.phase) + noise, places


@pytest.fixture(scope="module")
def model():
    return fit_tissue_model(*Tissue().cells(N_CELLS, seed=1))


@pytest.fixture(scope="module")
def fresh():
    return Tissue().cells(800, seed=2)


@pytest.fixture(scope="module")
def found(model, fresh):
    return model.posterior(fresh[0])


@pytest.fixture(scope="module")
def wandering():
    """A tissue of which the model is not true, and the model."""
    tissue = Tissue(noise=0.3, wandering=1.0)
    return tissue, fit_tissue_model(*tissue.cells(N_CELLS, seed=1))


def naive_logs(model, value, positions):
    """Log-density of a normal at each position, by a loop."""
    logs = []
    for height in model.surfaces.at(positions):
        departure = value - height
        logs.append(-0.5 * departure @ model.precision @ departure)
    return np.array(logs)


def naive_probabilities(logs, temperature):
    weight = np.exp((logs - logs.max()) / temperature)
    return weight / weight.sum()


@pytest.mark.slow
def test_probabilities_are_of_normal_densities_at_each_position(wandering):
    tissue, model = wandering
    values, _ = tissue.cells(20, seed=2)
    found = model.posterior(values)
    assert found.unlikeness.max() > 1.0 < model.temperature
    for cell in range(20):
        logs = naive_logs(model, values[cell], model.positions)
        unlike = max(-2.0 * logs.max() / model.usual_distance, 1.0)
        assert found.unlikeness[cell] == pytest.approx(unlike)
        expected = naive_probabilities(logs, model.temperature * unlike)
        got = found.probabilities[[cell]].toarray()[0]
        assert np.abs(got - expected).sum() < 3e-3
        assert got.sum() == pytest.approx(1.0, abs=1e-6)


def test_means_are_of_the_probabilities_at_their_own_temperature(wandering):
    tissue, model = wandering
    values, _ = tissue.cells(20, seed=2)
    places, unlike = model.means(values)
    found = model.posterior(values)
    assert model.temperature_of_mean < model.temperature
    for cell in range(20):
        logs = naive_logs(model, values[cell], model.positions)
        probability = naive_probabilities(logs, model.temperature_of_mean * unlike[cell])
        np.testing.assert_allclose(places[cell], probability @ model.positions, atol=1e-9)
    np.testing.assert_array_equal(unlike, found.unlikeness)
    np.testing.assert_allclose(found.mean(), places, atol=0.02)


@pytest.mark.slow
def test_means_beat_the_center_by_far(model, fresh):
    values, places = fresh
    error = np.median(np.linalg.norm(model.means(values)[0] - places, axis=1))
    assert error < 0.3 * np.median(np.linalg.norm(places - places.mean(axis=0), axis=1))


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_regions_of_fresh_cells_hold_their_level(found, fresh, level):
    held = found.in_region(fresh[1], level).mean()
    assert level - 0.05 < held < level + 0.05
    assert found.region_size(level).mean() < 0.25


@pytest.mark.slow
def test_temperatures_and_distance_are_those_of_left_out_cells(wandering):
    values, places = wandering[0].cells(200, seed=1)
    model, fitted = fit_tissue_model(values, places), fit_surfaces(places, values)
    temperatures = 2.0 ** np.arange(0.0, 5.25, 0.25)
    error, score, distances = np.zeros(21), np.zeros(21), []
    for fold, surfaces in enumerate(fitted.without):
        positions = places[fitted.fold != fold]
        part = Likelihood.of(surfaces, model.precision, positions)
        mine = np.flatnonzero(fitted.fold == fold)
        from_truth = np.linalg.norm(positions[None] - places[mine][:, None], axis=-1)
        nearest, logs = from_truth.argmin(axis=1), part.log(values[mine])
        for number, temperature in enumerate(temperatures):
            probabilities = np.array([naive_probabilities(row, temperature) for row in logs])
            score[number] += np.log(probabilities[np.arange(len(mine)), nearest]).sum()
            error[number] += ((probabilities @ positions - places[mine]) ** 2).sum()
        for value in values[mine]:
            departures = value - surfaces.at(positions)
            distances.append(((departures @ model.precision) * departures).sum(axis=1).min())
    assert model.temperature == temperatures[score.argmax()] > 1.0
    assert model.temperature_of_mean == min(temperatures[error.argmin()], model.temperature)
    assert model.usual_distance == pytest.approx(np.quantile(distances, 0.9))


def test_regions_hold_their_level_by_temperature_if_the_model_is_not_true(wandering):
    tissue, model = wandering
    values, places = tissue.cells(800, seed=2)
    assert 0.85 < model.posterior(values).in_region(places, 0.9).mean() < 0.95
    without = replace(model, temperature=1.0, temperature_of_mean=1.0)
    assert without.posterior(values).in_region(places, 0.9).mean() < 0.75


def test_temperatures_are_at_least_one(model):
    assert 1.0 <= model.temperature_of_mean <= model.temperature < 2.0


def test_means_are_no_flatter_than_probabilities():
    """Cells of unequal noise, whose best mean is the center of the tissue."""
    rng = np.random.default_rng(6)
    places = rng.uniform(size=(40, 2))
    noise = 0.6 * rng.normal(size=(40, 4)) * np.exp(rng.normal(size=(40, 1)))
    model = fit_tissue_model(np.c_[places, places**2] + noise, places)
    assert model.temperature_of_mean == model.temperature


def test_nine_of_ten_fresh_cells_are_as_near_as_usual(found):
    assert 0.85 < (found.unlikeness == 1.0).mean() < 0.95


def test_unlike_cells_have_wider_probabilities(model, fresh):
    rng = np.random.default_rng(3)
    step = rng.normal(size=N_VALUES)
    by_step = [model.posterior(fresh[0][:50] + factor * step) for factor in (0.0, 3.0, 10.0, 100.0)]
    for near, far in pairwise(by_step):
        assert (far.unlikeness >= near.unlikeness - 1e-9).mean() > 0.9
        assert far.unlikeness.mean() > 2 * near.unlikeness.mean()
    assert by_step[0].entropy.mean() < by_step[-1].entropy.mean()
    noise = model.posterior(30.0 * rng.normal(size=(50, N_VALUES)))
    assert noise.unlikeness.min() > 5.0
    assert noise.region_size(0.9).mean() > 3 * by_step[0].region_size(0.9).mean()


@pytest.mark.slow
def test_order_and_company_of_cells_do_not_matter(model, fresh):
    values = fresh[0][:60]
    places, unlike = model.means(values)
    order = np.random.default_rng(4).permutation(60)
    shuffled = model.means(values[order])
    np.testing.assert_allclose(shuffled[0], places[order], atol=1e-9)
    np.testing.assert_allclose(shuffled[1], unlike[order], atol=1e-9)
    alone = np.vstack([model.means(cell[None])[0] for cell in values])
    np.testing.assert_allclose(alone, places, atol=1e-9)
    together = model.posterior(values).probabilities.toarray()
    apart = np.vstack([model.posterior(cell[None]).probabilities.toarray() for cell in values])
    np.testing.assert_allclose(apart, together, atol=1e-7)


def test_cells_of_several_chunks_are_like_those_of_one(model, fresh):
    size = Likelihood.of(model.surfaces, model.precision, model.positions).cells_at_a_time
    values = np.resize(fresh[0], (size + 50, N_VALUES))
    places, unlike = model.means(values)
    for rows in (slice(0, 20), slice(size - 10, size + 10), slice(size + 30, size + 50)):
        again = model.means(values[rows])
        np.testing.assert_allclose(places[rows], again[0], atol=1e-9)
        np.testing.assert_allclose(unlike[rows], again[1], atol=1e-9)


def moved_model(change):
    values, places = Tissue().cells(N_CELLS, seed=1)
    return fit_tissue_model(values, change(places))


@pytest.mark.slow
def test_a_quarter_turn_translation_and_unit_carry_over(model, fresh):
    turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    moved = moved_model(lambda places: 1e3 + 50.0 * places @ turn)
    places, unlike = model.means(fresh[0])
    found = moved.means(fresh[0])
    np.testing.assert_allclose((found[0] - 1e3) / 50.0 @ turn.T, places, atol=1e-6)
    np.testing.assert_allclose(found[1], unlike, atol=1e-6)
    assert (moved.temperature, moved.temperature_of_mean) == (
        model.temperature,
        model.temperature_of_mean,
    )


@pytest.mark.slow
def test_other_turns_carry_over_approximately(model, fresh):
    turn = np.array([[0.8, 0.6], [-0.6, 0.8]])
    found = moved_model(lambda places: places @ turn).means(fresh[0])[0] @ turn.T
    off = np.linalg.norm(found - model.means(fresh[0])[0], axis=1)
    assert np.median(off) < 0.1
    assert np.quantile(off, 0.95) < 0.5


@pytest.mark.slow
def test_units_of_the_values_carry_over(model, fresh):
    values, places = Tissue().cells(N_CELLS, seed=1)
    factor, shift = np.logspace(-4, 5, N_VALUES), np.linspace(-3, 3, N_VALUES)
    found = fit_tissue_model(values * factor + shift, places).means(fresh[0] * factor + shift)
    np.testing.assert_allclose(found[0], model.means(fresh[0])[0], atol=1e-4)


@pytest.mark.slow
def test_a_symmetric_tissue_has_the_truth_among_two_modes():
    tissue = Tissue(lambda places: np.abs(places - WIDTH / 2 * [1.0, 0.0]), noise=0.3)
    model = fit_tissue_model(*tissue.cells(N_CELLS, seed=1))
    values, places = tissue.cells(300, seed=2)
    posterior = model.posterior(values)
    is_aside = np.abs(places[:, 0] - 5.0) > 2.0
    modes = posterior.modes(2)
    off = np.linalg.norm(modes.places - places[:, None], axis=-1)[is_aside]
    assert (np.nanmin(off, axis=1) < 1.0).mean() > 0.9
    sides = np.sign(modes.places[is_aside, :, 0] - 5.0)
    assert (sides.prod(axis=1) == -1).mean() > 0.9
    assert 0.3 < (off[:, 0] < 1.0).mean() < 0.7  # the larger peak is the truth half of the time
    assert np.median(np.abs(posterior.mean()[is_aside, 0] - 5.0)) < 1.5  # between both
    assert 0.85 < posterior.in_region(places, 0.9).mean() < 0.96


def test_probabilities_on_a_grid(model, fresh):
    axes = np.meshgrid(np.arange(0.25, 10, 0.5), np.arange(0.25, 7, 0.5), indexing="ij")
    grid = np.stack(axes, axis=-1).reshape(-1, 2)
    values, places = fresh
    posterior = model.posterior(values, grid)
    np.testing.assert_array_equal(posterior.positions, grid)
    from_grid = np.linalg.norm(grid[:, None] - model.positions[None], axis=-1)
    np.testing.assert_array_equal(posterior.reference_rows, model.rows[from_grid.argmin(axis=1)])
    for cell in range(5):
        logs = naive_logs(model, values[cell], grid)
        expected = naive_probabilities(logs, model.temperature * posterior.unlikeness[cell])
        got = posterior.probabilities[[cell]].toarray()[0]
        assert np.abs(got - expected).sum() < 3e-3
    assert 0.85 < posterior.in_region(places, 0.9).mean() < 0.97
    off = np.linalg.norm(posterior.mean() - model.posterior(values).mean(), axis=1)
    assert np.median(off) < 0.25


def test_rows_may_be_named_otherwise(model, fresh):
    names = np.random.default_rng(5).permutation(N_CELLS) + 1000
    named = model.of_rows(names)
    np.testing.assert_array_equal(named.rows, names[model.rows])
    posterior = named.posterior(fresh[0][:3])
    np.testing.assert_array_equal(posterior.reference_rows, names)
    np.testing.assert_array_equal(posterior.positions, model.positions)


@pytest.mark.slow
def test_positions_are_of_all_cells_and_some_if_they_are_too_many(model):
    _, places = Tissue().cells(N_CELLS, seed=1)
    np.testing.assert_array_equal(model.positions, places)
    values, places = Tissue().cells(MOST_POSITIONS + 500, seed=1)
    many = fit_tissue_model(values[:, :3], places)
    assert len(many.positions) == MOST_POSITIONS
    np.testing.assert_array_equal(many.positions, places[many.rows])
    assert (np.diff(many.rows) > 0).all()


def test_no_cells_have_no_places(model):
    places, unlike = model.means(np.empty((0, N_VALUES)))
    assert (places.shape, unlike.shape) == ((0, 2), (0,))
    posterior = model.posterior(np.empty((0, N_VALUES)))
    assert len(posterior) == 0
    assert posterior.mean().shape == (0, 2)


@pytest.mark.slow
def test_values_that_are_noise_leave_all_positions_alike():
    rng = np.random.default_rng(6)
    _, places = Tissue().cells(N_CELLS, seed=1)
    model = fit_tissue_model(rng.normal(size=(N_CELLS, 5)), places)
    posterior = model.posterior(rng.normal(size=(100, 5)))
    assert posterior.entropy.min() > 0.9 * np.log(N_CELLS)
    np.testing.assert_allclose(posterior.mean(), np.tile(places.mean(axis=0), (100, 1)), atol=1.5)


@pytest.mark.slow
@pytest.mark.parametrize("constant", [0.0, 0.1, 1e4])
def test_a_constant_value_changes_nothing(model, fresh, constant):
    values, places = Tissue().cells(N_CELLS, seed=1)
    with_constant = fit_tissue_model(np.insert(values, 4, constant, axis=1), places)
    found, unlike = with_constant.means(np.insert(fresh[0], 4, constant, axis=1))
    off = np.linalg.norm(found - model.means(fresh[0])[0], axis=1)
    assert np.median(off) < 0.05
    assert (unlike == 1.0).mean() > 0.8
    departs = np.insert(fresh[0][:5], 4, constant + 1.0, axis=1)
    assert (with_constant.means(departs)[1] > 1e3).all()


@pytest.mark.slow
@pytest.mark.parametrize("unit", [1e-20, 1e12, 1e20])
def test_units_of_places_that_were_read_change_no_probability(fresh, unit):
    values, places = Tissue().cells(N_CELLS, seed=1)
    read, of_fresh = 0.8 * places + 1.0, 0.8 * fresh[1][:50] + 1.0
    plain = fit_tissue_model(np.c_[values, read], places)
    model = fit_tissue_model(np.c_[values, unit * read], unit * places)
    expected = plain.posterior(np.c_[fresh[0][:50], of_fresh])
    found = model.posterior(np.c_[fresh[0][:50], unit * of_fresh])
    np.testing.assert_allclose(
        found.probabilities.toarray(), expected.probabilities.toarray(), atol=1e-4
    )
    np.testing.assert_allclose(found.unlikeness, expected.unlikeness, rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("n_dims", [2, 3])
def test_few_cells_of_two_or_three_dimensions(n_dims):
    rng = np.random.default_rng(7)
    places = rng.uniform(size=(25, n_dims))
    values = np.c_[places, places**2] + 0.01 * rng.normal(size=(25, 2 * n_dims))
    model = fit_tissue_model(values, places)
    found = model.means(values)[0]
    assert np.linalg.norm(found - places, axis=1).mean() < 0.2


@pytest.mark.slow
def test_surfaces_are_of_all_cells_and_departures_of_left_out_ones(model):
    values, places = Tissue().cells(N_CELLS, seed=1)
    fitted = fit_surfaces(places, values)
    np.testing.assert_allclose(model.surfaces.at(places), fitted.surfaces.at(places))
    expected = noise_precision(values - fitted.left_out(places), values)
    np.testing.assert_allclose(model.precision, expected)


@pytest.mark.slow
def test_seed_gives_the_same_model_again(model):
    again = fit_tissue_model(*Tissue().cells(N_CELLS, seed=1))
    np.testing.assert_array_equal(again.precision, model.precision)
    assert again.temperature == model.temperature


@pytest.mark.slow
def test_cells_of_measured_place_choose_how_wide_regions_are():
    """Of 600 cells 500 have guessed places, which fit their values better than the true ones do."""
    tissue = Tissue(noise=0.3, wandering=1.5)
    values, places = tissue.cells(N_CELLS, seed=1)
    guessed = np.arange(N_CELLS) >= 100
    steady = Tissue(noise=0.3).cells(N_CELLS, seed=1)[0]
    values[guessed] = steady[guessed]
    fresh, truth = tissue.cells(800, seed=2)
    held = {
        name: fit_tissue_model(values, places, errors=errors).posterior(fresh)
        for name, errors in (("all", None), ("measured", 0.3 * guessed))
    }
    assert held["all"].in_region(truth, 0.9).mean() < 0.6
    assert 0.8 < held["measured"].in_region(truth, 0.9).mean() < 0.97


def test_what_is_usual_of_cells_widens_probabilities_and_tells_how_unlike_they_are(model, fresh):
    values = fresh[0]
    distance = relative_distance(*Tissue().cells(N_CELLS, seed=1), values)
    usual = np.where(np.arange(len(values)) % 2, 1.0, 0.25)
    means, unlike = model.means(values, usual)
    found = model.posterior(values, usual=usual)
    np.testing.assert_allclose(unlike, np.maximum(distance / usual, 1.0))
    np.testing.assert_allclose(found.unlikeness, unlike)
    plain, mean = model.posterior(values), model.means(values)[0]
    is_usual = usual == 1.0
    np.testing.assert_allclose(means[is_usual], mean[is_usual])
    wider = found.entropy > plain.entropy + 1e-6
    np.testing.assert_array_equal(wider, unlike > plain.unlikeness + 1e-6)


def test_errors_of_positions_go_to_the_posterior(model):
    values, places = Tissue().cells(N_CELLS, seed=1)
    errors = np.arange(N_CELLS) / 10.0
    guessed = fit_tissue_model(values, places, errors=errors)
    found = guessed.posterior(values[:3])
    np.testing.assert_array_equal(found.position_errors, errors[found.reference_rows])
    on_grid = guessed.posterior(values[:3], places[5:9] + 1e-6)
    np.testing.assert_array_equal(on_grid.position_errors, errors[5:9])
    assert model.posterior(values[:3]).position_errors is None


@pytest.mark.parametrize("errors", [np.zeros(N_CELLS), np.ones(N_CELLS)])
def test_all_cells_choose_temperatures_if_all_places_are_measured_or_none(model, errors):
    values, places = Tissue().cells(N_CELLS, seed=1)
    again = fit_tissue_model(values, places, errors=errors)
    assert again.temperature == model.temperature
    assert again.usual_distance == model.usual_distance
