"""The backbone of the guide for contributors, as it stands there."""

import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from tests.conftest import QUIET

from dpvae._models import MODELS, ModelEntry
from dpvae.cli.jobs import place_query, train_model
from dpvae.model import load

GUIDE = Path(__file__).parents[1] / "docs" / "contributing.md"


@pytest.fixture
def toy(monkeypatch):
    """Its class, from the first block of the page; its line of the table is the second."""
    text = GUIDE.read_text(encoding="utf-8").split("## Adding a backbone")[1]
    code, line = re.findall(r"```python\n(.*?)```", text, re.DOTALL)[:2]
    assert len(code.splitlines()) <= 40
    module = ModuleType("dpvae.model.backbones.toy")
    exec(code, module.__dict__)
    module.Toy.__module__ = module.__name__
    monkeypatch.setitem(sys.modules, module.__name__, module)
    entries = eval(f"{{{line.splitlines()[1]}}}", {"ModelEntry": ModelEntry})
    monkeypatch.setattr("dpvae._models.MODELS", {**MODELS, **entries})
    for user in ("dpvae.cli.jobs", "dpvae.model.load"):
        monkeypatch.setattr(sys.modules[user], "MODELS", {**MODELS, **entries})
    return entries["toy"].load()


@pytest.mark.trains
def test_the_backbone_of_the_guide_does_what_a_model_does(toy, expression, tmp_path):
    reference, query = expression[:180].copy(), expression[180:, ::-1].copy()
    del query.obsm["spatial"]
    toy.setup_anndata(reference)
    model = toy(reference)
    model.train(max_epochs=60, batch_size=32, **QUIET)
    places = model.predict_coordinates(query)
    errors = np.linalg.norm(places - expression.obsm["spatial"][180:], axis=1)
    assert np.median(errors) < 0.6 * model.setup.unit
    model.save(tmp_path / "model")
    loaded = load(tmp_path / "model")
    assert type(loaded) is toy
    np.testing.assert_array_equal(loaded.predict_coordinates(query), places)
    found = model.predict_posterior(query)
    np.testing.assert_array_equal(loaded.predict_posterior(query).mean(), found.mean())
    again = toy.load_query_data(expression[180:].copy(), tmp_path / "model")
    again.train(max_epochs=1, batch_size=32, **QUIET)
    assert np.isfinite(again.predict_coordinates()).all()


@pytest.mark.trains
def test_the_command_line_knows_the_backbone_of_the_guide(toy, counts, tmp_path):
    trained = train_model(counts[:180].copy(), model_name="toy", epochs=2)
    assert type(trained) is toy
    trained.save(tmp_path / "model")
    query = counts[180:].copy()
    del query.obsm["spatial"]
    placed = place_query(tmp_path / "model", query, section=None, add_missing_genes=False)
    assert np.isfinite(placed.obsm["spatial_dpvae"]).all()
