"""Where each of many cells could be: a probability of every position of a reference."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import normalize

Values = NDArray[np.float32]

SHARPNESSES = 2.0 ** np.arange(-3.0, 5.5, 0.5)
N_FOLDS = 5
MOST_GENES_OF_A_FOLD = 100
MOST_POSITIONS = 1_000
SMALLEST_EXPONENT = -80.0
MOST_PAIRS_AT_ONCE = 4_000_000
MOST_CELLS_AT_ONCE = 4_096


@dataclass(frozen=True)
class LikelyPositions:
    r"""Probabilities of positions, from the correlation of expression.

    The probability that cell i is at position j is in proportion to :math:`\exp(s\, r_{ij})`, where
    r is the correlation, over genes, of their expression above the mean of all positions.

    Attributes
    ----------
    center
        Mean expression of the positions, shape ``(n_genes,)``.
    profiles
        Expression of the positions above that mean, standardised, shape ``(n_positions, n_genes)``.
    sharpness
        s.
    hidden_correlation
        Mean correlation of predicted and measured patterns of hidden genes, by which s was chosen:
        what can be expected of a gene that the reference does not have.
    """

    center: Values
    profiles: Values
    sharpness: float
    hidden_correlation: float

    def probabilities(self, genes: Values) -> Values:
        """Probability of every position for cells with these genes.

        Parameters
        ----------
        genes
            Shape ``(n_cells, n_genes)``.

        Returns
        -------
        Shape ``(n_cells, n_positions)``, rows of sum 1.
        """
        exponent = self.sharpness * (_standardized(genes - self.center) @ self.profiles.T)
        exponent -= exponent.max(axis=1, keepdims=True)
        weight = np.exp(np.maximum(exponent, SMALLEST_EXPONENT, out=exponent), out=exponent)
        return np.asarray(weight / weight.sum(axis=1, keepdims=True))

    def patterns(self, cells: Iterable[tuple[Values, Values]]) -> NDArray[np.float64]:
        """Mean of what belongs to cells, at each position, weighted by their probabilities.

        Parameters
        ----------
        cells
            Blocks of cells: their genes, shape ``(n_cells, n_genes)``, and what belongs to them,
            shape ``(n_cells, n_values)``.

        Returns
        -------
        Shape ``(n_positions, n_values)``. Time O(n_cells n_positions (n_genes + n_values)) for
        all cells, memory O(n_positions (n_values + n_cells)) with the cells of a block.
        """
        total, mass = np.zeros(()), np.zeros(len(self.profiles))
        for genes, values in cells:
            probability = self.probabilities(genes)
            total = total + probability.T @ values
            mass += probability.sum(axis=0)
        return np.asarray(total / mass[:, None], dtype=np.float64)


def fit_likely_positions(cells: Values, positions: Values, *, seed: int = 0) -> LikelyPositions:
    """Choose how sharp probabilities are such that cells draw the patterns of hidden genes best.

    A fifth of the genes is hidden at a time. Cells get probabilities from the others, and the
    patterns that they draw of the hidden ones are correlated with the reference's. No known place
    is needed, and nothing is taken over from another tissue or technology: the right sharpness
    depends on the number of genes, and on how noisy they are.

    Parameters
    ----------
    cells
        Genes of some of the cells, shape ``(n_cells, n_genes)``: a thousand are enough.
    positions
        Expression that is expected at the positions, shape ``(n_positions, n_genes)``. The choice
        is made by 1,000 random ones if there are more.
    seed
        Seed of those, and of the groups of genes. By default 0.

    Returns
    -------
    The probabilities. Time O(1,000 n_cells n_genes), memory O(n_positions n_genes + 1,000 n_cells).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> tissue = rng.uniform(size=(100, 1))
    >>> genes = np.cos(9 * tissue + rng.uniform(0, 6, 40)).astype("f4")
    >>> likely = fit_likely_positions(genes, genes)
    >>> likely.probabilities(genes[:5]).shape
    (5, 100)
    >>> bool(likely.hidden_correlation > 0.9)
    True
    """
    rng = np.random.default_rng(seed)
    center = positions.mean(axis=0)
    some_cells = cells - center
    some_positions = positions[rng.permutation(len(positions))[:MOST_POSITIONS]] - center
    fold = rng.permutation(cells.shape[1]) % N_FOLDS
    found = np.zeros(len(SHARPNESSES))
    for number in range(N_FOLDS):
        is_hidden = fold == number
        hidden = rng.permutation(np.flatnonzero(is_hidden))[:MOST_GENES_OF_A_FOLD]
        profiles = _standardized(some_positions[:, ~is_hidden])
        spread = _spread(some_cells[:, ~is_hidden], profiles)
        for k, sharpness in enumerate(SHARPNESSES / spread):
            likely = LikelyPositions(np.zeros(1, np.float32), profiles, float(sharpness), 0.0)
            drawn = likely.patterns([(some_cells[:, ~is_hidden], some_cells[:, hidden])])
            found[k] += _mean_correlation(drawn, some_positions[:, hidden]) / N_FOLDS
    best = int(found.argmax())
    sharpness = SHARPNESSES[best] / _spread(some_cells, _standardized(some_positions))
    profiles = _standardized(positions - center)
    return LikelyPositions(center, profiles, float(sharpness), float(found[best]))


def cells_at_once(n_positions: int) -> int:
    """How many cells a block may have, given the number of positions."""
    return int(np.clip(MOST_PAIRS_AT_ONCE // n_positions, 1, MOST_CELLS_AT_ONCE))


def _standardized(values: Values) -> Values:
    """Rows of mean 0 and length 1, whose products are correlations; 0 where constant."""
    return np.asarray(normalize(values - values.mean(axis=1, keepdims=True)))


def _spread(cells: Values, profiles: Values) -> float:
    return float((_standardized(cells) @ profiles.T).std()) or 1.0


def _mean_correlation(drawn: NDArray[np.float64], true: Values) -> float:
    one, other = _standardized(drawn.T.astype(np.float32)), _standardized(true.T)
    return float((one * other).sum(axis=1).mean())
