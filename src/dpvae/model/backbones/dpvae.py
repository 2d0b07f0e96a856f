"""DPVAE: the model of log-normalised expression."""

from collections.abc import Mapping
from typing import Any, Literal

from anndata import AnnData

from dpvae.model.base import SpatialModel
from dpvae.model.data.gene_weights import KINDS, GeneWeights
from dpvae.model.data.values import LOG_NORMALIZED
from dpvae.module import DPGaussianVAE, EncoderInput
from dpvae.module.distance_term import check_distances
from dpvae.module.network_size import check_choice, check_network_size


class DPVAE(SpatialModel):
    """Distance-preserving VAE of log-normalised expression :cite:p:`Zhou24`.

    Parameters
    ----------
    adata
        The reference, registered with :meth:`setup_anndata`.
    registry
        Registry of a saved model, used in its place when a model is loaded without an AnnData.
    n_hidden, n_layers
        Units per hidden layer and number of hidden layers, of encoder and decoder alike.
    n_latent
        Dimension of the latent space.
    dropout_rate
        Share of hidden units dropped in training.
    input_dropout
        Share of genes hidden from the encoder in training.
    dp_weight
        α: what a distance error of one tissue radius costs, in nats per gene. Does not depend on
        the number of genes, the unit of the coordinates, the batch size or the latent dimension.
    distance_error
        ``"absolute"``, as in the paper, or ``"squared"``.
    distance_latent
        Whether distances are taken between the ``"mean"`` of the posteriors, or between a
        ``"sample"`` of each.
    standardize
        Genes are centred and scaled inside the model: by the statistics of the whole
        ``"reference"``, or of each ``"section"``. The latter takes out differences
        between technologies, but a query must then show a whole section, not a part of it, in at
        least 20 cells. Within a technology it is as often worse as better.
    gene_weights
        How much each gene counts, in encoder and likelihood. ``"spatial"``: as much as it varies,
        times its Moran's I in the reference, so that genes without a spatial pattern do not drown
        those with one. ``"equal"``: all genes alike, with variance 1.
    encode_covariates
        Whether the encoder is given the batch, as the decoder always is: the conditional VAE of
        appendix G. A query must then have a batch that the reference knew.

    Notes
    -----
    The network of the paper is ``DPVAE(adata, n_layers=1, n_hidden=…, n_latent=2,
    dropout_rate=0, input_dropout=0, distance_latent="sample", gene_weights="equal")`` with
    ``batch_size=adata.n_obs`` and ``plan_kwargs={"optimizer": "Adam", "lr": …, "weight_decay": 0,
    "n_steps_kl_warmup": None}`` in :meth:`train`. Its α weighs a term that is λ times ours and is
    not multiplied by the number of genes.

    Examples
    --------
    >>> import scanpy as sc
    >>> from dpvae.datasets import simulated_tissue
    >>> from dpvae.model import DPVAE
    >>> adata = simulated_tissue(200, 50)
    >>> sc.pp.normalize_total(adata)
    >>> sc.pp.log1p(adata)
    >>> DPVAE.setup_anndata(adata)
    >>> model = DPVAE(adata)
    >>> model.train(max_epochs=1, enable_progress_bar=False)
    >>> query = adata[:5, ::-1].copy()  # genes in another order
    >>> del query.obsm["spatial"]
    >>> model.predict_coordinates(query).shape
    (5, 2)
    """

    values = LOG_NORMALIZED
    _module_cls = DPGaussianVAE
    _levels: Mapping[str, Any] = {}

    def __init__(
        self,
        adata: AnnData | None = None,
        registry: dict[str, Any] | None = None,
        n_hidden: int = 512,
        n_latent: int = 10,
        n_layers: int = 3,
        dropout_rate: float = 0.3,
        input_dropout: float = 0.3,
        dp_weight: float = 3.0,
        distance_error: Literal["absolute", "squared"] = "absolute",
        distance_latent: Literal["mean", "sample"] = "mean",
        standardize: Literal["reference", "section"] = "reference",
        gene_weights: GeneWeights = "spatial",
        *,
        encode_covariates: bool = False,
    ) -> None:
        check_network_size(n_hidden, n_latent, n_layers, dropout_rate, input_dropout)
        check_distances(dp_weight, distance_error, distance_latent)
        check_choice("standardize", standardize, ("reference", "section"))
        check_choice("gene_weights", gene_weights, KINDS)
        super().__init__(adata, registry)
        encoder_input = EncoderInput(
            self.summary_stats.n_vars,
            input_dropout=input_dropout,
            n_sections=self.summary_stats.n_section if standardize == "section" else None,
        )
        module = self._module_cls(
            encoder_input,
            n_batch=self.summary_stats.n_batch,
            n_hidden=n_hidden,
            n_latent=n_latent,
            n_layers=n_layers,
            dropout_rate=dropout_rate,
            encode_covariates=encode_covariates,
            dp_weight=dp_weight,
            distance_error=distance_error,
            distance_latent=distance_latent,
            **self._levels,
        )
        self._use(module, gene_weights=gene_weights)
        self._model_summary_string = (
            f"{type(self).__name__} with n_hidden: {n_hidden}, n_latent: {n_latent}, "
            f"n_layers: {n_layers}, dropout_rate: {dropout_rate}, input_dropout: {input_dropout}, "
            f"dp_weight: {dp_weight}, standardize: {standardize}, gene_weights: {gene_weights}."
        )
        self.init_params_ = self._get_init_params(locals())
