"""Log-probabilities of counts, most of which are 0."""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn.functional import softplus

from dpvae.module.binomial_coefficient import BinomialCoefficient, GeneBinomialCoefficient

EPS = 1e-8
MAX_INT32 = 2**31 - 1
SOFTPLUS_IS_LINEAR = 20


def log_negative_binomial(counts: Tensor, mu: Tensor, theta: Tensor) -> Tensor:
    r"""Log-probability of counts under a negative binomial distribution.

    .. math::

        θ \log\frac{θ}{θ + μ} + x \log\frac{μ}{θ + μ}
        + \log\frac{\Gamma(x + θ)}{\Gamma(θ)\, x!}

    Values and gradients equal ``log_nb_positive`` of scvi-tools. All but the first summand
    are 0 if x is 0, and are computed only if it is not.

    Parameters
    ----------
    counts
        x, at least 0, usually integers. No gradient flows to them.
    mu
        Mean μ.
    theta
        Inverse dispersion θ. Fastest of shape ``(n_genes,)``.

    Returns
    -------
    Of the shape to which ``counts``, ``mu`` and ``theta`` are broadcast. Time is linear in the
    number of entries, most of it spent on those that are not 0; memory, a few matrices of that
    shape.

    Examples
    --------
    >>> import torch
    >>> counts, mean = torch.tensor([[0.0, 1.0]]), torch.tensor([[1.0, 1.0]])
    >>> log_negative_binomial(counts, mean, torch.tensor([1.0, 1.0])).exp()
    tensor([[0.5000, 0.2500]])
    """
    return _log_prob(counts, mu, theta, None)


def log_zero_inflated(counts: Tensor, mu: Tensor, theta: Tensor, zi_logits: Tensor) -> Tensor:
    r"""Log-probability of counts under a zero-inflated negative binomial distribution.

    With the share π of :func:`log_negative_binomial`'s counts replaced by 0,

    .. math::

        \log(π\, [x = 0] + (1 - π)\, NB(x)) , \qquad π = \frac{1}{1 + e^{-\text{zi\_logits}}} .

    Values and gradients equal ``log_zinb_positive`` of scvi-tools, except for the error of torch's
    softplus, which it uses: 2e-9 at arguments beyond 20.

    Parameters
    ----------
    counts, mu, theta
        As in :func:`log_negative_binomial`.
    zi_logits
        Logit of the share π.

    Returns
    -------
    Of the shape to which all are broadcast.

    Examples
    --------
    >>> import torch
    >>> counts, mean = torch.tensor([[0.0, 1.0]]), torch.tensor([[1.0, 1.0]])
    >>> log_zero_inflated(counts, mean, torch.ones(2), torch.zeros(1, 2)).exp()
    tensor([[0.7500, 0.1250]])
    """
    return _log_prob(counts, mu, theta, zi_logits)


class _NonzeroCounts:
    """What the counts that are not 0 add to log-probability and slopes of a 0 in their place."""

    def __init__(self, counts: Tensor, mu: Tensor, theta: Tensor, total: Tensor) -> None:
        self.place = _nonzero_places(counts)
        self.counts = self.at(counts)
        self.mean = self.at(mu).add_(EPS)
        self.total = self.at(total)
        self.coefficient: BinomialCoefficient | GeneBinomialCoefficient
        if theta.shape == counts.shape:
            self.theta = self.at(theta)
            self.coefficient = BinomialCoefficient(self.counts, self.theta)
        else:
            place = self.place.int() if counts.numel() <= MAX_INT32 else self.place
            gene = place % len(theta)
            self.theta = theta.index_select(0, gene)
            self.coefficient = GeneBinomialCoefficient(self.counts, theta, gene)

    def at(self, entries: Tensor) -> Tensor:
        return entries.view(-1).index_select(0, self.place)

    def log_prob(self) -> Tensor:
        return (self.mean / self.total).log_().mul_(self.counts).add_(self.coefficient.log())

    def mu_slope(self) -> Tensor:
        return (self.counts / self.mean).mul_(self.theta).div_(self.total)

    def theta_slope(self) -> Tensor:
        return self.coefficient.theta_slope().sub_(self.counts / self.total)


class _CountLogProb(Function):
    """Log-probability whose derivatives are computed with it, and wait to be multiplied."""

    @staticmethod
    def forward(
        ctx: Any, counts: Tensor, mu: Tensor, theta: Tensor, zi_logits: Tensor | None
    ) -> Tensor:
        log_prob, slopes = _evaluate(counts, mu, theta, zi_logits, with_slopes=True)
        ctx.save_for_backward(*slopes)
        ctx.shapes = [None if x is None else x.shape for x in (mu, theta, zi_logits)]
        return log_prob

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        grads = [
            _chained(gradient, slope, shape) if needed else None
            for slope, shape, needed in zip(
                ctx.saved_tensors, ctx.shapes, ctx.needs_input_grad[1:], strict=True
            )
        ]
        return None, *grads


