import numpy as np
import pytest
from scipy.sparse import csr_matrix

from dpvae.metrics import tissue_kernels
from dpvae.metrics.tissue_kernels import TissueKernels

LENGTHS = np.array([0.1, 0.4])
NONE = np.empty((300, 0))


@pytest.fixture
def places():
    rng = np.random.default_rng(0)
    return np.vstack([rng.uniform(size=(180, 2)), 500 + 30 * rng.uniform(size=(120, 2))])


SECTION = np.repeat(["one", "two"], [180, 120])


def result_of(places, counts, section=SECTION):
    return TissueKernels.of(places, np.ones(len(places)), section, NONE, LENGTHS).test(counts)


def test_what_differs_between_sections_is_no_pattern(places):
    rng = np.random.default_rng(1)
    counts = rng.poisson(np.where(SECTION == "one", 2.0, 8.0)[:, None], size=(300, 200))
    found = result_of(places, counts)
    assert (found.p_value < 0.05).mean() < 0.1
    assert (result_of(places, counts, np.full(300, "all")).p_value < 1e-6).all()


def test_evidence_of_sections_adds_up_whatever_their_patterns_are(places):
    rng = np.random.default_rng(2)
    x = np.r_[places[:180, 0] - 0.5, (places[180:, 0] - 515) / 30]
    turned = np.where(SECTION == "one", x, -x)
    counts = rng.poisson(4.0 * np.exp(np.stack([x, turned], axis=1)), size=(300, 2))
    joint = result_of(places, counts).p_value
    for name in ("one", "two"):
        rows = name == SECTION
        alone = TissueKernels.of(
            places[rows], np.ones(rows.sum()), SECTION[rows], NONE[rows], LENGTHS
        ).test(counts[rows])
        assert (joint < alone.p_value).all()


def test_order_of_sections_blocks_and_sparsity_do_not_matter(places, monkeypatch):
    counts = np.random.default_rng(3).poisson(2.0, size=(300, 9))
    expected = result_of(places, counts)
    monkeypatch.setattr(tissue_kernels, "GENES_AT_A_TIME", 4)
    for found in (
        result_of(places, csr_matrix(counts)),
        result_of(places[::-1], counts[::-1], SECTION[::-1]),
    ):
        np.testing.assert_allclose(found.p_values, expected.p_values, rtol=1e-6)
        np.testing.assert_allclose(found.shares, expected.shares, atol=1e-6)


def test_the_section_is_named_whose_covariates_explain_everything(places):
    covariates = np.vstack([np.zeros((180, 120)), np.eye(120)])
    with pytest.raises(ValueError, match="Section 'two': covariates explain everything"):
        TissueKernels.of(places, np.ones(300), SECTION, covariates, LENGTHS)
