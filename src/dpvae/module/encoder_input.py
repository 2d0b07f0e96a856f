"""What the encoder sees of a cell's expression, and with it the regressions on genes."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags, issparse
from torch import Tensor, nn

from dpvae.module.thinning import Thinning


class EncoderInput(nn.Module):
    r"""Brings expression into the form in which an encoder sees it.

    In this order: counts are thinned (training only) and brought to equal depth, and logarithms
    are taken; each gene is centred, divided by its ``scale`` and multiplied by its ``weight``;
    genes are hidden at random (training only). What a model does not need is left out. Statistics
    are 0 and 1 until they are set with :meth:`set_genes`.

    Parameters
    ----------
    n_genes
        Number of genes.
    input_dropout
        Share of genes hidden in training.
    n_sections
        Number of sections with statistics of their own, chosen by the code of a cell's section.
        ``None`` gives all cells the same statistics.
    counts
        ``None``: expression is log-normalised. ``"raw"``: counts, which stay counts. ``"logged"``:
        counts, of which the encoder is handed ``log1p``.
    normalize_depth
        Whether counts are seen as if every cell had the same number of them, ``depth``.
    least_depth
        In training cells are seen with a random share of their counts, from this to all, see
        :class:`~dpvae.module.thinning.Thinning`. Counts must be whole numbers then.

    Examples
    --------
    >>> import torch
    >>> from dpvae.module import EncoderInput
    >>> seen = EncoderInput(2).eval()
    >>> seen.set_genes(torch.tensor([[1.0, 2.0]]), torch.tensor([[2.0, 1.0]]))
    >>> seen(torch.tensor([[3.0, 2.0]]))
    tensor([[1., 0.]])
    """

    def __init__(
        self,
        n_genes: int,
        *,
        input_dropout: float = 0.0,
        n_sections: int | None = None,
        counts: str | None = None,
        normalize_depth: bool = False,
        least_depth: float = 1.0,
    ) -> None:
        super().__init__()
        self.per_section = n_sections is not None
        self.counts = counts
        self.normalize_depth = normalize_depth
        self.mean: Tensor
        self.scale: Tensor
        self.weight: Tensor
        self.depth: Tensor
        self.register_buffer("mean", torch.zeros(n_sections or 1, n_genes))
        self.register_buffer("scale", torch.ones(n_sections or 1, n_genes))
        self.register_buffer("weight", torch.ones(n_genes))
        self.register_buffer("depth", torch.tensor(float(n_genes)))
        self.thinning = Thinning(least_depth)
        self.input_dropout = nn.Dropout(input_dropout)

    def set_genes(self, mean: Tensor, scale: Tensor, weight: Tensor | None = None) -> None:
        """Set the statistics of the genes.

        Parameters
        ----------
        mean, scale
            Shape ``(1, n_genes)``, or with statistics by section ``(n_sections, n_genes)``.
        weight
            Shape ``(n_genes,)``; by default as it was.
        """
        self.mean.copy_(mean)
        self.scale.copy_(scale)
        if weight is not None:
            self.weight.copy_(weight)

    def standardized(self, logarithms: Tensor, section: Tensor | None = None) -> Tensor:
        """Centre, scale and weigh genes, nothing hidden.

        Parameters
        ----------
        logarithms
            Shape ``(n_cells, n_genes)``.
        section
            Code of each cell's section, shape ``(n_cells, 1)``; read if sections have statistics
            of their own.
        """
        if not self.per_section or section is None:
            factor = self.weight / self.scale[0]
            if self.counts is None:
                return (logarithms - self.mean[0]) * factor
            return torch.addcmul(-self.mean[0] * factor, logarithms, factor)
        row = section.reshape(-1).long()
        return (logarithms - self.mean[row]) * (self.weight / self.scale)[row]

    def forward(self, expression: Tensor, section: Tensor | None = None) -> Tensor:
        """Give what the encoder sees.

        Parameters
        ----------
        expression
            Shape ``(n_cells, n_genes)``. It is left as it is.
        section
            Code of each cell's section, shape ``(n_cells, 1)``.
        """
        if self.counts is not None:
            if self.thinning.is_on:
                expression = self._logged(self.thinning(self._unlogged(expression).round()))
            if self.normalize_depth:
                expression = self._of_equal_depth(expression)
        return self.hidden(self.standardized(expression, section))

    def hidden(self, genes: Tensor) -> Tensor:
        """Hide genes at random, in training."""
        hidden: Tensor = self.input_dropout(genes)
        return hidden

    def logarithms(self, expression: Any) -> Any:
        """Bring cells to equal depth and take logarithms, in NumPy and SciPy.

        Parameters
        ----------
        expression
            Shape ``(n_cells, n_genes)``, dense or sparse.

        Returns
        -------
        Of log-normalised expression the same object; of counts sparse rows, double precision.
        """
        if self.counts is None:
            return expression
        values = csr_matrix(expression, dtype=np.float64)
        if self.normalize_depth:
            total = np.asarray(values.sum(axis=1)).ravel()
            values = csr_matrix(diags(float(self.depth) / np.maximum(total, 1.0)) @ values)
        return values.log1p() if self.counts == "logged" else values

    def regressed(self, expression: Any, section: NDArray[np.intp]) -> Any:
        """Give what regressions on genes see of cells: neither weighted nor, as a rule, centred.

        Parameters
        ----------
        expression
            Shape ``(n_cells, n_genes)``, dense or sparse.
        section
            Code of each cell's section, shape ``(n_cells,)``.

        Returns
        -------
        Shape as ``expression``. If sections have statistics of their own genes are centred and
        scaled by them, and dense.
        """
        values = self.logarithms(expression)
        if not self.per_section:
            return values
        dense = torch.as_tensor(values.toarray() if issparse(values) else np.asarray(values))
        with torch.no_grad():
            codes = torch.as_tensor(section, device=self.mean.device)
            genes = self.standardized(dense.to(self.mean), codes) / self.weight
        return np.asarray(genes.cpu())

    @property
    def centers_groups(self) -> bool:
        """Whether groups of cells have statistics of their own, so that means say nothing."""
        return self.per_section

    @property
    def factor(self) -> NDArray[np.float64]:
        """What the encoder multiplies :meth:`regressed` genes by, shape ``(n_genes,)``."""
        weight = self.weight.double()
        factor = weight if self.per_section else weight / self.scale[0].double()
        return np.asarray(factor.cpu())

    def _logged(self, counts: Tensor) -> Tensor:
        return counts.log1p() if self.counts == "logged" else counts

    def _unlogged(self, values: Tensor) -> Tensor:
        return values.expm1() if self.counts == "logged" else values

    def _of_equal_depth(self, values: Tensor) -> Tensor:
        is_logged = self.counts == "logged"
        if values.requires_grad:
            counts = values.exp() - 1 if is_logged else values
            counts = counts * (self.depth / counts.sum(dim=1, keepdim=True).clamp(min=1.0))
            return (counts + 1).log() if is_logged else counts
        # in place, which takes a third of the time, if no gradient needs what was there before
        counts = values.exp().sub_(1) if is_logged else values.clone()
        counts.mul_(self.depth / counts.sum(dim=1, keepdim=True).clamp_(min=1.0))
        return counts.add_(1).log_() if is_logged else counts
