import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from dpvae.model import DPVGAE
from dpvae.model.data.technology import Technologies, n_neighborhood


@pytest.fixture
def technologies():
    measured = np.array([[True] * 4, [True, True, False, False]])
    return Technologies("technology", np.array(["a", "b"]), measured, np.array([False, True]))


def cells(names):
    return AnnData(np.zeros((len(names), 4)), obs=pd.DataFrame({"technology": names}))


@pytest.mark.filterwarnings("ignore:Transforming to str index")
def test_codes_and_genes_of_some_cells(technologies):
    assert technologies.codes(cells(["b", "a", "b"])).tolist() == [1, 0, 1]
    assert technologies.measured_in(cells(["b", "b"])).tolist() == [True, True, False, False]
    assert technologies.measured_in(cells(["b", "a"])).all()
    assert technologies.shared.tolist() == [True, True, False, False]


@pytest.mark.filterwarnings("ignore:Transforming to str index")
def test_names_that_the_reference_does_not_have_are_refused(technologies):
    with pytest.raises(ValueError, match=r"has \['c'\], but the model knows \['a', 'b'\]"):
        technologies.codes(cells(["a", "c"]))
    with pytest.raises(KeyError, match=r"There is no obs\['technology'\]"):
        technologies.codes(AnnData(np.zeros((2, 4))))


def test_a_tissue_that_was_not_joined_is_answered_with_the_call(counts):
    obs = list(counts.obs)
    with pytest.raises(
        KeyError, match=r"no adata.obs\['technology'\].*dpvae\.tl\.join\(cells, tissue\)"
    ):
        DPVGAE.setup_anndata(counts)
    assert list(counts.obs) == obs


def test_a_model_of_one_technology_has_none():
    assert Technologies.of({"field_registries": {}}) is None


@pytest.mark.parametrize(("n_shared", "expected"), [(10, 5), (60, 30), (1000, 50)])
def test_few_genes_make_few_components(n_shared, expected):
    assert n_neighborhood(n_shared) == expected
