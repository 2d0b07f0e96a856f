"""DPHVAE: the hierarchical model of log-normalised expression."""

from typing import Any

from anndata import AnnData

from dpvae._data.whole_number import is_whole
from dpvae.model.backbones.dpvae import DPVAE
from dpvae.module import DPHierarchicalVAE


class DPHVAE(DPVAE):
    """Distance-preserving Markovian hierarchical VAE :cite:p:`Zhou24`.

    :class:`DPVAE` with a chain of latent variables (appendix G): a wide one of what genes vary by,
    and above it a narrow one, which is placed in the tissue. The module is
    :class:`~dpvae.module.HierarchicalVAE`.

    Parameters
    ----------
    adata
        The reference, registered with :meth:`setup_anndata`.
    registry
        Registry of a saved model, used in its place when a model is loaded without an AnnData.
    n_latent
        Dimension of the top level.
    n_lower
        Dimensions of the levels below it, the lowest first.
    distance_level
        The level whose distances are those in the tissue, from 1, the lowest. Its variable is the
        latent representation. By default the top.
    **kwargs
        All other arguments of :class:`DPVAE`.

    Examples
    --------
    >>> from dpvae.datasets import simulated_tissue
    >>> from dpvae.model import DPHVAE
    >>> adata = simulated_tissue(200, 50)
    >>> adata.X = adata.X.log1p()
    >>> DPHVAE.setup_anndata(adata)
    >>> model = DPHVAE(adata)
    >>> model.train(max_epochs=1, enable_progress_bar=False)
    >>> model.get_latent_representation().shape
    (200, 10)
    """

    _module_cls = DPHierarchicalVAE

    def __init__(
        self,
        adata: AnnData | None = None,
        registry: dict[str, Any] | None = None,
        n_latent: int = 10,
        n_lower: tuple[int, ...] = (20,),
        distance_level: int | None = None,
        **kwargs: Any,
    ) -> None:
        check_levels(n_lower, distance_level)
        n_lower = tuple(n_lower)
        self._levels = {"n_lower": n_lower, "level": distance_level}
        super().__init__(adata, registry, n_latent=n_latent, **kwargs)
        self._model_summary_string += f" n_lower: {n_lower}, distance_level: {self.module.level}."
        self.init_params_ = self._get_init_params(locals())


def check_levels(n_lower: Any, distance_level: Any) -> None:
    """Raise if there are no such levels.

    Raises
    ------
    ValueError
        If there is no lower level, a dimension is not a whole number of at least 1, or the level
        that is compared is none of them.
    """
    is_list = isinstance(n_lower, tuple | list) and len(n_lower) > 0
    if not (is_list and all(is_whole(n) and n >= 1 for n in n_lower)):
        message = (
            f"n_lower is {n_lower!r}: give the dimension of each level below the top, such as "
            "(20,). Without one it is DPVAE."
        )
        raise ValueError(message)
    levels = range(1, len(n_lower) + 2)
    is_level = distance_level is None or (is_whole(distance_level) and distance_level in levels)
    if not is_level:
        message = f"distance_level is {distance_level!r}: give a level from 1 to {levels[-1]}."
        raise ValueError(message)
