"""What a decoder says of proteins: their background, and what rises above it."""

from dataclasses import dataclass

import torch
from scvi.nn import FCLayers
from torch import Tensor, nn
from torch.distributions import Normal
from torch.nn.functional import softplus

LEAST_DEVIATION = 1e-4


@dataclass(frozen=True)
class ProteinKinds:
    """Background and foreground of each protein, shape ``(n_proteins,)``.

    Parameters
    ----------
    log_background, deviation
        Mean and standard deviation of the logarithm of the background.
    rise
        By which factor the foreground is above the background, minus 1.
    share
        Of counts that are background.
    """

    log_background: Tensor
    deviation: Tensor
    rise: Tensor
    share: Tensor


@dataclass(frozen=True)
class DecodedProteins:
    """Parameters of each protein of each cell, shape ``(…, n_cells, n_proteins)``.

    Parameters
    ----------
    background
        The posterior of the logarithm of the background's mean.
    rise
        By which factor the foreground's mean is above the background's, minus 1.
    logits
        Logit of the probability that a count is background.
    """

    background: Normal
    rise: Tensor
    logits: Tensor


class BackgroundDecoder(nn.Module):
    """From z, given the batch, to background and foreground, as the decoder of totalVI.

    Background, foreground and their mixture each have hidden layers of their own.

    Parameters
    ----------
    n_latent, n_proteins, n_batch
        Dimension of z, number of proteins, and number of batches.
    n_layers, n_hidden
        Number of hidden layers, and units of each.
    """

    def __init__(
        self,
        n_latent: int,
        n_proteins: int,
        n_batch: int,
        *,
        n_layers: int,
        n_hidden: int,
    ) -> None:
        super().__init__()

        def hidden() -> FCLayers:
            return FCLayers(
                n_latent, n_hidden, [n_batch], n_layers=n_layers, n_hidden=n_hidden, dropout_rate=0
            )

        self.of_background, self.of_rise, self.of_mixture = hidden(), hidden(), hidden()
        self.background_mean = nn.Linear(n_hidden, n_proteins)
        self.background_deviation = nn.Linear(n_hidden, n_proteins)
        self.rise = nn.Linear(n_hidden, n_proteins)
        self.logits = nn.Linear(n_hidden, n_proteins)

    @torch.no_grad()
    def start_from(self, kinds: ProteinKinds) -> None:
        """Start here in all cells."""
        self.background_mean.bias.copy_(kinds.log_background)
        self.background_deviation.bias.copy_(kinds.deviation.expm1().log())
        self.rise.bias.copy_(kinds.rise + torch.log(-torch.expm1(-kinds.rise)))
        self.logits.bias.copy_(kinds.share.logit())

    def forward(self, z: Tensor, batch_index: Tensor) -> DecodedProteins:
        """Decode latents.

        Parameters
        ----------
        z
            Shape ``(…, n_cells, n_latent)``.
        batch_index
            Code of each cell's batch, shape ``(n_cells, 1)``.
        """
        batch = batch_index.long()
        of_background = self.of_background(z, batch)
        deviation = softplus(self.background_deviation(of_background)) + LEAST_DEVIATION
        background = Normal(self.background_mean(of_background), deviation, validate_args=False)
        rise = softplus(self.rise(self.of_rise(z, batch)))
        return DecodedProteins(background, rise, self.logits(self.of_mixture(z, batch)))
