import numpy as np
import pytest

from dpvae.datasets.anatomy import depth, draw_anatomy

HILUM = np.array([0.0, 0.7])


def ball(n: int = 4000) -> np.ndarray:
    points = np.random.default_rng(0).uniform(-1, 1, (2 * n, 2))
    return points[np.linalg.norm(points, axis=1) <= 1][:n]


def test_domains_are_layers_of_rising_depth():
    body = ball()
    anatomy = draw_anatomy(body, HILUM, 4, np.random.default_rng(0))
    domains = anatomy.domains(body)
    depths = depth(body, HILUM)
    for domain in range(3):
        assert depths[domains == domain].max() <= depths[domains == domain + 1].min()


@pytest.mark.parametrize("n_domains", [1, 2, 7])
def test_every_domain_has_its_share_of_the_organ(n_domains: int):
    body = ball()
    domains = draw_anatomy(body, HILUM, n_domains, np.random.default_rng(0)).domains(body)
    shares = np.bincount(domains, minlength=n_domains) / len(body)
    assert len(shares) == n_domains
    assert shares.min() > 0.5 * shares.max() - 0.01


def test_cell_types_follow_their_frequencies():
    anatomy = draw_anatomy(ball(), HILUM, 3, np.random.default_rng(0))
    domains = np.repeat([0, 1, 2], 20_000)
    types = anatomy.cell_types(domains, np.random.default_rng(0))
    for domain in range(3):
        observed = np.bincount(types[domains == domain], minlength=4) / 20_000
        np.testing.assert_allclose(observed, anatomy.type_frequency[domain], atol=0.015)


def test_each_domain_has_a_resident_type():
    frequency = draw_anatomy(ball(), HILUM, 5, np.random.default_rng(0)).type_frequency
    np.testing.assert_array_equal(frequency.argmax(axis=1), np.arange(5))
    np.testing.assert_allclose(frequency.sum(axis=1), 1)
