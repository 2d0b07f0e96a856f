"""ENVI: one latent space of cells, tissue and the covariance of each position's neighbourhood.

As in its tutorial and its defaults: raw counts, the hidden genes among those it learns, 10,000
steps, ``impute_genes``. Imputed counts are brought to the depth of the truth and logarithmised.
"""

import numpy as np
from exchange import as_counts, logarithms, read_problem, write_imputed
from jax import random
from scenvi import ENVI

cells, tissue, hidden, seed = read_problem()
model = ENVI(spatial_data=as_counts(tissue), sc_data=as_counts(cells), sc_genes=list(hidden))
model.train(key=random.key(seed))
model.impute_genes()
table = model.spatial_data.obsm["imputation"]
write_imputed(logarithms(np.asarray(table), table.columns, hidden, tissue))
