import pytest
import torch
from scvi.distributions import _negative_binomial as reference

from dpvae.module.count_likelihood import log_negative_binomial, log_zero_inflated

N_GENES = 60
LIKELIHOODS = ["nb", "zinb"]


def problem(seed=0, zeros=0.8, scale=1.0, theta_shape=(N_GENES,), shape=(50, N_GENES)):
    generator = torch.Generator().manual_seed(seed)

    def normal(*size):
        return torch.randn(*size, generator=generator, dtype=torch.float64)

    counts = torch.poisson(normal(*shape).exp() * 5 + 1, generator=generator)
    counts *= torch.rand(*shape, generator=generator) >= zeros
    mu, theta = (normal(*shape) * scale).exp(), (normal(*theta_shape) * scale).exp()
    return counts, mu, theta, normal(*shape) * 3 * scale


def extreme_problem():
    """Every combination of extreme counts, means, dispersions and logits."""
    counts = [0, 1, 2, 40, 0.5, 1234.5, 1e6]
    sizes = [1e-8, 1e-4, 1.0, 1e3, 1e6]
    logits = [-40.0, -20.5, -1.0, 0.0, 3.0, 20.5, 40.0]
    axes = torch.meshgrid(
        *[torch.tensor(x, dtype=torch.float64) for x in (counts, sizes, logits, sizes)],
        indexing="ij",
    )
    counts, mu, logits, theta = (axis.reshape(-1, len(sizes)) for axis in axes)
    return counts, mu, theta[0], logits


def ours(kind, counts, mu, theta, logits):
    if kind == "nb":
        return log_negative_binomial(counts, mu, theta)
    return log_zero_inflated(counts, mu, theta, logits)


def scvi(kind, counts, mu, theta, logits):
    if kind == "nb":
        return reference.log_nb_positive(counts, mu, theta)
    return reference.log_zinb_positive(counts, mu, theta, logits)


def value_and_gradients(function, kind, counts, *parameters, weight=None):
    parameters = [parameter.clone().requires_grad_() for parameter in parameters]
    value = function(kind, counts, *parameters)
    weight = torch.ones_like(value) if weight is None else weight
    (value * weight).sum().backward()
    return value.detach(), *(parameter.grad for parameter in parameters)


def rounding(counts, mu, theta):
    """Rounding errors of the reference, whose summands are larger than what they sum to."""
    value = (counts + theta).lgamma().abs() + (counts + 1).lgamma() + theta.lgamma().abs()
    value = value + (counts + theta) * (theta + mu + 1).log()
    slope = (counts + theta) / (theta + mu) + counts / mu
    theta_slope = (counts + theta).digamma().abs() + theta.digamma().abs() + slope
    return [1e-10 + 2e-15 * scale for scale in (value, slope, theta_slope, value)]


def assert_same(kind, *arguments, **kwargs):
    found = value_and_gradients(ours, kind, *arguments, **kwargs)
    expected = value_and_gradients(scvi, kind, *arguments, **kwargs)
    assert (found[3] is None) == (kind == "nb")
    for name, mine, theirs, error in zip(
        ["value", "mu", "theta", "logits"], found, expected, rounding(*arguments[:3]), strict=True
    ):
        if mine is not None:
            while error.dim() > theirs.dim():
                error = error.sum(0)
            excess = (mine - theirs).abs() - 1e-10 * theirs.abs() - error
            assert excess.max() <= 0, f"{name} is off by {excess.max()}"
            assert mine.isfinite().all()


@pytest.mark.slow
@pytest.mark.parametrize("kind", LIKELIHOODS)
@pytest.mark.parametrize("zeros", [0.0, 0.6, 0.97, 1.0])
@pytest.mark.parametrize("scale", [1.0, 5.0])
def test_value_and_gradients_are_those_of_scvi(kind, zeros, scale):
    assert_same(kind, *problem(zeros=zeros, scale=scale))


@pytest.mark.parametrize("kind", LIKELIHOODS)
@pytest.mark.parametrize("repeated", [False, True])
def test_extreme_counts_and_parameters(kind, repeated):
    counts, mu, theta, logits = extreme_problem()
    theta = theta.repeat(len(counts), 1) if repeated else theta
    assert_same(kind, counts, mu, theta, logits)


