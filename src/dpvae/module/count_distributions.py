"""Distributions of counts whose log-probability is fast where most counts are 0."""

from typing import Any

import torch
from scvi.distributions import NegativeBinomial, Poisson, ZeroInflatedNegativeBinomial
from torch import Tensor

from dpvae.module.count_likelihood import log_negative_binomial, log_zero_inflated

LIKELIHOODS = ("nb", "zinb", "poisson")
LEAST_RATE = 1e-8


def check_likelihood(gene_likelihood: object, *further: str) -> None:
    """Raise if this is no distribution of counts: neither one of scVI's nor a further one."""
    *names, last = [repr(name) for name in (*LIKELIHOODS, *further)]
    if repr(gene_likelihood) in (*names, last):
        return
    message = f"gene_likelihood is {gene_likelihood!r}: choose {', '.join(names)} or {last}."
    if gene_likelihood == "normal":
        message += (
            " DPSCVI takes raw counts; dpvae.model.DPVAE has a normal likelihood, of "
            "log-normalised values."
        )
    raise ValueError(message)


class SparseNegativeBinomial(NegativeBinomial):
    """:class:`scvi.distributions.NegativeBinomial` with a fast ``log_prob`` for many zeros.

    With ``validate_args=True`` it is scvi-tools' own, which checks the counts.

    Parameters
    ----------
    **parameters
        Parameters of scvi-tools, by name: ``mu``, ``theta``, ``scale``, … Fastest if ``theta`` has
        the shape ``(n_genes,)``.
    """

    def __init__(self, **parameters: Any) -> None:
        super().__init__(**parameters)
        self._given_theta = _given_theta(self, parameters)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-probability of counts, of the shape to which counts and parameters are broadcast."""
        if self._validate_args:
            checked: Tensor = super().log_prob(value)
            return checked
        return log_negative_binomial(value, self.mu, self._given_theta)


class SparseZeroInflatedNegativeBinomial(ZeroInflatedNegativeBinomial):
    """:class:`scvi.distributions.ZeroInflatedNegativeBinomial` with a fast ``log_prob``.

    With ``validate_args=True`` it is scvi-tools' own, which checks the counts.

    Parameters
    ----------
    **parameters
        Parameters of scvi-tools, by name: ``mu``, ``theta``, ``zi_logits``, ``scale``, … Fastest if
        ``theta`` has the shape ``(n_genes,)``.
    """

    def __init__(self, **parameters: Any) -> None:
        super().__init__(**parameters)
        self._given_theta = _given_theta(self, parameters)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-probability of counts, of the shape to which counts and parameters are broadcast."""
        if self._validate_args:
            checked: Tensor = super().log_prob(value)
            return checked
        return log_zero_inflated(value, self.mu, self._given_theta, self.zi_logits)


class Detection(Poisson):
    r"""Whether anything is counted: Bernoulli, with :math:`P(x > 0) = 1 - e^{-\mu}`.

    For peaks of open chromatin, and where counts above 1 say no more than 1. A cell of more counts
    has more peaks, as in scVI's likelihoods.

    Parameters
    ----------
    rate
        :math:`\mu`.
    scale
        Share of each gene or peak.

    Examples
    --------
    >>> import torch
    >>> Detection(torch.tensor([0.6931, 0.6931])).log_prob(torch.tensor([0.0, 3.0])).exp()
    tensor([0.5000, 0.5000])
    """

    def __init__(self, rate: Tensor, scale: Tensor | None = None) -> None:
        super().__init__(rate, scale=scale, validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-probability of counts, of which only matters whether they are 0."""
        found = torch.log(-torch.expm1(-self.rate.clamp(min=LEAST_RATE)))
        return torch.where(value > 0, found, -self.rate)


def _given_theta(distribution: NegativeBinomial, parameters: dict[str, Any]) -> Tensor:
    """θ before scvi-tools repeats it for every cell."""
    theta: Tensor | None = parameters.get("theta")
    return distribution.theta if theta is None else theta
