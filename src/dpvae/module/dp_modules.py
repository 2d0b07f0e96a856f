"""The two backbones with the distance term."""

from typing import Any

import torch
from scvi.module import VAE
from torch import Tensor, nn

from dpvae.module.distance_preserving import DistancePreserving
from dpvae.module.gaussian_vae import GaussianVAE


class DPGaussianVAE(DistancePreserving, GaussianVAE):
    """:class:`~dpvae.module.GaussianVAE` with the distance term."""


class DPCountVAE(DistancePreserving, VAE):
    """The module of scVI with the distance term, gene weights and input dropout.

    What the encoder of :class:`scvi.module.VAE` sees of a gene is multiplied by the gene's weight,
    ``gene_weight``, shape ``(n_genes,)``, which is 1 until it is set.

    Parameters
    ----------
    *args
        Handed on to the module of scVI.
    input_dropout
        Share of genes hidden from the encoder in training.
    **kwargs
        Handed on to :class:`~dpvae.module.DistancePreserving` and the module of scVI.
    """

    def __init__(self, *args: Any, input_dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.gene_weight: Tensor
        self.register_buffer("gene_weight", torch.ones(self.n_input))
        self.input_dropout = nn.Dropout(input_dropout)
        self.z_encoder.register_forward_pre_hook(self._weigh_and_hide_genes)

    def _weigh_and_hide_genes(self, _: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        expression, *covariates = inputs
        genes = expression[:, : self.n_input] * self.gene_weight
        expression = torch.cat([genes, expression[:, self.n_input :]], dim=1)
        return (self.input_dropout(expression), *covariates)
