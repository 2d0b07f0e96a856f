"""CeLEry's network and training (Zhang et al., 2023), compiled.

Its package takes milliseconds for a step of four cells, and a section takes 100,000 steps. Here the
initial weights, the batches and the updates are the same, so places differ by rounding alone.
"""

from dataclasses import replace
from functools import partial
from itertools import pairwise

import numba
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader

WIDTHS = (30, 25, 15)
N_EPOCHS = 500
BATCH = 4
LEARNING_RATE, SMALLEST_RATE = 1e-4, 1e-7
PATIENCE, SLACK = 15, 10.0
MARGIN, LARGE_RANGE = 1.0, 1000.0
WEIGHT_DECAY = np.float32(1e-5)
OF_MEAN, OF_SQUARE = 0.9, 0.999
TINY = np.float32(1e-8)
ONE, TWO = np.float32(1.0), np.float32(2.0)


def in_a_large_frame(place):
    """CeLEry adds a margin of 1 to the range of places, as if they were pixels: give it many."""

    def places(problem):
        known = problem.reference.copy()
        scale = LARGE_RANGE / np.ptp(known.obsm["spatial"], axis=0).max()
        known.obsm["spatial"] = known.obsm["spatial"] * scale
        return place(replace(problem, reference=known)) / scale

    return places


def placed(problem, n_epochs=N_EPOCHS):
    """Places of the query, in the frame of the reference; see `in_a_large_frame`."""
    known, new = standardized(problem.reference, problem.query)
    places = problem.reference.obsm["spatial"].astype(np.float32)
    lowest, highest = places.min(axis=0) - MARGIN, places.max(axis=0) + MARGIN
    shares = (places - lowest) / (highest - lowest)
    weights = trained(known, shares, problem.seed, n_epochs)
    return lowest + outputs(weights, new)[-1].astype(float) * (highest - lowest)


def standardized(reference, query):
    """Z-scores within each section, of the genes that vary in both; and a column of ones."""
    tables = [adata.X.toarray() for adata in (reference, query)]
    varies = np.logical_and(*(np.ptp(table, axis=0) > 0 for table in tables))
    tables = [np.ascontiguousarray(table[:, varies]) for table in tables]
    return [with_ones((table - table.mean(axis=0)) / table.std(axis=0)) for table in tables]


def trained(genes, shares, seed, n_epochs):
    """Matrices of the four layers; the last column is the bias."""
    weights = initial_weights(genes.shape[1] - 1, seed)
    means, squares = ([np.zeros_like(each) for each in weights] for _ in range(2))
    state = tuple(weights), tuple(means), tuple(squares)
    generator = torch.Generator().manual_seed(seed)
    orders = DataLoader(range(len(genes)), len(genes), shuffle=True, generator=generator)
    rate, least, n_worse, n_steps = LEARNING_RATE, np.inf, 0, 0
    for _ in range(n_epochs):
        (order,) = orders
        loss, n_steps = run_epoch(*state, genes, shares, order.numpy(), rate, n_steps)
        if loss <= least:
            least = loss
            continue
        n_worse += 1
        if n_worse == PATIENCE:
            n_worse, rate, least = 0, rate / 2, least + SLACK
        if rate < SMALLEST_RATE:
            break
    return state[0]


def initial_weights(n_genes, seed):
    """What torch draws for the same layers."""
    torch.manual_seed(seed)
    sizes = n_genes, *WIDTHS, 2
    layers = [nn.Linear(*pair) for pair in pairwise(sizes)]
    pairs = [(layer.weight.detach().numpy(), layer.bias.detach().numpy()) for layer in layers]
    return [np.column_stack(pair) for pair in pairs]


@numba.njit(cache=True)
def with_ones(values):
    found = np.ones((values.shape[0], values.shape[1] + 1), np.float32)
    found[:, :-1] = values
    return found


@numba.njit(cache=True)
def outputs(weights, genes):
    """What each layer gets, and the shares of the range that the last one gives."""
    found = [genes]
    for number in range(3):
        found.append(with_ones(np.maximum(found[number] @ weights[number].T, np.float32(0.0))))
    found.append(ONE / (ONE + np.exp(-(found[3] @ weights[3].T))))
    return found


@numba.njit(cache=True)
def run_epoch(weights, means, squares, genes, shares, order, rate, n_steps):
    """Take all steps of an epoch; the sum of their losses, and the number of steps so far."""
    total = 0.0
    for start in range(0, len(order), BATCH):
        cells = order[start : start + BATCH]
        layers = outputs(weights, genes[cells])
        error = layers[4] - shares[cells]
        total += np.mean(error * error)
        slope = TWO / np.float32(error.size) * error * layers[4] * (ONE - layers[4])
        n_steps += 1
        for number in range(3, -1, -1):
            gradient = slope.T @ layers[number]
            if number:
                slope = (slope @ weights[number])[:, :-1] * (layers[number][:, :-1] > 0)
            update(weights[number], means[number], squares[number], gradient, rate, n_steps)
    return total, n_steps


@numba.njit(cache=True)
def update(weights, means, squares, gradient, rate, n_steps):
    """A step of Adam, with the decay of the weights in the gradient."""
    kept, fresh = np.float32(OF_MEAN), np.float32(1.0 - OF_MEAN)
    kept_square, fresh_square = np.float32(OF_SQUARE), np.float32(1.0 - OF_SQUARE)
    rate = np.float32(rate / (1.0 - OF_MEAN**n_steps))
    scale = np.float32(1.0 / np.sqrt(1.0 - OF_SQUARE**n_steps))
    for row in range(weights.shape[0]):
        for column in range(weights.shape[1]):
            slope = gradient[row, column] + WEIGHT_DECAY * weights[row, column]
            mean = kept * means[row, column] + fresh * slope
            square = kept_square * squares[row, column] + fresh_square * slope * slope
            means[row, column], squares[row, column] = mean, square
            weights[row, column] -= rate * mean / (np.sqrt(square) * scale + TINY)


by_default = in_a_large_frame(placed)
by_few_epochs = in_a_large_frame(partial(placed, n_epochs=N_EPOCHS // 10))
