"""The variational autoencoder with a Gaussian likelihood."""

from math import log, pi
from typing import Any

import torch
from scvi import REGISTRY_KEYS
from scvi.module.base import BaseMinifiedModeModuleClass, LossOutput, auto_move_data
from scvi.nn import Encoder, FCLayers
from torch import Tensor, nn
from torch.distributions import Normal

from dpvae._keys import REGISTRY
from dpvae.module.encoder_input import EncoderInput
from dpvae.module.prior import Prior, StandardNormal


class GaussianVAE(BaseMinifiedModeModuleClass):
    r"""Variational autoencoder of standardised, log-normalised expression.

    The "vanilla" backbone of :cite:t:`Zhou24`: Gaussian prior, posterior and likelihood, the
    latter with unit variance on standardised and weighted genes. Given the batch in encoder and
    decoder it is the conditional VAE of its appendix G.

    Parameters
    ----------
    encoder_input
        How genes are standardised, weighted and hidden.
    n_batch
        Number of technical batches, which the decoder is given.
    n_hidden, n_layers
        Units per hidden layer and number of hidden layers, of encoder and decoder alike.
    n_latent
        Dimension of z.
    dropout_rate
        Share of hidden units dropped in training.
    encode_covariates
        Whether the encoder is given the batch as well.
    prior
        Prior of z; by default the standard normal distribution.
    """

    def __init__(
        self,
        encoder_input: EncoderInput,
        *,
        n_batch: int,
        n_hidden: int,
        n_latent: int,
        n_layers: int,
        dropout_rate: float,
        encode_covariates: bool = False,
        prior: Prior | None = None,
    ) -> None:
        super().__init__()
        self.n_input = len(encoder_input.weight)
        self.n_latent = n_latent
        self.n_batch = n_batch
        self.encode_covariates = encode_covariates
        self.encoder_input = encoder_input
        self.prior = prior or StandardNormal()
        self.z_encoder = Encoder(
            self.n_input,
            n_latent,
            n_cat_list=[n_batch] if encode_covariates else None,
            n_layers=n_layers,
            n_hidden=n_hidden,
            dropout_rate=dropout_rate,
            return_dist=True,
        )
        self.decoder = FCLayers(
            n_latent,
            n_hidden,
            n_cat_list=[n_batch],
            n_layers=n_layers,
            n_hidden=n_hidden,
            dropout_rate=dropout_rate,
        )
        self.decoder_mean = nn.Linear(n_hidden, self.n_input)

    @property
    def gene_standardization(self) -> EncoderInput:
        """Mean and scale of each gene, as the encoder sees them."""
        return self.encoder_input

    def _get_inference_input(
        self,
        tensors: dict[str, Tensor],
        full_forward_pass: bool = False,  # noqa: FBT001, FBT002
    ) -> dict[str, Tensor]:
        if full_forward_pass or self.minified_data_type is None:
            return {
                "x": tensors[REGISTRY_KEYS.X_KEY],
                "section": tensors[REGISTRY.section],
                "batch_index": tensors[REGISTRY_KEYS.BATCH_KEY],
            }
        return {
            "qzm": tensors[REGISTRY_KEYS.LATENT_QZM_KEY],
            "qzv": tensors[REGISTRY_KEYS.LATENT_QZV_KEY],
        }

    @auto_move_data  # type: ignore[untyped-decorator]
    def _regular_inference(
        self, x: Tensor, section: Tensor, batch_index: Tensor, n_samples: int = 1
    ) -> dict[str, Any]:
        genes = self.encoder_input.standardized(x, section)
        seen = self.encoder_input.hidden(genes)
        return {"genes": genes, **self.posterior(seen, batch_index, n_samples)}

    def posterior(self, genes: Tensor, batch_index: Tensor, n_samples: int) -> dict[str, Any]:
        """Encode cells: ``qz``, the posterior of z, and ``z``, samples of it.

        Parameters
        ----------
        genes
            What the encoder sees, shape ``(n_cells, n_genes)``.
        batch_index
            Code of each cell's batch, shape ``(n_cells, 1)``.
        n_samples
            Number of samples; of more than one, z has the shape
            ``(n_samples, n_cells, n_latent)``.
        """
        qz, z = self.z_encoder(genes, batch_index)
        return {"qz": qz, "z": z if n_samples == 1 else qz.sample((n_samples,))}

    def divergence(self, inference_outputs: dict[str, Any]) -> Tensor:
        """Give what the loss has besides reconstruction for each cell, shape ``(n_cells,)``."""
        return self.prior.kl(inference_outputs["qz"], inference_outputs["z"])

    def log_ratio(self, inference_outputs: dict[str, Any]) -> Tensor:
        """Logarithm of prior over posterior density of samples, shape ``(…, n_cells)``."""
        z = inference_outputs["z"]
        ratio: Tensor = self.prior.log_prob(z) - inference_outputs["qz"].log_prob(z)
        return ratio.sum(-1)

    def decoded_latent(self, z: Tensor) -> Tensor:
        """Give what the decoder takes for a z, shape as ``z`` but its last dimension."""
        return z

    @auto_move_data  # type: ignore[untyped-decorator]
    def _cached_inference(self, qzm: Tensor, qzv: Tensor, n_samples: int = 1) -> dict[str, Any]:
        qz = Normal(qzm, qzv.sqrt())
        return {"qz": qz, "z": qz.sample() if n_samples == 1 else qz.sample((n_samples,))}

    def _get_generative_input(
        self, tensors: dict[str, Tensor], inference_outputs: dict[str, Any]
    ) -> dict[str, Any]:
        return {
            "z": inference_outputs["z"],
            "batch_index": tensors[REGISTRY_KEYS.BATCH_KEY],
            "decoded": inference_outputs.get("decoded"),
        }

    @auto_move_data  # type: ignore[untyped-decorator]
    def generative(
        self, z: Tensor, batch_index: Tensor, decoded: Tensor | None = None
    ) -> dict[str, Normal]:
        """Distribution of the standardised genes.

        Parameters
        ----------
        z
            Shape ``(…, n_cells, n_latent)``.
        batch_index
            Code of each cell's batch, shape ``(n_cells, 1)``.
        decoded
            What the decoder takes; by default :meth:`decoded_latent` of z.
        """
        mean = self.decoder_mean(
            self.decoder(self.decoded_latent(z) if decoded is None else decoded, batch_index)
        )
        return {"px": Normal(mean, torch.ones_like(mean), validate_args=False)}

    def loss(
        self,
        tensors: dict[str, Tensor],
        inference_outputs: dict[str, Any],
        generative_outputs: dict[str, Any],
        kl_weight: Tensor | float = 1.0,
    ) -> LossOutput:
        """Negative ELBO, averaged over cells, with β = ``kl_weight``."""
        genes = inference_outputs.get("genes")
        if genes is None:
            expression, section = tensors[REGISTRY_KEYS.X_KEY], tensors[REGISTRY.section]
            genes = self.encoder_input.standardized(expression, section)
        squares = (genes - generative_outputs["px"].loc).square().sum(-1)
        reconstruction = 0.5 * (squares + self.n_input * log(2 * pi))
        kl = self.divergence(inference_outputs)
        return LossOutput(
            loss=(reconstruction + kl_weight * kl).mean(),
            reconstruction_loss=reconstruction,
            kl_local=kl,
        )

    @torch.inference_mode()
    def marginal_ll(
        self, tensors: dict[str, Tensor], n_mc_samples: int, *, return_mean: bool = False
    ) -> float | Tensor:
        """Estimate log p(x) of each cell by importance sampling from the posterior.

        Parameters
        ----------
        tensors
            A minibatch.
        n_mc_samples
            Number of samples. Memory grows with ``n_mc_samples * n_cells * n_genes``.
        return_mean
            Whether to return the mean over cells.
        """
        inference, _, loss = self.forward(
            tensors,
            inference_kwargs={"n_samples": n_mc_samples},
            get_inference_input_kwargs={"full_forward_pass": True},
        )
        log_ratio = self.log_ratio(inference).reshape(n_mc_samples, -1)
        log_weight = log_ratio - loss.reconstruction_loss["reconstruction_loss"]
        log_likelihood = torch.logsumexp(log_weight.reshape(n_mc_samples, -1), dim=0)
        log_likelihood = log_likelihood - torch.log(torch.tensor(float(n_mc_samples)))
        return log_likelihood.mean().item() if return_mean else log_likelihood.cpu()
