"""Arrays to a number: how well recovered places agree with true ones."""

from dpvae.metrics.autocorrelation import (
    Autocorrelation,
    SpatialStatistic,
    autocorrelation,
    false_discovery_rate,
)
from dpvae.metrics.error import CoordinateError, coordinate_error
from dpvae.metrics.neighbours import neighbour_overlap
from dpvae.metrics.procrustes import procrustes_disparity
from dpvae.metrics.spearman import distance_spearman
from dpvae.metrics.spread import spread_ratio
from dpvae.metrics.stress import normalised_stress

__all__ = [
    "Autocorrelation",
    "CoordinateError",
    "SpatialStatistic",
    "autocorrelation",
    "coordinate_error",
    "distance_spearman",
    "false_discovery_rate",
    "neighbour_overlap",
    "normalised_stress",
    "procrustes_disparity",
    "spread_ratio",
]
