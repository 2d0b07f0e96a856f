"""The fly embryo: an atlas of stained genes, sequenced cells, and genes that are left out in turn.

The atlas has intensities, the cells counts. Tools that compare counts with counts get counts drawn
from the intensities, as the tutorial on the embryo does.
"""

from dataclasses import dataclass
from pathlib import Path

import anndata as ad
import numpy as np
import scanpy as sc

ATLAS, CELLS = "drosophila_bdtnp.h5ad", "drosophila_scrnaseq_dvex.h5ad"
BACKGROUND = 0.1
N_GROUPS = 6
TARGET_SUM = 1e4


@dataclass(frozen=True)
class Embryo:
    """What all ways of painting see; ``hidden`` names the genes that none of them sees.

    ``stained`` and ``drawn`` are the atlas, as intensities and as log-normalised counts; ``cells``
    have the atlas's genes, ``transcriptome`` all others too, but not the hidden ones.
    """

    stained: ad.AnnData
    drawn: ad.AnnData
    cells: ad.AnnData
    transcriptome: ad.AnnData
    hidden: list[str]

    @property
    def shown(self):
        return [gene for gene in self.stained.var_names if gene not in self.hidden]


def embryos(folder):
    """The embryo with each of six random groups of genes hidden."""
    atlas, counts = (_dense(sc.read_h5ad(Path(folder) / name)) for name in (ATLAS, CELLS))
    drawn = _drawn(atlas, counts)
    cells = ad.AnnData(_log_normalized(counts.X, counts.X.sum(axis=1)), counts.obs, counts.var)
    for group in np.array_split(np.random.default_rng(0).permutation(atlas.var_names), N_GROUPS):
        hidden = sorted(group)
        transcriptome = cells[:, ~cells.var_names.isin(hidden)].copy()
        yield Embryo(atlas, drawn, cells[:, atlas.var_names].copy(), transcriptome, hidden)


def _dense(adata):
    values = adata.X.toarray() if hasattr(adata.X, "toarray") else adata.X
    adata.X = np.asarray(values, dtype=np.float32)
    adata.obs_names = adata.obs_names.astype(str)
    return adata


def _drawn(atlas, counts):
    values, depth = drawn_counts(atlas, counts)
    places = {"spatial": np.asarray(atlas.obsm["spatial"], dtype=float)}
    return ad.AnnData(_log_normalized(values, depth), atlas.obs, atlas.var, obsm=places)


def drawn_counts(atlas, counts):
    """Counts drawn from intensities, scaled to the cells' mean expression and depth, and depths."""
    rng = np.random.default_rng(0)
    depth = counts.X.sum(axis=1)
    share = (counts[:, atlas.var_names].X / depth[:, None]).mean(axis=0)
    signal = np.maximum(atlas.X - np.quantile(atlas.X, BACKGROUND, axis=0), 0)
    drawn_depth = rng.choice(depth, atlas.n_obs)
    return rng.poisson(signal / signal.mean(axis=0) * share * drawn_depth[:, None]), drawn_depth


def _log_normalized(counts, depth):
    return np.log1p(counts / depth[:, None] * TARGET_SUM).astype(np.float32)
