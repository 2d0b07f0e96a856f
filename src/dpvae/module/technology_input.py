"""What an encoder sees of cells of several technologies, of which each measured its own genes."""

from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags, issparse
from torch import Tensor, nn

LEAST_LENGTH = 1e-12


class TechnologyInput(nn.Module):
    r"""Brings the expression of several technologies into one form.

    Counts are brought to equal depth over the genes that are shown, and logarithms are taken. Each
    gene is centred and scaled by the statistics of the cell's technology, or for the encoder by
    those of all technologies. The encoder sees the shown genes, each cell brought to the length
    :math:`\sqrt{n_{shown}}`, so that neither the contrast of a technology nor the noise of a cell
    of few molecules says which technology it is.

    Parameters
    ----------
    measured
        Whether a technology measured a gene, shape ``(n_technologies, n_genes)``.
    shown
        Whether the encoder sees a gene, shape ``(n_genes,)``: one that all technologies measured.
    are_counts
        Whether expression is raw counts; if not, it is log-normalised and stays as it is.
    input_dropout
        Share of genes hidden in training.

    Examples
    --------
    >>> import torch
    >>> from dpvae.module.technology_input import TechnologyInput
    >>> measured = torch.tensor([[True, True, True], [True, True, False]])
    >>> seen = TechnologyInput(measured, measured.all(dim=0), are_counts=False).eval()
    >>> standardized = seen.standardized(torch.tensor([[3.0, 4.0, 9.0]]), torch.tensor([[1]]))
    >>> standardized
    tensor([[3., 4., 0.]])
    >>> seen(standardized, torch.tensor([[1]])).square().mean().item()
    1.0
    """

    per_section: ClassVar[bool] = False
    centers_groups: ClassVar[bool] = True

    def __init__(
        self,
        measured: Tensor,
        shown: Tensor,
        *,
        are_counts: bool,
        input_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.are_counts = are_counts
        self.measured: Tensor
        self.shown: Tensor
        self.mean: Tensor
        self.scale: Tensor
        self.stretch: Tensor
        self.shift: Tensor
        self.depth: Tensor
        n_shown = int(shown.sum())
        self.register_buffer("measured", measured.clone())
        self.register_buffer("shown", torch.nonzero(shown).ravel())
        self.register_buffer("mean", torch.zeros(measured.shape))
        self.register_buffer("scale", torch.ones(measured.shape))
        self.register_buffer("stretch", torch.ones(len(measured), n_shown))
        self.register_buffer("shift", torch.zeros(len(measured), n_shown))
        self.register_buffer("depth", torch.tensor(float(n_shown)))
        self.input_dropout = nn.Dropout(input_dropout)

    @property
    def n_shown(self) -> int:
        """Number of genes that the encoder sees."""
        return len(self.shown)

    def set_genes(self, mean: Tensor, scale: Tensor, *, by_technology: bool = True) -> None:
        """Set the statistics of the genes.

        Parameters
        ----------
        mean, scale
            Shape ``(n_technologies, n_genes)`` each.
        by_technology
            Whether the encoder sees genes by them; if not, by those of all technologies, which all
            count alike.
        """
        self.mean.copy_(mean)
        self.scale.copy_(scale)
        own_mean, own_scale = self.mean[:, self.shown], self.scale[:, self.shown]
        center, spread = own_mean, own_scale
        if not by_technology:
            center = own_mean.mean(dim=0)
            spread = (own_scale.square() + (own_mean - center).square()).mean(dim=0).sqrt()
        self.stretch.copy_(own_scale / spread)
        self.shift.copy_((own_mean - center) / spread)

    def forward(self, standardized: Tensor, technology: Tensor) -> Tensor:
        """Give what the encoder sees, shape ``(n_cells, n_shown)``.

        Parameters
        ----------
        standardized
            From :meth:`standardized`, shape ``(n_cells, n_genes)``.
        technology
            Code of each cell's technology, shape ``(n_cells, 1)``.
        """
        code = technology.reshape(-1).long()
        genes = standardized[:, self.shown] * self.stretch[code] + self.shift[code]
        seen: Tensor = self.input_dropout(of_one_length(genes))
        return seen

    def standardized(self, expression: Tensor, technology: Tensor) -> Tensor:
        """Centre and scale genes by the statistics of technologies.

        Parameters
        ----------
        expression
            Shape ``(n_cells, n_genes)``.
        technology
            Code of each cell's technology, shape ``(n_cells, 1)``.

        Returns
        -------
        Shape ``(n_cells, n_genes)``, 0 for a gene that the technology did not measure.
        """
        code = technology.reshape(-1).long()
        values = (self._logarithms(expression) - self.mean[code]) / self.scale[code]
        return values * self.measured[code]

    def logarithms(self, expression: Any) -> Any:
        """Bring cells to equal depth and take logarithms, in NumPy and SciPy.

        A cell without a count in the genes that are shown has no depth, and gets zeros.

        Parameters
        ----------
        expression
            Shape ``(n_cells, n_genes)``, dense or sparse.

        Returns
        -------
        Of log-normalised expression the same object; of counts sparse rows, double precision.
        """
        if not self.are_counts:
            return expression
        values = csr_matrix(expression, dtype=np.float64)
        total = np.asarray(values[:, self.shown.cpu().numpy()].sum(axis=1)).ravel()
        factor = np.where(total > 0.0, float(self.depth) / np.maximum(total, 1.0), 0.0)
        return csr_matrix(diags(factor) @ values).log1p()

    def regressed(self, expression: Any, technology: NDArray[np.intp]) -> NDArray[np.float32]:
        """Give what regressions on genes see of cells, shape ``(n_cells, n_shown)``, dense.

        Parameters
        ----------
        expression
            Shape ``(n_cells, n_genes)``, dense or sparse.
        technology
            Code of each cell's technology, shape ``(n_cells,)``.
        """
        values = expression.toarray() if issparse(expression) else np.asarray(expression)
        device = self.mean.device
        codes = torch.as_tensor(technology, device=device)
        with torch.no_grad():
            genes = self.standardized(torch.as_tensor(values, device=device).float(), codes)
            seen = of_one_length(genes[:, self.shown] * self.stretch[codes] + self.shift[codes])
        return np.asarray(seen.cpu().numpy(), dtype=np.float32)

    @property
    def factor(self) -> NDArray[np.float64]:
        """What the encoder multiplies :meth:`regressed` genes by: 1, shape ``(n_shown,)``."""
        return np.ones(self.n_shown)

    def _logarithms(self, expression: Tensor) -> Tensor:
        if not self.are_counts:
            return expression
        total = expression[:, self.shown].sum(dim=1, keepdim=True)
        factor = torch.where(total > 0.0, self.depth / total.clamp(min=1.0), 0.0)
        return torch.log1p(expression * factor)


def of_one_length(values: Tensor) -> Tensor:
    """Bring each row to the length that a row of standard normal numbers has.

    Parameters
    ----------
    values
        Shape ``(n_cells, n_genes)``. A row of zeros stays one.
    """
    length: Tensor = torch.linalg.vector_norm(values, dim=1, keepdim=True)
    even: Tensor = values * (values.shape[1] ** 0.5 / length.clamp(min=LEAST_LENGTH))
    return even
