"""The panel: the genes that a model is set up with."""

from anndata import AnnData

from dpvae._data.arguments import check_is_anndata


def check_panel(adata: AnnData, *, fewest: int) -> None:
    """Raise if there are fewer genes than a model can learn from.

    Parameters
    ----------
    adata
        The reference.
    fewest
        Number of genes that the model needs: 1, or 2 if it learns from their shares.
    """
    check_is_anndata(adata)
    if adata.n_vars == 0:
        message = (
            "adata has no genes. If it was subset to the genes that it shares with a query, none "
            "is shared: see with dpvae.tl.match_genes(query, reference) whether they have other "
            "names, such as Ensembl identifiers or other letters."
        )
        raise ValueError(message)
    if adata.n_vars < fewest:
        message = (
            f"adata has {adata.n_vars} gene, but DPSCVI learns from the shares that genes have of "
            f"a cell's counts, and needs {fewest}. Use DPVAE, which takes log-normalised values."
        )
        raise ValueError(message)
