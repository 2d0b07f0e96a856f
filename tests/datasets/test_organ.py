import numpy as np
from scipy.spatial import procrustes

from dpvae.datasets.organ import Section, draw_organ

ORGAN = draw_organ(40, 2, 5, 500.0, np.random.default_rng(0))


def cut(seed: int, *, batch_effect: float = 0.0) -> Section:
    return ORGAN.section(
        800, batch_effect=batch_effect, upright=True, rng=np.random.default_rng(seed)
    )


def test_sections_differ_in_cells_but_not_in_layers():
    a, b = cut(1), cut(2)
    shares = [np.bincount(section.domains, minlength=5) / 800 for section in (a, b)]
    np.testing.assert_allclose(*shares, atol=0.06)
    assert procrustes(a.coordinates, b.coordinates)[2] > 0.5


def test_batch_effect_is_one_factor_a_gene():
    plain, shifted = cut(1), cut(1, batch_effect=0.5)
    np.testing.assert_array_equal(plain.coordinates, shifted.coordinates)
    ratio = shifted.counts.mean(axis=0) / plain.counts.mean(axis=0)
    assert 0.35 < np.std(np.log(ratio)) < 0.65


def test_without_batch_effect_sections_have_the_same_means():
    ratio = cut(1).counts.mean(axis=0) / cut(2).counts.mean(axis=0)
    assert np.std(np.log(ratio)) < 0.12
