"""Standardisation of genes inside a module."""

import torch
from torch import Tensor, nn


class GeneStandardization(nn.Module):
    """Bring genes to mean 0 and a variance of their own, with statistics kept with the model.

    One row of statistics serves all cells, or each section has its own row, chosen by the code of
    the cell's section. Sections that were not seen in training follow the others' rows: see
    :meth:`set_query`. Every gene is then multiplied by its ``weight``, shape ``(n_genes,)``, which
    is 1 until it is set.

    Parameters
    ----------
    mean, scale
        Mean and standard deviation of each gene, shape ``(1, n_genes)`` or
        ``(n_sections, n_genes)``. A gene that does not vary has scale 1.
    """

    def __init__(self, mean: Tensor, scale: Tensor) -> None:
        super().__init__()
        self.mean: Tensor
        self.scale: Tensor
        self.weight: Tensor
        self.query_mean: Tensor
        self.query_scale: Tensor
        self.register_buffer("mean", mean.float())
        self.register_buffer("scale", scale.float())
        self.register_buffer("weight", torch.ones(mean.shape[1]))
        self.register_buffer("query_mean", torch.empty(0, mean.shape[1]), persistent=False)
        self.register_buffer("query_scale", torch.empty(0, mean.shape[1]), persistent=False)

    def set_query(self, mean: Tensor, scale: Tensor) -> None:
        """Set the statistics of a query's sections that training did not see.

        Parameters
        ----------
        mean, scale
            Shape ``(n_new_sections, n_genes)``; the first new section has the code that follows
            the last section of the reference.
        """
        self.query_mean = mean.to(self.mean)
        self.query_scale = scale.to(self.scale)

    def forward(self, expression: Tensor, section: Tensor) -> Tensor:
        """Centre, scale and weigh.

        Parameters
        ----------
        expression
            Shape ``(n_cells, n_genes)``.
        section
            Code of each cell's section, shape ``(n_cells, 1)``.
        """
        if self.mean.shape[0] == 1 and self.query_mean.shape[0] == 0:
            return (expression - self.mean) * (self.weight / self.scale)
        row = section.reshape(-1).long()
        mean = torch.cat([self.mean, self.query_mean])
        scale = torch.cat([self.scale, self.query_scale])
        return (expression - mean[row]) * (self.weight / scale)[row]
