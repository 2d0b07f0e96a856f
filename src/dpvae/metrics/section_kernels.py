"""Kernels over a section from which depth and covariates are taken out."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from dpvae.geometry.surfaces.cosines import Cosines
from dpvae.metrics.depth_trend import depth_bins, trend_basis
from dpvae.metrics.form_traces import FormTraces
from dpvae.metrics.pattern_modes import PatternModes

Values = NDArray[np.float64]

CELLS_PER_BIN, MOST_BINS = 100, 6
FEWEST_FREE = 10
CELLS_AT_A_TIME = 4_096
NEGLIGIBLE = 1e-6


@dataclass(frozen=True, eq=False)
class FormSums:
    """What a section says of genes; these sums of several sections add up.

    Attributes
    ----------
    excess
        yᵀKy less its mean without a pattern, shape ``(n_lengths, n_genes)``.
    squares, cubes, fourths
        Sums of powers of its weights, shape ``(n_lengths, n_genes)``.
    modes, noise
        Mean square of values, and of noise alone, in each mode of the sections, shape
        ``(n_modes, n_genes)``.
    """

    excess: Values
    squares: Values
    cubes: Values
    fourths: Values
    modes: Values
    noise: Values

    def __add__(self, other: "FormSums") -> "FormSums":
        """Join independent sections."""
        return FormSums(
            self.excess + other.excess,
            self.squares + other.squares,
            self.cubes + other.cubes,
            self.fourths + other.fourths,
            np.vstack([self.modes, other.modes]),
            np.vstack([self.noise, other.noise]),
        )

    @classmethod
    def side_by_side(cls, blocks: Sequence["FormSums"]) -> "FormSums":
        """Join the sums of different genes."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.hstack([getattr(block, name) for block in blocks]) for name in names))


@dataclass(frozen=True, eq=False)
class SectionKernels:
    """Matérn 3/2 kernels of several lengths over a section, as sums of cosines.

    Attributes
    ----------
    order
        Cells of the section by bins of depth, shape ``(n_cells,)``.
    starts
        Where each bin begins in that order, shape ``(n_bins,)``.
    trend
        Functions of depth and covariates, in that order, see
        :func:`~dpvae.metrics.depth_trend.trend_basis`.
    cosines
        Cosines without their part in the trend, in that order, shape ``(n_cells, n_cosines)``.
    spectra
        Variance of each cosine's weight, shape ``(n_lengths, n_cosines)``.
    traces
        Of the kernel of each length.
    modes
        Of patterns that the kernels have.
    """

    order: NDArray[np.intp]
    starts: NDArray[np.intp]
    trend: Values
    cosines: Values
    spectra: Values
    traces: tuple[FormTraces, ...]
    modes: PatternModes

    @classmethod
    def of(
        cls, places: Values, depth: Values, covariates: Values, lengths: Values
    ) -> "SectionKernels":
        """Make the kernels.

        Parameters
        ----------
        places
            Shape ``(n_cells, n_dims)``, finite, not all the same.
        depth
            Above 0, shape ``(n_cells,)``.
        covariates
            Shape ``(n_cells, n_covariates)``.
        lengths
            Of the kernels, in widths of the section.

        Raises
        ------
        ValueError
            If depth and covariates explain all that cells or places could say.
        """
        trend = trend_basis(depth, covariates)
        n_free = len(places) - trend.shape[1]
        if n_free < FEWEST_FREE:
            message = (
                f"covariates explain everything: with depth they are {trend.shape[1]} independent "
                f"columns for {len(places)} cells. Give fewer, or larger categories."
            )
            raise ValueError(message)
        freedom = 1.0 - (trend**2).sum(axis=1)
        n_bins = int(np.clip(len(places) // CELLS_PER_BIN, 1, MOST_BINS))
        number = depth_bins(depth, freedom, n_bins)
        order = np.argsort(number, kind="stable")
        starts = np.searchsorted(number[order], np.arange(number.max() + 1))
        trend = trend[order]
        places = (places - places.min(axis=0)) / np.ptp(places, axis=0).max()
        box = Cosines.around(places)
        spectra = np.stack([box.variances(float(length)) for length in lengths])
        cosines, share_left = _without_trend(box, places[order], trend)
        if share_left < NEGLIGIBLE:
            message = "covariates explain everything: they differ between all places."
            raise ValueError(message)
        bins = np.split(cosines, starts[1:])
        products = np.stack([part.T @ part for part in bins])
        free = np.add.reduceat(freedom[order], starts)
        roots = np.sqrt(spectra)
        traces = tuple(FormTraces.of(root[:, None] * products * root, free) for root in roots)
        modes = PatternModes.of(products, spectra, free)
        return cls(order, starts, trend, cosines, spectra, traces, modes)

    def sums(self, values: Values) -> FormSums:
        """Take trends out of values and sum them up.

        Parameters
        ----------
        values
            A column for each gene, rows in the order of the cells that the kernels were made of.
        """
        rest = values[self.order]
        whole = (rest**2).sum(axis=0)
        rest -= self.trend @ (self.trend.T @ rest)
        rest[:, (rest**2).sum(axis=0) <= NEGLIGIBLE**3 * whole] = 0.0
        left = np.add.reduceat(rest**2, self.starts, axis=0)
        variances = left / self.traces[0].freedom[:, None]
        weights = self.cosines.T @ rest
        expected = np.stack([part.expected(variances) for part in self.traces])
        powers = [part.powers(variances) for part in self.traces]
        squares, cubes, fourths = (np.stack(kind) for kind in zip(*powers, strict=True))
        return FormSums(
            self.spectra @ weights**2 - expected,
            squares,
            cubes,
            fourths,
            self.modes.squares(weights, left.sum(axis=0)),
            self.modes.noise(variances),
        )


def _without_trend(box: Cosines, places: Values, trend: Values) -> tuple[Values, float]:
    """Cosines less their part in the trend, and the share of their squares that is left."""
    cosines = np.empty((len(places), len(box.frequencies)))
    blocks = [slice(k, k + CELLS_AT_A_TIME) for k in range(0, len(places), CELLS_AT_A_TIME)]
    for cells in blocks:
        cosines[cells] = box.at(places[cells])
    square = np.vdot(cosines, cosines)
    overlap = trend.T @ cosines
    for cells in blocks:
        cosines[cells] -= trend[cells] @ overlap
    return cosines, float(np.vdot(cosines, cosines) / square)
