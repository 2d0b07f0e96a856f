"""novoSpaRc as a painter: the transport from cells to positions, with some of the genes as markers.

``python paint_novosparc.py FOLDER SEED ALPHA SPACE``: the weight of the markers against
smoothness, and what smoothness is measured in, ``"all genes"`` or 50 principal ``"components"``.
"""

import sys

import novosparc
import numpy as np
import scanpy as sc
from exchange import read_problem, write_places

atlas, cells, seed = read_problem()
alpha, space = float(sys.argv[3]), sys.argv[4]
np.random.seed(seed)  # noqa: NPY002  # novoSpaRc draws from the global generator
cells.X = np.asarray(cells.X, dtype=float)
tissue = novosparc.cm.Tissue(dataset=cells.copy(), locations=np.asarray(atlas.obsm["spatial"]))
tissue.setup_linear_cost(cells.var_names.get_indexer(atlas.var_names), np.asarray(atlas.X, float))
representation = None
if space == "components":
    sc.pp.highly_variable_genes(cells)
    sc.pp.pca(cells, n_comps=50, mask_var="highly_variable")
    representation = cells.obsm["X_pca"]
tissue.setup_smooth_costs(
    dge_rep=representation, num_neighbors_s=5, num_neighbors_t=5, verbose=False
)
tissue.reconstruct(alpha_linear=alpha, epsilon=5e-3, verbose=False)
write_places(tissue.gw)
