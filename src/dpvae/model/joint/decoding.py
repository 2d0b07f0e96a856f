"""What a joint model's decoder says of genes in a technology."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.distributions import Normal

Rows = NDArray[np.intp]
Values = NDArray[np.float32]

CELLS_AT_A_TIME = 4_096


@torch.no_grad()
def decoded_genes(
    module: Any, latent: Values, technology: int, batches: Rows, genes: Rows
) -> Values:
    """Decode cells as if a technology had measured them.

    Parameters
    ----------
    module
        The module, whose statistics standardise the result.
    latent
        z, shape ``(n_cells, n_latent)``.
    technology
        Code of the technology.
    batches
        Codes of the batches, over which the mean is taken.
    genes
        Numbers of the genes.

    Returns
    -------
    Standardised logarithms, shape ``(n_cells, n_chosen)``.
    """
    module.eval()
    found = np.zeros((len(latent), len(genes)), dtype=np.float32)
    for begin in range(0, len(latent), CELLS_AT_A_TIME):
        z = torch.as_tensor(latent[begin : begin + CELLS_AT_A_TIME], device=module.device)
        code = torch.full((len(z), 1), technology, device=z.device)
        for batch in batches:
            inputs = {"batch_index": torch.full_like(code, int(batch)), "technology": code}
            px = module.generative(z=z, library=torch.ones_like(z[:, :1]), **inputs)["px"]
            values = _standardized(module.encoder_input, px, technology)[:, genes]
            found[begin : begin + CELLS_AT_A_TIME] += values.cpu().numpy() / len(batches)
    return found


def _standardized(seen: Any, px: Any, technology: int) -> Tensor:
    if isinstance(px, Normal):
        return px.loc
    shares = px.scale
    depth = shares[:, seen.shown].sum(dim=1, keepdim=True).clamp(min=1e-12)
    logarithms = torch.log1p(shares * (seen.depth / depth))
    standardized: Tensor = (logarithms - seen.mean[technology]) / seen.scale[technology]
    return standardized
