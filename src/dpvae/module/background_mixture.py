"""The distribution of protein counts: background, or foreground."""

from scvi.distributions import NegativeBinomialMixture
from torch import Tensor


class BackgroundMixture(NegativeBinomialMixture):
    r"""scvi-tools' mixture of two negative binomials, with what models of counts are asked for.

    .. math:: x \sim π\, NB(b, θ) + (1 - π)\, NB(f, θ)

    Parameters
    ----------
    background, foreground
        Means b and f of the two.
    theta
        Inverse dispersion θ of both.
    logits
        Logit of the probability π that a count is background.
    scale
        Share of each protein in the foreground of its cell.

    Examples
    --------
    >>> import torch
    >>> one = torch.ones(1, 1)
    >>> BackgroundMixture(one, 3 * one, one, 0 * one, one).log_prob(0 * one).exp()
    tensor([[0.3750]])
    """

    def __init__(
        self, background: Tensor, foreground: Tensor, theta: Tensor, logits: Tensor, scale: Tensor
    ) -> None:
        super().__init__(background, foreground, theta, logits)
        self.scale = scale

    @property
    def mu(self) -> Tensor:
        """Expected count."""
        expected: Tensor = self.mean
        return expected

    @property
    def theta(self) -> Tensor:
        """Inverse dispersion."""
        shared: Tensor = self.theta1
        return shared

    def get_normalized(self, key: str) -> Tensor:
        """Give the foreground: its shares for ``"scale"``, its expected counts otherwise."""
        if key == "scale":
            return self.scale
        foreground: Tensor = (1 - self.mixture_probs) * self.mu2
        return foreground
