import logging
import warnings

import numpy as np
import pytest
from tests.conftest import QUICK, QUIET, log_normalized, of_the_package

from dpvae.datasets import simulated_tissue
from dpvae.model import DPVAE, load
from dpvae.model.atlas.foreign import foreignness, is_one_sided, warn_if_foreign
from dpvae.model.atlas.query_difference import QueryDifference

WIDE = np.array([0.8, 0.9])
ALIKE = QueryDifference(difference=0.1, correlation=0.99, share=0.01, n_silent=0)
OTHER = QueryDifference(difference=1.2, correlation=0.4, share=0.99, n_silent=2)


def message(unlike, spread=WIDE, expected=WIDE, *, is_standardized=False):
    return foreignness(unlike, spread, expected, 100, is_standardized=is_standardized)


def test_a_query_like_the_reference_is_not_talked_about():
    assert message(ALIKE) is None
    assert message(None) is None
    assert message(ALIKE, None) is None
    assert message(ALIKE, np.array([0.1, 0.4])) is None  # a small part of the tissue


@pytest.mark.parametrize(
    ("unlike", "spread", "words"),
    [
        (
            OTHER,
            WIDE,
            ["differ by 120 % of their", "99 % of its cells", "85 % of the tissue's width"],
        ),
        (OTHER, WIDE, ["Likely causes: another tissue", "standardize='section'"]),
        (QueryDifference(0.3, 0.45, 0.0, 0), WIDE, ["correlate by 0.45 (above 0.9)"]),
        (QueryDifference(0.1, 0.95, 0.3, 0), None, ["30 % of its cells"]),
        (QueryDifference(0.9, 0.95, 0.0, 0), WIDE, ["another normalisation", "target_sum=…"]),
        (
            QueryDifference(0.9, 0.2, 0.0, 60),
            WIDE,
            ["60 of 100 are 0 in all", "var_names.intersection"],
        ),
        (ALIKE, np.array([0.02, 0.08]), ["spread over 6 % of the tissue's width"]),
        (None, np.array([0.02, 0.08]), ["spread over 6 % of the tissue's width"]),
    ],
)
def test_what_was_found_is_said_with_cause_and_remedy(unlike, spread, words):
    text = message(unlike, spread)
    assert text is not None
    head = "The query is unlike the reference, so places, labels and probabilities are guesses. Lik"
    assert text.startswith(head)  # it is raised by each of three methods
    assert [word for word in words if word not in text] == []
    assert "  " not in text


def test_what_is_usual_is_said_if_it_is_known():
    text = message(OTHER, np.array([0.2, 0.3]), np.array([0.6, 0.8]))
    assert (
        "over 25 % of the tissue's width (cells of the reference that were left out: 71 %)" in text
    )
    text = message(OTHER, np.array([0.2, 0.3]), None)
    assert text.endswith("over 25 % of the tissue's width.")


def test_training_on_both_is_advised_unless_the_cause_is_another():
    together = "train on both together: “A query that is trained with the reference”"
    assert together in message(OTHER)
    assert together in message(OTHER, is_standardized=True)
    assert together not in message(QueryDifference(0.9, 0.95, 0.0, 0))  # depth
    assert together not in message(QueryDifference(0.9, 0.2, 0.0, 60))  # missing genes


def test_means_of_standardized_genes_tell_nothing_but_share_and_spread_do():
    alike = QueryDifference(difference=0.6, correlation=0.0, share=0.01, n_silent=0)
    assert message(alike, is_standardized=True) is None
    assert message(alike, None, is_standardized=True) is None
    narrow = np.array([0.3, 0.5])
    assert message(alike, narrow, narrow, is_standardized=True) is None
    assert message(alike, narrow, None, is_standardized=True) is None
    assert "41 % of the tissue's width" in message(alike, narrow, is_standardized=True)
    text = message(OTHER, is_standardized=True)
    assert "99 % of its cells" in text
    assert "standardize=" not in text
    assert "correlate" not in text