def _log_prob(counts: Tensor, mu: Tensor, theta: Tensor, zi_logits: Tensor | None) -> Tensor:
    parameters = [mu, theta] if zi_logits is None else [mu, theta, zi_logits]
    dtype = mu.dtype
    for parameter in parameters:
        dtype = torch.promote_types(dtype, parameter.dtype)
    counts, mu, theta = counts.detach().to(dtype), mu.to(dtype), theta.to(dtype)
    zi_logits = None if zi_logits is None else zi_logits.to(dtype)
    if torch.is_grad_enabled() and any(parameter.requires_grad for parameter in parameters):
        log_prob: Tensor = _CountLogProb.apply(counts, mu, theta, zi_logits)  # type: ignore[no-untyped-call]
        return log_prob
    return _evaluate(counts, mu, theta, zi_logits, with_slopes=False)[0]


def _evaluate(
    counts: Tensor, mu: Tensor, theta: Tensor, zi_logits: Tensor | None, *, with_slopes: bool
) -> tuple[Tensor, tuple[Tensor | None, ...]]:
    """Log-probability and, if wanted, its derivatives in μ, θ and the logits, entry by entry."""
    logits_shape = () if zi_logits is None else zi_logits.shape
    shape = torch.broadcast_shapes(counts.shape, mu.shape, theta.shape, logits_shape)
    counts, mu = counts.expand(shape).contiguous(), mu.expand(shape).contiguous()
    theta = _theta_of_genes(theta, shape)

    shifted = theta + EPS
    total = mu + shifted
    log_ratio = total.log()
    torch.sub(shifted.log(), log_ratio, out=log_ratio)
    log_prob = log_ratio * theta
    nonzero = _NonzeroCounts(counts, mu, theta, total)

    share, zi_slope = None, None
    if zi_logits is None:
        log_prob.view(-1).scatter_add_(0, nonzero.place, nonzero.log_prob())
    else:
        log_prob, share, zi_slope = _inflate(
            log_prob, zi_logits.expand(shape).contiguous(), nonzero
        )
    if not with_slopes:
        return log_prob, ()

    mu_slope = torch.div(theta.neg(), total, out=total)
    theta_slope = log_ratio.add_(theta / shifted).add_(mu_slope)
    if share is not None:
        mu_slope.mul_(share)
        theta_slope.mul_(share)
    mu_slope.view(-1).scatter_add_(0, nonzero.place, nonzero.mu_slope())
    theta_slope.view(-1).scatter_add_(0, nonzero.place, nonzero.theta_slope())
    return log_prob, (mu_slope, theta_slope, zi_slope)


def _theta_of_genes(theta: Tensor, shape: torch.Size) -> Tensor:
    """θ of shape ``(n_genes,)`` if cells share it, otherwise one of every entry."""
    if shape and theta.shape[-1:] == shape[-1:]:
        leading = zip(theta.shape[:-1], theta.stride()[:-1], strict=True)
        if all(size == 1 or stride == 0 for size, stride in leading):
            return theta[(0,) * (theta.dim() - 1)].contiguous()
    return theta.expand(shape).contiguous()


def _nonzero_places(counts: Tensor) -> Tensor:
    """Places of the flattened counts that are not 0; NumPy finds them several times faster."""
    flat = counts.view(-1).bool()
    if flat.device.type == "cpu":
        return torch.from_numpy(np.flatnonzero(flat.numpy()))
    return flat.nonzero().squeeze(1)


def _inflate(
    log_zero: Tensor, zi_logits: Tensor, nonzero: _NonzeroCounts
) -> tuple[Tensor, Tensor, Tensor]:
    """Log-probability, share of it that is not inflation, and slope in the logits."""
    if zi_logits.amin() >= -SOFTPLUS_IS_LINEAR:
        zero = zi_logits.sigmoid()
        complement = 1 - zero
        share = log_zero.exp().mul_(complement)
        zero.add_(share)
        share.div_(zero)
        log_prob = zero.log_()
    else:
        excess = log_zero - zi_logits
        log_prob = softplus(excess).sub_(softplus(-zi_logits))
        share, complement = _slope_of_softplus(excess), _slope_of_softplus(-zi_logits)

    minus_logits = nonzero.at(zi_logits).neg_()
    kept = minus_logits - softplus(minus_logits)
    log_counts = nonzero.at(log_zero).add_(nonzero.log_prob()).add_(kept)
    log_prob.view(-1).scatter_(0, nonzero.place, log_counts)
    share.view(-1).index_fill_(0, nonzero.place, 1.0)
    return log_prob, share, complement.sub_(share)


def _slope_of_softplus(values: Tensor) -> Tensor:
    return values.sigmoid().masked_fill_(values > SOFTPLUS_IS_LINEAR, 1.0)


def _chained(gradient: Tensor, slope: Tensor, shape: torch.Size) -> Tensor:
    """Gradient in a parameter of some shape, from that in the log-probabilities."""
    same_for_genes = gradient.dim() > 1 and gradient.stride(-1) == 0
    if same_for_genes and shape == slope.shape[-1:]:
        return gradient[..., 0].reshape(-1) @ slope.view(-1, shape[-1])
    return (gradient * slope).sum_to_size(shape)
