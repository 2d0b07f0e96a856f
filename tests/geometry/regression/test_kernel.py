import numpy as np

from dpvae.geometry.regression.kernel import ROWS_AT_A_TIME, fit_kernel, similarity


def test_left_out_residual_is_that_of_a_fit_without_the_cell():
    rng = np.random.default_rng(0)
    components = rng.normal(size=(40, 3))
    values = np.sin(components[:, :2]) + 0.05 * rng.normal(size=(40, 2))
    fit = fit_kernel(components, values)
    kernel = similarity(components, components, fit.width)
    penalty = np.median(
        ((values - fit.center) - kernel @ fit.coefficients) / fit.coefficients
    )  # (K + penalty) coefficients = values
    others = np.arange(1, 40)
    without = np.linalg.solve(
        kernel[np.ix_(others, others)] + penalty * np.eye(39), (values - fit.center)[others]
    )
    expected = values[0] - fit.center - kernel[0, others] @ without
    np.testing.assert_allclose(values[0] - fit.left_out[0], expected, rtol=1e-6)


def test_what_is_smooth_is_learned_and_noise_is_not():
    rng = np.random.default_rng(1)
    components = rng.uniform(-2, 2, size=(300, 2))
    smooth, noise = np.sin(components), rng.normal(size=(300, 2))
    learned = fit_kernel(components[:200], smooth[:200])
    predicted = learned.predict(components[200:])
    assert np.sqrt(np.mean((predicted - smooth[200:]) ** 2)) < 0.05
    in_vain = fit_kernel(components[:200], noise[:200])
    predicted = in_vain.predict(components[200:])
    assert np.abs(predicted).mean() < 0.5 * np.abs(noise).mean()


def test_blocks_do_not_matter():
    components = np.random.default_rng(2).normal(size=(ROWS_AT_A_TIME + 10, 2))
    fit = fit_kernel(components[:50], components[:50] ** 2)
    together = fit.predict(components)
    np.testing.assert_allclose(together[-10:], fit.predict(components[-10:]))


def test_cells_that_are_all_alike_give_the_mean():
    values = np.arange(20.0).reshape(10, 2)
    fit = fit_kernel(np.zeros((10, 3)), values)
    np.testing.assert_allclose(fit.predict(np.zeros((1, 3))), [[9.0, 10.0]])
