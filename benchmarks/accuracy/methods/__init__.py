"""Every method turns a problem into places of the query, and a latent representation or None."""

from benchmarks.accuracy.methods import baselines, models, peers, perceptron, variants
from benchmarks.peers import folder_of_environments

OURS_AND_SIMPLE = {
    "DPVAE": models.dpvae,
    "DPSCVI": models.dpscvi,
    "DPHVAE": models.dphvae,
    "Surfaces": models.surfaces,
    "DPVAE, per section": models.per_section,
    "plain VAE": models.plain_vae,
    "plain scVI": models.plain_scvi,
    "dp-VAE of the paper": models.paper,
    "kNN": baselines.neighbors,
    "ridge, genes": baselines.ridge_on_genes,
    "ridge, PCs": baselines.ridge_on_components,
    "MLP": perceptron.perceptron,
    "MLP, our weights": perceptron.weighted_perceptron,
}
METHODS = OURS_AND_SIMPLE | peers.METHODS | variants.VARIANTS
NEED_COUNTS = ("DPSCVI", "plain scVI")
CAN_POOL = ("DPVAE", "DPHVAE", "Surfaces", "DPVAE, per section", "DPSCVI")


def default_methods():
    """All methods; peers only where it is said in which folder their environments are."""
    return [*OURS_AND_SIMPLE, *(peers.METHODS if folder_of_environments() else ())]
