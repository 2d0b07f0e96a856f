"""The prior that follows the tissue, against sums and integrals written out."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from dpvae.model.tissue.latent_surfaces import LatentSurfaces
from dpvae.model.tissue.section_frames import SectionPlaces
from dpvae.module.spatial_prior import SpatialPrior
from dpvae.module.spectra import DENSITIES

PARAMETERS = ("mean", "log_deviation", "log_length", "share_logit")
N_SPATIAL, N_LATENT, N_COSINES = 2, 3, 20


def cells(n_dims=2, n_cells=60, seed=0):
    """Places of two sections, centred, and their codes."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(-500, 500, (n_cells, n_dims))
    code = np.arange(n_cells) % 2
    places[code == 1, 0] *= 2
    return SectionPlaces(places, code.astype(np.intp))


def prior_of(placed, *, n_sections=2, n_spatial=N_SPATIAL, share=None, kernel="matern", unit=1e3):
    prior = SpatialPrior(
        n_sections,
        N_COSINES,
        placed.places.shape[1],
        N_LATENT,
        n_spatial=n_spatial,
        share=share,
        kernel=kernel,
    ).double()
    prior.unit.fill_(unit)
    LatentSurfaces(prior).choose_sections(placed)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        prior.mean.normal_(generator=generator)
        prior.log_deviation.normal_(-1, 0.3, generator=generator)
        prior.log_length.add_(torch.linspace(-0.5, 0.5, n_spatial))
        prior.share_logit.add_(torch.linspace(0.3, 0.9, n_spatial) * (share is None))
    return prior


def tensors(placed):
    return torch.as_tensor(placed.places), torch.as_tensor(placed.code)


@pytest.mark.parametrize("kernel", DENSITIES)
@pytest.mark.parametrize("n_dims", [2, 3])
def test_surfaces_of_unknown_weights_have_the_mean_variance_rho_over_cells(kernel, n_dims):
    placed = cells(n_dims)
    prior = prior_of(placed, kernel=kernel)
    with torch.no_grad():
        prior.mean.zero_()
        prior.log_deviation.zero_()
    at = prior.at(*tensors(placed))
    for code in (0, 1):
        rows = placed.code == code
        torch.testing.assert_close(at.variance[rows, :N_SPATIAL].mean(0), prior.share)
    torch.testing.assert_close(at.noise[:, :N_SPATIAL], (1 - prior.share).expand(60, -1))
    torch.testing.assert_close(at.mean, torch.zeros_like(at.mean))


@pytest.mark.parametrize("n_dims", [2, 3])
def test_a_surface_is_the_sum_of_its_cosines(n_dims):
    placed = cells(n_dims)
    prior = prior_of(placed)
    at = prior.at(*tensors(placed))
    for row in range(4):
        code = placed.code[row]
        density = DENSITIES["matern"](
            prior.frequency[code].square().sum(1, keepdim=True),
            prior.log_length.exp(),
            n_dims,
        )
        power = density / (density * prior.square[code][:, None]).sum(0) * prior.share
        for dimension in range(N_SPATIAL):
            mean, variance = 0.0, 0.0
            for k in range(N_COSINES):
                height = prior.amplitude[code, k]
                for axis in range(n_dims):
                    step = placed.places[row, axis] / 1_000 - prior.corner[code, axis]
                    height = height * torch.cos(prior.frequency[code, k, axis] * step)
                height = height * power[k, dimension].sqrt()
                mean += height * prior.mean[code, k, dimension]
                variance += (height * prior.log_deviation[code, k, dimension].exp()) ** 2
            torch.testing.assert_close(at.mean[row, dimension], mean)
            torch.testing.assert_close(at.variance[row, dimension], variance)


def assert_standard_normal(at, rows):
    for part, value in ((at.mean, 0.0), (at.variance, 0.0), (at.noise, 1.0)):
        torch.testing.assert_close(part[rows], torch.full_like(part[rows], value))


def test_nothing_is_known_of_cells_without_a_place_outside_or_of_other_sections():
    placed = cells()
    prior = prior_of(placed)
    places, code = tensors(placed)
    usual = prior.at(places, code)
    places[0, 1], places[1, 0], code[2], code[3] = torch.nan, 5_000.0, 2, 7
    changed = prior.at(places, code)
    assert_standard_normal(changed, torch.arange(4))
    torch.testing.assert_close(changed.mean[4:], usual.mean[4:])
    torch.testing.assert_close(changed.total[4:], usual.total[4:])
    assert_standard_normal(usual, (slice(None), slice(N_SPATIAL, None)))


