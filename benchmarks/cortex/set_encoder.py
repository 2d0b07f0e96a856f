"""An encoder that sees the whole section: attention over inducing points (Lee et al., 2019).

Cells become points whose distances are learned from those of the tissue, as in LUNA and G2T; a
section is placed by the two principal axes of its points. Without attention the same blocks see one
cell at a time. Memory and time are linear in the cells.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.decomposition import PCA
from torch import nn

from benchmarks.accuracy.problem import SECTION
from dpvae.model.data.gene_weights import spatial_gene_weights

N_COMPONENTS = 50
WIDTH, N_HEADS = 64, 4
LEARNING_RATE = 2e-3
LARGEST_INPUT = 3.0
TINY = 1e-6


@dataclass(frozen=True)
class Design:
    """What the variants differ in.

    Attributes
    ----------
    attends
        Whether cells see each other.
    n_inducing
        Inducing points of each of the two layers.
    n_dims
        Dimensions of the points, in which distances are learned.
    n_cells, n_sets
        Cells of a training set, drawn from one section, and sets of a step.
    n_steps, weight_decay, dropout
        Of the training.
    by_section
        Whether genes are standardised by the cells of each section.
    from_blocks
        Whether half of the training sets are drawn from half of a section, on one side of a random
        line.
    shift
        Standard deviation of an addition to all cells of a set, per component, and of the logarithm
        of a factor: sets are to differ as sections do.
    """

    attends: bool = True
    n_inducing: int = 16
    n_dims: int = 8
    n_cells: int = 128
    n_sets: int = 4
    n_steps: int = 400
    weight_decay: float = 0.1
    dropout: float = 0.2
    by_section: bool = False
    from_blocks: bool = False
    shift: float = 0.0


class Attention(nn.Module):
    """Each of some points takes up the mean of others, by four similarities."""

    def __init__(self):
        super().__init__()
        self.ask = nn.Linear(WIDTH, WIDTH)
        self.answer = nn.Linear(WIDTH, 2 * WIDTH)
        self.mix = nn.Linear(WIDTH, WIDTH)

    def forward(self, points, others):
        asked, (offered, taken) = (
            heads(self.ask(points)),
            map(heads, self.answer(others).chunk(2, 2)),
        )
        found = nn.functional.scaled_dot_product_attention(asked, offered, taken)
        return self.mix(found.transpose(1, 2).flatten(2))


def heads(values):
    """Shape ``(n_sets, n_heads, n_cells, width of a head)``."""
    return values.unflatten(2, (N_HEADS, -1)).transpose(1, 2)


class Block(nn.Module):
    """Attention of cells to inducing points that have attended to all cells; then two layers."""

    def __init__(self, design):
        super().__init__()
        self.attends = design.attends
        if design.attends:
            self.inducing = nn.Parameter(torch.randn(1, design.n_inducing, WIDTH) / 8.0)
            self.gather, self.spread = (Attention() for _ in range(2))
            self.before, self.of_points = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.norm = nn.LayerNorm(WIDTH)
        self.layers = nn.Sequential(
            nn.Linear(WIDTH, 2 * WIDTH),
            nn.GELU(),
            nn.Dropout(design.dropout),
            nn.Linear(2 * WIDTH, WIDTH),
        )

    def forward(self, cells):
        if self.attends:
            seen = self.before(cells)
            points = self.inducing.expand(len(cells), -1, -1)
            points = self.of_points(points + self.gather(points, seen))
            cells = cells + self.spread(seen, points)
        return cells + self.layers(self.norm(cells))


def network_of(n_inputs, design):
    return nn.Sequential(
        nn.Dropout(design.dropout),
        nn.Linear(n_inputs, WIDTH),
        Block(design),
        Block(design),
        nn.LayerNorm(WIDTH),
        nn.Linear(WIDTH, design.n_dims),
    )


def components(task, design):
    """Components of weighted, standardised genes, of unit size, of reference and query."""
    names = task.reference.obs[SECTION].to_numpy(), task.query.obs[SECTION].to_numpy()
    genes = [adata.X.toarray() for adata in (task.reference, task.query)]
    codes = np.unique(names[0], return_inverse=True)[1]
    weight = spatial_gene_weights(task.reference.X, task.reference.obsm["spatial"], codes).numpy()
    if design.by_section:
        scaled = [by_section(values, of) for values, of in zip(genes, names, strict=True)]
    else:
        mean, scale = genes[0].mean(axis=0), np.maximum(genes[0].std(axis=0), TINY)
        scaled = [(values - mean) / scale for values in genes]
    pca = PCA(min(N_COMPONENTS, *(n - 1 for n in genes[0].shape)), random_state=0)
    known = pca.fit_transform(scaled[0] * weight)
    size = known.std(axis=0).max() / LARGEST_INPUT
    return known / size, pca.transform(scaled[1] * weight) / size


def by_section(values, names):
    found = np.empty(values.shape)
    for name in np.unique(names):
        mine = names == name
        found[mine] = values[mine] - values[mine].mean(axis=0)
        found[mine] /= np.maximum(values[mine].std(axis=0), TINY)
    return found


def fitted(values, places, names, design, seed):
    """Learn from sets of cells that are drawn from one section each."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    inputs = torch.tensor(values, dtype=torch.float32)
    targets = torch.tensor(places, dtype=torch.float32)
    network = network_of(inputs.shape[1], design)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=LEARNING_RATE, weight_decay=design.weight_decay, fused=True
    )
    n_warm = design.n_steps // 10
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: (
            min(1.0, (step + 1) / n_warm) * 0.5 * (1.0 + math.cos(math.pi * step / design.n_steps))
        ),
    )
    sections = [np.flatnonzero(names == name) for name in np.unique(names)]
    n_cells = min(design.n_cells, *map(len, sections))
    network.train()
    for _ in range(design.n_steps):
        sets = np.stack(
            [drawn(sections, places, n_cells, design, rng) for _ in range(design.n_sets)]
        )
        cells = inputs[sets]
        if design.shift:
            like = (len(sets), 1, cells.shape[2])
            cells = cells * torch.exp(
                design.shift * torch.randn(like)
            ) + design.shift * torch.randn(like)
        loss = stress(network(cells), targets[sets])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return network.eval()


