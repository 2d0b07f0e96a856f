import numpy as np

from dpvae.geometry.surfaces.likelihood import tempered
from dpvae.geometry.surfaces.temperature import TEMPERATURES, LeftOut, best_temperatures

POSITIONS = np.column_stack([np.arange(50.0), np.zeros(50)])


def left_out(overconfidence):
    """Cells whose log-likelihoods are normal around the truth, but too sharp by a factor."""
    rng = np.random.default_rng(0)
    true = rng.integers(10, 40, 3_000)
    seen = true + 3.0 * rng.normal(size=3_000)
    logs = -overconfidence * (POSITIONS[None, :, 0] - seen[:, None]) ** 2 / (2 * 3.0**2)
    return LeftOut(POSITIONS[true], logs, POSITIONS, true, np.zeros(3_000))


def test_the_temperature_makes_up_for_too_sharp_likelihoods():
    assert best_temperatures([left_out(1.0)])[1] == 1.0
    assert best_temperatures([left_out(4.0)])[1] == 4.0


def test_the_temperature_of_means_has_the_least_squared_error():
    part = left_out(8.0)
    errors = [
        ((tempered(part.log_likelihood, t) @ POSITIONS - part.truth) ** 2).sum()
        for t in TEMPERATURES
    ]
    assert best_temperatures([part])[0] == TEMPERATURES[np.argmin(errors)]


def test_parts_count_by_their_cells():
    part = left_out(4.0)
    few = LeftOut(*(x[:10] if len(x) == 3_000 else x for x in vars(left_out(1.0)).values()))
    assert best_temperatures([part, few]) == best_temperatures([part])
