import pytest
import scvi

import dpvae
from dpvae.model import DPSCVI, DPVAE

from ..conftest import QUIET  # noqa: TID252


def test_class_is_found_in_the_directory(trained, trained_counts):
    assert isinstance(dpvae.model.load(trained), DPVAE)
    assert isinstance(dpvae.model.load(trained_counts), DPSCVI)


def test_a_directory_without_a_model_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"holds no saved model \(no file model.pt\)"):
        dpvae.model.load(tmp_path)


@pytest.mark.trains
@pytest.mark.filterwarnings("ignore")
def test_a_model_of_another_package_is_refused(counts, tmp_path):
    scvi.model.SCVI.setup_anndata(counts)
    model = scvi.model.SCVI(counts)
    model.train(max_epochs=1, **QUIET)
    model.save(str(tmp_path / "scvi"))
    with pytest.raises(ValueError, match="holds a SCVI, not a model of dpvae"):
        dpvae.model.load(tmp_path / "scvi")
