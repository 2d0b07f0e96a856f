"""DPVAE: the model of log-normalised expression."""

from typing import Any, Literal

import numpy as np
import torch
from anndata import AnnData
from numpy.typing import NDArray
from scvi import REGISTRY_KEYS
from scvi.data import AnnDataManager
from scvi.data.fields import CategoricalObsField
from scvi.model.base import (
    ArchesMixin,
    BaseMinifiedModeModelClass,
    UnsupervisedTrainingMixin,
    VAEMixin,
)

from dpvae._data.expression import check_log_normalized, expression_of, warn_if_scaled
from dpvae._keys import REGISTRY
from dpvae.model.atlas.gene_neighbours import dense
from dpvae.model.atlas.gene_regression import ReadGenes
from dpvae.model.data.data_source import check_data_source
from dpvae.model.data.fields import ExpressionField, registered_expression
from dpvae.model.data.gene_statistics import check_whole_sections, gene_statistics
from dpvae.model.data.gene_weights import KINDS, GeneWeights, spatial_gene_weights
from dpvae.model.data.panel import check_panel
from dpvae.model.data.setup import check_reference, named_columns, register_cells
from dpvae.model.decoder_metric import DecoderMetric
from dpvae.model.loading.mask import check_mask
from dpvae.model.query.align import section_column
from dpvae.model.query.query_depth import QueryDepth, warn_if_not_logarithms
from dpvae.model.reconstruction import SpatialReconstruction
from dpvae.module import DPGaussianVAE
from dpvae.module.distance_preserving import check_distances
from dpvae.module.network_size import check_choice, check_network_size

USE_DPSCVI = "use DPSCVI, which takes raw counts."


