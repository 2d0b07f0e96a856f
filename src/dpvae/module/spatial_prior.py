"""The prior of a latent space that follows the tissue."""

from collections.abc import Mapping
from math import log

import torch
from torch import Tensor, nn

from dpvae.geometry.surfaces.cosines import Cosines
from dpvae.module.section_surfaces import SectionSurfaces
from dpvae.module.site import PlacedPrior
from dpvae.module.spectra import DENSITIES, KernelName

FIRST_LENGTH = 0.2
FIRST_SHARE = 0.5
FIRST_DEVIATION = 0.3
MOST_SHARE = 0.999


class SpatialPrior(nn.Module):
    r"""Prior :math:`z_l = f_l(s) + e_l`, of which a share is a Gaussian process of the place.

    .. math:: f_l \sim GP(0, \rho_l k_{\ell_l}), \qquad e_l \sim N(0, 1 - \rho_l)

    independent between dimensions and sections. A surface is a sum of cosines with weights
    :math:`w \sim N(0, I)` (:class:`~dpvae.module.section_surfaces.SectionSurfaces`,
    :cite:t:`Solin20`). In training their posterior q(w) is independent normal, of parameters;
    :meth:`set_exact` replaces it.

    Parameters
    ----------
    n_sections, n_cosines, n_dims, n_latent
        Numbers of sections, of cosines in a surface, and of dimensions of tissue and z.
    n_spatial
        How many of the first dimensions of z have a spatial share; for the others ρ is 0.
    share
        ρ, at most 0.999; ``None`` learns one for each dimension.
    kernel
        ``"matern"`` (3/2), ``"gaussian"`` or ``"cauchy"``. The length of each dimension is learned.
    """

    def __init__(
        self,
        n_sections: int,
        n_cosines: int,
        n_dims: int,
        n_latent: int,
        *,
        n_spatial: int,
        share: float | None,
        kernel: KernelName,
    ) -> None:
        super().__init__()
        self.n_latent = n_latent
        self.n_spatial = n_spatial
        self.n_cosines = n_cosines
        self.density = DENSITIES[kernel]
        self.further_sections: Mapping[int, SectionSurfaces] = {}
        self.corner: Tensor
        self.far_corner: Tensor
        self.frequency: Tensor
        self.amplitude: Tensor
        self.square: Tensor
        self.has_surface: Tensor
        self.unit: Tensor
        self.n_cells: Tensor
        self.exact_mean: Tensor
        self.covariance: Tensor
        self.is_exact: Tensor
        shape = (n_sections, n_cosines)
        self.register_buffer("corner", torch.zeros(n_sections, n_dims))
        self.register_buffer("far_corner", torch.zeros(n_sections, n_dims))
        self.register_buffer("frequency", torch.zeros(*shape, n_dims))
        self.register_buffer("amplitude", torch.zeros(shape))
        self.register_buffer("square", torch.ones(shape))
        self.register_buffer("has_surface", torch.zeros(n_sections, dtype=torch.bool))
        self.register_buffer("unit", torch.ones(()))
        self.register_buffer("n_cells", torch.ones(()))
        self.register_buffer("exact_mean", torch.zeros(*shape, n_spatial))
        self.register_buffer("covariance", torch.zeros(n_sections, n_spatial, n_cosines, n_cosines))
        self.register_buffer("is_exact", torch.zeros((), dtype=torch.bool))
        self.mean = nn.Parameter(torch.zeros(*shape, n_spatial))
        self.log_deviation = nn.Parameter(torch.full((*shape, n_spatial), log(FIRST_DEVIATION)))
        self.log_length = nn.Parameter(torch.full((n_spatial,), log(FIRST_LENGTH)))
        first = FIRST_SHARE if share is None else min(share, MOST_SHARE)
        logit = torch.full((n_spatial,), log(first / (1 - first)))
        self.share_logit = nn.Parameter(logit, requires_grad=share is None)

    @property
    def share(self) -> Tensor:
        """ρ of each spatial dimension, shape ``(n_spatial,)``."""
        return self.share_logit.sigmoid().clamp(max=MOST_SHARE)

    @property
    def length(self) -> Tensor:
        """Length of each spatial dimension's kernel, in the unit of the coordinates."""
        return self.log_length.exp() * self.unit

    def has(self, code: int) -> bool:
        """Whether there are surfaces of a section, by its code."""
        is_reference = 0 <= code < len(self.has_surface) and bool(self.has_surface[code])
        return is_reference or code in self.further_sections

    def section(self, code: int) -> SectionSurfaces:
        """Give the surfaces of a section; places are in units."""
        if code in self.further_sections:
            return self.further_sections[code]
        mean, spread = self.mean[code], self.log_deviation[code].exp()
        if self.is_exact:
            mean, spread = self.exact_mean[code], self.covariance[code]
        return SectionSurfaces(
            self.corner[code],
            self.far_corner[code],
            self.frequency[code],
            self.amplitude[code],
            self._deviation(self.frequency[code], self.square[code]),
            mean,
            spread,
        )

    def at(self, places: Tensor, section: Tensor) -> PlacedPrior:
        """Give what places say of z: nothing if they are unknown, or outside of the section's box.

        Parameters
        ----------
        places
            Centred by section, in the unit of the coordinates, shape ``(n_cells, n_dims)``. A row
            of NaN is a cell of unknown place.
        section
            Code of each cell's section, shape ``(n_cells,)``.
        """
        places = places / self.unit
        mean = places.new_zeros(len(places), self.n_latent)
        variance, noise = torch.zeros_like(mean), torch.ones_like(mean)
        spatial = torch.arange(self.n_spatial, device=places.device)[None]
        for code in section.unique().tolist():
            if not self.has(code):
                continue
            surfaces = self.section(code)
            rows = torch.nonzero((section == code) & surfaces.holds(places))
            height, uncertainty = surfaces.at(places[rows[:, 0]])
            mean = mean.index_put((rows, spatial), height)
            variance = variance.index_put((rows, spatial), uncertainty)
            noise = noise.index_put((rows, spatial), (1 - self.share).expand_as(height))
        return PlacedPrior(mean, variance, noise)

    def divergence(self) -> Tensor:
        """KL of the parameters' q(w) from N(0, I), over all sections, shape ``()``."""
        square = self.log_deviation.exp().square() + self.mean.square()
        return 0.5 * (square - 1.0 - 2.0 * self.log_deviation).sum()

    def new_section(self, cosines: Cosines, far_corner: Tensor, square: Tensor) -> SectionSurfaces:
        """Give the surfaces of a section that nothing is known of.

        Parameters
        ----------
        cosines
            Around the places of its cells, in units.
        far_corner
            Of the box in which they hold, shape ``(n_dims,)``.
        square
            Mean square of each cosine over the cells, shape ``(n_cosines,)``.
        """
        parts = (cosines.origin, far_corner, cosines.frequencies, cosines.amplitudes, square)
        corner, far, frequency, amplitude, square = (
            torch.as_tensor(part).to(self.corner) for part in parts
        )
        deviation = self._deviation(frequency, square)
        nothing = torch.zeros_like(deviation)
        return SectionSurfaces(corner, far, frequency, amplitude, deviation, nothing, nothing + 1)

    @torch.no_grad()
    def set_section(self, code: int, surfaces: SectionSurfaces, square: Tensor) -> None:
        """Take the cosines of a section, before training; arguments of :meth:`new_section`."""
        self.corner[code] = surfaces.corner
        self.far_corner[code] = surfaces.far_corner
        self.frequency[code] = surfaces.frequency
        self.amplitude[code] = surfaces.amplitude
        self.square[code] = square
        self.has_surface[code] = True
        self.mean[code] = self.exact_mean[code] = surfaces.mean
        self.covariance[code] = torch.eye(self.n_cosines)

    @torch.no_grad()
    def set_exact(self, code: int, surfaces: SectionSurfaces) -> None:
        """Take the exact weights of a section, after training; further training starts there."""
        self.mean[code] = self.exact_mean[code] = surfaces.mean
        self.covariance[code] = surfaces.spread
        self.is_exact.fill_(1)

    def _deviation(self, frequency: Tensor, square: Tensor) -> Tensor:
        """Deviation of the weights such that surfaces have variance ρ, the mean over cells."""
        squared = frequency.square().sum(-1, keepdim=True)
        density = self.density(squared, self.log_length.exp(), frequency.shape[-1])
        total = (density * square[:, None]).sum(0)
        return (self.share * density / total).sqrt()
