"""CeLEry: a perceptron from z-scored genes to coordinates (Zhang et al., 2023).

As in its tutorial, which are its defaults: every data set z-scored by itself, ``Fit_cord`` with
hidden layers of 30, 25 and 15, 500 epochs at most, batches of 4, learning rate 1e-4. Genes that are
constant in the reference or in the query have no z-score and are left out. CeLEry divides
coordinates by their range; the inverse is applied to what it predicts. Two dimensions only.
"""

import CeLEry
import numpy as np
import pandas as pd
import torch
from exchange import read_problem, write_places

torch.set_num_threads(1)
reference, query, seed = read_problem()
places = pd.DataFrame(reference.obsm["spatial"], columns=["x", "y"])
reference.X, query.X = reference.X.toarray(), query.X.toarray()
varies = (np.ptp(reference.X, axis=0) > 0) & (np.ptp(query.X, axis=0) > 0)
reference, query = reference[:, varies].copy(), query[:, varies].copy()
for adata in (reference, query):
    CeLEry.get_zscore(adata)
model = CeLEry.Fit_cord(
    data_train=reference,
    location_data=places,
    hidden_dims=[30, 25, 15],
    num_epochs_max=500,
    path=".",
    num_workers=0,
    seednum=seed,
)
with torch.no_grad():
    shares = model([torch.tensor(query.X, dtype=torch.float32)])[0].double().numpy()
lowest, highest = places.min().to_numpy() - 1, places.max().to_numpy() + 1
write_places(lowest + shares * (highest - lowest))
