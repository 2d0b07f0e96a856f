"""novoSpaRc: optimal transport of cells to positions, with an atlas.

As in its tutorial with an atlas: shown genes as markers, 5 neighbours in both graphs (also the
defaults), ``alpha_linear`` 0.8 and ``epsilon`` 5e-3, on log-normalised expression. The mean over
cells, weighted by the transport, is the tool's ``sdge`` over what each position receives.
"""

import novosparc
import numpy as np
from exchange import read_problem, write_imputed

cells, tissue, hidden, seed = read_problem()
np.random.seed(seed)  # noqa: NPY002  # novoSpaRc draws from the global generator
drawn = np.asarray(cells[:, hidden].X, dtype=float)
visible = cells[:, ~cells.var_names.isin(hidden)].copy()
visible.X = np.asarray(visible.X, dtype=float)
problem = novosparc.cm.Tissue(dataset=visible, locations=np.asarray(tissue.obsm["spatial"]))
problem.setup_reconstruction(
    markers_to_use=visible.var_names.get_indexer(tissue.var_names),
    atlas_matrix=np.asarray(tissue.X, dtype=float),
    num_neighbors_s=5,
    num_neighbors_t=5,
    verbose=False,
)
problem.reconstruct(alpha_linear=0.8, epsilon=5e-3, verbose=False)
transport = np.asarray(problem.gw)
write_imputed(transport.T @ drawn / transport.sum(axis=0)[:, None])
