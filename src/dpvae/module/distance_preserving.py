"""The mixin that adds the distance term to the loss of a scvi-tools module."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import torch
from scipy.sparse import csr_matrix, triu
from scvi import REGISTRY_KEYS
from scvi.module.base import BaseMinifiedModeModuleClass, LossOutput
from torch import Tensor
from torch.nn import Parameter
from torch.nn.functional import softmax

from dpvae._keys import REGISTRY
from dpvae.module.distance_term import DistanceTerm, check_distances
from dpvae.module.loss_term import LossTerm, MinibatchLatents
from dpvae.module.pairs import CellPairs

FAR_SHARE = 0.8


class DistancePreserving(BaseMinifiedModeModuleClass):
    r"""Adds the distance term to the loss of a variational autoencoder.

    Put it in front of a module of scvi-tools that has ``n_input`` (genes), ``n_latent``,
    ``encode_covariates`` and an ``encoder_input``, and whose inference returns ``qz`` and ``z``.
    The loss becomes

    .. math:: L = L_{rec} + \beta \, KL + n_{genes} \sum_k \alpha_k \, L_k

    over its ``terms``, of which the distance term is the first, with weight α (``dp_weight``).

    With a pair mask a fifth of the distance term is the mean over the masked pairs of the
    minibatch, weighted by G, and the rest (``far_share``) the mean over all its pairs: masked near
    pairs alone would leave the layout free to fold. ``far_share=0`` is equation 5 of
    :cite:t:`Zhou24`.

    Parameters
    ----------
    *args
        Handed on to the module.
    dp_weight
        α, at least 0. With 0 it adds nothing to the module's loss.
    coordinate_unit
        Size of the tissue in the unit of the coordinates; a model sets it.
    distance_error, distance_latent, distance_dims
        ``error``, ``latent`` and ``n_dims`` of the :class:`~dpvae.module.DistanceTerm`.
    **kwargs
        Handed on to the module.
    """

    n_input: int
    n_latent: int
    encode_covariates: bool

    def __init__(
        self,
        *args: Any,
        dp_weight: float,
        coordinate_unit: float = 1.0,
        distance_error: Literal["absolute", "squared"] = "absolute",
        distance_latent: Literal["mean", "sample"] = "mean",
        distance_dims: int | None = None,
        **kwargs: Any,
    ) -> None:
        check_distances(dp_weight, distance_error, distance_latent)
        super().__init__(*args, **kwargs)
        self.distance_term = DistanceTerm(
            coordinate_unit,
            error=distance_error,
            weight=dp_weight,
            latent=distance_latent,
            n_dims=distance_dims,
        )

    @property
    def terms(self) -> tuple[LossTerm, ...]:
        """The terms that are added to the loss of the module."""
        return (self.distance_term,)

    def undecayed(self) -> Iterable[Parameter]:
        """Give the parameters whose size means something, which weight decay leaves alone."""
        return (self.distance_term.log_scale,)

    def _get_inference_input(
        self,
        tensors: dict[str, Tensor],
        full_forward_pass: bool = False,  # noqa: FBT001, FBT002
    ) -> dict[str, Any]:
        """Encode cells that bring no latents along, such as queries of a minified reference."""
        is_encoded = full_forward_pass or REGISTRY_KEYS.LATENT_QZM_KEY not in tensors
        inputs: dict[str, Any] = super()._get_inference_input(tensors, full_forward_pass=is_encoded)
        return inputs

    def loss(
        self,
        tensors: dict[str, Tensor],
        inference_outputs: dict[str, Any],
        generative_outputs: dict[str, Any],
        kl_weight: Tensor | float = 1.0,
        far_share: float = FAR_SHARE,
        pair_graph: csr_matrix | None = None,
        further_terms: Sequence[LossTerm] = (),
    ) -> LossOutput:
        """Add the terms, and report them among the extra metrics.

        Parameters
        ----------
        tensors, inference_outputs, generative_outputs, kl_weight
            As of the module; ``kl_weight`` is β.
        far_share
            With a mask, the share of the distance term that is taken over all pairs.
        pair_graph
            The pair mask of all cells, shape ``(n_cells, n_cells)``, or ``None``.
        further_terms
            Terms that are added in this training only.
        """
        output: LossOutput = super().loss(
            tensors, inference_outputs, generative_outputs, kl_weight=kl_weight
        )
        sample = inference_outputs["z"]
        cells = MinibatchLatents(
            mean=self.latent_mean(inference_outputs),
            sample=sample if sample.dim() == 2 else sample[0],
            coordinates=tensors[REGISTRY.coordinates],
            section=tensors[REGISTRY.section],
            group=tensors.get(REGISTRY.technology, tensors[REGISTRY.section]),
            pairs=None if pair_graph is None else masked_pairs(pair_graph, tensors),
            far_share=far_share,
        )
        loss, metrics = output.loss, dict(output.extra_metrics)
        for term in (*self.terms, *further_terms):
            value = term.of_minibatch(cells)
            loss = loss + term.weight * self.n_input * value
            metrics |= {term.name: value.detach(), **term.reported()}
        return replace(output, loss=loss, extra_metrics=metrics)

    def latent_mean(self, inference_outputs: dict[str, Any]) -> Tensor:
        """Give where each cell is in the latent space, shape ``(n_cells, n_latent)``."""
        mean: Tensor = inference_outputs["qz"].loc
        is_logistic = getattr(self, "latent_distribution", "normal") == "ln"
        return softmax(mean, dim=-1) if is_logistic else mean


def masked_pairs(pair_graph: csr_matrix, tensors: dict[str, Tensor]) -> CellPairs:
    """Find the pairs of a minibatch that a mask holds.

    Parameters
    ----------
    pair_graph
        The mask of all cells, shape ``(n_cells, n_cells)``.
    tensors
        The minibatch, with the row number of each cell.
    """
    rows = tensors[REGISTRY.row].long().reshape(-1).cpu().numpy()
    pairs = triu(pair_graph[rows][:, rows], 1, format="coo")
    coordinates = tensors[REGISTRY.coordinates]
    first, second = torch.as_tensor(np.stack([pairs.row, pairs.col])).long()
    device = coordinates.device
    weight = torch.as_tensor(pairs.data, dtype=coordinates.dtype, device=device)
    return CellPairs.weighted(first.to(device), second.to(device), weight)
