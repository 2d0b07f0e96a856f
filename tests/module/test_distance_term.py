import itertools

import pytest
import torch

from dpvae.module import DistanceTerm


def draw(n_cells=12, n_latent=4, n_dims=2, seed=0):
    generator = torch.Generator().manual_seed(seed)
    latent = torch.randn(n_cells, n_latent, generator=generator)
    coordinates = 1000 * torch.randn(n_cells, n_dims, generator=generator) + 5000
    return latent, coordinates, torch.zeros(n_cells)


def naive(latent, coordinates, section, *, scale, unit, power=1, mask=None):
    total = weights = 0.0
    for i, j in itertools.combinations(range(len(latent)), 2):
        known = coordinates[[i, j]].isfinite().all()
        weight = 1.0 if mask is None else mask[i, j].item()
        if not known or section[i] != section[j] or not weight:
            continue
        d_z, d_s = torch.dist(latent[i], latent[j]), torch.dist(coordinates[i], coordinates[j])
        total += weight * (d_z / scale - d_s / unit).abs() ** power
        weights += weight
    return total / weights


@pytest.mark.parametrize(("error", "power"), [("absolute", 1), ("squared", 2)])
@pytest.mark.parametrize("n_dims", [2, 3])
def test_equals_a_double_loop_over_valid_pairs(error, power, n_dims):
    latent, coordinates, section = draw(n_dims=n_dims)
    coordinates[[1, 7]] = torch.nan
    section[6:] = 1
    generator = torch.Generator().manual_seed(1)
    mask = torch.rand(12, 12, generator=generator) * (torch.rand(12, 12, generator=generator) > 0.3)
    mask = mask + mask.T
    term = DistanceTerm(800.0, error=error)
    term.log_scale.data.fill_(0.4)
    expected = naive(
        latent, coordinates, section, scale=term.log_scale.exp(), unit=800.0, power=power, mask=mask
    )
    torch.testing.assert_close(term(latent, coordinates, section, mask), expected)


def test_is_zero_where_latent_distances_are_proportional():
    _, coordinates, section = draw()
    term = DistanceTerm(1000.0)
    term.set_distance_scale(0.02)
    assert term.distance_scale.item() == pytest.approx(0.02)
    assert term(0.02 * coordinates, coordinates, section).item() == pytest.approx(0, abs=1e-6)


def test_does_not_depend_on_the_unit_of_the_coordinates():
    latent, coordinates, section = draw()
    millimeters = DistanceTerm(1.0)(latent, coordinates / 1000, section)
    torch.testing.assert_close(DistanceTerm(1000.0)(latent, coordinates, section), millimeters)


def test_does_not_depend_on_the_scale_of_the_latent_space():
    latent, coordinates, section = draw()
    term, larger = DistanceTerm(1000.0), DistanceTerm(1000.0)
    larger.set_distance_scale(7 * term.distance_scale.item())
    torch.testing.assert_close(
        larger(7 * latent, coordinates, section), term(latent, coordinates, section)
    )


def test_does_not_depend_on_further_latent_dimensions_that_are_constant():
    latent, coordinates, section = draw()
    wider = torch.cat([latent, torch.ones(12, 20)], dim=1)
    term = DistanceTerm(1000.0)
    torch.testing.assert_close(
        term(wider, coordinates, section), term(latent, coordinates, section)
    )


def test_does_not_depend_on_the_frame_of_a_section():
    latent, coordinates, section = draw()
    section[6:] = 1
    turned = coordinates.clone()
    turned[6:] = coordinates[6:].flip(1) - 20_000
    term = DistanceTerm(1000.0)
    torch.testing.assert_close(
        term(latent, turned, section), term(latent, coordinates, section), rtol=1e-4, atol=0
    )


@pytest.mark.slow
def test_mean_does_not_depend_on_the_density_or_the_scale_of_the_mask():
    latent, coordinates, section = draw(60)
    term = DistanceTerm(1000.0)
    dense = term(latent, coordinates, section)
    values = []
    for seed in range(200):
        mask = (torch.rand(60, 60, generator=torch.Generator().manual_seed(seed)) < 0.1).float()
        values.append(term(latent, coordinates, section, 5 * torch.maximum(mask, mask.T)))
    assert torch.stack(values).mean().item() == pytest.approx(dense.item(), rel=0.02)


def test_mean_does_not_depend_on_the_batch_size():
    latent, coordinates, section = draw(4096)
    term = DistanceTerm(1000.0)
    small = [
        term(latent[start : start + 64], coordinates[start : start + 64], section[:64])
        for start in range(0, 4096, 64)
    ]
    large = term(latent, coordinates, section)
    assert torch.stack(small).mean().item() == pytest.approx(large.item(), rel=0.02)


