"""A simulated organ and the sections that can be cut from it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from dpvae.datasets.anatomy import Anatomy, draw_anatomy
from dpvae.datasets.expression import Genes, draw_cell_depths, draw_genes
from dpvae.datasets.frame import draw_frame
from dpvae.datasets.outline import Outline, draw_outline
from dpvae.datasets.positions import cell_positions, uniform_points

N_REFERENCE_POINTS = 4000
ANGLE_OF_LOBE = 0.3


@dataclass(frozen=True)
class Section:
    """What is measured of one section, and its truth.

    Attributes
    ----------
    counts
        Raw counts, shape (n_cells, n_genes), CSR, float32.
    coordinates
        Micrometres in the section's own frame, shape (n_cells, n_dims).
    domains, cell_types
        Codes, shape (n_cells,) each.
    """

    counts: sparse.csr_matrix
    coordinates: NDArray[np.float64]
    domains: NDArray[np.intp]
    cell_types: NDArray[np.intp]


@dataclass(frozen=True)
class Organ:
    """Shape, anatomy and genes that all sections share."""

    outline: Outline
    anatomy: Anatomy
    genes: Genes

    def section(
        self, n_cells: int, *, batch_effect: float, upright: bool, rng: np.random.Generator
    ) -> Section:
        """Cut a section: its outline, cells, frame and batch effect are its own.

        Parameters
        ----------
        n_cells
            Number of cells.
        batch_effect
            Standard deviation of the log factor by which the section multiplies each gene.
        upright
            Whether the section is only shifted, not rotated or reflected.
        rng
            Source of everything.
        """
        outline = self.outline.another_section(rng)
        points = cell_positions(outline, n_cells, rng)
        coordinates = draw_frame(points.shape[1], rng, upright=upright).apply(points)
        body = outline.body_coordinates(points)
        domains = self.anatomy.domains(body)
        cell_types = self.anatomy.cell_types(domains, rng)
        factors = np.exp(batch_effect * rng.normal(size=len(self.genes.baseline)))
        depths = draw_cell_depths(n_cells, rng)
        expected = depths[:, None] * factors * self.genes.expected_counts(body, cell_types)
        return Section(
            counts=sparse.csr_matrix(self.genes.sample(expected, rng), dtype=np.float32),
            coordinates=coordinates,
            domains=domains,
            cell_types=cell_types,
        )


def draw_organ(
    n_genes: int, n_dims: int, n_domains: int, mean_depth: float, rng: np.random.Generator
) -> Organ:
    """Organ with its hilum at the second axis and its lobe next to it."""
    right, hilum = np.eye(n_dims)[:2]
    lobe = np.cos(ANGLE_OF_LOBE) * right + np.sin(ANGLE_OF_LOBE) * hilum
    outline = draw_outline(hilum, lobe, rng)
    body = outline.body_coordinates(uniform_points(outline, N_REFERENCE_POINTS, rng))
    anatomy = draw_anatomy(body, 0.7 * hilum, n_domains, rng)
    genes = draw_genes(n_genes, n_dims, anatomy.type_frequency.shape[1], mean_depth, rng)
    return Organ(outline, anatomy, genes)
