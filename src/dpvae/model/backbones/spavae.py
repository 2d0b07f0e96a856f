"""SPAVAE: the model of what a tissue shows."""

from typing import Any, Literal

from anndata import AnnData

from dpvae.model.backbones.spatial_latent_model import SpatialLatentModel
from dpvae.model.data.fields import registered_expression
from dpvae.model.data.gene_weights import KINDS, GeneWeights
from dpvae.model.data.protein_kinds import protein_kinds
from dpvae.model.tissue.spatial_options import check_beta, check_prior
from dpvae.module.count_distributions import check_likelihood
from dpvae.module.distance_term import check_distances
from dpvae.module.network_size import check_choice, check_network_size
from dpvae.module.spatial_count_vae import DPSpatialCountVAE
from dpvae.module.spatial_prior import SpatialPrior
from dpvae.module.spatial_protein_vae import DPSpatialProteinVAE
from dpvae.module.spectra import KernelName


class SPAVAE(SpatialLatentModel):
    r"""VAE of counts whose latents follow the tissue: domains, expression :cite:p:`Tian24`.

    An scVI whose latent variables are, in part, surfaces over the tissue:

    .. math:: z_l = f_l(s) + e_l, \qquad f_l \sim GP(0, \rho_l k), \qquad e_l \sim N(0, 1 - \rho_l)

    The latents of a cell join what its expression says with what its neighbourhood says. So they
    are smooth enough to be cut into domains, expression is denoised, and it can be predicted where
    nothing was measured. Everything that :class:`DPSCVI` gives is given too: places of cells of
    unknown place come from their expression alone.

    Parameters
    ----------
    adata
        The reference, registered with :meth:`setup_anndata`: raw counts.
    registry
        Registry of a saved model, used in its place when a model is loaded without an AnnData.
    n_hidden, n_layers, n_latent, dropout_rate, input_dropout
        As of :class:`DPSCVI`. ``input_dropout`` is the noise against which latents are made robust.
    gene_likelihood
        ``"nb"``, ``"zinb"`` or ``"poisson"``; ``"bernoulli"`` only asks whether a gene or peak was
        found at all; ``"nb_mixture"`` takes each count of a protein for background or foreground,
        and expression is the foreground then.
    n_spatial
        How many of the ``n_latent`` dimensions are surfaces, in part. The others are not spatial.
    spatial_share
        ρ, the share of a spatial dimension's variance that is its surface, above 0 and below 1.
        ``None`` learns one for each.
    kernel
        ``"matern"`` (3/2), ``"gaussian"`` or ``"cauchy"``. Each dimension learns its length.
    kl_weight
        β. A large one leaves few latent dimensions, which are smooth: for layers. 1 is for regions
        of single cells, and for expression.
    kl_target, kl_range
        Steer β within the range to a divergence, in nats for each cell and dimension. The
        original has 0.025 and (4, 25).
    dp_weight, distance_error, distance_latent
        As of :class:`DPVAE`, for the latents given expression alone; by default no distance term.
    gene_weights
        ``"equal"``, or ``"spatial"``: the encoder sees more of genes with a spatial pattern.
    normalize_depth
        Whether the encoder sees counts as if every cell had the same depth.
    n_cosines
        Of how many cosines surfaces are made. Memory is ``4 * n_sections * n_spatial *
        n_cosines**2`` bytes.

    Notes
    -----
    Latents of a cell do not depend on minibatches, on their order, or on the other cells that are
    given, once the model is trained: the weights of surfaces have an exact posterior, given all
    cells of the reference. Several sections have surfaces of their own, of the same kernels.

    The defaults are for layers. They leave little but two smooth dimensions, too few for a tissue
    of many regions: take the :func:`~dpvae.tl.neighborhood_mean` of the latents of ``SPAVAE(adata,
    kl_weight=1)``. For expression where nothing was measured take ``SPAVAE(adata, n_spatial=10,
    spatial_share=None, kl_weight=1)``.

    Examples
    --------
    >>> from dpvae.datasets import simulated_tissue
    >>> from dpvae.model import SPAVAE
    >>> adata = simulated_tissue(200, 50)
    >>> SPAVAE.setup_anndata(adata)
    >>> model = SPAVAE(adata)
    >>> model.train(max_epochs=1, enable_progress_bar=False)
    >>> adata.obsm["X_spavae"] = model.get_latent_representation()
    >>> model.predict_expression(spacing=200.0).X.shape[1]
    50
    """

    _module_cls: Any = DPSpatialCountVAE
    _next_step = (
        "Next: model.get_latent_representation(), for dpvae.tl.spatial_domains, or "
        "model.predict_expression(spacing=…)."
    )

    def __init__(
        self,
        adata: AnnData | None = None,
        registry: dict[str, Any] | None = None,
        n_hidden: int = 128,
        n_latent: int = 10,
        n_layers: int = 1,
        dropout_rate: float = 0.1,
        gene_likelihood: Literal["zinb", "nb", "poisson", "bernoulli", "nb_mixture"] = "nb",
        input_dropout: float = 0.0,
        n_spatial: int = 2,
        spatial_share: float | None = 0.95,
        kernel: KernelName = "matern",
        kl_weight: float = 10.0,
        kl_target: float | None = None,
        kl_range: tuple[float, float] = (4.0, 25.0),
        dp_weight: float = 0.0,
        distance_error: Literal["absolute", "squared"] = "absolute",
        distance_latent: Literal["mean", "sample"] = "mean",
        gene_weights: GeneWeights = "equal",
        *,
        normalize_depth: bool = True,
        n_cosines: int = 256,
    ) -> None:
        check_network_size(n_hidden, n_latent, n_layers, dropout_rate, input_dropout)
        check_distances(dp_weight, distance_error, distance_latent)
        check_choice("gene_weights", gene_weights, KINDS)
        detects, has_background = gene_likelihood == "bernoulli", gene_likelihood == "nb_mixture"
        likelihood = "poisson" if detects else "nb" if has_background else gene_likelihood
        check_likelihood(gene_likelihood, "bernoulli", "nb_mixture")
        check_prior(n_latent, n_spatial, spatial_share, kernel, n_cosines)
        check_beta(kl_weight, kl_target, kl_range)
        super().__init__(adata, registry)
        stats = self.summary_stats
        prior = SpatialPrior(
            stats.n_section,
            n_cosines,
            self.setup.n_dims,
            n_latent,
            n_spatial=n_spatial,
            share=spatial_share,
            kernel=kernel,
        )
        module_cls = DPSpatialProteinVAE if has_background else self._module_cls
        module = module_cls(
            n_input=stats.n_vars,
            n_batch=stats.n_batch,
            n_hidden=n_hidden,
            n_latent=n_latent,
            n_layers=n_layers,
            dropout_rate=dropout_rate,
            gene_likelihood=likelihood,
            detects=detects,
            input_dropout=input_dropout,
            normalize_depth=normalize_depth and not has_background,
            spatial_prior=prior,
            kl_weight=kl_weight,
            kl_target=kl_target,
            kl_range=kl_range,
            dp_weight=dp_weight,
            distance_error=distance_error,
            distance_latent=distance_latent,
        )
        self._use(module, gene_weights=gene_weights)
        if has_background and self.adata is not None:
            module.start_from(protein_kinds(registered_expression(self.adata_manager)))
        self._choose_surfaces()
        self.init_params_ = self._get_init_params(locals())