def test_a_section_of_three_places_has_no_surface():
    placed = cells()
    few = SectionPlaces(placed.places, placed.code.copy())
    few.places[np.flatnonzero(few.code == 1)[3:]] = np.nan
    prior = prior_of(few)
    assert [prior.has(code) for code in (-1, 0, 1, 2)] == [False, True, False, False]
    places, code = tensors(few)
    assert_standard_normal(prior.at(places, code), code == 1)
    assert (prior.at(places, code).variance[code == 0, :N_SPATIAL] > 0).all()


def test_without_spatial_dimensions_it_is_standard_normal():
    placed = cells()
    prior = prior_of(placed, n_spatial=0)
    assert_standard_normal(prior.at(*tensors(placed)), slice(None))
    assert float(prior.divergence().detach()) == 0.0


@pytest.mark.parametrize("share", [0.5, 0.999, 0.99999])
def test_a_given_share_is_kept_up_to_what_leaves_some_noise(share):
    prior = prior_of(cells(), share=share)
    expected = torch.full((N_SPATIAL,), min(share, 0.999), dtype=torch.float64)
    torch.testing.assert_close(prior.share, expected, rtol=1e-5, atol=0)
    assert not prior.share_logit.requires_grad


@pytest.mark.slow
def test_gradients_are_those_of_finite_differences():
    prior = prior_of(cells())
    placed = cells(n_cells=4)

    def values(*parameters):
        copy = deepcopy(prior)
        for name, value in zip(PARAMETERS, parameters, strict=True):
            del copy._parameters[name]
            setattr(copy, name, value)
        at = copy.at(*tensors(placed))
        return at.mean, at.variance, at.noise, copy.divergence()

    given = [getattr(prior, name).detach().clone().requires_grad_() for name in PARAMETERS]
    assert torch.autograd.gradcheck(values, given)


def test_divergence_is_that_of_independent_normal_weights():
    prior = prior_of(cells())
    weights = Normal(prior.mean, prior.log_deviation.exp())
    expected = kl_divergence(weights, Normal(0.0, 1.0)).sum()
    torch.testing.assert_close(prior.divergence(), expected)


def test_sections_and_cells_do_not_depend_on_one_another():
    placed = cells()
    prior = prior_of(placed)
    places, code = tensors(placed)
    usual = prior.at(places, code)
    order = torch.as_tensor(np.random.default_rng(1).permutation(60))
    for rows in (order, torch.arange(7), torch.tensor([11])):
        torch.testing.assert_close(prior.at(places[rows], code[rows]).mean, usual.mean[rows])
        torch.testing.assert_close(prior.at(places[rows], code[rows]).total, usual.total[rows])
    with torch.no_grad():
        prior.mean[1] += 1.0
    changed = prior.at(places, code)
    torch.testing.assert_close(changed.mean[code == 0], usual.mean[code == 0])
    assert (changed.mean - usual.mean)[code == 1, :N_SPATIAL].abs().min() > 0


def test_the_length_is_in_the_unit_of_the_coordinates():
    prior = prior_of(cells())
    torch.testing.assert_close(prior.length, 1_000.0 * prior.log_length.exp())
    wider = cells()
    wider.places[:] *= 10.0
    far = prior_of(wider, unit=1e4)
    torch.testing.assert_close(far.at(*tensors(wider)).mean, prior.at(*tensors(cells())).mean)


def test_surfaces_of_other_sections_stay_exact_where_one_is_chosen_anew():
    placed = cells()
    prior = prior_of(placed)
    encoded = np.ones((2, 60, N_LATENT), dtype=np.float32) * [[[0.7]], [[0.2]]]
    surfaces = LatentSurfaces(prior)
    surfaces.fit_sections(placed, (encoded[0], encoded[1]))
    usual = prior.at(*tensors(placed))
    first = SectionPlaces(placed.places[placed.code == 0], placed.code[placed.code == 0])
    surfaces.choose_sections(first)
    nothing = prior.at(*tensors(placed))
    torch.testing.assert_close(nothing.mean[placed.code == 1], usual.mean[placed.code == 1])
    torch.testing.assert_close(nothing.mean[placed.code == 0], 0 * usual.mean[placed.code == 0])
    assert (nothing.variance - usual.variance)[placed.code == 0, :N_SPATIAL].min() > 0
    with torch.no_grad():
        prior.mean += 1.0  # as further training would
    unseen = SectionPlaces(np.full_like(placed.places, np.nan), placed.code)
    surfaces.fit_sections(unseen, (encoded[0], encoded[1]))
    torch.testing.assert_close(prior.at(*tensors(placed)).mean, nothing.mean)
