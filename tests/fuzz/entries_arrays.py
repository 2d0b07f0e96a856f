"""Entry points of dpvae.geometry and dpvae.metrics: they take arrays of any origin."""

from collections.abc import Iterator
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from scipy.sparse import csr_matrix
from scipy.spatial.distance import cdist
from tests.fuzz.entry import Entry

from dpvae import geometry, metrics, pl

N = 70
ARRAYS = frozenset({"any", "array"})


def array_entries() -> Iterator[Entry]:
    """Go through functions that take coordinates."""
    for name, (run, tags) in FUNCTIONS.items():
        yield Entry(
            name,
            lambda _, array, run=run: run(array),
            source="array",
            reads=frozenset({"coordinates"}),
            tags=ARRAYS | frozenset(tags.split()),
            share=0.4,
        )


def points() -> np.ndarray:
    """Integer coordinates that every type can hold."""
    return np.round(np.random.default_rng(0).uniform(0, 1000, size=(N, 2)))


def _others() -> np.ndarray:
    return np.round(points()[:, ::-1] + np.random.default_rng(1).normal(scale=50, size=(N, 2)))


def _latent() -> np.ndarray:
    rng = np.random.default_rng(2)
    return points() @ rng.normal(size=(2, 4)) / 100 + rng.normal(size=(N, 4))


def _posterior() -> geometry.Posterior:
    closeness = np.exp(-cdist(_others(), points()) / 50)
    chance = csr_matrix(closeness / closeness.sum(axis=1, keepdims=True))
    return geometry.Posterior(points(), chance, np.arange(N), np.ones(N))


def _drawn(array: Any) -> None:
    try:
        pl.posterior(_posterior(), [0, 1, 2], true=array)
    finally:
        plt.close("all")


def _alignment(found: geometry.Alignment) -> np.ndarray:
    return np.r_[found.rotation.ravel(), found.scale, found.disparity]


FUNCTIONS: dict[str, tuple[Any, str]] = {
    "geometry.check_coordinates": (geometry.check_coordinates, "learns frame coordinates"),
    "geometry.check_coordinate_rows": (geometry.check_coordinate_rows, "frame coordinates"),
    "geometry.known_rows": (lambda a: geometry.known_rows(a).astype(float), ""),
    "geometry.coordinate_unit": (geometry.coordinate_unit, "coordinates"),
    "geometry.standard_coordinates": (
        lambda a: geometry.standard_coordinates(a, np.zeros(N, int), 1.0),
        "coordinates",
    ),
    "geometry.align source": (lambda a: _alignment(geometry.align(a, _others())), ""),
    "geometry.align target": (lambda a: _alignment(geometry.align(_others(), a)), ""),
    "geometry.assign_positions": (lambda a: geometry.assign_positions(a, _others()), ""),
    "geometry.assign_positions to": (lambda a: geometry.assign_positions(_others(), a), ""),
    "geometry.check_latent": (lambda a: geometry.check_latent(a), ""),
    "geometry.fit_distance_scale": (lambda a: geometry.fit_distance_scale(_latent(), a), ""),
    "geometry.fit_distance_scale of": (lambda a: geometry.fit_distance_scale(a, points()), ""),
    "geometry.normalized_stress": (lambda a: geometry.normalized_stress(_latent(), a), ""),
    "geometry.place_anchored": (
        lambda a: geometry.place_anchored(_latent(), a, np.arange(N) % 3 == 0).coordinates,
        "",
    ),
    "geometry.place_by_consensus": (
        lambda a: geometry.place_by_consensus(_latent(), _latent(), a),
        "",
    ),
    "geometry.place_on_layout": (
        lambda a: geometry.place_on_layout(_latent(), _latent(), a).coordinates,
        "",
    ),
    "geometry.place_free": (lambda a: geometry.place_free(a).coordinates, ""),
    "geometry.Posterior.expected_distance": (lambda a: _posterior().expected_distance(a), ""),
    "geometry.Posterior.probability_at": (lambda a: _posterior().probability_at(a), ""),
    "pl.posterior": (_drawn, ""),
    "metrics.procrustes_disparity": (lambda a: metrics.procrustes_disparity(points(), a), ""),
    "metrics.coordinate_error": (lambda a: metrics.coordinate_error(a, points() + 1).median, ""),
    "metrics.spread_ratio": (lambda a: metrics.spread_ratio(points() + 1, a), ""),
    "metrics.neighbor_overlap": (lambda a: metrics.neighbor_overlap(a, _others()), ""),
    "metrics.distance_spearman": (lambda a: metrics.distance_spearman(a, _others()), ""),
    "metrics.cell_distance_spearman": (
        lambda a: metrics.cell_distance_spearman(a, _others()),
        "",
    ),
    "metrics.contact_f1": (lambda a: metrics.contact_f1(a, _others(), quantile=0.1), ""),
    "metrics.rssd": (lambda a: metrics.rssd(a, _others()), ""),
    "metrics.distance_pearson": (
        lambda a: metrics.distance_pearson(a, _others(), n_permutations=9).correlation,
        "",
    ),
    "metrics.normalized_stress": (lambda a: metrics.normalized_stress(_others(), a), ""),
    "metrics.trustworthiness": (lambda a: metrics.trustworthiness(_others(), a), ""),
    "metrics.triangle_angle_error": (lambda a: metrics.triangle_angle_error(_others(), a), ""),
    "metrics.bilipschitz_distortion": (
        lambda a: metrics.bilipschitz_distortion(_others(), a).ratio,
        "",
    ),
    "metrics.contact_precision": (
        lambda a: metrics.contact_precision(a, _others(), radius=50.0),
        "",
    ),
    "metrics.mirror_symmetry": (lambda a: metrics.mirror_symmetry(_latent(), a).agreement, ""),
}
