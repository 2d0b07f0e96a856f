"""Expression of a simulated tissue: smooth spatial programmes and negative binomial counts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

N_WAVES = 10
GRADIENT_STRENGTH = 0.4
TYPE_STRENGTH = 0.5
MARKER_SHARE = 0.25
DEPTH_VARIATION = 0.4


@dataclass(frozen=True)
class Genes:
    """What a gene does: where it is expressed, in which cell type, how much and how noisily.

    Attributes
    ----------
    is_spatial
        Whether the gene depends on the place, shape (n_genes,). The others are housekeeping genes:
        the same everywhere and in every cell type.
    baseline
        Mean counts of a cell of average depth before effects, shape (n_genes,).
    frequencies, phases
        Waves over body coordinates, shapes (n_dims, n_waves) and (n_waves,).
    loadings
        Log effect of each spatial mode on each gene, shape (n_dims + n_waves, n_genes).
    type_effects
        Log effect of each cell type on each gene, shape (n_types, n_genes).
    inverse_dispersion
        θ of the negative binomial, variance = mean + mean² / θ, shape (n_genes,).
    """

    is_spatial: NDArray[np.bool_]
    baseline: NDArray[np.float64]
    frequencies: NDArray[np.float64]
    phases: NDArray[np.float64]
    loadings: NDArray[np.float64]
    type_effects: NDArray[np.float64]
    inverse_dispersion: NDArray[np.float64]

    def expected_counts(
        self, body: NDArray[np.float64], cell_types: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Mean counts of cells of average depth, shape (n, n_genes).

        Parameters
        ----------
        body
            Body coordinates, shape (n, n_dims).
        cell_types
            Codes of the cell types, shape (n,).
        """
        waves = np.sin(body @ self.frequencies + self.phases)
        effects = np.hstack([body, waves]) @ self.loadings + self.type_effects[cell_types]
        return np.asarray(self.baseline * np.exp(effects))

    def sample(self, expected: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
        """Negative binomial counts around their expectation, shape (n, n_genes)."""
        return rng.poisson(rng.gamma(self.inverse_dispersion, expected / self.inverse_dispersion))


def draw_genes(
    n_genes: int, n_dims: int, n_types: int, mean_depth: float, rng: np.random.Generator
) -> Genes:
    """Half of the genes spatial (rounded up), each along three modes, the others housekeeping.

    A spatial gene follows one body axis, so that left differs from right and top from bottom, and
    two waves of random direction and length.

    Parameters
    ----------
    n_genes, n_dims, n_types
        How many genes, dimensions of the tissue and cell types there are.
    mean_depth
        Sum of the baselines: counts of a cell of average depth before effects.
    rng
        Source of everything.
    """
    is_spatial = rng.permutation(n_genes) < (n_genes + 1) // 2
    baseline = rng.lognormal(0, 0.8, n_genes)
    direction = rng.normal(size=(n_dims, N_WAVES))
    direction /= np.linalg.norm(direction, axis=0)
    follows = np.vstack([_choice(n_dims, 1, n_genes, rng), _choice(N_WAVES, 2, n_genes, rng)])
    loadings = GRADIENT_STRENGTH * rng.normal(size=follows.shape) * follows
    is_marker = rng.random((n_types, n_genes)) < MARKER_SHARE
    type_effects = TYPE_STRENGTH * rng.normal(size=(n_types, n_genes)) * is_marker
    return Genes(
        is_spatial=is_spatial,
        baseline=mean_depth * baseline / baseline.sum(),
        frequencies=direction * rng.uniform(1.5, 4, N_WAVES),
        phases=rng.uniform(0, 2 * np.pi, N_WAVES),
        loadings=loadings * is_spatial,
        type_effects=type_effects * is_spatial,
        inverse_dispersion=rng.lognormal(np.log(4), 0.5, n_genes),
    )


def draw_cell_depths(n_cells: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Log-normal relative sequencing depths of mean 1, shape (n_cells,)."""
    return rng.lognormal(-0.5 * DEPTH_VARIATION**2, DEPTH_VARIATION, n_cells)


def _choice(
    n_modes: int, n_chosen: int, n_genes: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Choose as many modes for every gene, shape (n_modes, n_genes)."""
    rank = rng.permuted(np.tile(np.arange(n_modes)[:, None], (1, n_genes)), axis=0)
    return rank < n_chosen
