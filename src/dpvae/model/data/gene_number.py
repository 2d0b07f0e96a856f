"""Whether the genes of a reference were chosen."""

import logging

from anndata import AnnData

MOST_GENES = 3_000
CHOSEN = "spatially_variable"

logger = logging.getLogger(__name__)


def say_if_genes_are_not_chosen(adata: AnnData) -> None:
    """Log how genes are chosen if a reference has more than 3,000 that were not."""
    is_marked = CHOSEN in adata.var
    if adata.n_vars <= MOST_GENES or (is_marked and adata.var[CHOSEN].all()):
        return
    choose = "" if is_marked else "dpvae.pp.spatially_variable_genes(adata) and then "
    call = "to_memory()" if adata.isbacked else "copy()"
    logger.warning(
        "adata has %d genes; most of them say nothing about place, so that places get worse and "
        "training slower. To learn from those that do, run %sadata = adata[:, adata.var[%r]].%s.",
        adata.n_vars,
        choose,
        CHOSEN,
        call,
    )
