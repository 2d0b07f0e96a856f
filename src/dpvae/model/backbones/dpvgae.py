"""DPVGAE: the model of dissociated cells and imaged tissue."""

from typing import Any, Literal

import numpy as np
import torch
from anndata import AnnData

from dpvae.model.backbones.imputing_model import ImputingModel
from dpvae.model.data.technology import n_neighborhood
from dpvae.model.joint.calibration_genes import calibration_genes, check_n_calibration
from dpvae.model.tissue.spatial_options import check_beta
from dpvae.model.training.cells_first import CellsFirstPlan
from dpvae.module.distance_term import check_distances
from dpvae.module.joint_vae import DPJointVAE, JointLikelihood
from dpvae.module.network_size import check_choice, check_dimension, check_network_size
from dpvae.module.technology_input import TechnologyInput


class DPVGAE(ImputingModel):
    """Distance-preserving variational graph autoencoder of dissociated cells and imaged tissue.

    Cells that have all genes and no places, and tissue that has places and some genes, in one
    latent space. From it come genes that were never imaged, with intervals, places of the
    dissociated cells, and labels for both :cite:p:`Kipf16`. The module is
    :class:`~dpvae.module.joint_vae.JointVAE`.

    Parameters
    ----------
    adata
        Cells and tissue, put together by :func:`dpvae.tl.join`, registered with
        :meth:`setup_anndata`: raw counts, or logarithms of normalised counts.
    registry
        Registry of a saved model, used in its place when a model is loaded without an AnnData.
    n_hidden, n_layers, n_latent, dropout_rate, input_dropout
        As of :class:`DPVAE`. ``dropout_rate`` concerns the encoders.
    gene_likelihood
        ``"normal"``, of standardised logarithms; ``"nb"`` or ``"zinb"``, of raw counts.
    kl_weight
        β, with which the divergence from the prior counts. With 1, few dimensions of the latent
        space say anything of a cell, and types of cells are less apart.
    dp_weight, distance_error, distance_latent
        As of :class:`DPVAE`, for the cells of the tissue. Less than there, since one latent space
        is to tell genes as well.
    n_distance
        How many of the latent dimensions are compared with the tissue. The others are free.
    standardize
        Whether the encoder sees genes centred and scaled by each ``"technology"``, which presumes
        that technologies show about the same cells, or by all together, the ``"reference"``.
    n_calibration
        How many shared genes the model is not shown in the tissue, to see how well genes are
        imputed. By default a tenth, from 8 to 50.
    order
        ``"together"``: both sides are learned at once, by the same networks. ``"cells_first"``, as
        in `arXiv:2311.00330 <https://arxiv.org/abs/2311.00330>`_: each side has an encoder and a
        decoder of its own. After half of the epochs the ones of the dissociated cells are frozen,
        and only then does an ``alignment`` lead the tissue to them. See the notes.
    neighborhood
        Whether cells of the tissue are encoded by their neighbours as well.

    Notes
    -----
    All technologies count alike, however many cells they have. A discriminator between
    technologies, or a kernel, is a term of the training:
    ``train(plan_kwargs={"alignment": "adversarial"})`` or ``"kernel"``. By default there is none:
    mixing cells by force costs genes on most pairs, see the benchmark of imputation. It costs most
    with ``order="cells_first"``, which cannot do without.

    Examples
    --------
    >>> import dpvae
    >>> section = dpvae.datasets.simulated_tissue(300, 60)
    >>> cells, tissue = section[:150].copy(), section[150:, :40].copy()
    >>> joint = dpvae.tl.join(cells, tissue)
    >>> dpvae.model.DPVGAE.setup_anndata(joint)
    >>> model = dpvae.model.DPVGAE(joint)
    >>> model.train(max_epochs=1, enable_progress_bar=False)
    >>> model.get_imputed_expression(["gene_50", "gene_51"]).shape
    (150, 2)
    """

    _next_step = "Next: model.get_imputed_expression(), or model.predict_coordinates(cells)."

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
        kl_weight: float = 0.3,
        dp_weight: float = 0.3,
        distance_error: Literal["absolute", "squared"] = "absolute",
        distance_latent: Literal["mean", "sample"] = "mean",
        n_distance: int = 10,
        standardize: Literal["technology", "reference"] = "technology",
        n_calibration: int | None = None,
        order: Literal["together", "cells_first"] = "together",
        *,
        neighborhood: bool = True,
    ) -> None:
        check_network_size(n_hidden, n_latent, n_layers, dropout_rate, input_dropout)
        check_beta(kl_weight, None, None)
        check_distances(dp_weight, distance_error, distance_latent)
        check_dimension("n_distance", n_distance)
        check_choice("gene_likelihood", gene_likelihood, ("normal", "nb", "zinb"))
        check_choice("standardize", standardize, ("technology", "reference"))
        check_choice("order", order, ("together", "cells_first"))
        check_n_calibration(n_calibration)
        super().__init__(adata, registry)
        technologies = self._technologies()
        are_counts = self.setup.kind == "counts"
        if gene_likelihood != "normal" and not are_counts:
            message = (
                f"gene_likelihood={gene_likelihood!r} is of raw counts, and the reference holds "
                "logarithms: give counts, or take gene_likelihood='normal'."
            )
            raise ValueError(message)
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
            kl_weight=kl_weight,
            dp_weight=dp_weight,
            distance_error=distance_error,
            distance_latent=distance_latent,
            distance_dims=min(n_distance, n_latent),
            own_tissue=torch.as_tensor(technologies.imaged) if order == "cells_first" else None,
        )
        if order == "cells_first":
            self._training_plan_cls = CellsFirstPlan
        self._use(module, gene_weights=None)
        if self.adata is not None:
            self._set_input(by_technology=standardize == "technology")
        self.init_params_ = self._get_init_params(locals())
