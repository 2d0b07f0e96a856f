"""Every method is a function of a problem that returns places of the query, and a latent or None."""

from benchmarks.accuracy.methods import baselines, models, perceptron

METHODS = {
    "DPVAE": models.dpvae,
    "DPSCVI": models.dpscvi,
    "DPVAE, α = 0": models.dpvae_without_distances,
    "DPSCVI, α = 0": models.dpscvi_without_distances,
    "dp-VAE of the paper": models.paper,
    "kNN": baselines.neighbours,
    "ridge, genes": baselines.ridge_on_genes,
    "ridge, PCs": baselines.ridge_on_components,
    "MLP": perceptron.perceptron,
}
SIMPLE = ("kNN", "ridge, genes", "ridge, PCs", "MLP")
NEED_COUNTS = ("DPSCVI", "DPSCVI, α = 0")
