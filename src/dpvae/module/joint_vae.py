"""The variational autoencoder of several technologies in one latent space."""

from math import log, pi
from typing import Any, Literal

import torch
from scvi import REGISTRY_KEYS
from scvi.module.base import BaseMinifiedModeModuleClass, LossOutput, auto_move_data
from scvi.nn import Encoder
from torch import Tensor
from torch.distributions import Distribution, Normal
from torch.nn.functional import softmax

from dpvae._keys import REGISTRY
from dpvae.module.both_sides import of_both_sides
from dpvae.module.count_distributions import (
    SparseNegativeBinomial,
    SparseZeroInflatedNegativeBinomial,
)
from dpvae.module.distance_preserving import DistancePreserving
from dpvae.module.joint_decoder import JointDecoder
from dpvae.module.neighborhood_expert import NeighborhoodExpert
from dpvae.module.prior import Prior, StandardNormal
from dpvae.module.technology_input import TechnologyInput

JointLikelihood = Literal["normal", "nb", "zinb"]
WEIGHT_OF_OTHERS = 0.3


class JointVAE(BaseMinifiedModeModuleClass):
    r"""Dissociated cells and imaged tissue in one latent space.

    One encoder sees the genes that all technologies measured. For cells of the tissue a second one
    sees the mean of their neighbours, the part of a variational graph autoencoder
    :cite:p:`Kipf16` (:class:`~dpvae.module.neighborhood_expert.NeighborhoodExpert`). The decoder is
    given technology and batch, and asked for the genes that the technology measured. The loss is

    .. math::
        \frac{1}{T} \sum_t \frac{1}{n_t} \sum_{i \in t}
        \Bigl[ -\sum_g w_g \log p(x_{ig} \mid z_i, t) + \beta \, KL(q(z_i) \,\|\, p(z)) \Bigr] :

    all T technologies count alike, however many cells they have. Genes that the encoder sees weigh
    1, all others of a technology together at most 0.3 as much as they.

    Parameters
    ----------
    encoder_input
        How expression is prepared; it knows which technology measured which gene.
    n_batch
        Number of technical batches.
    n_hidden, n_layers
        Units per hidden layer and number of hidden layers, of encoders and decoder alike.
    n_latent
        Dimension of z.
    dropout_rate
        Share of hidden units of the encoders dropped in training.
    n_neighborhood
        How many components describe a neighbourhood; 0 is no second encoder.
    gene_likelihood
        ``"normal"``, of standardised logarithms with variance 1; ``"nb"`` or ``"zinb"``, of counts.
    prior
        Prior of z; by default the standard normal distribution.
    kl_weight
        What β is multiplied by. Most of a gene's variance is noise of counting: with 1, z has few
        dimensions that say anything of a cell.
    own_tissue
        Which technologies have places, shape ``(n_technologies,)``: these get an encoder and a
        decoder of their own. By default all technologies share them.
    """

    encode_covariates = False

    def __init__(
        self,
        encoder_input: TechnologyInput,
        *,
        n_batch: int,
        n_hidden: int,
        n_latent: int,
        n_layers: int,
        dropout_rate: float,
        n_neighborhood: int,
        gene_likelihood: JointLikelihood = "normal",
        prior: Prior | None = None,
        kl_weight: float = 1.0,
        own_tissue: Tensor | None = None,
    ) -> None:
        super().__init__()
        n_technologies, n_genes = encoder_input.measured.shape
        self.encoder_input = encoder_input
        self.n_input = encoder_input.n_shown
        self.n_latent = n_latent
        self.gene_likelihood = gene_likelihood
        self.prior = prior or StandardNormal()
        self.kl_weight = kl_weight
        sizes = {"n_layers": n_layers, "n_hidden": n_hidden}

        def encoder() -> Encoder:
            return Encoder(
                self.n_input, n_latent, dropout_rate=dropout_rate, return_dist=True, **sizes
            )

        def decoder() -> JointDecoder:
            covariates = {"n_technologies": n_technologies, "n_batch": n_batch}
            n_numbers = 2 if gene_likelihood == "zinb" else 1
            has_dispersion = gene_likelihood != "normal"
            return JointDecoder(
                n_latent,
                n_genes,
                n_numbers=n_numbers,
                dispersion=has_dispersion,
                **covariates,
                **sizes,
            )

        self.z_encoder = encoder()
        self.neighborhood = (
            NeighborhoodExpert(
                self.n_input, n_neighborhood, n_latent, dropout_rate=dropout_rate, **sizes
            )
            if n_neighborhood
            else None
        )
        self.decoder = decoder()
        self.own_tissue: Tensor | None
        self.register_buffer("own_tissue", own_tissue)
        if own_tissue is not None:
            self.tissue_encoder = encoder()
            self.tissue_decoder = decoder()
        self.gene_weight: Tensor
        self.technology_weight: Tensor
        self.register_buffer("gene_weight", gene_weights(encoder_input))
        self.register_buffer("technology_weight", torch.ones(n_technologies))

    def _get_inference_input(
        self,
        tensors: dict[str, Tensor],
        full_forward_pass: bool = False,  # noqa: FBT001, FBT002
    ) -> dict[str, Tensor]:
        if full_forward_pass or self.minified_data_type is None:
            return {
                "x": tensors[REGISTRY_KEYS.X_KEY],
                "technology": tensors[REGISTRY.technology],
                "neighborhood": tensors[REGISTRY.neighborhood],
            }
        keys = {"qzm": REGISTRY_KEYS.LATENT_QZM_KEY, "qzv": REGISTRY_KEYS.LATENT_QZV_KEY}
        return {name: tensors[key] for name, key in keys.items()}

    @auto_move_data  # type: ignore[untyped-decorator]
    def _regular_inference(
        self, x: Tensor, technology: Tensor, neighborhood: Tensor, n_samples: int = 1
    ) -> dict[str, Any]:
        genes = self.encoder_input.standardized(x, technology)
        qz = self._own(self.encoder_input(genes, technology), technology)
        if self.neighborhood is not None:
            qz = self.neighborhood(qz, neighborhood)
        return {"genes": genes, **_sampled(qz, n_samples)}

    @auto_move_data  # type: ignore[untyped-decorator]
    def _cached_inference(self, qzm: Tensor, qzv: Tensor, n_samples: int = 1) -> dict[str, Any]:
        return _sampled(Normal(qzm, qzv.sqrt()), n_samples)

    def _own(self, seen: Tensor, technology: Tensor) -> Normal:
        """Tell what the own expression of cells says of z."""
        if self.own_tissue is None:
            own: Normal = self.z_encoder(seen)[0]
            return own
        moments = of_both_sides(
            self.own_tissue[technology.reshape(-1).long()],
            lambda rows: _moments(self.z_encoder, seen[rows]),
            lambda rows: _moments(self.tissue_encoder, seen[rows]),
        )
        mean, scale = moments.chunk(2, dim=-1)
        return Normal(mean, scale)

    def _decoded(self, z: Tensor, technology: Tensor, batch_index: Tensor) -> Tensor:
        """Give what a decoder says of the genes of each cell, for its technology."""
        if self.own_tissue is None:
            shared: Tensor = self.decoder(z, technology, batch_index)
            return shared
        return of_both_sides(
            self.own_tissue[technology.reshape(-1).long()],
            lambda rows: self.decoder(z[..., rows, :], technology[rows], batch_index[rows]),
            lambda rows: self.tissue_decoder(z[..., rows, :], technology[rows], batch_index[rows]),
        )

    def _get_generative_input(
        self, tensors: dict[str, Tensor], inference_outputs: dict[str, Any]
    ) -> dict[str, Any]:
        measured = self.encoder_input.measured[tensors[REGISTRY.technology].reshape(-1).long()]
        return {
            "z": inference_outputs["z"],
            "batch_index": tensors[REGISTRY_KEYS.BATCH_KEY],
            "technology": tensors[REGISTRY.technology],
            "library": (tensors[REGISTRY_KEYS.X_KEY] * measured).sum(dim=1, keepdim=True),
        }

    @auto_move_data  # type: ignore[untyped-decorator]
    def generative(
        self,
        z: Tensor,
        batch_index: Tensor,
        technology: Tensor,
        library: Tensor,
    ) -> dict[str, Distribution]:
        """Distribution of the standardised genes, or of the counts.

        Parameters
        ----------
        z
            Shape ``(…, n_cells, n_latent)``.
        batch_index, technology
            Codes of each cell, shape ``(n_cells, 1)``.
        library
            Sum of each cell's counts over the genes that its technology measured, of the same
            shape. Not looked at for standardised genes.
        """
        output = self._decoded(z, technology, batch_index)
        if self.gene_likelihood == "normal":
            return {"px": Normal(output, torch.ones_like(output), validate_args=False)}
        code = technology.reshape(-1).long()
        is_measured = self.encoder_input.measured[code]
        output, *logits, log_dispersion = output.split(is_measured.shape[1], dim=-1)
        scale = softmax(output.masked_fill(~is_measured, -torch.inf), dim=-1)
        found = {"mu": scale * library, "theta": log_dispersion.exp(), "scale": scale}
        if self.gene_likelihood == "nb":
            return {"px": SparseNegativeBinomial(**found)}
        return {"px": SparseZeroInflatedNegativeBinomial(zi_logits=logits[0], **found)}

    def loss(
        self,
        tensors: dict[str, Tensor],
        inference_outputs: dict[str, Any],
        generative_outputs: dict[str, Any],
        kl_weight: Tensor | float = 1.0,
    ) -> LossOutput:
        """Negative ELBO, averaged over the cells of each technology, β times ``kl_weight``."""
        expression, technology = tensors[REGISTRY_KEYS.X_KEY], tensors[REGISTRY.technology]
        code = technology.reshape(-1).long()
        px = generative_outputs["px"]
        if self.gene_likelihood == "normal":
            genes = inference_outputs.get("genes")
            if genes is None:
                genes = self.encoder_input.standardized(expression, technology)
            surprise = 0.5 * ((genes - px.loc).square() + log(2 * pi))
        else:
            surprise = -px.log_prob(expression)
        reconstruction = (self.gene_weight[code] * surprise).sum(-1)
        kl = self.prior.kl(inference_outputs["qz"], inference_outputs["z"])
        beta = self.kl_weight * kl_weight
        return LossOutput(
            loss=(self.technology_weight[code] * (reconstruction + beta * kl)).mean(),
            reconstruction_loss=reconstruction,
            kl_local=kl,
        )


