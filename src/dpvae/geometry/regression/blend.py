"""Places of cells around anchors: a mixture of methods, chosen by the anchors themselves."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.spatial import cKDTree

from dpvae.geometry.alignment.motion import THIN, expected_motion, latent_thickness, motion_without
from dpvae.geometry.regression.kernel import fit_kernel
from dpvae.geometry.regression.latents import fit_on_latents, standardized
from dpvae.geometry.regression.neighbors import EXACT_SEARCH, SLACK

Points = NDArray[np.float64]
Rows = NDArray[np.int64]

MOTION = "motion"
FEWEST_FOR_KERNEL = 20
FEWEST_TO_VALIDATE = 10
SHARE_OF_LATENTS = 0.3
MOST_LEFT_OUT = 1_000
PRIOR_ANCHORS = 6.0
PRIOR_ANCHORS_IF_FLAT = 20.0
N_SIMILAR = 25
MEAN_OF_RAYLEIGH = {2: 0.886, 3: 0.921}


@dataclass(frozen=True, eq=False)
class Way:
    """Places of cells by one method, and of anchors that are left out.

    Attributes
    ----------
    places
        Of the cells without a place, shape ``(n_other, n_dims)``.
    left_out
        Of the anchors that are left out, one by one, shape ``(n_left_out, n_dims)``.
    """

    places: Points
    left_out: Points


@dataclass(frozen=True)
class Blend:
    """Which methods of placing cells were mixed, and how well each placed left-out anchors.

    Attributes
    ----------
    weights
        Share of each method in the coordinates, of sum 1: ``"motion"`` is the free layout moved
        onto the anchors, ``"affine"`` and ``"quadratic"`` are ridge regressions of places on
        latents, ``"neighbors"`` is the mean place of the nearest anchors, ``"genes"`` a kernel
        regression of places on components of the genes and on latents, and ``"corrected"`` the
        moved layout plus such a regression of its errors.
    errors
        Root mean square distance of left-out anchors from where each method, and ``"blend"``,
        places them, in tissue units. Empty with fewer than ten anchors that the latents were not
        trained on.
    """

    weights: Mapping[str, float]
    errors: Mapping[str, float]


def blend(
    latent: Points,
    layout: Points,
    cells: Rows,
    places: Points,
    components: Points | None = None,
    is_unseen: NDArray[np.bool_] | None = None,
) -> tuple[Points, Points | None, Blend]:
    """Place cells by the mixture of methods that places left-out anchors best.

    Few anchors can only move a free layout, many can teach a map from the latent space to the
    tissue. The anchors choose the mixture: each method predicts every anchor (1,000 at most) from
    the others, and non-negative weights that add up to 1 are fitted to these
    predictions (stacking, Wolpert 1992; Breiman 1996), with the weight of six more anchors on the
    moved layout, of up to twenty if the latents are a flat sheet. Regressions join when there
    are enough anchors to judge them: affine from 10, neighbours from 20, quadratic from 30.

    Parameters
    ----------
    latent
        z, shape ``(n_cells, n_latent)``, in any unit.
    layout
        The free layout of all cells, shape ``(n_cells, n_dims)``.
    cells
        Row numbers of the anchors, shape ``(n_anchors,)``.
    places
        Their places, shape ``(n_anchors, n_dims)``, in tissue units, in general position.
    components
        Components of the genes of all cells, shape ``(n_cells, n_components)``. From 20 anchors on,
        regressions on them join the mixture. By default there are none.
    is_unseen
        Mask of the anchors whose places the latents were not trained on, shape ``(n_anchors,)``.
        Only these are left out; if they are fewer than ten, all are. By default all are unseen.

    Returns
    -------
    Coordinates of all cells, shape ``(n_cells, n_dims)``, anchors as given; the
    expected distance of each cell from its true place, shape ``(n_cells,)``, 0 for anchors; and the
    mixture. With anchors that the latents were trained on, and fewer than ten others, the expected
    distance is ``None`` and the mixture has no errors.

    Notes
    -----
    Time O(n_anchors n_latent⁴ + n_cells (n_latent² + log n_anchors)), memory O(n_cells (n_latent +
    n_dims) + n_anchors n_latent²).
    """
    is_other = np.ones(len(latent), dtype=bool)
    is_other[cells] = False
    thickness = latent_thickness(latent, places.shape[1])
    moved, squared = expected_motion(layout, cells, places, thickness)
    coordinates, expected = np.empty_like(moved), np.zeros(len(latent))
    coordinates[cells] = places
    unseen = np.arange(len(cells)) if is_unseen is None else np.flatnonzero(is_unseen)
    is_honest = len(unseen) >= min(FEWEST_TO_VALIDATE, len(cells))
    if len(cells) < FEWEST_TO_VALIDATE:
        coordinates[is_other] = moved[is_other]
        expected[is_other] = MEAN_OF_RAYLEIGH[places.shape[1]] * np.sqrt(squared[is_other])
        return coordinates, expected if is_honest else None, Blend({MOTION: 1.0}, {})
    (scaled,) = standardized(latent)
    anchors, others = scaled[cells], scaled[is_other]
    left_out = _representative(anchors, unseen if is_honest else np.arange(len(cells)))
    truth = places[left_out]
    without = motion_without(layout, cells, places, thickness, left_out)
    ways = {MOTION: Way(moved[is_other], without)}
    for name, regression in fit_on_latents(anchors, places, left_out).items():
        ways[name] = Way(regression.predict(others), regression.left_out)
    if components is not None and len(cells) >= FEWEST_FOR_KERNEL:
        genes = np.hstack([components, SHARE_OF_LATENTS * scaled])
        known, new = genes[cells[left_out]], genes[is_other]
        fit, rest = fit_kernel(known, truth), fit_kernel(known, truth - without)
        ways["genes"] = Way(fit.predict(new), fit.left_out)
        ways["corrected"] = Way(moved[is_other] + rest.predict(new), without + rest.left_out)
    weights = _mixture(list(ways.values()), truth, _prior_anchors(thickness))
    coordinates[is_other] = np.tensordot(weights, [way.places for way in ways.values()], 1)
    mixed = np.tensordot(weights, [way.left_out for way in ways.values()], 1)
    mixture = dict(zip(ways, weights.tolist(), strict=True))
    if not is_honest:
        return coordinates, None, Blend(mixture, {})
    distance = np.sqrt(((mixed - truth) ** 2).sum(axis=1))
    expected[is_other] = _mean_of_similar(anchors[left_out], distance, others)
    errors = {name: _root_mean_square(way.left_out - truth) for name, way in ways.items()}
    errors["blend"] = _root_mean_square(mixed - truth)
    return coordinates, expected, Blend(mixture, errors)


def _representative(anchors: Points, among: Rows) -> Rows:
    """At most 1,000 anchors, evenly spread over their distances from the centre of the latents."""
    order = among[np.argsort((anchors[among] ** 2).sum(axis=1), kind="stable")]
    if len(order) <= MOST_LEFT_OUT:
        return order
    return order[np.linspace(0, len(order) - 1, MOST_LEFT_OUT).astype(np.int64)]


def _prior_anchors(thickness: float) -> float:
    """How many anchors the moved layout is worth: more if the latents are a flat sheet."""
    flatness = max(0.0, 1.0 - thickness / THIN)
    return PRIOR_ANCHORS + flatness * (PRIOR_ANCHORS_IF_FLAT - PRIOR_ANCHORS)


def _mixture(ways: list[Way], truth: Points, prior_anchors: float) -> Points:
    """Weights ≥ 0, of sum 1, with the least squared error, drawn towards the first way."""
    without = np.stack([way.left_out.ravel() for way in ways])
    departure = np.stack([(way.places - ways[0].places).ravel() for way in ways])
    gram = without @ without.T
    gram += prior_anchors / max(len(ways[0].places), 1) * (departure @ departure.T)
    gram += 1e-9 * np.trace(gram) * np.eye(len(ways))
    root = np.linalg.cholesky(gram)
    wanted = np.linalg.solve(root, without @ truth.ravel())
    sum_to_one = 1e4 * np.abs(root).max()
    weights, _ = nnls(
        np.vstack([root.T, np.full(len(ways), sum_to_one)]), np.append(wanted, sum_to_one)
    )
    return np.asarray(weights / weights.sum())


def _mean_of_similar(anchors: Points, distance: Points, latent: Points) -> Points:
    """Mean distance of the 25 anchors that are nearest to each cell in the latent space."""
    n_similar = min(N_SIMILAR, len(anchors))
    if n_similar == len(anchors):
        return np.full(len(latent), distance.mean())
    slack = SLACK if len(latent) > EXACT_SEARCH else 0.0
    similar = cKDTree(anchors).query(latent, k=n_similar, eps=slack)[1]
    return np.asarray(distance[similar].mean(axis=1))


def _root_mean_square(residual: Points) -> float:
    return float(np.sqrt((residual**2).sum(axis=1).mean()))
