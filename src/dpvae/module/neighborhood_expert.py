"""What the neighbourhood of a cell says of its latent variables."""

import torch
from scvi.nn import Encoder
from torch import Tensor, nn
from torch.distributions import Normal

SHARE_WITH_NEIGHBORS = 0.5
FEWEST_IN_TRAINING = 2  # for batch normalisation


class NeighborhoodExpert(nn.Module):
    r"""A second encoder, of the mean expression of the nearest cells in the tissue.

    The posterior of a cell is the product of what its own expression says and what this says,

    .. math:: q(z) \propto N(z; \mu(x), \sigma(x)^2) \; N(z; \nu(\bar x), \tau(\bar x)^2)^b ,

    with b = 0 for a cell without a neighbourhood. In training b is 0 for half of the others as
    well, so that a cell's own expression says all that it can: dissociated cells have no more.

    Parameters
    ----------
    n_genes
        Number of genes that are shown.
    n_components
        How many numbers a neighbourhood is described by: principal components of the mean.
    n_latent
        Dimension of z.
    n_layers, n_hidden, dropout_rate
        Of the encoder.
    """

    def __init__(
        self,
        n_genes: int,
        n_components: int,
        n_latent: int,
        *,
        n_layers: int,
        n_hidden: int,
        dropout_rate: float,
    ) -> None:
        super().__init__()
        self.axes: Tensor
        self.register_buffer("axes", torch.zeros(n_genes, n_components))
        self.encoder = Encoder(
            n_components,
            n_latent,
            n_layers=n_layers,
            n_hidden=n_hidden,
            dropout_rate=dropout_rate,
            return_dist=True,
        )

    def forward(self, own: Normal, neighborhood: Tensor) -> Normal:
        """Join what cells' own expression says with what their neighbourhoods say.

        Parameters
        ----------
        own
            Posterior of z given own expression, shape ``(n_cells, n_latent)``.
        neighborhood
            Components of the mean of the neighbours, shape ``(n_cells, n_components)``. A row of
            NaN is a cell without a neighbourhood.
        """
        known = has_neighborhood(neighborhood)
        if self.training:
            known = known & (torch.rand(known.shape, device=known.device) < SHARE_WITH_NEIGHBORS)
        rows = torch.nonzero(known).ravel()
        if len(rows) < FEWEST_IN_TRAINING and (self.training or not len(rows)):
            return own
        near = self.encoder(neighborhood[rows])[0]
        joined = product_of_normals(Normal(own.loc[rows], own.scale[rows]), near)
        return Normal(
            own.loc.index_copy(0, rows, joined.loc), own.scale.index_copy(0, rows, joined.scale)
        )

    def given_place(self, neighborhood: Tensor) -> Normal:
        """Tell what neighbourhoods alone say of z; of a row of NaN nothing, the prior.

        Parameters
        ----------
        neighborhood
            As in :meth:`forward`.
        """
        known = has_neighborhood(neighborhood)[:, None]
        near = self.encoder(torch.where(known, neighborhood, 0.0))[0]
        return Normal(torch.where(known, near.loc, 0.0), torch.where(known, near.scale, 1.0))


def product_of_normals(first: Normal, second: Normal) -> Normal:
    """Give the normal distribution whose density is in proportion to the product of two."""
    precisions = first.scale.pow(-2), second.scale.pow(-2)
    total = precisions[0] + precisions[1]
    return Normal((first.loc * precisions[0] + second.loc * precisions[1]) / total, total.rsqrt())


def has_neighborhood(neighborhood: Tensor) -> Tensor:
    """Tell which cells have a neighbourhood, shape ``(n_cells,)``."""
    return neighborhood.isfinite().all(dim=1)