class DPJointVAE(DistancePreserving, JointVAE):
    """:class:`JointVAE` with the distance term, on the first dimensions of z."""


def gene_weights(encoder_input: TechnologyInput) -> Tensor:
    """Weigh the genes of each technology in the likelihood.

    Parameters
    ----------
    encoder_input
        Knows which technology measured which gene, and which of them the encoder sees.

    Returns
    -------
    Shape ``(n_technologies, n_genes)``: 1 for a gene that the encoder sees, 0 for one that the
    technology did not measure, and for all others alike at most 1, so that they count together at
    most 0.3 as much as those that it sees.
    """
    measured = encoder_input.measured.float()
    is_shown = torch.zeros(measured.shape[1])
    is_shown[encoder_input.shown] = 1.0
    others = measured * (1.0 - is_shown)
    most = WEIGHT_OF_OTHERS * encoder_input.n_shown
    weight = (most / others.sum(dim=1, keepdim=True).clamp(min=1.0)).clamp(max=1.0)
    return measured * is_shown + others * weight


def _sampled(qz: Normal, n_samples: int) -> dict[str, Any]:
    return {"qz": qz, "z": qz.rsample() if n_samples == 1 else qz.sample((n_samples,))}


def _moments(encoder: Encoder, seen: Tensor) -> Tensor:
    own: Normal = encoder(seen)[0]
    return torch.cat([own.loc, own.scale], dim=-1)
