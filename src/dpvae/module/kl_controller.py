"""β that is steered so that the KL divergence reaches a target."""

import torch
from torch import Tensor, nn

PROPORTIONAL = 0.01
INTEGRAL = 0.005
MEMORY = 0.9


class KLController(nn.Module):
    r"""Steers β within a range, as in spaVAE :cite:p:`Tian24,Shao20`.

    .. math:: \beta \leftarrow \beta + 0.01 (\sigma(-e) - \sigma(-e')) - 0.005\, e, \qquad
        e = \text{target} - \overline{KL}

    with the running mean of the divergence of each cell and latent dimension, and the error e' of
    the step before: β falls while the divergence is below its target.

    Parameters
    ----------
    first, lowest, highest
        β at first, and its bounds.
    target
        Divergence that is aimed at, in nats for each cell and latent dimension.
    """

    def __init__(self, first: float, lowest: float, highest: float, target: float) -> None:
        super().__init__()
        self.lowest, self.highest, self.target = lowest, highest, target
        self.weight: Tensor
        self.divergence: Tensor
        self.error: Tensor
        self.register_buffer("weight", torch.tensor(float(first)))
        self.register_buffer("divergence", torch.tensor(float(target)))
        self.register_buffer("error", torch.zeros(()))

    @torch.no_grad()
    def follow(self, divergence: Tensor) -> None:
        """Change β after a step.

        Parameters
        ----------
        divergence
            Of the step, shape ``()``.
        """
        self.divergence.lerp_(divergence.to(self.divergence), 1 - MEMORY)
        error = self.target - self.divergence
        step = PROPORTIONAL * (torch.sigmoid(-error) - torch.sigmoid(-self.error))
        self.weight.add_(step - INTEGRAL * error).clamp_(self.lowest, self.highest)
        self.error.copy_(error)
