"""Priors of the latent representation."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Normal, kl_divergence


class Prior(nn.Module, ABC):
    """A distribution of z that a variational autoencoder is given, as in scvi-tools."""

    @abstractmethod
    def log_prob(self, z: Tensor) -> Tensor:
        """Logarithm of the density of each dimension, shape as ``z``."""

    @abstractmethod
    def kl(self, qz: Distribution, z: Tensor) -> Tensor:
        """Kullback-Leibler divergence of posteriors from the prior.

        Parameters
        ----------
        qz
            Posteriors of cells, shape ``(n_cells, n_latent)``.
        z
            Samples of them, for priors without a closed form, shape
            ``(…, n_cells, n_latent)``.

        Returns
        -------
        Shape ``(n_cells,)``.
        """


class StandardNormal(Prior):
    """Independent normal distributions of mean 0 and variance 1."""

    def log_prob(self, z: Tensor) -> Tensor:
        """Logarithm of the density of each dimension, shape as ``z``."""
        return torch.as_tensor(_standard_normal(z).log_prob(z))

    def kl(self, qz: Distribution, z: Tensor) -> Tensor:
        """Kullback-Leibler divergence in closed form, shape ``(n_cells,)``."""
        del z
        return torch.as_tensor(kl_divergence(qz, _standard_normal(qz.mean)).sum(-1))


def _standard_normal(like: Tensor) -> Normal:
    return Normal(torch.zeros_like(like), torch.ones_like(like), validate_args=False)
