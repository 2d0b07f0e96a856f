"""Every method turns a problem into places of the query, and a latent representation or None."""

from benchmarks.accuracy.methods import baselines, models, perceptron

METHODS = {
    "DPVAE": models.dpvae,
    "DPSCVI": models.dpscvi,
    "plain VAE": models.plain_vae,
    "plain scVI": models.plain_scvi,
    "dp-VAE of the paper": models.paper,
    "kNN": baselines.neighbours,
    "ridge, genes": baselines.ridge_on_genes,
    "ridge, PCs": baselines.ridge_on_components,
    "MLP": perceptron.perceptron,
    "MLP, our weights": perceptron.weighted_perceptron,
}
NEED_COUNTS = ("DPSCVI", "plain scVI")
