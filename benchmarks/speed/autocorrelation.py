import numpy as np
import pandas as pd
import scanpy as sc
from scipy.sparse import csr_matrix, random
from sklearn.neighbors import kneighbors_graph

from benchmarks.speed.timing import interleaved
from dpvae.metrics import autocorrelation


def tables(*, quick):
    rng = np.random.default_rng(0)
    rows = []
    for n_cells in (3_000,) if quick else (3_000, 50_000):
        values = random(n_cells, 2_000, 0.12, format="csr", dtype=np.float32, rng=rng)
        values.data = np.log1p(rng.poisson(2.0, len(values.data)) + 1.0).astype(np.float32)
        graph = kneighbors_graph(rng.uniform(size=(n_cells, 2)), 5)
        by_gene = csr_matrix(values.T)
        found = {}

        def ours(found=found, values=values, graph=graph):
            found["dpvae"] = autocorrelation(values, graph)

        def scanpy(found=found, by_gene=by_gene, graph=graph):
            found["I"] = sc.metrics.morans_i(graph, by_gene)
            found["C"] = sc.metrics.gearys_c(graph, by_gene)

        if n_cells == 3_000:
            interleaved({"scanpy": scanpy, "dpvae": ours}, 1)
        seconds = interleaved({"scanpy": scanpy, "dpvae": ours}, 3)
        difference = max(
            np.abs(found["dpvae"].morans_i.value - found["I"]).max(),
            np.abs(found["dpvae"].gearys_c.value - found["C"]).max(),
        )
        rows.append(
            {
                "cells x genes": f"{n_cells:,} x 2,000",
                "scanpy I and C, s": f"{seconds['scanpy']:.2f}",
                "dpvae I and C, s": f"{seconds['dpvae']:.3f}",
                "times faster": f"{seconds['scanpy'] / seconds['dpvae']:.0f}",
                "largest difference": f"{difference:.0e}",
            }
        )
    return [("Moran's I and Geary's C", pd.DataFrame(rows))]
