"""Arrays to arrays: distance scale, placement of cells, and alignment of layouts."""

from dpvae.geometry.anchored import place_anchored
from dpvae.geometry.assignment import assign_positions
from dpvae.geometry.blend import Blend
from dpvae.geometry.consensus import place_by_consensus
from dpvae.geometry.coordinates import check_coordinate_rows, check_coordinates, known_rows
from dpvae.geometry.free import place_free
from dpvae.geometry.landmarks import place_on_layout
from dpvae.geometry.latent import check_distance_scale, check_latent
from dpvae.geometry.mirror import Mirror
from dpvae.geometry.pair_mask import check_pair_mask
from dpvae.geometry.pairs import pair_distances, pairs_within
from dpvae.geometry.placement import Placement
from dpvae.geometry.procrustes import Alignment, align
from dpvae.geometry.regions import Regions
from dpvae.geometry.scale import fit_distance_scale
from dpvae.geometry.standardisation import coordinate_unit, standard_coordinates
from dpvae.geometry.stress import normalised_stress

__all__ = [
    "Alignment",
    "Blend",
    "Mirror",
    "Placement",
    "Regions",
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
    "normalised_stress",
    "pair_distances",
    "pairs_within",
    "place_anchored",
    "place_by_consensus",
    "place_free",
    "place_on_layout",
    "standard_coordinates",
]
