import numpy as np
import pytest

from dpvae.model import DPSCVI, DPVAE
from dpvae.model.data.setup import Setup, section_column


def test_sections_are_named_by_sample_else_by_batch():
    assert section_column({"sample_key": "s", "batch_key": "b"}) == "s"
    assert section_column({"sample_key": None, "batch_key": "b"}) == "b"
    assert section_column({"sample_key": None, "batch_key": None}) is None


def test_what_was_set_up_is_read_once_and_cannot_be_changed(counts):
    counts.obs["donor"] = np.where(np.arange(240) % 2, "one", "two")
    counts.obs["size"] = 1.0
    counts.layers["raw"] = counts.X.copy()
    DPSCVI.setup_anndata(counts, layer="raw", batch_key="donor", size_factor_key="size")
    model = DPSCVI(counts, n_hidden=8, n_layers=1)
    setup = model.setup
    assert setup is model.setup
    assert (setup.layer, setup.spatial_key, setup.section_key) == ("raw", "spatial", "donor")
    assert (setup.model_name, setup.kind, setup.n_cells) == ("DPSCVI", "counts", 240)
    assert setup.genes.tolist() == counts.var_names.tolist()
    assert setup.sections.tolist() == ["one", "two"]
    assert setup.categories["size"] is None
    assert setup.categories["donor"].tolist() == ["one", "two"]
    assert setup.unit == pytest.approx(float(model.module.distance_term.unit))
    with pytest.raises(AttributeError):
        setup.unit = 1.0


def test_registries_that_mean_the_same_give_the_same_setup(sections, tmp_path):
    DPVAE.setup_anndata(sections, sample_key="section")
    model = DPVAE(sections, n_hidden=8, n_layers=1)
    model.save(tmp_path / "model", save_anndata=False)
    found, expected = Setup.of(DPVAE.load_registry(tmp_path / "model")), model.setup
    assert found.arguments == expected.arguments
    assert found.sections.tolist() == expected.sections.tolist()
    assert (found.n_dims, found.unit, found.code_column) == (
        expected.n_dims, expected.unit, expected.code_column,
    )  # fmt: skip
