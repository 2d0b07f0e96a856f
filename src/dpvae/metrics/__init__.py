"""Arrays to a number: how well recovered places agree with true ones."""

from dpvae.metrics.angles import triangle_angle_error
from dpvae.metrics.autocorrelation import (
    Autocorrelation,
    SpatialStatistic,
    autocorrelation,
    false_discovery_rate,
)
from dpvae.metrics.bilipschitz import Distortion, bilipschitz_distortion
from dpvae.metrics.cell_spearman import cell_distance_spearman
from dpvae.metrics.contact_f1 import contact_f1
from dpvae.metrics.contacts import contact_precision
from dpvae.metrics.error import CoordinateError, coordinate_error
from dpvae.metrics.isometry import Isometry, latent_isometry, metric_ellipses
from dpvae.metrics.kernel_test import kernel_test
from dpvae.metrics.mirror_symmetry import MirrorSymmetry, mirror_symmetry
from dpvae.metrics.neighbors import neighbor_overlap
from dpvae.metrics.pearson import DistanceCorrelation, distance_pearson
from dpvae.metrics.procrustes import procrustes_disparity
from dpvae.metrics.ranks import continuity, trustworthiness
from dpvae.metrics.rssd import rssd, rssd_by_class
from dpvae.metrics.scores import SCORES, Score, score_places
from dpvae.metrics.spearman import distance_spearman
from dpvae.metrics.spread import spread_ratio
from dpvae.metrics.stress import normalized_stress
from dpvae.metrics.tissue_kernels import KernelTest

__all__ = [
    "SCORES",
    "Autocorrelation",
    "CoordinateError",
    "DistanceCorrelation",
    "Distortion",
    "Isometry",
    "KernelTest",
    "MirrorSymmetry",
    "Score",
    "SpatialStatistic",
    "autocorrelation",
    "bilipschitz_distortion",
    "cell_distance_spearman",
    "contact_f1",
    "contact_precision",
    "continuity",
    "coordinate_error",
    "distance_pearson",
    "distance_spearman",
    "false_discovery_rate",
    "kernel_test",
    "latent_isometry",
    "metric_ellipses",
    "mirror_symmetry",
    "neighbor_overlap",
    "normalized_stress",
    "procrustes_disparity",
    "rssd",
    "rssd_by_class",
    "score_places",
    "spread_ratio",
    "triangle_angle_error",
    "trustworthiness",
]
