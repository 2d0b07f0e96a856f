"""What the encoder is to see of genes, from the statistics of a reference."""

import numpy as np
import torch
from scvi.data import AnnDataManager

from dpvae._data.expression import depths
from dpvae._data.matrix_on_disk import MatrixOnDisk
from dpvae._keys import REGISTRY
from dpvae.model.data.fields import registered_expression
from dpvae.model.data.gene_statistics import gene_statistics
from dpvae.model.data.gene_weights import pattern_gene_weights, spatial_gene_weights
from dpvae.module import EncoderInput

WEIGHTS = {"spatial": spatial_gene_weights, "pattern": pattern_gene_weights}


def set_reference_input(seen: EncoderInput, manager: AnnDataManager, gene_weights: str) -> None:
    """Set depth, means, deviations and weights of genes to what a reference says.

    Parameters
    ----------
    seen
        What is set. Counts whose genes all weigh alike are seen as they are.
    manager
        Of the registered reference.
    gene_weights
        ``"spatial"``: see :func:`~dpvae.model.data.gene_weights.spatial_gene_weights`;
        ``"pattern"``: see :func:`~dpvae.model.data.gene_weights.pattern_gene_weights`; ``"equal"``.
    """
    expression = registered_expression(manager)
    section = np.asarray(manager.get_from_registry(REGISTRY.section), dtype=np.intp).ravel()
    if seen.counts is not None:
        seen.depth.fill_(max(float(np.median(depths(expression))), 1.0))
        if gene_weights == "equal":
            return
    is_on_disk = isinstance(expression, MatrixOnDisk)
    logarithms = expression.changed(seen.logarithms) if is_on_disk else seen.logarithms(expression)
    coordinates = manager.get_from_registry(REGISTRY.coordinates)
    row = section if seen.per_section else np.zeros_like(section)
    mean, scale = gene_statistics(logarithms, row, len(seen.mean))
    weight = torch.ones(mean.shape[1])
    if gene_weights in WEIGHTS:
        weight = WEIGHTS[gene_weights](logarithms, coordinates, section)
    if seen.counts is None:
        seen.set_genes(mean, scale, weight)
    else:
        seen.set_genes(mean, torch.ones_like(scale), weight / scale[0])
