import pytest
import scvi

from dpvae.model import DPSCVI, DPVAE


@pytest.mark.parametrize("cls", [DPSCVI, DPVAE])
def test_a_model_without_data_is_refused_with_what_takes_its_place(counts, cls):
    with pytest.raises(ValueError, match=f"{cls.__name__} was given no data, but .*backed='r'"):
        cls()
    scvi.model.SCVI.setup_anndata(counts)
    registry = scvi.model.SCVI(counts).registry
    with pytest.raises(ValueError, match=f"{cls.__name__} was given a registry without coord"):
        cls(registry=registry)
