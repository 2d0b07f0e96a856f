"""Moran's I and Geary's C of several variables."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse
from scipy.stats import norm

from dpvae.metrics.column_sums import ColumnSums, column_sums
from dpvae.metrics.spatial_weights import SpatialWeights

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SpatialStatistic:
    """Moran's I or Geary's C of several variables, and how unlikely they are by chance.

    All p-values are one-sided: the chance of neighbours at least as alike. NaN for a variable that
    is constant.

    Attributes
    ----------
    value
        The statistic of each variable, shape ``(n_variables,)``.
    expected
        Its mean if places mean nothing: −1/(n − 1) for I, 1 for C.
    variance_normality, variance_randomization
        Its variance there, shape ``(n_variables,)``: for normal values, and for the values at hand
        in random order (Cliff & Ord 1981).
    p_normality, p_randomization
        Tail of the normal distribution with that variance, shape ``(n_variables,)``. Use
        randomisation for counts.
    p_permutation
        Share of random orders of the cells, the given one included, that are at least as extreme,
        shape ``(n_variables,)``; ``None`` without permutations.
    """

    value: Values
    expected: float
    variance_normality: Values
    variance_randomization: Values
    p_normality: Values
    p_randomization: Values
    p_permutation: Values | None = None


@dataclass(frozen=True, eq=False)
class Autocorrelation:
    """Moran's I and Geary's C of the same variables.

    Attributes
    ----------
    morans_i
        From about −1 to 1; 0 by chance, towards 1 if neighbours are alike.
    gearys_c
        From 0, neighbours are equal, over 1, chance, to about 2.
    """

    morans_i: SpatialStatistic
    gearys_c: SpatialStatistic


def autocorrelation(
    values: Any, graph: Any, *, n_permutations: int = 0, seed: int = 0
) -> Autocorrelation:
    """Moran's I and Geary's C of variables over a graph of neighbours, both at once.

    I = (n/S₀) Σ w_ij (x_i − x̄)(x_j − x̄) / Σ (x_i − x̄)² and
    C = ((n − 1)/2S₀) Σ w_ij (x_i − x_j)² / Σ (x_i − x̄)² with S₀ = Σ w_ij (Moran 1950, Geary 1954),
    as :func:`scanpy.metrics.morans_i` and :func:`scanpy.metrics.gearys_c`.

    Parameters
    ----------
    values
        Dense or SciPy sparse, shape ``(n_cells, n_variables)``: a column for each variable. Sparse
        values stay sparse.
    graph
        Weights w, SciPy sparse, shape ``(n_cells, n_cells)``, finite; the diagonal does not count.
        It need not be symmetric. A cell without neighbours counts in the mean and variance only.
    n_permutations
        Number of random orders for ``p_permutation``. All variables are moved together with their
        cells. By default 0: none.
    seed
        Seed of the orders. By default 0.

    Returns
    -------
    The statistics, computed in float64. Shuffled cells score I = −1/(n − 1) and C = 1 on average.

    Raises
    ------
    ValueError
        If shapes do not match, a value is not finite, there are fewer than four cells, or no pair
        has a weight.

    Warns
    -----
    UserWarning
        If variables are constant; their statistics are NaN.

    Notes
    -----
    Time O((1 + permutations) × stored values × neighbours), memory O(n_cells) besides the values
    and their transpose.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import diags
    >>> from dpvae.metrics import autocorrelation
    >>> line = diags([1.0, 1.0], [-1, 1], shape=(8, 8))
    >>> result = autocorrelation(np.c_[np.arange(8.0), np.tile([0.0, 1.0], 4)], line)
    >>> result.morans_i.value.round(3), result.gearys_c.value.round(3)
    (array([ 0.714, -1.   ]), array([0.083, 1.75 ]))
    """
    weights = SpatialWeights.of(graph)
    table = _checked(values, weights.n_cells)
    sums = column_sums(table, weights)
    is_constant = ~(sums.squares > 1e-14 * (sums.squares + weights.n_cells * sums.mean**2))
    if is_constant.any():
        message = (
            f"{int(is_constant.sum())} of {len(is_constant)} variables are constant: their Moran's "
            "I and Geary's C are NaN."
        )
        warnings.warn(message, UserWarning, stacklevel=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = _statistics(sums, weights, is_constant)
        kurtosis = np.where(is_constant, np.nan, weights.n_cells * sums.fourths / sums.squares**2)
    counts = np.zeros((2, len(is_constant)))
    rng = np.random.default_rng(seed)
    for _ in range(n_permutations):
        shuffled = weights.permuted(rng.permutation(weights.n_cells))
        with np.errstate(divide="ignore", invalid="ignore"):
            by_chance = _statistics(column_sums(table, shuffled), shuffled, is_constant)
        counts[0] += by_chance[0] >= found[0] - 1e-12
        counts[1] += by_chance[1] <= found[1] + 1e-12
    p_permutation = np.where(is_constant, np.nan, (1.0 + counts) / (1.0 + n_permutations))
    results = []
    for k, (normality, randomization) in enumerate(
        (weights.morans_variances(kurtosis), weights.gearys_variances(kurtosis))
    ):
        expected = -1.0 / (weights.n_cells - 1) if k == 0 else 1.0
        excess = found[k] - expected if k == 0 else expected - found[k]
        results.append(
            SpatialStatistic(
                found[k],
                expected,
                np.where(is_constant, np.nan, normality),
                randomization,
                norm.sf(excess / np.sqrt(normality)),
                norm.sf(excess / np.sqrt(randomization)),
                p_permutation[k] if n_permutations else None,
            )
        )
    return Autocorrelation(*results)


def false_discovery_rate(p_values: Values) -> Values:
    """Adjust p-values for the number of variables tested (Benjamini & Hochberg 1995).

    Parameters
    ----------
    p_values
        Shape ``(n_variables,)``. NaN, of variables that could not be tested, stay NaN and do not
        count.

    Returns
    -------
    Shape ``(n_variables,)``: calling everything up to a value significant has at most that share of
    false calls, on average.

    Examples
    --------
    >>> import numpy as np
    >>> from dpvae.metrics import false_discovery_rate
    >>> false_discovery_rate(np.array([0.01, 0.04, np.nan]))
    array([0.02, 0.04,  nan])
    """
    from scipy.stats import false_discovery_control

    adjusted = np.full(len(p_values), np.nan)
    tested = ~np.isnan(p_values)
    if tested.any():
        adjusted[tested] = false_discovery_control(p_values[tested])
    return adjusted


def _checked(values: Any, n_cells: int) -> Any:
    table = values if issparse(values) else np.asarray(values)
    if table.ndim != 2 or table.shape[0] != n_cells:
        message = f"values have shape {table.shape}; the graph has {n_cells} cells as rows."
        raise ValueError(message)
    stored: NDArray[Any] = np.asarray(table.data if issparse(table) else table)
    if stored.dtype.kind not in "biuf":
        message = f"values are of type {stored.dtype}; numbers are needed."
        raise ValueError(message)
    if stored.dtype.kind == "f" and not np.isfinite(stored).all():
        message = f"values hold {int((~np.isfinite(stored)).sum())} NaN or infinite entries."
        raise ValueError(message)
    return csr_matrix(table) if issparse(table) else table


def _statistics(
    sums: ColumnSums, weights: SpatialWeights, is_constant: NDArray[np.bool_]
) -> tuple[Values, Values]:
    n_cells = weights.n_cells
    moran = n_cells / weights.total * sums.products / sums.squares
    geary = (n_cells - 1) / (2.0 * weights.total) * sums.differences / sums.squares
    return np.where(is_constant, np.nan, moran), np.where(is_constant, np.nan, geary)
