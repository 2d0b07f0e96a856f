"""Arrays to arrays: distance scale, placement of cells, and alignment of layouts."""

from dpvae.geometry.alignment.mirror import Mirror
from dpvae.geometry.alignment.procrustes import Alignment, align
from dpvae.geometry.assignment import assign_positions
from dpvae.geometry.coordinates import check_coordinate_rows, check_coordinates, known_rows
from dpvae.geometry.latent import check_distance_scale, check_latent
from dpvae.geometry.pair_mask import check_pair_mask
from dpvae.geometry.pairs import pair_distances, pairs_within
from dpvae.geometry.placement.anchored import place_anchored
from dpvae.geometry.placement.free import place_free
from dpvae.geometry.placement.landmarks import place_on_layout
from dpvae.geometry.placement.result import Placement
from dpvae.geometry.placement.stress import normalized_stress
from dpvae.geometry.posterior.label_probabilities import LabelProbabilities
from dpvae.geometry.posterior.modes import Modes
from dpvae.geometry.posterior.posterior import Posterior
from dpvae.geometry.regression.blend import Blend
from dpvae.geometry.regression.consensus import place_by_consensus
from dpvae.geometry.scale import fit_distance_scale
from dpvae.geometry.standardization import coordinate_unit, standard_coordinates

__all__ = [
    "Alignment",
    "Blend",
    "LabelProbabilities",
    "Mirror",
    "Modes",
    "Placement",
    "Posterior",
    "align",
    "assign_positions",
    "check_coordinate_rows",
    "check_coordinates",
    "check_distance_scale",
    "check_latent",
    "check_pair_mask",
    "coordinate_unit",
    "fit_distance_scale",
    "known_rows",
    "normalized_stress",
    "pair_distances",
    "pairs_within",
    "place_anchored",
    "place_by_consensus",
    "place_free",
    "place_on_layout",
    "standard_coordinates",
]