def test_one_side_is_squeezed_only_if_the_tissue_is():
    squeezed = np.array([0.3, 0.8])
    assert is_one_sided(squeezed, squeezed)
    assert not is_one_sided(squeezed, WIDE)  # a strip of the tissue
    assert not is_one_sided(WIDE, squeezed)
    assert not is_one_sided(np.array([0.3, 0.4]), squeezed)


def test_mirror_symmetry_is_named_where_one_side_is_squeezed(caplog):
    reference = np.random.default_rng(0).normal(size=(300, 2))
    expected = np.array([0.3, 0.8])
    options = {"n_genes": 100, "is_standardized": False}
    with caplog.at_level(logging.WARNING), warnings.catch_warnings(action="error"):
        warn_if_foreign(ALIKE, reference * [0.9, 0.3], reference, expected, **options)
        assert "30 % of the tissue's width in one direction and 90 %" in caplog.text
        assert "(cells of the reference that were left out: 30 % and 80 %)" in caplog.text
        assert "dpvae.tl.mirror_symmetry" in caplog.text
        caplog.clear()
        warn_if_foreign(ALIKE, reference[:10] * [0.9, 0.3], reference, expected, **options)
        warn_if_foreign(ALIKE, reference, reference, expected, **options)
        warn_if_foreign(ALIKE, reference * [0.9, 0.3], reference, None, **options)
    assert caplog.text == ""


@pytest.fixture
def model(trained):
    return load(trained)


@pytest.fixture
def query(counts):
    query = log_normalized(counts)[180:].copy()
    del query.obsm["spatial"]
    return query


@pytest.mark.trains
@pytest.mark.parametrize("n_cells", [1, 5, 50])
def test_cells_of_the_same_tissue_are_placed_in_silence(model, query, n_cells):
    model.predict_coordinates(query[:n_cells].copy())  # warnings are errors


@pytest.mark.trains
@pytest.mark.parametrize("container", ["sparse", "dense", "view"])
def test_shuffled_genes_are_warned_of_once(model, query, container):
    values = query.X.toarray()[:, np.random.default_rng(0).permutation(query.n_vars)]
    query.X = values if container == "dense" else type(query.X)(values)
    query = query[:] if container == "view" else query
    with pytest.warns(UserWarning, match="The query is unlike the reference") as found:
        model.predict_coordinates(query)
    assert [warning.filename for warning in of_the_package(found)] == [__file__]


@pytest.mark.trains
def test_counts_are_judged_as_logarithms_are(trained_counts, counts):
    model, query = load(trained_counts), counts[180:].copy()
    model.predict_coordinates(query)  # warnings are errors
    query.X = query.X[:, np.random.default_rng(0).permutation(query.n_vars)]
    with pytest.warns(UserWarning, match="The query is unlike the reference"):
        model.predict_coordinates(query)


@pytest.mark.trains
def test_genes_that_somebody_filled_with_zeros_are_named(model, query):
    values = query.X.toarray()
    values[:, 10:] = 0
    query.X = values
    with pytest.warns(UserWarning, match=r"\d+ of 40 are 0 in all of its cells"):
        model.predict_coordinates(query)


@pytest.mark.trains
def test_sections_that_are_standardized_are_judged_by_their_places():
    cells = log_normalized(simulated_tissue(600, 60, n_sections=3, seed=0))
    name = cells.obs["section"].astype(str)
    reference, query = cells[name != name.iloc[-1]].copy(), cells[name == name.iloc[-1]].copy()
    DPVAE.setup_anndata(reference, sample_key="section")
    model = DPVAE(reference, **QUICK, standardize="section")
    model.train(max_epochs=40, **QUIET)
    model.predict_coordinates(query)  # warnings are errors
    of_one = np.flatnonzero(name == name.iloc[0])
    near = np.linalg.norm(cells.obsm["spatial"] - cells.obsm["spatial"][of_one[0]], axis=1)
    model.predict_coordinates(cells[of_one[np.argsort(near[of_one])[:30]]].copy())
    rng = np.random.default_rng(0)
    query.X = np.stack([rng.permutation(gene) for gene in query.X.toarray().T], axis=1)
    with pytest.warns(
        UserWarning, match="The query is unlike the reference.*Found: its places are"
    ):
        model.predict_coordinates(query)
