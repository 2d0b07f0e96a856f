"""novoSpaRc: optimal transport of cells to places, with an atlas (Nitzan et al., 2019).

As in its tutorial with an atlas: all genes as markers, 5 neighbours in both graphs (also the
defaults), ``alpha_linear`` 0.8 and ``epsilon`` 5e-3, on log-normalised expression. The place of a
cell is the mean of the atlas's places, weighted by the cell's row of the transport.
"""

import novosparc
import numpy as np
from exchange import read_problem, weighted_means, write_places

reference, query, seed = read_problem()
np.random.seed(seed)  # noqa: NPY002  # novoSpaRc draws from the global generator
query.X = query.X.toarray()
tissue = novosparc.cm.Tissue(dataset=query, locations=reference.obsm["spatial"])
tissue.setup_reconstruction(
    markers_to_use=np.arange(query.n_vars),
    atlas_matrix=reference.X.toarray(),
    num_neighbors_s=5,
    num_neighbors_t=5,
    verbose=False,
)
tissue.reconstruct(alpha_linear=0.8, epsilon=5e-3, verbose=False)
write_places(weighted_means(tissue.gw, reference.obsm["spatial"]))
