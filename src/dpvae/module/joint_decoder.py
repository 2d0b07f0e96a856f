"""What a decoder of several technologies says of genes."""

import torch
from scvi.nn import FCLayers
from torch import Tensor, nn


class JointDecoder(nn.Module):
    """From z, given technology and batch, to numbers of each gene.

    Parameters
    ----------
    n_latent, n_genes
        Dimension of z, and number of genes.
    n_technologies, n_batch
        How many there are; every layer is given both.
    n_numbers
        How many numbers of each gene are asked for.
    dispersion
        Whether one more number follows: the logarithm of a dispersion, a parameter of each
        technology and gene, whatever z.
    n_layers, n_hidden
        Number of hidden layers, and units of each.
    """

    def __init__(
        self,
        n_latent: int,
        n_genes: int,
        *,
        n_technologies: int,
        n_batch: int,
        n_numbers: int,
        n_layers: int,
        n_hidden: int,
        dispersion: bool = False,
    ) -> None:
        super().__init__()
        self.layers = FCLayers(
            n_latent,
            n_hidden,
            n_cat_list=[n_technologies, n_batch],
            n_layers=n_layers,
            n_hidden=n_hidden,
            dropout_rate=0.0,
        )
        self.heads = nn.ModuleList(nn.Linear(n_hidden, n_genes) for _ in range(n_numbers))
        self.log_dispersion = (
            nn.Parameter(torch.randn(n_technologies, n_genes)) if dispersion else None
        )

    def forward(self, z: Tensor, technology: Tensor, batch_index: Tensor) -> Tensor:
        """Give the numbers, shape ``(…, n_cells, n_numbers * n_genes)``, dispersions after them.

        Parameters
        ----------
        z
            Shape ``(…, n_cells, n_latent)``.
        technology, batch_index
            Codes of each cell, shape ``(n_cells, 1)``.
        """
        hidden = self.layers(z, technology.long(), batch_index.long())
        numbers = [head(hidden) for head in self.heads]
        if self.log_dispersion is not None:
            own = self.log_dispersion[technology.reshape(-1).long()]
            numbers.append(own.expand_as(numbers[0]))
        return torch.cat(numbers, dim=-1)
