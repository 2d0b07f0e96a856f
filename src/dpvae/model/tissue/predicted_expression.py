"""Expression at positions where nothing was measured."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike, NDArray
from scvi import REGISTRY_KEYS

from dpvae._data.counted import counted
from dpvae._data.whole_number import check_seed, check_whole
from dpvae.geometry import check_coordinate_rows, known_rows
from dpvae.geometry.posterior.grid import grid_inside
from dpvae.module.number import is_number

Points = NDArray[np.float64]
Expression = NDArray[np.float32]

POSITIONS_AT_A_TIME = 1_024


def wanted_positions(known: Points, positions: ArrayLike | None, spacing: float | None) -> Points:
    """Give the positions that are asked for.

    Parameters
    ----------
    known
        Places of cells of the section, shape ``(n_cells, n_dims)``.
    positions
        Positions, or ``None``.
    spacing
        Distance of the positions of a grid inside the section's outline, or ``None``.

    Raises
    ------
    ValueError
        If neither or both are given, positions are not numbers of ``n_dims`` columns, or there is
        no outline.
    """
    if spacing is not None and positions is None:
        return grid_inside(known, spacing)
    if positions is None or spacing is not None:
        message = (
            "Give either positions, of shape (n_positions, n_dims), or spacing, the distance of "
            "the positions of a grid inside the tissue."
        )
        raise ValueError(message)
    found = check_coordinate_rows(positions, name="positions")
    n_dims = known.shape[1]
    if found.shape[1] != n_dims or not known_rows(found).all():
        message = (
            f"positions has the shape {found.shape} and "
            f"{counted(int((~known_rows(found)).sum()), 'row')} of "
            f"NaN: give {n_dims} numbers for each position."
        )
        raise ValueError(message)
    return found


def wanted_genes(known: pd.Index, genes: Sequence[str] | None) -> NDArray[np.intp]:
    """Give the numbers of the genes that are asked for; ``None`` asks for all.

    Raises
    ------
    ValueError
        If the model does not have a gene, a gene is asked for twice, or none is.
    """
    if genes is None:
        return np.arange(len(known))
    is_one = isinstance(genes, str) or not isinstance(genes, Iterable)
    names = [str(name) for name in ([genes] if is_one else genes)]
    if not names or len(set(names)) < len(names):
        message = f"genes is {genes!r}: give names of genes, each once, or None for all."
        raise ValueError(message)
    chosen = known.get_indexer(pd.Index(names))
    missing = [name for name, row in zip(names, chosen, strict=True) if row < 0]
    if missing:
        message = (
            f"The model has no gene {missing[0]!r} ({len(missing)} of {len(names)} missing). It "
            f"has {len(known)}, such as {known[0]!r}: choose from model.get_var_names()."
        )
        raise ValueError(message)
    return np.asarray(chosen, dtype=np.intp)


def batch_names(registry: Mapping[str, Any]) -> list[str]:
    """Give the names of a model's batches, in the order of their codes, from its registry."""
    state = registry["field_registries"][REGISTRY_KEYS.BATCH_KEY]["state_registry"]
    return [str(name) for name in state["categorical_mapping"]]


def wanted_batches(names: Sequence[str], batch: str | None) -> list[int]:
    """Give the code of a batch by its name, or all codes.

    Raises
    ------
    ValueError
        If the model has no such batch.
    """
    if batch is None:
        return list(range(len(names)))
    if str(batch) not in names:
        message = f"batch is {batch!r}: choose one of {list(names)}."
        raise ValueError(message)
    return [list(names).index(str(batch))]


def check_decoding(library_size: Any, n_samples: Any, seed: Any) -> None:
    """Raise if expression cannot be decoded like this."""
    check_whole(n_samples, "n_samples")
    check_seed(seed)
    if not (is_number(library_size) and library_size > 0):
        message = f"library_size is {library_size!r}: give a number above 0."
        raise ValueError(message)


@torch.inference_mode()
def decoded_expression(
    module: Any,
    mean: NDArray[np.float32],
    variance: NDArray[np.float32],
    genes: NDArray[np.intp],
    batches: Sequence[int],
    *,
    n_samples: int,
    seed: int,
) -> tuple[Expression, Expression]:
    """Decode normal latents: mean and standard deviation of the shares of genes.

    Every position has the same random numbers, so that pictures are as smooth as the latents.

    Parameters
    ----------
    module
        A module of counts, whose likelihood has a ``scale``.
    mean, variance
        Of z, shape ``(n_positions, n_latent)``.
    genes
        Numbers of the genes that are wanted.
    batches
        Codes of the batches over which is averaged.
    n_samples, seed
        Number of samples of z, and their seed.

    Returns
    -------
    Each of shape ``(n_positions, n_genes)``. Memory: these, and ``1024 * n_all_genes`` numbers.
    """
    module.eval()
    device = next(module.parameters()).device
    noise = np.random.default_rng(seed).standard_normal((n_samples, mean.shape[1]))
    noise -= noise.mean(axis=0) if n_samples > 1 else 0.0
    means = np.empty((len(mean), len(genes)), dtype=np.float32)
    deviations = np.empty_like(means)
    for begin in range(0, len(mean), POSITIONS_AT_A_TIME):
        rows = slice(begin, begin + POSITIONS_AT_A_TIME)
        total = np.zeros(means[rows].shape)
        squares = np.zeros_like(total)
        for sample in noise:
            z = mean[rows] + np.sqrt(variance[rows]) * sample
            shares = np.zeros_like(total)
            for batch in batches:
                some = torch.as_tensor(z, dtype=torch.float32, device=device)
                code = torch.full((len(some), 1), batch, device=device)
                nothing = torch.zeros_like(code)
                px = module.generative(z=some, library=nothing, batch_index=code, y=nothing)["px"]
                shares += px.scale[:, genes].cpu().numpy() / len(batches)
            total += shares
            squares += shares**2
        means[rows] = total / n_samples
        spread = squares / n_samples - (total / n_samples) ** 2
        deviations[rows] = np.sqrt(np.maximum(spread, 0.0))
    return means, deviations
