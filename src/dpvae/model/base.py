"""What every model of this package is: a backbone of scvi-tools that learns where cells are."""

from typing import Any

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray

from dpvae.model.data.data_source import check_data_source
from dpvae.model.data.reference_input import set_reference_input
from dpvae.model.data.registration import register
from dpvae.model.placing_model import PlacingModel
from dpvae.module.decoder_metric import metric_of_minibatch

CELLS_AT_ONCE = 64


class SpatialModel(PlacingModel):
    """A backbone of scvi-tools that learns where cells are, and places cells by expression.

    A backbone declares the ``values`` that it takes, :meth:`further_fields` if it reads more than
    expression, batches, sections and coordinates, and makes its module in ``__init__``; the guide
    for contributors shows one. The rest is here and in the classes that this one extends:
    encoding, files, training, places.
    """

    target_counts_: dict[str, float] | None = None
    _LATENT_QZM_KEY = "dpvae_latent_qzm"
    _LATENT_QZV_KEY = "dpvae_latent_qzv"

    def __init__(
        self, adata: AnnData | None = None, registry: dict[str, Any] | None = None, **kwargs: Any
    ) -> None:
        check_data_source(type(self), adata, registry)
        super().__init__(adata, registry, **kwargs)

    @classmethod
    def setup_anndata(
        cls,
        adata: AnnData,
        layer: str | None = None,
        spatial_key: str = "spatial",
        sample_key: str | None = None,
        batch_key: str | None = None,
        *,
        mask_key: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Say where things are in an AnnData.

        Parameters
        ----------
        adata
            The reference. Some columns of ``obs`` and a key of ``obsm`` that begin with an
            underscore are added to it.
        layer
            Layer with the expression; by default ``adata.X``.
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
        TypeError
            If there is no such argument.
        ValueError
            If coordinates or values are not usable; the message says what was found and what to
            do. ``adata`` is unchanged then.

        Warns
        -----
        UserWarning
            If the reference can be used but seems to be prepared wrongly.
        """
        register(cls, adata, cls._get_setup_method_args(**locals()), **kwargs)

    def decoder_metric(
        self, adata: AnnData | None = None, *, batch_size: int = CELLS_AT_ONCE
    ) -> NDArray[np.float64]:
        """Compute how far expression moves when a cell's latent representation does.

        JᵀJ at the posterior mean, where J is the Jacobian of the decoded expression: of
        ``DPVAE`` the mean of the standardised genes, of ``DPSCVI`` twice the root of the expected
        shares of the genes, in which equal steps are equally visible in counts (the Fisher metric
        of multinomial sampling). An isometric decoder has the identity, up to scale
        (:func:`dpvae.metrics.latent_isometry`; figures 4 and 14 of :cite:t:`Zhou24`).

        Parameters
        ----------
        adata
            The cells; by default those that the model was made with.
        batch_size
            Cells at a time. Memory is ``batch_size * n_genes * n_latent`` numbers.

        Returns
        -------
        Symmetric, shape ``(n_cells, n_latent, n_latent)``; it can be kept in ``adata.obsm``.

        Raises
        ------
        ValueError
            If the cells do not fit the model.

        See Also
        --------
        dpvae.tl.isometry
        """
        cells = self._validate_anndata(adata)
        self.module.eval()
        loader = self._make_data_loader(adata=cells, batch_size=batch_size)
        return np.concatenate([metric_of_minibatch(self.module, tensors) for tensors in loader])

    def _use(self, module: Any, *, gene_weights: str | None) -> None:
        """Take a module, and let its encoder see genes as the reference's statistics say.

        With ``None`` a backbone sets what its encoder sees by itself.
        """
        self.module = module
        module.minified_data_type = self.minified_data_type
        module.distance_term.unit.fill_(self.setup.unit)
        self._model_summary_string = f"{type(self).__name__} with n_latent: {module.n_latent}."
        if self.adata is not None and gene_weights is not None:
            set_reference_input(module.encoder_input, self.adata_manager, gene_weights)