def test_order_of_the_cells_does_not_matter():
    latent, coordinates, section = draw()
    section[4:9] = 1
    order = torch.randperm(12, generator=torch.Generator().manual_seed(2))
    term = DistanceTerm(1000.0)
    torch.testing.assert_close(
        term(latent[order], coordinates[order], section[order]), term(latent, coordinates, section)
    )


@pytest.mark.parametrize(
    "case", ["one cell", "identical places", "identical latents", "no known place", "no pair"]
)
def test_degenerate_batches_have_finite_value_and_gradient(case):
    latent, coordinates, section = draw()
    if case == "one cell":
        latent, coordinates, section = latent[:1], coordinates[:1], section[:1]
    elif case == "identical places":
        coordinates = torch.ones_like(coordinates)
    elif case == "identical latents":
        latent = torch.ones_like(latent)
    elif case == "no known place":
        coordinates = torch.full_like(coordinates, torch.nan)
    else:
        section = torch.arange(12)
    latent.requires_grad_()
    term = DistanceTerm(1000.0)
    value = term(latent, coordinates, section)
    value.backward()
    assert value.isfinite()
    assert latent.grad.isfinite().all()
    assert term.log_scale.grad.isfinite()
    if case in ("one cell", "no known place", "no pair"):
        assert value.item() == 0


def test_unknown_error_is_refused():
    with pytest.raises(ValueError, match="error is 'cubic': choose 'absolute' or 'squared'"):
        DistanceTerm(error="cubic")


def test_a_mask_is_a_weighted_mean_over_its_pairs_and_far_pairs_mix_in():
    generator = torch.Generator().manual_seed(0)
    latent = torch.randn(12, 4, generator=generator, dtype=torch.double)
    places = torch.randn(12, 2, generator=generator, dtype=torch.double)
    places[3] = torch.nan
    section = torch.arange(12) % 2
    upper = torch.rand(12, 12, generator=generator, dtype=torch.double).triu(1)
    upper[upper < 0.6] = 0.0
    mask = upper + upper.T
    term = DistanceTerm()
    total = weights = everyone = pairs = 0.0
    for i in range(12):
        for j in range(i + 1, 12):
            if 3 in (i, j) or section[i] != section[j]:
                continue
            gap = abs((latent[i] - latent[j]).norm() - (places[i] - places[j]).norm())
            total, weights = total + mask[i, j] * gap, weights + mask[i, j]
            everyone, pairs = everyone + gap, pairs + 1
    near, far = total / weights, everyone / pairs
    found = term(latent, places, section, mask)
    torch.testing.assert_close(found, near)
    found = term(latent, places, section, mask, far_share=0.3)
    torch.testing.assert_close(found, 0.7 * near + 0.3 * far)
    everything = term(latent, places, section, 1.0 - torch.eye(12, dtype=torch.double))
    torch.testing.assert_close(everything, term(latent, places, section))


def test_masked_pairs_of_large_batches_all_count():
    generator = torch.Generator().manual_seed(0)
    latent = torch.randn(1500, 3, generator=generator)
    places = torch.randn(1500, 2, generator=generator)
    mask = torch.zeros(1500, 1500)
    mask[7, 1100] = mask[1100, 7] = 2.0
    expected = ((latent[7] - latent[1100]).norm() - (places[7] - places[1100]).norm()).abs()
    found = DistanceTerm()(latent, places, torch.zeros(1500), mask)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("far_share", [0.2, 0.8])
def test_batches_without_a_masked_pair_weigh_as_much_as_others(far_share):
    latent, coordinates, section = draw()
    term = DistanceTerm(1000.0)
    nothing = torch.zeros(len(latent), len(latent))
    found = term(latent, coordinates, section, nothing, far_share=far_share)
    torch.testing.assert_close(found, term(latent, coordinates, section))


def test_an_empty_mask_gives_a_finite_gradient():
    latent = torch.randn(6, 3, requires_grad=True)
    loss = DistanceTerm()(latent, torch.randn(6, 2), torch.zeros(6), torch.zeros(6, 6))
    loss.backward()
    assert loss.item() == 0.0
    assert latent.grad is None or torch.isfinite(latent.grad).all()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("is_masked", [False, True])
def test_latents_of_half_precision_are_compared_in_single_precision(dtype, is_masked):
    latent, coordinates, section = draw()
    half = latent.to(dtype).requires_grad_()
    mask = torch.ones(12, 12) if is_masked else None
    term = DistanceTerm(800.0)
    error = term(half, coordinates, section, mask)
    error.backward()
    torch.testing.assert_close(error, term(half.float(), coordinates, section, mask))
    assert half.grad.dtype == dtype
    assert half.grad.isfinite().all()