class DPVAE(
    QueryDepth,
    SpatialReconstruction,
    DecoderMetric,
    VAEMixin,
    ArchesMixin,
    UnsupervisedTrainingMixin,
    BaseMinifiedModeModelClass,
):
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
        ``"reference"``, or by those of each ``"section"``. The latter takes out differences
        between technologies, but a query must then show a whole section, not a part of it, in at
        least 20 cells. Within a technology it is as often worse as better.
    gene_weights
        How much each gene counts, in encoder and likelihood. ``"spatial"``: as much as it varies,
        times its Moran's I in the reference, so that genes without a spatial pattern do not drown
        those with one. ``"equal"``: all genes alike, with variance 1.
    encode_covariates
        Whether the encoder is told the batch. A query must then have a batch that the reference
        knew.

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

    _module_cls = DPGaussianVAE
    _LATENT_QZM_KEY = "dpvae_latent_qzm"
    _LATENT_QZV_KEY = "dpvae_latent_qzv"
    target_counts_: dict[str, float] | None = None

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
        check_data_source(type(self), adata, registry)
        check_network_size(n_hidden, n_latent, n_layers, dropout_rate, input_dropout)
        check_distances(dp_weight, distance_error, distance_latent)
        check_choice("standardize", standardize, ("reference", "section"))
        check_choice("gene_weights", gene_weights, KINDS)
        super().__init__(adata, registry)
        self.per_section_ = standardize == "section"
        self.module = self._module_cls(
            *self._reference_statistics(),
            n_batch=self.summary_stats.n_batch,
            n_hidden=n_hidden,
            n_latent=n_latent,
            n_layers=n_layers,
            dropout_rate=dropout_rate,
            input_dropout=input_dropout,
            encode_covariates=encode_covariates,
            dp_weight=dp_weight,
            coordinate_unit=self._coordinate_unit(adata, registry),
            distance_error=distance_error,
            distance_latent=distance_latent,
        )
        self.module.minified_data_type = self.minified_data_type
        if gene_weights == "spatial" and adata is not None:
            self.module.gene_standardization.weight.copy_(self._spatial_weights())
        self._model_summary_string = (
            f"DPVAE with n_hidden: {n_hidden}, n_latent: {n_latent}, n_layers: {n_layers}, "
            f"dropout_rate: {dropout_rate}, input_dropout: {input_dropout}, "
            f"dp_weight: {dp_weight}, standardize: {standardize}, gene_weights: {gene_weights}."
        )
        self.init_params_ = self._get_init_params(locals())

    @classmethod
    def setup_anndata(
        cls,
        adata: AnnData,
        layer: str | None = None,
        spatial_key: str = "spatial",
        sample_key: str | None = None,
        batch_key: str | None = None,
        mask_key: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Tell the model where things are in an AnnData.

        Parameters
        ----------
        adata
            The reference. Some columns of ``obs`` and a key of ``obsm`` that begin with an
            underscore are added to it.
        layer
            Layer with the log-normalised values; by default ``adata.X``.
        spatial_key
            Key in ``adata.obsm`` of the coordinates, shape ``(n_cells, 2)`` or ``(n_cells, 3)``,
            in any unit, the same for all sections. A row of NaN is a cell of unknown place.
        sample_key
            Column of ``adata.obs`` that names the section, inside which distances mean
            something. By default ``batch_key``; without either all cells are one section.
        batch_key
            Column of ``adata.obs`` that names the technical batch.
        mask_key
            Key in ``adata.obsp`` of a pair mask G, as :func:`dpvae.tl.pair_mask` writes it, whose
            pairs make a fifth of the distance term. By default all pairs count alike.
        **kwargs
            Used by scvi-tools when a model is loaded.

        Raises
        ------
        KeyError
            If a key does not exist.
        ValueError
            If coordinates or values are not usable; the message says what was found and what to
            do. ``adata`` is unchanged then.

        Warns
        -----
        UserWarning
            If values are negative (scaled) or too large for logarithms, or a tissue in 3-D is flat.
        """
        setup_method_args = cls._get_setup_method_args(**locals())
        section_key = sample_key or batch_key
        if "source_registry" not in kwargs:
            check_panel(adata, fewest=1)
            check_log_normalized(adata, layer, otherwise=USE_DPSCVI)
            columns = named_columns(sample_key, batch_key)
            check_reference(
                adata, spatial_key=spatial_key, section_key=section_key, obs_keys=columns
            )
            check_mask(adata, mask_key, spatial_key=spatial_key, section_key=section_key)
            warn_if_scaled(adata, layer)
            warn_if_not_logarithms(adata, layer)
        fields = [
            ExpressionField(layer),
            CategoricalObsField(REGISTRY_KEYS.BATCH_KEY, batch_key),
        ]
        register_cells(
            cls,
            adata,
            fields,
            spatial_key=spatial_key,
            section_key=section_key,
            mask_key=mask_key,
            setup_method_args=setup_method_args,
            **kwargs,
        )

    @staticmethod
    def _check_expression(adata: AnnData, layer: str | None) -> None:
        check_log_normalized(adata, layer, otherwise=USE_DPSCVI)

    def _reference_statistics(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Statistics of the attached cells; placeholders where a saved model brings them."""
        n_rows = self.summary_stats.n_section if self.per_section_ else 1
        if self.adata is None:
            shape = (n_rows, self.summary_stats.n_vars)
            return torch.zeros(shape), torch.ones(shape)
        section = self._section_codes(self.adata_manager)
        return gene_statistics(registered_expression(self.adata_manager), section, n_rows)

    def _spatial_weights(self) -> torch.Tensor:
        """Weights for genes of variance 1."""
        read = self.adata_manager.get_from_registry
        section = np.asarray(read(REGISTRY.section), dtype=np.intp).ravel()
        expression = registered_expression(self.adata_manager)
        return spatial_gene_weights(expression, read(REGISTRY.coordinates), section)

    def _section_codes(self, manager: AnnDataManager) -> NDArray[np.intp]:
        """Row of the gene statistics that each cell of an AnnData uses."""
        codes = np.asarray(manager.get_from_registry(REGISTRY.section), dtype=np.intp).ravel()
        return codes if self.per_section_ else np.zeros_like(codes)

    def _gene_reader(self, adata: AnnData) -> ReadGenes:
        manager = self.get_anndata_manager(adata, required=True)
        expression = registered_expression(manager)
        if not self.per_section_:
            return lambda rows: expression[rows]
        section = np.asarray(manager.get_from_registry(REGISTRY.section)).reshape(-1, 1)
        standardization = self.module.gene_standardization

        def standardized(rows: NDArray[np.intp]) -> NDArray[np.float32]:
            values = torch.from_numpy(dense(expression[rows])).to(standardization.mean)
            values = standardization(values, torch.as_tensor(section[rows]).to(values.device))
            return np.asarray((values / standardization.weight).cpu())

        return standardized

    def _gene_factor(self) -> NDArray[np.float64]:
        genes = self.module.gene_standardization
        scale = 1.0 if self.per_section_ else genes.scale[0].double()
        return np.asarray((genes.weight.double() / scale).cpu())

    def _is_read_in_chunks(self, cells: AnnData) -> bool:
        is_whole = self.per_section_ and not self._is_registered(cells)
        return not is_whole and super()._is_read_in_chunks(cells)

    def _register_query(self, adata: AnnData, **options: Any) -> AnnData:
        query = super()._register_query(adata, **options)
        if self.per_section_:
            n_known = self.module.gene_standardization.mean.shape[0]
            manager, setup = self.get_anndata_manager(query), self.registry_["setup_args"]
            if section_column(setup) is None:  # sections have no names: the query is a new one
                query.obs[manager.data_registry[REGISTRY.section].attr_key] = n_known
            section = self._section_codes(manager)
            check_whole_sections(section[section >= n_known])
            n_sections = max(int(section.max()) + 1, n_known)
            mean, scale = gene_statistics(expression_of(query, setup["layer"]), section, n_sections)
            self.module.gene_standardization.set_query(mean[n_known:], scale[n_known:])
        return query
