"""Spatial domains: regions of the tissue whose cells have like representations."""

from typing import Literal

import pandas as pd
from anndata import AnnData

from dpvae._data.culprit import named_in_errors, obsm_name
from dpvae._data.section import named_sections
from dpvae._data.warn import warn_user
from dpvae._data.whole_number import check_whole, is_whole
from dpvae._keys import OBS, OBSM, params_key
from dpvae.geometry import check_coordinates, check_latent
from dpvae.geometry.neighborhood import neighborhood_weights
from dpvae.tl.coordinates import read_coordinates, read_representation
from dpvae.tl.domain_order import ordered_by_size
from dpvae.tl.leiden import leiden_memberships
from dpvae.tl.mixture import mixture_probabilities
from dpvae.tl.result import check_name, check_ours

METHODS = {"mixture": mixture_probabilities, "leiden": leiden_memberships}


def spatial_domains(
    adata: AnnData,
    *,
    use_rep: str,
    n_domains: int,
    method: Literal["mixture", "leiden"] = "mixture",
    smooth: int = 0,
    spatial_key: str = OBSM.spatial,
    sample_key: str | None = None,
    key_added: str = OBS.domain,
    probabilities: bool = False,
    seed: int = 0,
    copy: bool = False,
) -> pd.Series | None:
    """Divide the tissue into domains, such as the layers of a cortex.

    Cells with like representations are of one domain. The tissue counts only through the
    representation and ``smooth``: use one that is smooth in space, such as the latents of a spatial
    model or :func:`dpvae.tl.neighborhood_mean`. All sections share their domains.

    Parameters
    ----------
    adata
        The cells.
    use_rep
        Key of the representation in ``adata.obsm``.
    n_domains
        Number of domains, at least 2.
    method
        ``"mixture"``: a Gaussian mixture whose components share one covariance, the best of ten
        starts. ``"leiden"``: communities in the graph of 15 nearest neighbours, by scanpy, at a
        resolution that gives ``n_domains`` of them; needs ``pip install igraph``.
    smooth
        Number of nearest neighbours in the tissue over which the probabilities of each cell are
        averaged before the likeliest domain is taken; with Leiden the majority decides. By default
        0: none. 18 helps a representation that is not smooth; see
        :doc:`/benchmarks/domains`.
    spatial_key
        Key of the coordinates in ``adata.obsm``, needed only to smooth. Cells of unknown place
        (rows of NaN) get a domain, too, but are not smoothed.
    sample_key
        Column of ``adata.obs`` that names the section: neighbours are of the same one. By default
        all cells are one section.
    key_added
        Key of the result in ``adata.obs``, and the beginning of the other keys.
    probabilities
        Whether to write the probability of each domain, too.
    seed
        Seed of the starts. The same seed gives the same domains, in whatever order the cells come.
    copy
        Whether to return the domains instead of writing anything.

    Returns
    -------
    ``None``, or with ``copy=True`` the domains. Written are

    - ``adata.obs[key_added]``: categorical, ``"1"`` the domain with the most cells, then ``"2"``;
    - ``adata.obsm[key_added + "_probabilities"]``, if wanted: shape ``(n_cells, n_domains)``,
      columns in the order of the domains, smoothed as they are;
    - ``adata.uns[key_added + "_params"]``: the settings.

    Raises
    ------
    KeyError
        If a key does not exist.
    ImportError
        If ``method="leiden"`` and igraph is not installed.
    ValueError
        If ``n_domains`` is not an integer from 2 to the number of cells, the representation is
        constant, not finite or has fewer different rows, Leiden finds no such number, or something
        would be overwritten. ``adata`` is unchanged then.

    Warns
    -----
    UserWarning
        If fewer domains than wanted have cells.

    Notes
    -----
    The mixture does not depend on the unit or the axes of the representation. Time grows with cells
    × domains × dimensions²: about two seconds for 50,000 cells, 8 domains and 20 dimensions.

    Examples
    --------
    >>> import scanpy as sc
    >>> import dpvae
    >>> adata = dpvae.datasets.simulated_tissue(300, 60)
    >>> sc.pp.normalize_total(adata)
    >>> sc.pp.log1p(adata)
    >>> sc.pp.pca(adata, n_comps=20)
    >>> dpvae.tl.neighborhood_mean(adata)
    >>> dpvae.tl.spatial_domains(adata, use_rep="X_pca_neighborhood", n_domains=4)
    >>> adata.obs["spatial_domain"].cat.categories.tolist()
    ['1', '2', '3', '4']
    """
    latent = check_latent(read_representation(adata, use_rep), name=obsm_name(use_rep))
    _check_number(n_domains, adata.n_obs)
    if method not in METHODS:
        message = f"method is {method!r}: give one of {list(METHODS)}."
        raise ValueError(message)
    if not is_whole(smooth) or smooth < 0:
        message = f"smooth is {smooth!r}: give a number of neighbours, or 0 for none."
        raise ValueError(message)
    if not is_whole(seed) or not 0 <= seed < 2**32:
        message = f"seed is {seed!r}: give an integer from 0 to {2**32 - 1}."
        raise ValueError(message)
    section = named_sections(adata, sample_key)
    if not copy:
        _check_free(adata, key_added)
    weights = None
    if smooth:
        places = read_coordinates(adata, spatial_key)
        check_coordinates(places, name=obsm_name(spatial_key))
        weights = neighborhood_weights(places, section, smooth)
    with named_in_errors(obsm_name(use_rep)):
        likely = METHODS[method](latent, n_domains, seed)
    if weights is not None:
        likely = weights @ likely
    domain, likely = ordered_by_size(likely, latent)
    n_found = int(domain.max()) + 1
    if n_found < n_domains:
        message = (
            f"{n_found} of {n_domains} domains have cells; the others are empty. Give fewer "
            "n_domains, or smooth over fewer neighbours."
        )
        warn_user(message)
    names = [str(number + 1) for number in range(n_found)]
    found = pd.Categorical.from_codes(domain, categories=pd.Index(names))
    if copy:
        return pd.Series(found, index=adata.obs_names, name=key_added)
    adata.obs[key_added] = found
    adata.obsm.pop(_probabilities_key(key_added), None)
    if probabilities:
        adata.obsm[_probabilities_key(key_added)] = likely
    adata.uns[params_key(key_added)] = {
        "use_rep": use_rep,
        "n_domains": n_domains,
        "method": method,
        "smooth": smooth,
        "seed": seed,
    }
    return None


def _check_number(n_domains: int, n_cells: int) -> None:
    check_whole(n_domains, "n_domains", remedy=", at least 2")
    if not 2 <= n_domains <= n_cells:
        message = (
            f"n_domains is {n_domains}: give a number from 2 to {n_cells}, as there are cells."
        )
        raise ValueError(message)


def _probabilities_key(key: str) -> str:
    return f"{key}_probabilities"


def _check_free(adata: AnnData, key: str) -> None:
    check_name(key)
    ours = isinstance(adata.uns.get(params_key(key)), dict)
    if key in adata.obs:
        check_ours(f"adata.obs[{key!r}]", is_ours=ours)
    if _probabilities_key(key) in adata.obsm:
        check_ours(obsm_name(_probabilities_key(key)), is_ours=ours)
