"""DPVGAE: the model of dissociated cells and imaged tissue."""

from typing import Any, Literal

import numpy as np
import torch
from anndata import AnnData

from dpvae.model.data.technology import n_neighborhood
from dpvae.model.imputing_model import ImputingModel
from dpvae.model.joint.calibration_genes import calibration_genes, check_n_calibration
from dpvae.module.distance_term import check_distances
from dpvae.module.joint_vae import DPJointVAE, JointLikelihood
from dpvae.module.network_size import check_choice, check_dimension, check_network_size
from dpvae.module.technology_input import TechnologyInput


class DPVGAE(ImputingModel):
    """Dissociated cells and imaged tissue in one latent space :cite:p:`Zhou24`.

    Parameters
    ----------
    adata
        Cells and tissue, from :func:`dpvae.tl.join`, registered with :meth:`setup_anndata`.
    """

    def __init__(
        self,
        adata: AnnData | None = None,
        registry: dict[str, Any] | None = None,
        n_hidden: int = 128,
        n_latent: int = 20,
        n_layers: int = 2,
        dropout_rate: float = 0.1,
        input_dropout: float = 0.3,
        gene_likelihood: JointLikelihood = "normal",
        dp_weight: float = 0.3,
        distance_error: Literal["absolute", "squared"] = "absolute",
        distance_latent: Literal["mean", "sample"] = "mean",
        n_distance: int = 10,
        standardize: Literal["technology", "reference"] = "technology",
        n_calibration: int | None = None,
        *,
        neighborhood: bool = True,
    ) -> None:
        check_network_size(n_hidden, n_latent, n_layers, dropout_rate, input_dropout)
        check_distances(dp_weight, distance_error, distance_latent)
        check_dimension("n_distance", n_distance)
        check_choice("gene_likelihood", gene_likelihood, ("normal", "nb", "zinb"))
        check_choice("standardize", standardize, ("technology", "reference"))
        check_n_calibration(n_calibration)
        super().__init__(adata, registry)
        technologies = self._technologies()
        are_counts = self.setup.kind == "counts"
        shared = technologies.shared
        self._calibration = calibration_genes(shared, n_calibration)
        learned = technologies.measured.copy()
        shown = shared.copy()
        shown[self._calibration] = False
        learned[np.ix_(technologies.imaged, self._calibration)] = False
        encoder_input = TechnologyInput(
            torch.as_tensor(learned),
            torch.as_tensor(shown),
            are_counts=are_counts,
            input_dropout=input_dropout,
        )
        module = DPJointVAE(
            encoder_input,
            n_batch=self.summary_stats.n_batch,
            n_hidden=n_hidden,
            n_latent=n_latent,
            n_layers=n_layers,
            dropout_rate=dropout_rate,
            n_neighborhood=n_neighborhood(int(shared.sum())) if neighborhood else 0,
            gene_likelihood=gene_likelihood,
            dp_weight=dp_weight,
            distance_error=distance_error,
            distance_latent=distance_latent,
            distance_dims=min(n_distance, n_latent),
        )
        self._use(module, gene_weights=None)
        if self.adata is not None:
            self._set_input(by_technology=standardize == "technology")
        self.init_params_ = self._get_init_params(locals())
