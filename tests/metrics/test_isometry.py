import numpy as np
import pytest

from dpvae.metrics import latent_isometry, metric_ellipses


@pytest.fixture
def jacobians():
    return np.random.default_rng(0).normal(size=(20, 30, 3))


def test_condition_and_stretch_are_those_of_the_singular_values(jacobians):
    found = latent_isometry(jacobians.transpose(0, 2, 1) @ jacobians)
    singular = np.linalg.svd(jacobians, compute_uv=False)
    np.testing.assert_allclose(found.condition_number, singular[:, 0] / singular[:, -1])
    stretch = singular.prod(axis=1) ** (1 / 3)
    np.testing.assert_allclose(found.stretch, stretch / np.median(stretch), rtol=0.05)
    assert found.uneven == pytest.approx(np.log(stretch).std())
    assert found.median == np.median(found.condition_number)


def test_orthonormal_decoders_are_isometries_in_any_coordinates(jacobians):
    basis = np.linalg.qr(jacobians)[0]
    found = latent_isometry(3.0 * basis.transpose(0, 2, 1) @ basis)
    np.testing.assert_allclose(found.condition_number, 1.0)
    assert found.uneven < 1e-12


def test_a_lost_direction_is_infinitely_bad():
    assert latent_isometry([np.diag([1.0, 0.0])] * 2).median == np.inf


def test_the_border_of_an_ellipse_changes_expression_by_one(jacobians):
    metric = jacobians.transpose(0, 2, 1) @ jacobians
    plane = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 2)))[0]
    half_axes, angle = metric_ellipses(metric, plane)
    for k in range(20):
        turn = np.array(
            [[np.cos(angle[k]), -np.sin(angle[k])], [np.sin(angle[k]), np.cos(angle[k])]]
        )
        for t in np.linspace(0, 6, 7):
            border = plane @ turn @ (half_axes[k] * [np.cos(t), np.sin(t)])
            assert np.linalg.norm(jacobians[k] @ border) == pytest.approx(1.0)
    assert (half_axes[:, 0] >= half_axes[:, 1]).all()
    assert (np.abs(angle) <= np.pi / 2).all()


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        (np.eye(3), r"metric has shape \(3, 3\)"),
        (np.full((2, 2, 2), np.nan), "NaN or infinite"),
        (np.tile(np.triu(np.ones((2, 2))), (3, 1, 1)), "not symmetric"),
    ],
)
def test_wrong_metrics_are_refused(metric, message):
    with pytest.raises(ValueError, match=message):
        latent_isometry(metric)


def test_a_plane_of_another_space_is_refused():
    with pytest.raises(ValueError, match="axes have shape"):
        metric_ellipses(np.eye(3)[None], np.eye(2))
