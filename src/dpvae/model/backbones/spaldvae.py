"""SPALDVAE: SPAVAE with a linear decoder, whose latents can be read gene by gene."""

from copy import deepcopy
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from dpvae._data.whole_number import check_seed, is_whole
from dpvae.geometry import known_rows
from dpvae.model.backbones.spavae import SPAVAE
from dpvae.model.tissue.latent_surfaces import LatentSurfaces
from dpvae.model.tissue.section_frames import SectionPlaces
from dpvae.module.spatial_linear_vae import DPSpatialLinearVAE

TINY = np.finfo(float).tiny


class SPALDVAE(SPAVAE):
    """:class:`SPAVAE` with a linear decoder: which genes follow which latent variable.

    Parameters
    ----------
    adata
        The reference, registered with :meth:`setup_anndata`: raw counts.
    registry
        Registry of a saved model, used in its place when a model is loaded without an AnnData.
    kl_weight
        β.
    **kwargs
        All other arguments of :class:`SPAVAE`; ``n_layers`` and ``n_hidden`` are of the encoder.

    Raises
    ------
    ValueError
        If ``gene_likelihood`` is ``"nb_mixture"``, whose decoder is not linear.

    Notes
    -----
    :meth:`spatial_scores` describe what the model learned. Whether a gene follows the tissue at all
    is tested by :func:`dpvae.tl.spatially_variable_genes`, which needs no model.

    Examples
    --------
    >>> from dpvae.datasets import simulated_tissue
    >>> from dpvae.model import SPALDVAE
    >>> adata = simulated_tissue(200, 50)
    >>> SPALDVAE.setup_anndata(adata)
    >>> model = SPALDVAE(adata)
    >>> model.train(max_epochs=1, enable_progress_bar=False)
    >>> list(model.spatial_scores(n_permutations=19).columns)
    ['score', 'score_permuted', 'pval']
    """

    _module_cls = DPSpatialLinearVAE

    def __init__(
        self,
        adata: AnnData | None = None,
        registry: dict[str, Any] | None = None,
        kl_weight: float = 1.0,
        **kwargs: Any,
    ) -> None:
        if kwargs.get("gene_likelihood") == "nb_mixture":
            message = (
                "gene_likelihood='nb_mixture' has a decoder of background and foreground, which is "
                "not linear: take SPAVAE for proteins."
            )
            raise ValueError(message)
        super().__init__(adata, registry, kl_weight=kl_weight, **kwargs)
        self.init_params_ = self._get_init_params(locals())

    def get_loadings(self) -> pd.DataFrame:
        """Give how much the logarithm of each gene's share rises with each latent variable.

        Returns
        -------
        A row for each gene, a column ``z_1``, … for each latent variable. Each column has mean 0.
        """
        values = self.module.loadings.detach().cpu().numpy()
        columns = [f"z_{number}" for number in range(1, values.shape[1] + 1)]
        return pd.DataFrame(values, index=self.setup.genes, columns=columns)

    def spatial_scores(self, *, n_permutations: int = 99, seed: int = 0) -> pd.DataFrame:
        r"""Give the share of each gene's modelled variation that is a surface over the tissue.

        .. math:: \frac{\mathrm{Var}_i(\sum_l W_{gl} f_l(s_i))}
            {\mathrm{Var}_i(\sum_l W_{gl} z_{il})}

        with loadings W, the surfaces' means f, and z given both expression and place. It is a
        share of what the model explains, not of a gene's variance: a gene of which the model
        explains little can have a high score. So each gene is compared with its score after cells
        were given each other's places, for which surfaces are found anew (the networks are not).

        Parameters
        ----------
        n_permutations
            How often places are permuted, within sections.
        seed
            Of the permutations.

        Returns
        -------
        A row for each gene: ``score``; ``score_permuted``, the mean after permutations; and
        ``pval``, how often a permutation gave as much, at least ``1 / (n_permutations + 1)``.

        Raises
        ------
        ValueError
            If ``n_permutations`` is not a positive whole number, or ``seed`` not one of at least 0.
        RuntimeError
            If the model is not trained.
        """
        if not (is_whole(n_permutations) and n_permutations >= 1):
            message = f"n_permutations is {n_permutations!r}: give a positive whole number."
            raise ValueError(message)
        check_seed(seed)
        placed = self._frames().places(self._cells(None), self.setup)
        surfaces = LatentSurfaces(deepcopy(self.module.spatial_prior))
        encoded = self._latents(return_dist=True)
        loadings = self.module.loadings.detach().cpu().numpy().astype(np.float64)
        rng = np.random.default_rng(seed)

        def score(places: SectionPlaces) -> NDArray[np.float64]:
            surfaces.fit_sections(places, encoded)
            of_place, of_both = (
                surfaces.latents(places, given)[0] @ loadings.T for given in (None, encoded)
            )
            return np.asarray(of_place.var(axis=0) / np.maximum(of_both.var(axis=0), TINY))

        found = score(placed)
        permuted = np.stack([score(_shuffled(placed, rng)) for _ in range(n_permutations)])
        n_as_high = (permuted >= found).sum(axis=0)
        columns = {
            "score": found,
            "score_permuted": permuted.mean(axis=0),
            "pval": (1 + n_as_high) / (1 + n_permutations),
        }
        return pd.DataFrame(columns, index=self.setup.genes)


def _shuffled(placed: SectionPlaces, rng: np.random.Generator) -> SectionPlaces:
    """Give the cells of each section each other's places."""
    places, known = placed.places.copy(), known_rows(placed.places)
    for code in np.unique(placed.code):
        rows = np.flatnonzero((placed.code == code) & known)
        places[rows] = placed.places[rng.permutation(rows)]
    return SectionPlaces(places, placed.code)
