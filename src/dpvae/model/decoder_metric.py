"""The metric that a decoder gives to the latent space."""

import warnings
from typing import Any

import numpy as np
import torch
from anndata import AnnData
from numpy.typing import NDArray
from torch import Tensor
from torch.distributions import Normal
from torch.func import jvp

CELLS_AT_ONCE = 64


class DecoderMetric:
    """The pull-back metric of the decoder, for models of this package."""

    module: Any

    def decoder_metric(
        self, adata: AnnData | None = None, *, batch_size: int = CELLS_AT_ONCE
    ) -> NDArray[np.float64]:
        """Compute how far expression moves when a cell's latent representation does.

        JᵀJ at the posterior mean, where J is the Jacobian of the decoded expression: of
        ``DPVAE`` the mean of the standardised genes, of ``DPSCVI`` twice the root of the expected
        shares of the genes, in which equal steps are equally visible in counts (the Fisher metric
        of multinomial sampling). An isometric decoder has the identity, up to scale
        (:func:`dpvae.metrics.latent_isometry`; figures 4 and 14 of :cite:t:`Zhou24`).

        Parameters
        ----------
        adata
            The cells; by default those that the model was made with.
        batch_size
            Cells at a time. Memory is ``batch_size * n_genes * n_latent`` numbers.

        Returns
        -------
        Symmetric, shape ``(n_cells, n_latent, n_latent)``; it can be kept in ``adata.obsm``.

        Raises
        ------
        ValueError
            If the cells do not fit the model.

        See Also
        --------
        dpvae.tl.isometry
        """
        cells = self._validate_anndata(adata)  # type: ignore[attr-defined]
        self.module.eval()
        loader = self._make_data_loader(adata=cells, batch_size=batch_size)  # type: ignore[attr-defined]
        metrics = [_metric_of(self.module, tensors) for tensors in loader]
        return np.concatenate(metrics)


@torch.no_grad()
def _metric_of(module: Any, tensors: dict[str, Tensor]) -> NDArray[np.float64]:
    tensors = {key: value.to(module.device) for key, value in tensors.items()}
    inference = module.inference(**module._get_inference_input(tensors))
    latent = module.z_encoder.z_transformation(inference["qz"].loc)
    inputs = module._get_generative_input(tensors, {**inference, "z": latent})

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
