"""moscot: fused Gromov-Wasserstein transport of cells to spots (Klein et al., 2025).

As in its tutorial: ``MappingProblem`` with the query's principal components (of ``scanpy.pp.pca``)
in the quadratic term, ``xy_callback="local-pca"`` in the linear one, and ``solve`` with its
defaults (``alpha`` 0.5, ``epsilon`` 0.01). The place of a cell is the mean of the spots'
coordinates, weighted by the cell's column of the transport.
"""

import numpy as np
import scanpy as sc
from exchange import read_problem, weighted_means, write_places
from moscot.problems.space import MappingProblem

reference, query, seed = read_problem()
sc.pp.pca(query, random_state=seed)
problem = MappingProblem(adata_sc=query, adata_sp=reference)
problem = problem.prepare(sc_attr={"attr": "obsm", "key": "X_pca"}, xy_callback="local-pca")
problem = problem.solve()
(solution,) = problem.solutions.values()
transport = np.asarray(solution.transport_matrix)
write_places(weighted_means(transport.T, reference.obsm["spatial"]))
