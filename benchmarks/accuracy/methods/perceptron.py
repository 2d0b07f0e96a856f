"""A perceptron from genes to coordinates, of the size and with the regularisation of DPVAE."""

import math

import numpy as np
import torch
from torch import nn

from dpvae.model.data.gene_weights import spatial_gene_weights
from dpvae.model.training.epochs import suitable_steps

WIDTH, LAYERS = 512, 3
DROPOUT, INPUT_DROPOUT = 0.3, 0.3
WEIGHT_DECAY, LEARNING_RATE = 0.3, 3e-3
BATCH = 128


def perceptron(problem):
    """Least squares on coordinates divided by the tissue's radius; genes standardised."""
    return _placed(problem, np.ones(problem.reference.n_vars))


def weighted_perceptron(problem):
    """The same on genes that are weighted as in the models of the package."""
    section = np.zeros(problem.reference.n_obs, dtype=int)
    places = problem.reference.obsm["spatial"]
    return _placed(problem, spatial_gene_weights(problem.reference.X, places, section).numpy())


def _placed(problem, weight):
    torch.manual_seed(problem.seed)
    known, places = problem.is_known, problem.known_places
    genes = problem.reference.X.toarray()
    mean, scale = genes.mean(axis=0), genes.std(axis=0)
    scale[scale < 1e-6] = 1.0
    scale /= weight
    center = places.mean(axis=0)
    radius = np.sqrt(((places - center) ** 2).sum(axis=1).mean())
    network = network_of(genes.shape[1], places.shape[1])
    inputs = torch.tensor((genes[known] - mean) / scale, dtype=torch.float32)
    fit(network, inputs, torch.tensor((places - center) / radius, dtype=torch.float32))
    query = torch.tensor((problem.query.X.toarray() - mean) / scale, dtype=torch.float32)
    with torch.no_grad():
        return network(query).double().numpy() * radius + center, None


def network_of(n_genes, n_dims):
    layers = [nn.Dropout(INPUT_DROPOUT)]
    for layer in range(LAYERS):
        layers += [
            nn.Linear(n_genes if layer == 0 else WIDTH, WIDTH),
            nn.BatchNorm1d(WIDTH, momentum=0.01, eps=0.001),
            nn.ReLU(),
            nn.Dropout(DROPOUT),
        ]
    return nn.Sequential(*layers, nn.Linear(WIDTH, n_dims))


def fit(network, inputs, targets):
    n_steps = suitable_steps(len(inputs))
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY, fused=True
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: 0.5 * (1 + math.cos(math.pi * step / n_steps))
    )
    n_cells, begin, order = len(inputs), len(inputs), None
    batch = min(BATCH, n_cells)
    network.train()
    for _ in range(n_steps):
        if begin + batch > n_cells:
            order, begin = torch.randperm(n_cells), 0
        rows = order[begin : begin + batch]
        begin += batch
        loss = ((network(inputs[rows]) - targets[rows]) ** 2).sum(dim=1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    network.eval()
