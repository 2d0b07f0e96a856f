"""Tangram: a soft assignment of cells to positions that gives back their expression.

As in its tutorial and its defaults: ``pp_adatas`` with all genes, ``map_cells_to_space`` in mode
"cells", 1,000 epochs, the density prior "rna_count_based", on log-normalised expression. The sum
over cells, weighted by the assignment, is what ``project_genes`` gives; it is not called because it
takes genes that differ in upper and lower case for one.
"""

import numpy as np
import tangram
import torch
from exchange import read_problem, write_imputed

torch.set_num_threads(1)
cells, tissue, hidden, seed = read_problem()
drawn = np.asarray(cells[:, hidden].X)
tangram.pp_adatas(cells, tissue, genes=None, gene_to_lowercase=False)
assignment = tangram.map_cells_to_space(
    cells, tissue, mode="cells", device="cpu", random_state=seed, verbose=False
)
write_imputed(assignment.X.T @ drawn)