@pytest.mark.parametrize("kind", LIKELIHOODS)
@pytest.mark.parametrize("theta_shape", [(N_GENES,), (1, N_GENES), (50, N_GENES), (50, 1), (1,)])
def test_every_shape_of_theta(kind, theta_shape):
    counts, mu, theta, logits = problem(theta_shape=theta_shape)
    weight = torch.rand(50, N_GENES, generator=torch.Generator().manual_seed(1))
    found = value_and_gradients(ours, kind, counts, mu, theta, logits, weight=weight)
    if len(theta_shape) == 1:
        theta = theta.unsqueeze(0)  # scvi-tools takes a single number for a single gene
    expected = value_and_gradients(scvi, kind, counts, mu, theta, logits, weight=weight)
    for mine, theirs in zip(found, expected, strict=True):
        if mine is not None:
            torch.testing.assert_close(mine, theirs.reshape(mine.shape), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("kind", LIKELIHOODS)
def test_theta_that_is_repeated_without_a_copy(kind):
    counts, mu, theta, logits = problem()
    theta.requires_grad_()
    ours(kind, counts, mu, theta.expand_as(mu), logits).sum().backward()
    of_repeated, theta.grad = theta.grad, None
    ours(kind, counts, mu, theta, logits).sum().backward()
    torch.testing.assert_close(of_repeated, theta.grad)


@pytest.mark.parametrize("kind", LIKELIHOODS)
def test_samples_are_a_leading_dimension(kind):
    shape = (3, 50, N_GENES)
    counts, mu, theta, logits = problem(shape=shape)
    found = value_and_gradients(ours, kind, counts[0], mu, theta, logits)
    expected = [
        value_and_gradients(ours, kind, counts[0], mu[i], theta, logits[i]) for i in range(3)
    ]
    for column in (0, 1):
        torch.testing.assert_close(found[column], torch.stack([x[column] for x in expected]))
    torch.testing.assert_close(found[2], sum(x[2] for x in expected))


@pytest.mark.parametrize("kind", LIKELIHOODS)
def test_parameters_that_cells_have_in_common(kind):
    counts, mu, theta, logits = problem()
    assert_close = torch.testing.assert_close
    found = value_and_gradients(ours, kind, counts, mu[0], theta, logits[:, :1])
    expected = value_and_gradients(scvi, kind, counts, mu[0], theta, logits[:, :1])
    for mine, theirs in zip(found, expected, strict=True):
        if mine is not None:
            assert_close(mine, theirs, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("kind", LIKELIHOODS)
def test_matrices_in_another_order_of_memory(kind):
    arguments = problem(theta_shape=(50, N_GENES))
    turned = [x.T.contiguous().T for x in arguments]
    for mine, theirs in zip(
        value_and_gradients(ours, kind, *turned),
        value_and_gradients(ours, kind, *arguments),
        strict=True,
    ):
        if mine is not None:
            torch.testing.assert_close(mine, theirs)


@pytest.mark.parametrize("kind", LIKELIHOODS)
@pytest.mark.parametrize("theta_shape", [(4,), (3, 4)])
def test_gradients_are_those_of_finite_differences(kind, theta_shape):
    counts, mu, theta, logits = problem(zeros=0.5, theta_shape=theta_shape, shape=(3, 4))
    parameters = [x.requires_grad_() for x in (mu, theta, logits)]
    parameters = parameters[:2] if kind == "nb" else parameters
    assert torch.autograd.gradcheck(
        lambda *given: ours(kind, counts, *given, *([None] if kind == "nb" else [])), parameters
    )


@pytest.mark.parametrize("kind", LIKELIHOODS)
def test_only_the_gradients_that_are_wanted(kind):
    counts, mu, theta, logits = problem()
    complete = value_and_gradients(ours, kind, counts, mu, theta, logits)[2]
    theta.requires_grad_()
    ours(kind, counts, mu, theta, logits).sum().backward()
    torch.testing.assert_close(theta.grad, complete)
    assert mu.grad is None


@pytest.mark.parametrize("kind", LIKELIHOODS)
def test_without_gradients_the_value_is_the_same(kind):
    arguments = problem()
    expected = value_and_gradients(ours, kind, *arguments)[0]
    with torch.inference_mode():
        torch.testing.assert_close(ours(kind, *arguments), expected, rtol=0, atol=0)
    with torch.no_grad():
        arguments[1].requires_grad_()
        assert not ours(kind, *arguments).requires_grad


@pytest.mark.parametrize("kind", LIKELIHOODS)
def test_single_precision_is_no_less_exact_than_scvi(kind):
    counts, mu, theta, logits = problem(scale=2.0, shape=(400, N_GENES))
    exact = value_and_gradients(scvi, kind, counts, mu, theta, logits)
    single = [x.float() for x in (counts, mu, theta, logits)]
    for mine, theirs, truth in zip(
        value_and_gradients(ours, kind, *single),
        value_and_gradients(scvi, kind, *single),
        exact,
        strict=True,
    ):
        if mine is not None:
            assert mine.dtype == torch.float32
            error, allowed = ((x - truth).square().mean().sqrt() for x in (mine, theirs))
            assert error <= 1.5 * allowed


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_zeros_that_neither_dropout_nor_the_negative_binomial_explains(dtype):
    logits = torch.tensor([-100.0, -1000.0, -1000.0, -800.0], dtype=dtype)
    mu, theta = torch.tensor([1e5, 1e5, 1e-3, 1e6], dtype=dtype), torch.full((4,), 1e3, dtype=dtype)
    arguments = [x.unsqueeze(0) for x in (torch.zeros(4, dtype=dtype), mu, theta, logits)]
    found = value_and_gradients(ours, "zinb", *arguments)
    expected = value_and_gradients(scvi, "zinb", *[x.double() for x in arguments])
    for mine, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(mine.double(), theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", LIKELIHOODS)
def test_probabilities_sum_to_one(kind):
    counts = torch.arange(3000.0, dtype=torch.float64).unsqueeze(1)
    mu, theta, logits = torch.tensor([[3.0], [2.0], [-1.0]], dtype=torch.float64).unsqueeze(1)
    assert ours(kind, counts, mu, theta, logits).exp().sum().item() == pytest.approx(1, abs=1e-7)


@pytest.mark.parametrize("kind", LIKELIHOODS)
def test_integer_counts_and_mixed_precision(kind):
    counts, mu, theta, logits = problem()
    expected = ours(kind, counts, mu, theta, logits)
    found = ours(kind, counts.int(), mu.float(), theta.float(), logits)
    assert found.dtype == (torch.float32 if kind == "nb" else torch.float64)
    torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=1e-4)


def test_counts_and_parameters_are_left_as_they_are():
    arguments = problem()
    before = [x.clone() for x in arguments]
    value_and_gradients(ours, "zinb", *arguments)
    for x, y in zip(arguments, before, strict=True):
        assert torch.equal(x, y)


def test_gradient_twice_over_the_same_graph():
    counts, mu, theta, logits = problem()
    mu.requires_grad_()
    total = log_zero_inflated(counts, mu, theta, logits).sum()
    first = torch.autograd.grad(total, mu, retain_graph=True)[0]
    torch.testing.assert_close(torch.autograd.grad(total, mu)[0], first, rtol=0, atol=0)
