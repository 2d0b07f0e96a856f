import numpy as np
import pandas as pd
import pytest
import torch
from scipy.sparse import csr_matrix

from dpvae.model.query.section_statistics import as_first_section, new_sections
from dpvae.module import EncoderInput


def test_sections_of_the_reference_differ_from_new_ones_by_their_text():
    names = pd.Series([1] * 3 + [7] * 20 + [5] * 20)
    code = new_sections(names, np.array(["1", "2"]), 43)
    assert (code[:3] == -1).all()
    assert sorted(set(code[3:])) == [0, 1]
    assert len(set(code[3:23])) == len(set(code[23:])) == 1


def test_without_names_all_cells_are_a_new_section():
    assert (new_sections(None, np.array(["0"]), 30) == 0).all()


def test_sections_too_small_for_statistics_are_refused():
    names = pd.Series(["one"] * 30 + ["two"])
    with pytest.raises(ValueError, match="has 1 cell, but with standardize='section'"):
        new_sections(names, np.array(["known"]), 31)
    assert (new_sections(names, np.array(["one", "two"]), 31) == -1).all()


@pytest.mark.parametrize("form", [np.asarray, csr_matrix])
def test_new_sections_look_standardized_by_their_own_statistics(form):
    rng = np.random.default_rng(0)
    seen = EncoderInput(3, n_sections=2).eval()
    seen.set_genes(torch.rand(2, 3), torch.rand(2, 3) + 0.5)
    values = rng.gamma(2.0, size=(90, 3)).astype(np.float32)
    code = np.repeat([0, -1, 1], 30)
    changed = as_first_section(form(values), code, seen)
    np.testing.assert_array_equal(changed[code < 0], values[code < 0])
    found = seen(torch.as_tensor(changed), torch.zeros(90, 1)).numpy()
    for number in (0, 1):
        own = values[code == number]
        expected = (own - own.mean(axis=0)) / own.std(axis=0)
        np.testing.assert_allclose(found[code == number], expected, atol=1e-5)
