"""Kernels over all sections, for tests of many genes."""

from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, issparse

from dpvae.metrics.cauchy_combination import cauchy_combination
from dpvae.metrics.mixture_of_chi_squares import mixture_tail
from dpvae.metrics.section_kernels import FormSums, SectionKernels
from dpvae.metrics.variance_shares import variance_shares

Values = NDArray[np.float64]

GENES_AT_A_TIME = 64


@dataclass(frozen=True, eq=False)
class KernelTest:
    """Evidence that genes follow the tissue, and how much of their variance does.

    Attributes
    ----------
    p_value
        Chance of as much pattern if places mean nothing, all lengths together, shape
        ``(n_genes,)``. NaN for a gene that does not vary, or only with depth and covariates.
    p_values
        The same for each length alone, shape ``(n_lengths, n_genes)``.
    shares
        Share of a gene's variance that follows each length, from 0 to 1, shape
        ``(n_lengths, n_genes)``. For no gene do they add up to more than 1.
    lengths
        Of the kernels, in widths of the section, shape ``(n_lengths,)``.
    """

    p_value: Values
    p_values: Values
    shares: Values
    lengths: Values


@dataclass(frozen=True, eq=False)
class TissueKernels:
    """Kernels over sections that have nothing to do with each other.

    Attributes
    ----------
    sections
        Row numbers of the cells of each section, and its kernels.
    lengths
        In widths of the section, shape ``(n_lengths,)``.
    """

    sections: tuple[tuple[NDArray[np.intp], SectionKernels], ...]
    lengths: Values

    @classmethod
    def of(
        cls,
        places: Values,
        depth: Values,
        section: NDArray[Any],
        covariates: Values,
        lengths: Values,
    ) -> "TissueKernels":
        """Make the kernels of every section; for shapes see :func:`~dpvae.metrics.kernel_test`.

        Raises
        ------
        ValueError
            If covariates explain everything in a section.
        """
        found = []
        for name in np.unique(section):
            cells = np.flatnonzero(section == name)
            try:
                kernels = SectionKernels.of(places[cells], depth[cells], covariates[cells], lengths)
            except ValueError as error:
                message = f"Section {str(name)!r}: {error}" if str(name) else str(error)
                raise ValueError(message) from error
            found.append((cells, kernels))
        return cls(tuple(found), lengths)

    def test(self, counts: Any) -> KernelTest:
        """Test genes, 64 at a time.

        Parameters
        ----------
        counts
            Dense or SciPy sparse, shape ``(n_cells, n_genes)``.
        """
        columns = csc_matrix(counts) if issparse(counts) else np.asarray(counts)
        parts = [
            self._sums(columns[:, begin : begin + GENES_AT_A_TIME])
            for begin in range(0, columns.shape[1], GENES_AT_A_TIME)
        ]
        sums = FormSums.side_by_side(parts)
        p_values = mixture_tail(sums.excess, sums.squares, sums.cubes, sums.fourths)
        modes = [kernels.modes for _, kernels in self.sections]
        shares = variance_shares(
            sums.modes,
            sums.noise,
            np.hstack([part.kernels for part in modes]),
            np.concatenate([part.numbers for part in modes]),
        )
        return KernelTest(cauchy_combination(p_values), p_values, shares, self.lengths)

    def _sums(self, counts: Any) -> FormSums:
        block = counts.toarray() if issparse(counts) else counts
        logarithms = np.log1p(block, dtype=np.float64)
        return reduce(add, (kernels.sums(logarithms[cells]) for cells, kernels in self.sections))
