"""A term that is added to the loss of a variational autoencoder."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from dpvae.module.pairs import CellPairs


@dataclass(frozen=True)
class MinibatchLatents:
    """What loss terms see of a minibatch.

    Parameters
    ----------
    mean
        Mean of each cell's posterior, shape ``(n_cells, n_latent)``.
    sample
        A sample of it, shape ``(n_cells, n_latent)``.
    coordinates
        Shape ``(n_cells, 2)`` or ``(n_cells, 3)``; rows of NaN are cells of unknown place.
    section
        Code of each cell's section, shape ``(n_cells, 1)``.
    group
        Code of what is to be aligned, of the same shape: technologies, or sections.
    pairs
        Pairs of cells that a mask holds, or ``None`` without a mask.
    far_share
        With a mask, the share of the distance term that is taken over all pairs.
    """

    mean: Tensor
    sample: Tensor
    coordinates: Tensor
    section: Tensor
    group: Tensor
    pairs: CellPairs | None = None
    far_share: float = 0.0


class LossTerm(nn.Module, ABC):
    """A term of the loss: its value times its weight times the number of genes is added.

    The reconstruction term is a sum over genes, so a weight is what a value of 1 costs, in nats
    per gene, whatever the number of genes.

    Attributes
    ----------
    name
        Column of ``model.history`` in which the value is reported.
    weight
        What a value of 1 costs, in nats per gene.
    """

    name: str
    weight: float

    @abstractmethod
    def of_minibatch(self, cells: MinibatchLatents) -> Tensor:
        """Compute the value for a minibatch, shape ``()``."""

    def reported(self) -> Mapping[str, Tensor]:
        """Give further numbers that are reported, by their column; by default none."""
        return {}
