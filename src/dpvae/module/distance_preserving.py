"""The mixin that adds the distance term to the loss of a scvi-tools module."""

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import torch
from scipy.sparse import csr_matrix, triu
from scvi import REGISTRY_KEYS
from scvi.module.base import LossOutput
from torch import Tensor

from dpvae._keys import HISTORY, REGISTRY
from dpvae.module.distance_term import DistanceTerm
from dpvae.module.number import is_number
from dpvae.module.pairs import CellPairs

FAR_SHARE = 0.8


def check_distances(dp_weight: Any, distance_error: Any, distance_latent: Any) -> None:
    """Raise if distances cannot be preserved like this; see :class:`DistancePreserving`.

    Raises
    ------
    ValueError
        If the weight is not a number of at least 0, or there is no such error or latent.
    """
    if not (is_number(dp_weight) and dp_weight >= 0):
        message = f"dp_weight is {dp_weight!r}: give a finite number that is at least 0."
        raise ValueError(message)
    if distance_error not in ("absolute", "squared"):
        message = f"distance_error is {distance_error!r}: choose 'absolute' or 'squared'."
        raise ValueError(message)
    if distance_latent not in ("mean", "sample"):
        message = f"distance_latent is {distance_latent!r}: choose 'mean' or 'sample'."
        raise ValueError(message)


class DistancePreserving:
    r"""Adds the distance term to the loss of a variational autoencoder.

    Put it in front of a module of scvi-tools whose encoder is called ``z_encoder`` and whose
    inference returns ``qz`` and ``z``. The loss becomes

    .. math:: L = L_{rec} + \beta \, KL + \alpha \, n_{genes} \, L_{DP} .

    The reconstruction term is a sum over genes, so the distance term is multiplied by their
    number: α (``dp_weight``) is what a distance error of one tissue radius costs, in nats per
    gene, whatever the number of genes.

    With a pair mask (``pair_graph``, set while the model is trained with ``mask_key``) a fifth of
    :math:`L_{DP}` is the mean over the masked pairs of the minibatch, weighted by G, and the rest
    (``far_share``) that over all its pairs: masked near pairs alone would leave the layout free to
    fold. ``far_share=0`` is equation 5 of :cite:t:`Zhou24`.

    Parameters
    ----------
    *args
        Handed on to the module.
    dp_weight
        α, at least 0. With 0 the loss is that of the module alone.
    coordinate_unit
        Size of the tissue in the unit of the coordinates.
    distance_error
        ``"absolute"`` or ``"squared"``, see :class:`~dpvae.module.DistanceTerm`.
    distance_latent
        Whether distances are taken between the means of the posteriors (``"mean"``) or between
        samples of them (``"sample"``), whose noise adds to every distance.
    **kwargs
        Handed on to the module.
    """

    n_input: int
    z_encoder: Any
    pair_graph: csr_matrix | None = None

    def __init__(
        self,
        *args: Any,
        dp_weight: float,
        coordinate_unit: float,
        distance_error: Literal["absolute", "squared"] = "absolute",
        distance_latent: Literal["mean", "sample"] = "mean",
        **kwargs: Any,
    ) -> None:
        check_distances(dp_weight, distance_error, distance_latent)
        super().__init__(*args, **kwargs)
        self.dp_weight = dp_weight
        self.distance_latent = distance_latent
        self.distance_term = DistanceTerm(coordinate_unit, error=distance_error)

    def _get_inference_input(
        self,
        tensors: dict[str, Tensor],
        full_forward_pass: bool = False,  # noqa: FBT001, FBT002
    ) -> dict[str, Any]:
        """Encode cells that bring no latents along, such as queries of a minified reference."""
        is_encoded = full_forward_pass or REGISTRY_KEYS.LATENT_QZM_KEY not in tensors
        inputs: dict[str, Any] = super()._get_inference_input(  # type: ignore[misc]
            tensors, full_forward_pass=is_encoded
        )
        return inputs

    def loss(
        self,
        tensors: dict[str, Tensor],
        inference_outputs: dict[str, Any],
        generative_outputs: dict[str, Any],
        kl_weight: Tensor | float = 1.0,
        far_share: float = FAR_SHARE,
    ) -> LossOutput:
        """Add the distance term, and record it and λ among the extra metrics."""
        output: LossOutput = super().loss(  # type: ignore[misc]
            tensors, inference_outputs, generative_outputs, kl_weight=kl_weight
        )
        distance_loss = self.distance_term(
            self.compared_latent(inference_outputs),
            tensors[REGISTRY.coordinates],
            tensors[REGISTRY.section],
            self._masked_pairs(tensors),
            far_share=far_share,
        )
        weight = self.dp_weight * self.n_input
        metrics = {
            HISTORY.distance_loss: distance_loss.detach(),
            HISTORY.distance_scale: self.distance_term.distance_scale.detach(),
        }
        return replace(
            output,
            loss=output.loss + weight * distance_loss,
            extra_metrics={**output.extra_metrics, **metrics},
        )

    def _masked_pairs(self, tensors: dict[str, Tensor]) -> CellPairs | None:
        """Pairs of the minibatch that the mask holds with which the model is trained."""
        if self.pair_graph is None:
            return None
        rows = tensors[REGISTRY.row].long().reshape(-1).cpu().numpy()
        pairs = triu(self.pair_graph[rows][:, rows], 1, format="coo")
        coordinates = tensors[REGISTRY.coordinates]
        first, second = torch.as_tensor(np.stack([pairs.row, pairs.col])).long()
        device = coordinates.device
        weight = torch.as_tensor(pairs.data, dtype=coordinates.dtype, device=device)
        return CellPairs.weighted(first.to(device), second.to(device), weight)

    def compared_latent(self, inference_outputs: dict[str, Any]) -> Tensor:
        """Give what cells are compared by: means or samples of z, shape ``(n_cells, n_latent)``."""
        if self.distance_latent == "mean":
            mean: Tensor = self.z_encoder.z_transformation(inference_outputs["qz"].loc)
            return mean
        sample: Tensor = inference_outputs["z"]
        return sample if sample.dim() == 2 else sample[0]
