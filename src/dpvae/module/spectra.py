"""Spectral densities of kernels: how much a surface varies at each frequency."""

from collections.abc import Callable, Mapping
from math import pi
from typing import Final, Literal

import numpy as np
import torch
from torch import Tensor

from dpvae.geometry.surfaces.matern import matern_density

KernelName = Literal["matern", "gaussian", "cauchy"]
N_SCALES = 24


def gaussian_density(squared_frequency: Tensor, length: Tensor, n_dims: int) -> Tensor:
    r"""Density of the kernel :math:`e^{-r^2 / 2\ell^2}`; arguments as of :func:`matern_density`."""
    density: Tensor = (2.0 * pi * length**2) ** (n_dims / 2) * torch.exp(
        -0.5 * length**2 * squared_frequency
    )
    return density


def cauchy_density(squared_frequency: Tensor, length: Tensor, n_dims: int) -> Tensor:
    r"""Density of the kernel :math:`1 / (1 + r^2/\ell^2)`; arguments as of :func:`matern_density`.

    The kernel is a mixture of Gaussian ones, :math:`\int_0^\infty e^{-u} e^{-u r^2/\ell^2} du`, of
    which 24 are taken (Gauss-Laguerre): the density itself is infinite at frequency 0.
    """
    nodes, weights = np.polynomial.laguerre.laggauss(N_SCALES)
    density = torch.zeros_like(squared_frequency * length)
    for node, weight in zip(nodes, weights, strict=True):
        narrower = length / (2.0 * node) ** 0.5
        density = density + weight * gaussian_density(squared_frequency, narrower, n_dims)
    return density


DENSITIES: Final[Mapping[str, Callable[[Tensor, Tensor, int], Tensor]]] = {
    "matern": matern_density,
    "gaussian": gaussian_density,
    "cauchy": cauchy_density,
}
