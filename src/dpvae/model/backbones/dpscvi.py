"""DPSCVI: the model of raw counts."""

from typing import Any, Literal

from anndata import AnnData
from scvi import REGISTRY_KEYS
from scvi.data.fields import (
    BaseAnnDataField,
    CategoricalJointObsField,
    CategoricalObsField,
    NumericalJointObsField,
    NumericalObsField,
)
from scvi.model import SCVI

from dpvae.model.base import SpatialModel
from dpvae.model.data.gene_weights import KINDS, GeneWeights
from dpvae.model.data.registration import register
from dpvae.model.data.values import RAW_COUNTS
from dpvae.module import DPCountVAE
from dpvae.module.count_distributions import check_likelihood
from dpvae.module.distance_term import check_distances
from dpvae.module.network_size import check_choice, check_network_size
from dpvae.module.thinning import check_least_depth


class DPSCVI(SpatialModel, SCVI):
    """Distance-preserving scVI, for raw counts :cite:p:`Zhou24,Lopez18`.

    :class:`scvi.model.SCVI` with the distance term, and with defaults that suit it. It gives what
    SCVI gives: normalised expression, differential expression, batches and covariates, query
    mapping, minified data; not ``SCANVI.from_scvi_model``, nor models without an AnnData.

    Parameters
    ----------
    adata
        The reference, registered with :meth:`setup_anndata`.
    registry
        Registry of a saved model, used in its place when a model is loaded without an AnnData.
    n_hidden, n_layers, n_latent, input_dropout, dp_weight, distance_error, distance_latent
        As of :class:`DPVAE`.
    dropout_rate
        Share of hidden units of the encoder dropped in training.
    gene_likelihood
        ``"nb"``, ``"zinb"`` or ``"poisson"``. For SCVI's ``"normal"``, of log-normalised values,
        use :class:`DPVAE`.
    gene_weights
        ``"spatial"``: what the encoder sees of a gene is multiplied by its Moran's I in the
        reference, so that genes without a spatial pattern do not drown those with one. ``"equal"``:
        log counts as they are.
    normalize_depth
        Whether the encoder sees counts as if every cell had the reference's median depth. The
        likelihood takes the counts as they are.
    least_depth
        In training the encoder sees a random share of each cell's molecules, from this one to 1.
        The likelihood takes all of them. By default 1: every cell as it is. 0.1 places queries
        better if they have a third of the reference's depth or less, and others slightly worse.
    **kwargs
        All other arguments of :class:`scvi.model.SCVI` and :class:`scvi.module.VAE`:
        ``dispersion``, ``use_observed_lib_size``, ``encode_covariates``, …

    Notes
    -----
    With SCVI's own arguments and none of ours the model is SCVI, step for step:
    ``DPSCVI(adata, n_hidden=128, n_layers=1, dropout_rate=0.1, gene_likelihood="zinb",
    input_dropout=0, gene_weights="equal", normalize_depth=False, dp_weight=0)`` with
    ``plan_kwargs={"optimizer": "Adam", "lr": 1e-3, "weight_decay": 1e-6, "eps": 0.01,
    "n_epochs_kl_warmup": 400}`` in :meth:`train`.

    Examples
    --------
    >>> from dpvae.datasets import simulated_tissue
    >>> from dpvae.model import DPSCVI
    >>> adata = simulated_tissue(200, 50)
    >>> DPSCVI.setup_anndata(adata)
    >>> model = DPSCVI(adata)
    >>> model.train(max_epochs=1, enable_progress_bar=False)
    >>> query = adata[:5, ::-1].copy()  # genes in another order
    >>> del query.obsm["spatial"]
    >>> model.predict_coordinates(query).shape
    (5, 2)
    """

    values = RAW_COUNTS
    _module_cls = DPCountVAE
    _LATENT_QZM_KEY = SCVI._LATENT_QZM_KEY
    _LATENT_QZV_KEY = SCVI._LATENT_QZV_KEY

    def __init__(
        self,
        adata: AnnData | None = None,
        registry: dict[str, Any] | None = None,
        n_hidden: int = 512,
        n_latent: int = 10,
        n_layers: int = 3,
        dropout_rate: float = 0.3,
        gene_likelihood: Literal["zinb", "nb", "poisson"] = "nb",
        input_dropout: float = 0.3,
        dp_weight: float = 3.0,
        distance_error: Literal["absolute", "squared"] = "absolute",
        distance_latent: Literal["mean", "sample"] = "mean",
        gene_weights: GeneWeights = "spatial",
        *,
        normalize_depth: bool = True,
        least_depth: float = 1.0,
        **kwargs: Any,
    ) -> None:
        check_network_size(n_hidden, n_latent, n_layers, dropout_rate, input_dropout)
        check_distances(dp_weight, distance_error, distance_latent)
        check_least_depth(least_depth)
        check_choice("gene_weights", gene_weights, KINDS)
        check_likelihood(gene_likelihood)
        super().__init__(
            adata,
            registry,
            n_hidden=n_hidden,
            n_latent=n_latent,
            n_layers=n_layers,
            dropout_rate=dropout_rate,
            gene_likelihood=gene_likelihood,
            input_dropout=input_dropout,
            dp_weight=dp_weight,
            distance_error=distance_error,
            distance_latent=distance_latent,
            normalize_depth=normalize_depth,
            least_depth=least_depth,
            **kwargs,
        )
        self._use(self.module, gene_weights=gene_weights)
        self._model_summary_string = (
            f"DPSCVI with n_hidden: {n_hidden}, n_latent: {n_latent}, n_layers: {n_layers}, "
            f"dropout_rate: {dropout_rate}, input_dropout: {input_dropout}, "
            f"dp_weight: {dp_weight}, gene_weights: {gene_weights}, "
            f"gene_likelihood: {gene_likelihood}."
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
        labels_key: str | None = None,
        size_factor_key: str | None = None,
        categorical_covariate_keys: list[str] | None = None,
        continuous_covariate_keys: list[str] | None = None,
        *,
        mask_key: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Say where things are in an AnnData.

        Parameters
        ----------
        adata
            The reference. Some columns of ``obs`` and keys of ``obsm`` that begin with an
            underscore are added to it.
        layer
            Layer with the raw counts; by default ``adata.X``.
        spatial_key
            Key in ``adata.obsm`` of the coordinates, shape ``(n_cells, 2)`` or ``(n_cells, 3)``,
            in any unit, the same for all sections. A row of NaN is a cell of unknown place.
        sample_key
            Column of ``adata.obs`` that names the section, inside which distances mean
            something. By default ``batch_key``; without either all cells are one section.
        batch_key
            Column of ``adata.obs`` that names the technical batch.
        labels_key, size_factor_key, categorical_covariate_keys, continuous_covariate_keys
            As in :meth:`scvi.model.SCVI.setup_anndata`.
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
            If coordinates, counts, size factors or covariates are not usable; the message says
            what was found and what to do. ``adata`` is unchanged then.

        Warns
        -----
        UserWarning
            If a tissue in three dimensions is flat.
        """
        register(cls, adata, cls._get_setup_method_args(**locals()), **kwargs)

    @classmethod
    def further_fields(cls, arguments: dict[str, Any]) -> list[BaseAnnDataField]:
        """Give labels, size factors and covariates, which SCVI reads."""
        categorical = arguments["categorical_covariate_keys"]
        continuous = arguments["continuous_covariate_keys"]
        return [
            CategoricalObsField(REGISTRY_KEYS.LABELS_KEY, arguments["labels_key"]),
            NumericalObsField(
                REGISTRY_KEYS.SIZE_FACTOR_KEY, arguments["size_factor_key"], required=False
            ),
            CategoricalJointObsField(REGISTRY_KEYS.CAT_COVS_KEY, categorical),
            NumericalJointObsField(REGISTRY_KEYS.CONT_COVS_KEY, continuous),
        ]
