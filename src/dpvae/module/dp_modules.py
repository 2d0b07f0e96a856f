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

    ``gene_mean`` is taken away from what the encoder of :class:`scvi.module.VAE` sees of a gene, so
    that a gene that is hidden looks like an average one, and the rest is multiplied by
    ``gene_weight``. Both have the shape ``(n_genes,)``, and are 0 and 1 until they are set. The
    likelihood is that of scVI, of counts and depths as they are.

    Parameters
    ----------
    *args
        Handed on to the module of scVI.
    input_dropout
        Share of genes hidden from the encoder in training.
    normalize_depth
        Whether the encoder sees counts as if every cell had the same depth, ``depth``.
    **kwargs
        Handed on to :class:`~dpvae.module.DistancePreserving` and the module of scVI.
    """

    def __init__(
        self,
        *args: Any,
        input_dropout: float = 0.0,
        normalize_depth: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.normalize_depth = normalize_depth
        self.depth: Tensor
        self.register_buffer("depth", torch.tensor(float(self.n_input)))
        self.gene_weight: Tensor
        self.gene_mean: Tensor
        self.register_buffer("gene_weight", torch.ones(self.n_input))
        self.register_buffer("gene_mean", torch.zeros(self.n_input))
        self.input_dropout = nn.Dropout(input_dropout)
        self.z_encoder.register_forward_pre_hook(self._prepare_genes)

    def _prepare_genes(self, _: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        expression, *covariates = inputs
        genes = expression[:, : self.n_input]
        if self.normalize_depth:
            counts = genes.expm1() if self.log_variational else genes
            counts = counts * (self.depth / counts.sum(dim=1, keepdim=True).clamp(min=1.0))
            genes = counts.log1p() if self.log_variational else counts
        genes = (genes - self.gene_mean) * self.gene_weight
        expression = torch.cat([genes, expression[:, self.n_input :]], dim=1)
        return (self.input_dropout(expression), *covariates)
