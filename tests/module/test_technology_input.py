import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

from dpvae.module.technology_input import TechnologyInput, of_one_length

MEASURED = torch.tensor([[True] * 5, [True, True, True, False, True]])
SHOWN = torch.tensor([True, True, True, False, False])


@pytest.fixture
def counts():
    rng = np.random.default_rng(0)
    return rng.poisson(3.0, (12, 5)).astype(np.float32) + 1, np.arange(12) % 2


def prepared(counts, *, by_technology=True):
    values, code = counts
    seen = TechnologyInput(MEASURED, SHOWN, are_counts=True).eval()
    seen.depth.fill_(30.0)
    logs = seen.logarithms(values).toarray()
    mean, scale = (
        torch.as_tensor(np.stack([getattr(logs[code == k], f)(axis=0) for k in range(2)]))
        for f in ("mean", "std")
    )
    seen.set_genes(mean, scale, by_technology=by_technology)
    return seen, logs


def test_depth_is_that_of_the_shown_genes(counts):
    _, logs = prepared(counts)
    values, _ = counts
    expected = np.log1p(values * 30.0 / values[:, :3].sum(axis=1, keepdims=True))
    np.testing.assert_allclose(logs, expected, rtol=1e-6)


def test_genes_are_standardised_by_their_technology_and_0_if_not_measured(counts):
    seen, logs = prepared(counts)
    values, code = counts
    found = seen.standardized(torch.as_tensor(values), torch.as_tensor(code)[:, None]).numpy()
    for k in range(2):
        own = logs[code == k]
        expected = (own - own.mean(axis=0)) / own.std(axis=0) * MEASURED[k].numpy()
        np.testing.assert_allclose(found[code == k], expected, atol=1e-4)


@pytest.mark.parametrize("by_technology", [True, False])
def test_the_encoder_and_regressions_see_the_same(counts, by_technology):
    seen, logs = prepared(counts, by_technology=by_technology)
    values, code = counts
    codes = torch.as_tensor(code)[:, None]
    found = seen(seen.standardized(torch.as_tensor(values), codes), codes).numpy()
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), np.sqrt(3), rtol=1e-5)
    np.testing.assert_allclose(seen.regressed(csr_matrix(values), code), found, atol=1e-5)
    mean = np.stack([logs[code == k].mean(axis=0) for k in range(2)])[:, :3]
    square = np.stack([logs[code == k].std(axis=0) ** 2 for k in range(2)])[:, :3]
    center, scale = mean[code], np.sqrt(square)[code]
    if not by_technology:
        center = mean.mean(axis=0)
        scale = np.sqrt((square + (mean - center) ** 2).mean(axis=0))
    expected = (logs[:, :3] - center) / scale
    expected *= np.sqrt(3) / np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_contrast_of_a_cell_is_not_seen():
    values = torch.randn(4, 6)
    np.testing.assert_allclose(of_one_length(values), of_one_length(7 * values), rtol=1e-5)
    assert not of_one_length(torch.zeros(1, 6)).any()


def test_logarithms_stay_as_they_are(counts):
    seen = TechnologyInput(MEASURED, SHOWN, are_counts=False).eval()
    values = torch.as_tensor(counts[0])
    code = torch.zeros(len(values), 1)
    np.testing.assert_array_equal(seen.standardized(values, code), values)
    assert seen.logarithms(values) is values


def test_a_cell_without_shown_counts_has_no_depth_and_gets_zeros(counts):
    seen, _ = prepared(counts)
    values, code = counts
    values = values.copy()
    values[0] = [0, 0, 0, 80, 7]
    logs = seen.logarithms(values).toarray()
    assert not logs[0].any()
    expected = np.log1p(values[1:] * 30.0 / values[1:, :3].sum(axis=1, keepdims=True))
    np.testing.assert_allclose(logs[1:], expected, rtol=1e-6)
    technology = torch.as_tensor(code)[:, None]
    standardized = seen.standardized(torch.as_tensor(values), technology).numpy()
    by_hand = (logs - seen.mean.numpy()[code]) / seen.scale.numpy()[code]
    np.testing.assert_allclose(standardized, by_hand * MEASURED.numpy()[code], atol=1e-4)
