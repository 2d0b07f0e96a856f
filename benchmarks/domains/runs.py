"""Domains of a section by a representation and a way of clustering, and their scores."""

from dataclasses import asdict, dataclass, fields
from functools import lru_cache, partial
from importlib.util import find_spec

from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

import dpvae
from benchmarks.domains.representations import REPRESENTATIONS


@dataclass(frozen=True)
class Run:
    """One representation and clustering of one section."""

    section: str
    seed: int
    representation: str
    clustering: str


KEYS = [field.name for field in fields(Run)]


def k_means(adata, n_domains, seed):
    model = KMeans(n_domains, n_init=10, random_state=seed)
    return model.fit_predict(adata.obsm["X"])


def domains(adata, n_domains, seed, **options):
    return dpvae.tl.spatial_domains(
        adata, use_rep="X", n_domains=n_domains, seed=seed, copy=True, **options
    )


CLUSTERINGS = {
    "k-means": k_means,
    "mixture": domains,
    "mixture, smoothed": partial(domains, smooth=18),
    "Leiden": partial(domains, method="leiden"),
}
METHODS = [
    ("PCs", "k-means"),
    ("PCs", "mixture"),
    ("PCs", "mixture, smoothed"),
    ("PCs, mean of 6", "mixture"),
    ("PCs, mean of 18", "k-means"),
    ("PCs, mean of 18", "mixture"),
    ("PCs, mean of 18", "mixture, smoothed"),
    ("PCs, mean of 18", "Leiden"),
    ("PCs, mean of 36", "mixture"),
    ("scaled PCs, mean of 18", "k-means"),
    ("scaled PCs, mean of 18", "mixture"),
    ("BANKSY-like", "k-means"),
    ("BANKSY-like", "mixture"),
    ("SPAVAE", "mixture"),
    ("SPAVAE", "mixture, smoothed"),
    ("SPAVAE, β = 1, mean of 18", "mixture"),
]


def planned(sections, seeds):
    """Every run that can be made here, those of one representation after one another."""
    return [
        Run(name, seed, representation, clustering)
        for seed in seeds
        for name in sections
        for representation, clustering in METHODS
        if representation in REPRESENTATIONS and (clustering != "Leiden" or find_spec("igraph"))
    ]


@lru_cache(maxsize=1)
def represented(section, name, seed):
    return REPRESENTATIONS[name](section.adata, seed)


def measured(run, section):
    """The run and its scores, as a row; empty scores if no domains are found."""
    cells = section.adata.copy()
    cells.obsm["X"] = represented(section, run.representation, run.seed)
    try:
        found = CLUSTERINGS[run.clustering](cells, section.n_domains, run.seed)
    except ValueError:  # Leiden finds no such number of communities
        return asdict(run) | {"ari": None, "nmi": None}
    truth, found = section.label[section.is_labelled], found[section.is_labelled]
    return asdict(run) | {
        "ari": adjusted_rand_score(truth, found),
        "nmi": normalized_mutual_info_score(truth, found),
    }