def drawn(sections, places, n_cells, design, rng):
    """Rows of a set: of a random section, or of a half of it."""
    rows = sections[rng.integers(len(sections))]
    if design.from_blocks and rng.random() < 0.5:
        angle = rng.uniform(0.0, 2.0 * np.pi)
        along = places[rows, :2] @ [np.cos(angle), np.sin(angle)]
        rows = rows[along >= np.quantile(along, rng.uniform(0.0, 0.5))]
    return rng.choice(rows, n_cells, replace=len(rows) < n_cells)


def stress(points, places):
    """Squared errors of distances within sets, over the squares of the true ones."""
    true = distances(places)
    return (distances(points) - true).square().sum() / true.square().sum()


def distances(points):
    """Between all pairs of each set. A cell and itself have no gradient."""
    squares = points.square().sum(dim=2)
    found = squares[:, :, None] + squares[:, None, :] - 2.0 * points @ points.mT
    return found.clamp_min(TINY).sqrt()


def layouts(task, design):
    """Place each section of the query by the principal axes of its points."""
    known, new = components(task, design)
    names = task.reference.obs[SECTION].to_numpy()
    network = fitted(known, task.reference.obsm["spatial"], names, design, task.seed)
    n_dims = task.truth.shape[1]
    places = np.empty(task.truth.shape)
    for _, mine in task.sections():
        with torch.no_grad():
            points = network(torch.tensor(new[mine], dtype=torch.float32)[None])[0].numpy()
        places[mine] = PCA(n_dims).fit_transform(points)
    return [places]
