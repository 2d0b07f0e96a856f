"""What is asked for where nothing was measured, and how it is decoded."""

import numpy as np
import pandas as pd
import pytest
import torch

from dpvae.model.tissue.predicted_expression import (
    check_decoding,
    decoded_expression,
    wanted_genes,
    wanted_positions,
)

KNOWN = np.stack(np.meshgrid(np.arange(5.0), np.arange(4.0)), axis=-1).reshape(-1, 2)


class Decoder(torch.nn.Module):
    """Shares of five genes, whose logarithms are linear in z, and shifted by batch."""

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.weight = torch.nn.Parameter(torch.randn(2, 5, generator=generator))
        self.shift = torch.nn.Parameter(torch.randn(3, 5, generator=generator))

    def generative(self, *, z, library, batch_index, y):
        del library, y
        shares = torch.softmax(z @ self.weight + self.shift[batch_index.ravel()], dim=1)
        return {"px": type("Px", (), {"scale": shares})}


@pytest.fixture
def module():
    return Decoder()


def shares(module, z, batch):
    with torch.no_grad():
        found = torch.softmax(z @ module.weight + module.shift[batch], dim=-1)
    return found.double().numpy()


def test_positions_are_taken_as_they_are():
    np.testing.assert_array_equal(wanted_positions(KNOWN, [[1, 2], [9, 9]], None), [[1, 2], [9, 9]])
    table = pd.DataFrame({"x": [1.0], "y": [2.0]})
    np.testing.assert_array_equal(wanted_positions(KNOWN, table, None), [[1, 2]])


def test_a_grid_fills_the_tissue():
    found = wanted_positions(KNOWN, None, 0.5)
    assert len(found) > 2 * len(KNOWN)
    assert (found >= -0.5).all()
    assert (found <= [4.5, 3.5]).all()
    steps = np.diff(np.unique(found[:, 0]))
    np.testing.assert_allclose(steps, 0.5)


@pytest.mark.parametrize(
    ("positions", "spacing", "message"),
    [
        (None, None, "Give either positions"),
        (KNOWN, 1.0, "Give either positions"),
        (np.zeros((3, 3)), None, "give 2 numbers for each position"),
        ([[np.nan, np.nan], [0, 0]], None, "1 row of NaN: give 2 numbers"),
        ([0.0, 1.0], None, r"positions has shape \(2,\)"),
        ([["a", "b"]], None, "positions"),
        (None, -1.0, "spacing"),
        (None, 0, "spacing"),
        (None, "1", "spacing"),
    ],
)
def test_positions_that_make_no_sense_are_refused(positions, spacing, message):
    with pytest.raises(ValueError, match=message):
        wanted_positions(KNOWN, positions, spacing)


def test_genes_are_found_by_name():
    known = pd.Index(["A", "B", "C"])
    np.testing.assert_array_equal(wanted_genes(known, None), [0, 1, 2])
    np.testing.assert_array_equal(wanted_genes(known, ["C", "A"]), [2, 0])
    np.testing.assert_array_equal(wanted_genes(known, "B"), [1])
    with pytest.raises(ValueError, match=r"The model has no gene 'x' \(2 of 3 missing\)"):
        wanted_genes(known, ["A", "x", "y"])


@pytest.mark.parametrize("genes", [[], ["A", "A"]])
def test_no_gene_or_a_gene_twice_is_refused(genes):
    with pytest.raises(ValueError, match=r"genes is .*: give names of genes, each once, or None"):
        wanted_genes(pd.Index(["A", "B"]), genes)


@pytest.mark.parametrize("genes", [3, [3], [["A"]]])
def test_what_names_no_gene_is_refused(genes):
    with pytest.raises(ValueError, match="The model has no gene"):
        wanted_genes(pd.Index(["A", "B"]), genes)


@pytest.mark.parametrize("library_size", [0, -1.0, np.nan, "1", None])
def test_library_sizes_that_are_no_positive_number_are_refused(library_size):
    with pytest.raises(ValueError, match=r"library_size is .*: give a number above 0"):
        check_decoding(library_size, 10, 0)


@pytest.mark.parametrize("n_samples", [0, -1, 1.5, "3", None])
def test_numbers_of_samples_that_are_not_whole_are_refused(n_samples):
    with pytest.raises(ValueError, match="n_samples"):
        check_decoding(1.0, n_samples, 0)


@pytest.mark.parametrize("seed", [-1, 1.5, "3", None])
def test_seeds_that_are_not_whole_are_refused(seed):
    with pytest.raises(ValueError, match=r"seed is .*: give an integer of at least 0"):
        check_decoding(1.0, 10, seed)


def decoded(module, mean, variance, genes=None, batches=(0,), n_samples=30, seed=0):
    genes = np.arange(5) if genes is None else genes
    return decoded_expression(
        module, mean, variance, genes, list(batches), n_samples=n_samples, seed=seed
    )


def test_latents_without_variance_are_decoded_as_they_are(module):
    z = np.random.default_rng(0).normal(size=(7, 2)).astype(np.float32)
    for n_samples in (1, 4):
        mean, deviation = decoded(module, z, np.zeros_like(z), n_samples=n_samples)
        np.testing.assert_allclose(mean, shares(module, torch.tensor(z), 0), rtol=1e-5)
        np.testing.assert_allclose(deviation, 0.0, atol=1e-4)
    np.testing.assert_allclose(mean.sum(axis=1), 1.0, rtol=1e-5)


@pytest.mark.slow
def test_mean_and_deviation_are_those_over_many_samples(module):
    rng = np.random.default_rng(1)
    z = rng.normal(size=(4, 2)).astype(np.float32)
    variance = rng.uniform(0.1, 1.0, (4, 2)).astype(np.float32)
    noise = torch.randn(40_000, 1, 2, generator=torch.Generator().manual_seed(1))
    samples = shares(module, torch.tensor(z) + noise * torch.tensor(variance).sqrt(), 0)
    mean, deviation = decoded(module, z, variance, n_samples=4_000)
    np.testing.assert_allclose(mean, samples.mean(axis=0), rtol=0.05, atol=0.005)
    np.testing.assert_allclose(deviation, samples.std(axis=0), rtol=0.05, atol=0.005)


def test_batches_are_averaged(module):
    z = np.random.default_rng(0).normal(size=(3, 2)).astype(np.float32)
    each = [decoded(module, z, np.zeros_like(z), batches=[batch])[0] for batch in range(3)]
    together, deviation = decoded(module, z, np.zeros_like(z), batches=[0, 1, 2])
    np.testing.assert_allclose(together, np.mean(each, axis=0), rtol=1e-5)
    np.testing.assert_allclose(deviation, 0.0, atol=1e-4)
    assert np.abs(each[0] - each[1]).max() > 0.05


def test_genes_positions_and_parts_do_not_depend_on_one_another(module, monkeypatch):
    rng = np.random.default_rng(2)
    z, variance = rng.normal(size=(9, 2)), rng.uniform(0.1, 1.0, (9, 2))
    z, variance = z.astype(np.float32), variance.astype(np.float32)
    mean, deviation = decoded(module, z, variance)
    monkeypatch.setattr("dpvae.model.tissue.predicted_expression.POSITIONS_AT_A_TIME", 4)
    some, spread = decoded(module, z[::2], variance[::2], np.array([3, 1]))
    np.testing.assert_allclose(some, mean[::2][:, [3, 1]], rtol=1e-5)
    np.testing.assert_allclose(spread, deviation[::2][:, [3, 1]], rtol=1e-4, atol=1e-6)
    assert np.abs(decoded(module, z, variance, seed=1)[0] - mean).max() > 1e-6
