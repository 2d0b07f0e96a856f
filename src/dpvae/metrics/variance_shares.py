"""Shares of a variance that follow kernels of several lengths."""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

N_STEPS = 100
FIRST_SHARE = 0.02
SMALLEST = 1e-9


def variance_shares(squares: Values, noise: Values, kernels: Values, numbers: Values) -> Values:
    r"""Estimate how much of a gene's variance follows kernels of several lengths, all at once.

    The mean square of mode j is expected to be :math:`\mu_j = \sum_\ell \sigma^2_\ell
    \lambda_{\ell j} + \tau \nu_j` with the kernels' variances λ and the noise ν. Components σ² and
    τ are those of the highest normal likelihood, found by steps that each raise it; they stay
    above 0. A share is the expected variance of the pattern at hand, given the values.

    Parameters
    ----------
    squares
        Mean square of values in each mode, shape ``(n_modes, n_genes)``.
    noise
        ν, the mean square of noise there, in any unit, shape ``(n_modes, n_genes)``.
    kernels
        λ, shape ``(n_lengths, n_modes)``.
    numbers
        Dimensions of each mode, shape ``(n_modes,)``.

    Returns
    -------
    Shares from 0 to 1, which for no gene add up to more than 1, shape ``(n_lengths, n_genes)``.
    NaN for a gene without variance.
    """
    total = numbers @ squares / numbers.sum()
    varies = total > 0.0
    shares = np.full((len(kernels), len(total)), np.nan)
    found = squares[:, varies] / total[varies]
    expected_noise = np.maximum(noise[:, varies] / total[varies], SMALLEST)
    unit = (kernels @ numbers / numbers.sum())[:, None]
    kernels = kernels / unit
    component = np.full((len(kernels), found.shape[1]), FIRST_SHARE)
    rest = np.full(found.shape[1], 1.0 - len(kernels) * FIRST_SHARE)
    counted = kernels * numbers
    for _ in range(N_STEPS):
        mean = np.maximum(kernels.T @ component + rest * expected_noise, SMALLEST)
        excess, inverse = found / mean**2, 1.0 / mean
        component *= np.sqrt((counted @ excess) / (counted @ inverse))
        weighted = numbers[:, None] * expected_noise
        rest *= np.sqrt((weighted * excess).sum(axis=0) / (weighted * inverse).sum(axis=0))
    pattern = kernels.T @ component
    mean = np.maximum(pattern + rest * expected_noise, SMALLEST)
    kept = (pattern * found / mean + rest * expected_noise) / mean
    realized = component * (counted @ kept) / numbers.sum()
    shares[:, varies] = realized / np.maximum(realized.sum(axis=0), 1.0)
    return shares
