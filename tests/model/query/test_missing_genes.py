import warnings

import numpy as np
import pandas as pd
import pytest
from tests.conftest import log_normalized, of_the_package

from dpvae.model import load
from dpvae.model.query.missing_genes import (
    check_share_of_missing,
    gene_columns,
    refuse_missing,
)

GENES = pd.Index(["a", "b", "c", "d"])


def test_columns_are_those_of_the_names():
    found = gene_columns(pd.Index(["d", "x", "a", "b"]), GENES)
    np.testing.assert_array_equal(found, [2, 3, -1, 0])


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a", "b", "b"], "1 gene name of the query occurs more than once"),
        (["A", "B"], r"none of the reference's 4 genes.*like 'a', the query like 'A'"),
        ([], "none of the reference's 4 genes.*no gene at all"),
    ],
)
def test_names_that_cannot_be_matched_are_refused(names, message):
    with pytest.raises(ValueError, match=message):
        gene_columns(pd.Index(names), GENES)


def test_another_species_is_asked_for_if_names_are_written_like_that():
    mouse = pd.Index(["Acss1", "Cck", "H19", "Snap25", "Mbp"])
    human = mouse.str.upper()
    asked = "Or is the query of another species"
    with pytest.raises(ValueError, match=f"only 1 of .*{asked}"):
        check_share_of_missing(human, mouse, allow_mostly_missing=False)
    with pytest.raises(ValueError, match=f"lacks 4 of .*{asked}"):
        refuse_missing(mouse.drop("H19"), mouse, "DPVAE", names=human)
    with pytest.raises(ValueError, match=f"none of .*proposes how.*{asked}"):
        gene_columns(human.drop("H19"), mouse)
    with pytest.raises(ValueError, match=r"proposes how\.$"):
        gene_columns(mouse + ".1", mouse)


def test_shared_genes_are_advised_before_zeros():
    refuse_missing(GENES[:0], GENES, "DPVAE", names=GENES)
    with pytest.raises(ValueError, match=r"lacks 1 of the reference's 4 genes \(c\)") as error:
        refuse_missing(GENES[2:3], GENES, "DPVAE", names=GENES)
    text = str(error.value)
    assert 0 < text.index("train the reference on the genes") < text.index("prepare_query_anndata")


@pytest.fixture
def model(trained):
    return load(trained)


@pytest.fixture
def query(counts):
    return log_normalized(counts)[180:].copy()


@pytest.mark.trains
def test_few_missing_genes_are_filled_in_silence(model, query):
    part = query[:, 1:].copy()
    with warnings.catch_warnings(action="error", category=UserWarning):
        full = type(model).prepare_query_anndata(part, model, inplace=False)
    assert part.n_vars == 39
    assert full.var_names.tolist() == list(model.get_var_names())
    assert full[:, query.var_names[0]].X.sum() == 0
    np.testing.assert_array_equal(full[:, part.var_names].X.toarray(), part.X.toarray())


@pytest.mark.trains
@pytest.mark.parametrize("place", ["model", "path", "text"])
def test_many_missing_genes_are_counted_once(model, trained, query, place):
    source = {"model": model, "path": trained, "text": str(trained)}[place]
    part = query[:, 10:].copy()
    with pytest.warns(UserWarning, match="10 of the reference's 40 genes are not in") as found:
        assert type(model).prepare_query_anndata(part, source) is None
    assert [warning.filename for warning in of_the_package(found)] == [__file__]
    assert part.n_vars == 40


@pytest.mark.trains
def test_a_query_without_most_genes_is_refused_unless_that_is_asked_for(model, query):
    part = query[:, :19].copy()
    with pytest.raises(ValueError, match=r"only 19 of the reference's 40 genes \(48 %\)") as error:
        type(model).prepare_query_anndata(part, model)
    assert "allow_mostly_missing=True" in str(error.value)
    assert part.n_vars == 19
    with pytest.warns(UserWarning, match="21 of the reference's 40 genes"):
        type(model).prepare_query_anndata(part, model, allow_mostly_missing=True)
    assert part.n_vars == 40


@pytest.mark.trains
def test_no_shared_gene_is_answered_with_the_names(model, query):
    query.var_names = [f"ENSG{number}" for number in range(40)]
    with pytest.raises(ValueError, match=r"none of the reference's 40 genes.*'ENSG0'"):
        type(model).prepare_query_anndata(query, model, allow_mostly_missing=True)
