"""The motion of a free layout onto few anchors, as far as they determine it."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation
from scipy.special import logsumexp

from dpvae.geometry.alignment.procrustes import align

FEW = 50
NOISE_SHARES = np.geomspace(1e-6, 0.97, 60)
LEAST_NOISE = 0.005
NOISE_PER_THICKNESS = 2.0
WIDTH_OF_SIZES = 1.2
N_SIZES = 9
THIN = 0.1
MIRROR_POWER = 10.0
N_ANGLES = 41
N_AXES = 80

Points = NDArray[np.float64]


def expected_motion(
    layout: Points, cells: NDArray[np.int64], places: Points, thickness: float
) -> tuple[Points, Points]:
    """Move a layout onto its anchors, as far as they determine the motion.

    A free layout is right up to shift, rotation, reflection and size. Few anchors leave these
    uncertain, and the best aligned layout (Procrustes) then misplaces far cells. Instead every
    cell comes to the mean of its places over all rotations, reflections and sizes, each weighted by
    how well it explains the anchors: the posterior mean under s = t + b R y + noise, with R uniform
    (Haar), t flat, b about what the spread of the anchors says, and the share of noise in the
    tissue's variance log-uniform above the layout's own thickness and rare below. From 50 anchors
    on this is the Procrustes alignment.

    Parameters
    ----------
    layout
        The free layout of all cells, shape ``(n_cells, n_dims)``.
    cells
        Row numbers of the anchors, shape ``(n_anchors,)``.
    places
        Their places, shape ``(n_anchors, n_dims)``, in tissue units, in general position.
    thickness
        Mean variance of the latent axes that the layout leaves out, relative to those it shows:
        see :func:`latent_thickness`.

    Returns
    -------
    The expected places, shape ``(n_cells, n_dims)``, and the expected squared distance of each cell
    from its true place, shape ``(n_cells,)``. Time O(n_cells n_dims), memory O(n_cells n_dims).
    """
    if len(cells) >= FEW:
        motion = align(layout[cells], places)
        squared = motion.disparity * float(((places - places.mean(axis=0)) ** 2).sum())
        freedom = places.size - _n_parameters(places.shape[1])
        spread = np.full(len(layout), squared / freedom * places.shape[1])
        return motion.apply(layout), spread
    centered = layout - layout[cells].mean(axis=0)
    radius = float(np.sqrt(layout.var(axis=0).sum())) or 1.0
    matrix, square, noise = _posterior_motion(
        centered[cells] / radius, places - places.mean(axis=0), thickness
    )
    moved = centered @ (matrix / radius).T
    turned = square * ((centered / radius) ** 2).sum(axis=1) - (moved**2).sum(axis=1)
    spread = noise * (1.0 + 1.0 / len(cells)) + np.maximum(turned, 0.0)
    return places.mean(axis=0) + moved, spread


def motion_without(
    layout: Points,
    cells: NDArray[np.int64],
    places: Points,
    thickness: float,
    left_out: NDArray[np.int64],
) -> Points:
    """Where anchors come to when they are left out, one by one.

    Parameters
    ----------
    layout, cells, places, thickness
        As in :func:`expected_motion`.
    left_out
        Positions, among the anchors, of those to leave out, shape ``(n_left_out,)``.

    Returns
    -------
    Shape ``(n_left_out, n_dims)``. Time O(n_left_out n_dims³ + n_anchors n_dims), with less than 50
    anchors a few milliseconds for each.
    """
    n_anchors, n_dims = places.shape
    if n_anchors < FEW:
        radius = float(np.sqrt(layout.var(axis=0).sum())) or 1.0
        anchors = layout[cells] / radius
        found = np.empty((len(left_out), n_dims))
        for row, k in enumerate(left_out):
            rest = np.delete(np.arange(n_anchors), k)
            here, there = anchors[rest].mean(axis=0), places[rest].mean(axis=0)
            matrix, _, _ = _posterior_motion(anchors[rest] - here, places[rest] - there, thickness)
            found[row] = there + matrix @ (anchors[k] - here)
        return found
    here = layout[cells] - layout[cells].mean(axis=0)
    there = places - places.mean(axis=0)
    factor = n_anchors / (n_anchors - 1)
    outer = there[left_out, :, None] * here[left_out, None, :]
    left, singular, right = np.linalg.svd(there.T @ here - factor * outer)
    size = singular.sum(axis=1) / ((here**2).sum() - factor * (here[left_out] ** 2).sum(axis=1))
    turned = np.einsum("kab,kb->ka", left @ right, factor * here[left_out])
    return np.asarray(
        places.mean(axis=0) - there[left_out] / (n_anchors - 1) + size[:, None] * turned
    )


def latent_thickness(latent: Points, n_dims: int) -> float:
    """Mean variance of latents along trailing principal axes, relative to the leading ones.

    Parameters
    ----------
    latent
        Shape ``(n_cells, n_latent)``.
    n_dims
        The number of leading axes.

    Returns
    -------
    From 0, the latents lie in a flat sheet, to 1, a ball. Time O(n_cells
    n_latent²).
    """
    variances = np.linalg.eigvalsh(np.atleast_2d(np.cov(latent.T)))[::-1]
    leading = float(variances[:n_dims].mean())
    if len(variances) <= n_dims or leading <= 0.0:
        return 0.0
    return max(float(variances[n_dims:].mean()), 0.0) / leading


def _posterior_motion(here: Points, there: Points, thickness: float) -> tuple[Points, float, float]:
    """Mean of b R, mean of b², and mean squared noise, given centred anchors."""
    n_anchors, n_dims = here.shape
    total, own = float((there**2).sum()), float((here**2).sum())
    radius = math.sqrt(total / (n_anchors - 1))
    share = NOISE_SHARES[:, None]
    fitted = float(np.linalg.svd(there.T @ here, compute_uv=False).sum()) / (own or 1.0)
    size = _sizes(radius, fitted / np.sqrt(1.0 - share), n_anchors)
    stretch = np.sqrt(1.0 - share) * size
    variance = size**2 * share / n_dims
    floor = LEAST_NOISE + NOISE_PER_THICKNESS * thickness
    fixed = (
        -0.5 * np.log(share)
        - 2.0 * np.log1p(floor / share)
        - (total + stretch**2 * own) / (2.0 * variance)
        - 0.5 * (n_anchors - 1) * n_dims * np.log(variance)
    )
    left, _, right = np.linalg.svd(there.T @ here)
    mirror = np.diag([1.0] * (n_dims - 1) + [-1.0])
    turns, log_measure = _rotations(n_dims)
    matrices, squares, noises, evidence = [], [], [], []
    for nearest in (left @ right, left @ mirror @ right):
        motions = nearest @ turns
        agreement = np.einsum("kab,ab->k", motions, there.T @ here)
        log_weight = fixed[..., None] + (stretch / variance)[..., None] * agreement + log_measure
        evidence.append(float(logsumexp(log_weight)))
        weight = np.exp(log_weight - evidence[-1])
        by_size = weight.sum(axis=2)
        matrices.append(np.einsum("k,kab->ab", np.einsum("ij,ijk->k", stretch, weight), motions))
        squares.append(float((by_size * stretch**2).sum()))
        noises.append(float((by_size * variance).sum()) * n_dims)
    power = 1.0 + MIRROR_POWER * max(0.0, 1.0 - thickness / THIN)
    chance = np.exp(power * (np.array(evidence) - max(evidence)))
    chance /= chance.sum()
    return (
        np.tensordot(chance, np.array(matrices), 1),
        float(chance @ squares),
        float(chance @ noises),
    )


def _sizes(radius: float, fitted: Points, n_anchors: int) -> Points:
    """Radii of the tissue around the radius of its anchors, one of them the fitted one if near."""
    step = 2.0 * WIDTH_OF_SIZES / math.sqrt(n_anchors) / (N_SIZES - 1)
    steps = np.log(np.maximum(fitted, 1e-300) / radius) / step
    is_near = np.abs(steps) <= N_SIZES // 2
    shift = np.where(is_near, steps - np.round(steps), 0.0)
    return np.asarray(radius * np.exp(step * (shift + np.arange(N_SIZES) - N_SIZES // 2)))


def _rotations(n_dims: int) -> tuple[Points, Points]:
    """Rotations, denser towards none, and the logarithm of their share of all rotations."""
    angles = np.concatenate([[0.0], np.geomspace(1e-3, np.pi, N_ANGLES - 1)])
    width = np.gradient(angles)
    if n_dims == 2:
        both = np.concatenate([angles, -angles])
        turns = Rotation.from_euler("z", both[:, None]).as_matrix()[:, :2, :2]
        return turns, np.log(np.concatenate([width, width]))
    step = np.arange(N_AXES) + 0.5
    polar, around = np.arccos(1.0 - 2.0 * step / N_AXES), np.pi * (1.0 + 5.0**0.5) * step
    axes = np.stack(
        [np.cos(around) * np.sin(polar), np.sin(around) * np.sin(polar), np.cos(polar)], axis=1
    )
    vectors = (angles[:, None, None] * axes).reshape(-1, 3)
    measure = width * (np.sin(angles / 2.0) ** 2 + 1e-12)
    return Rotation.from_rotvec(vectors).as_matrix(), np.log(np.repeat(measure, N_AXES))


def _n_parameters(n_dims: int) -> int:
    return n_dims + 1 + n_dims * (n_dims - 1) // 2
