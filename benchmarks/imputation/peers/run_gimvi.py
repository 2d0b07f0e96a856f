"""gimVI, of scviva-tools: one latent space of cells and tissue, a decoder for each.

As in its tutorial and its defaults: raw counts, only genes that both have (of which the tissue
lacks the hidden ones), 200 epochs, ``get_imputed_values(normalized=True)``. Imputed shares are
brought to the depth of the truth and logarithmised.
"""

import logging

import scviva
import torch
from exchange import as_counts, logarithms, read_problem, write_imputed
from scvi import settings
from scviva.model import GIMVI

torch.set_num_threads(1)
logging.disable(logging.WARNING)
cells, tissue, hidden, seed = read_problem()
settings.seed = seed
scviva.settings.seed = seed
genes = [*tissue.var_names, *hidden]
sequenced, imaged = as_counts(cells[:, genes].copy()), as_counts(tissue)
for adata in (sequenced, imaged):
    GIMVI.setup_anndata(adata)
model = GIMVI(sequenced, imaged)
model.train(max_epochs=200, accelerator="cpu", enable_progress_bar=False)
shares = model.get_imputed_values(normalized=True)[1]
write_imputed(logarithms(shares, genes, hidden, tissue))
