"""The metric that a decoder gives to the latent space."""

import warnings
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.distributions import Normal
from torch.func import jvp


@torch.no_grad()
def metric_of_minibatch(module: Any, tensors: dict[str, Tensor]) -> NDArray[np.float64]:
    """Compute JᵀJ of the decoder at the posterior means of cells.

    Parameters
    ----------
    module
        The module, in evaluation mode.
    tensors
        A minibatch.

    Returns
    -------
    Shape ``(n_cells, n_latent, n_latent)``.
    """
    tensors = {key: value.to(module.device) for key, value in tensors.items()}
    inference = module.inference(**module._get_inference_input(tensors))
    latent = module.latent_mean(inference)
    inference = {**inference, "z": latent, "decoded": None}
    inputs = module._get_generative_input(tensors, inference)

    def decoded(z: Tensor) -> Tensor:
        distribution = module.generative(**{**inputs, "z": z})["px"]
        if isinstance(distribution, Normal):
            return distribution.loc
        shares: Tensor = distribution.scale
        return 2.0 * shares.sqrt()

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*torch.jit.script")  # torch's own, on its first jvp
        columns = [
            jvp(decoded, (latent,), (direction.expand_as(latent),))[1]
            for direction in torch.eye(latent.shape[1], device=latent.device)
        ]
    jacobian = torch.stack(columns, dim=-1).double()
    metric: NDArray[np.float64] = (jacobian.mT @ jacobian).cpu().numpy()
    return metric
