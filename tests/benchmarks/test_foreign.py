import anndata as ad
import numpy as np
import pandas as pd
import pytest
from benchmarks.accuracy.sections import Section
from benchmarks.foreign.cases import (
    FOREIGN,
    PAIR,
    PARTS,
    TECHNOLOGY,
    ZEROS,
    Case,
    is_stranger,
    planned,
)
from benchmarks.foreign.page import page
from benchmarks.foreign.preparation import genes_of, parts_of, prepared_query, prepared_reference
from scipy.sparse import csr_matrix

NAMES = ["dlpfc_1", "dlpfc_2", "st_her2_breast_tumour_A1", "xenium_human_breast_cancer_aligned"]


def section(name, genes="abcdefgh"):
    rng = np.random.default_rng(len(name))
    counts = csr_matrix(rng.poisson(3, size=(120, len(genes))).astype(np.float32))
    adata = ad.AnnData(counts, var=pd.DataFrame(index=list(genes)))
    adata.obsm["spatial"] = rng.uniform(size=(120, 2))
    return Section(name, adata, holds_counts=True)


def test_every_reference_has_parts_pairs_and_strangers():
    cases = planned([section(name) for name in NAMES])
    of_first = [case for case in cases if case.reference == NAMES[0]]
    assert {case.kind for case in of_first} == {*PARTS, PAIR, ZEROS}
    assert {case.query for case in of_first if case.kind == ZEROS} == set(NAMES[2:])
    assert Case(NAMES[0], NAMES[1], PAIR) in cases
    assert not any(case.kind == FOREIGN for case in cases)  # other names than in the list


def test_a_model_is_trained_for_a_partner_only_where_it_must():
    assert Case("a:1", "b", ZEROS).model == "a_1__"
    assert Case("a:1", "b", FOREIGN).model == "a_1__b"
    assert Case("a", "b", TECHNOLOGY).partner == "b"


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        ("dlpfc_151507", "st_her2_breast_tumour_A1", True),
        ("dlpfc_151507", "osmfish_ss_cortex", False),
        ("st_mouse_olfactory_bulb_1", "st_mouse_brain_hippo1", True),
        ("visium_v1_adult_mouse_brain", "st_mouse_olfactory_bulb_1", False),
        ("xenium_human_breast_cancer_aligned", "st_breast_cancer_stahl_layer1", False),
    ],
)
def test_strangers_are_of_another_organ(one, two, expected):
    assert is_stranger(one, two) is expected


def test_parts_do_not_overlap_and_one_is_contiguous():
    places = np.random.default_rng(0).uniform(size=(500, 2))
    reference, contiguous, random = parts_of(places)
    assert sorted([*reference, *contiguous, *random]) == list(range(500))
    assert (len(contiguous), len(random)) == (100, 80)
    assert places[contiguous].std() < 0.7 * places.std()
    assert places[random].std() == pytest.approx(places.std(), rel=0.15)


def test_genes_are_those_of_the_tissue_or_of_the_partner():
    sections = {"dlpfc_1": "abcd", "dlpfc_2": "bcde", "liver": "axyz"}
    counts = {name: section(name, genes).adata for name, genes in sections.items()}
    assert genes_of("dlpfc_1", counts, "").tolist() == ["b", "c", "d"]
    assert genes_of("dlpfc_1", counts, "liver").tolist() == ["a"]


def test_reference_and_query_come_to_one_depth():
    cells = section("dlpfc_1").adata
    reference, depth = prepared_reference(cells, list("abcdef"), holds_counts=True)
    assert reference.var_names.tolist() == list("abcdef")
    query = prepared_query(cells, list("abcdef"), depth, most=50)
    assert query.n_obs == 50
    for adata in (reference, query):
        np.testing.assert_allclose(np.expm1(adata.X.toarray()).sum(axis=1), depth, rtol=1e-4)


def test_page_counts_alarms():
    row = {"n_cells": 50, "n_genes": 100, "n_present": 100, "is_refused": False, "n_silent": 0}
    row |= {"is_warned": False, "share": 0.0, "spread": 0.5, "narrowest": 0.4}
    rows = [
        {**row, "reference": "a", "query": "a", "kind": PARTS[0], "difference": 0.1},
        {**row, "reference": "b", "query": "b", "kind": PARTS[0], "difference": 0.2},
        {**row, "reference": "a", "query": "c", "kind": ZEROS, "difference": 0.9},
    ]
    rows[2] |= {"is_warned": True, "is_refused": True, "n_present": 30}
    text = page(pd.DataFrame(rows).assign(correlation=[0.99, 0.95, 0.3]))
    assert "| random fifth | others | 2 | 0 | 0 | ≤ 0.20 | ≥ 0.95 |" in text
    assert "| foreign, zeros | others | 1 | 1 | 1 | ≥ 0.90 | ≤ 0.30 |" in text
    assert "| a → c | 30 of 100 | refused | 0.90 | 0.30 | 0.00 | 0.50 |" in text
