"""Tangram: a soft assignment of cells to spots that gives back their expression (Biancalani 2021).

As in its tutorial: ``pp_adatas`` with all genes, ``map_cells_to_space`` in mode "cells" with the
density prior "rna_count_based" and 500 epochs, on log-normalised expression. The place of a cell is
the mean of the spots' coordinates, weighted by the cell's row of the assignment.
"""

import tangram
import torch
from exchange import read_problem, weighted_means, write_places

torch.set_num_threads(1)
reference, query, seed = read_problem()
tangram.pp_adatas(query, reference, genes=None)
assignment = tangram.map_cells_to_space(
    query,
    reference,
    mode="cells",
    density_prior="rna_count_based",
    num_epochs=500,
    device="cpu",
    random_state=seed,
    verbose=False,
)
write_places(weighted_means(assignment.X, reference.obsm["spatial"]))
