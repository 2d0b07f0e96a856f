import logging

import numpy as np
import pytest
from tests.conftest import QUICK, QUIET, log_normalized

import dpvae
from dpvae.datasets import simulated_tissue
from dpvae.geometry.uncertainty.error_calibration import ErrorCalibration
from dpvae.model.atlas.calibration import hidden_fifth

SHORT = {"max_epochs": 3, "batch_size": 32, **QUIET}


@pytest.fixture(params=["DPVAE", "DPSCVI"])
def model(request, trained, trained_counts):
    return dpvae.model.load(trained if request.param == "DPVAE" else trained_counts)


@pytest.fixture
def unseen(model, counts, expression):
    """The 60 cells that the models of the fixtures have not seen."""
    return (expression if type(model).__name__ == "DPVAE" else counts)[180:].copy()


def fitted(reference, **options):
    dpvae.model.DPVAE.setup_anndata(reference, **options)
    model = dpvae.model.DPVAE(reference, **QUICK)
    model.train(**SHORT)
    return model


def test_unseen_cells_are_held_as_often_as_said(model, unseen):
    held = []
    for seed in range(25):
        order = np.random.default_rng(seed).permutation(60)
        model.calibrate(unseen[order[:30]].copy())
        rest = unseen[order[30:]].copy()
        regions = model.predict_regions(rest)
        truth = rest.obsm["spatial"]
        held.append([regions.in_discs(truth, 0.9).mean(), regions.in_ellipses(truth, 0.9).mean()])
    np.testing.assert_allclose(np.mean(held, axis=0), 28 / 31, atol=0.03)


def test_places_are_those_of_predict_coordinates(model, unseen):
    model.calibrate(unseen)
    regions = model.predict_regions(unseen)
    np.testing.assert_array_equal(regions.coordinates, model.predict_coordinates(unseen))


def test_calibration_is_saved_with_the_model(model, unseen, tmp_path):
    model.calibrate(unseen)
    before = model.predict_regions(unseen)
    model.save(tmp_path / "model")
    after = dpvae.model.load(tmp_path / "model").predict_regions(unseen)
    np.testing.assert_array_equal(after.radii(0.9), before.radii(0.9))
    np.testing.assert_array_equal(after.ellipses(0.5), before.ellipses(0.5))


def test_cells_of_unknown_place_do_not_calibrate(model, unseen):
    model.calibrate(unseen[:40].copy())
    expected = model.predict_regions(unseen).radii(0.9)
    unseen.obsm["spatial"][40:] = np.nan
    model.calibrate(unseen)
    np.testing.assert_array_equal(model.predict_regions(unseen).radii(0.9), expected)


@pytest.mark.trains
def test_second_model_learns_from_other_cells_with_the_same_arguments(expression, monkeypatch):
    expression.obsm["spatial"][:40] = np.nan
    model = fitted(expression)
    latent, before = model.get_latent_representation(), expression.copy()
    seen = {}
    errors_of = dpvae.model.DPVAE._errors_of

    def spy(second, cells):
        seen.update(second=second, cells=cells)
        return errors_of(second, cells)

    monkeypatch.setattr(dpvae.model.DPVAE, "_errors_of", spy)
    model.calibrate(**SHORT)
    second, hidden = seen["second"], seen["cells"]
    assert second.init_params_ == model.init_params_
    assert hidden.n_obs == 40
    assert np.isfinite(hidden.obsm["spatial"]).all()
    assert set(hidden.obs_names) | set(second.adata.obs_names) == set(expression.obs_names)
    assert second.adata.n_obs == 200
    np.testing.assert_array_equal(model.get_latent_representation(), latent)
    assert list(expression.obs) == list(before.obs)
    assert expression.uns == before.uns
    np.testing.assert_array_equal(expression.obsm["spatial"], before.obsm["spatial"])
    assert np.isfinite(model.predict_regions().radii(0.9)).all()


@pytest.mark.trains
def test_every_section_gives_a_fifth_and_is_placed_in_its_frame(sections):
    model = fitted(sections, sample_key="section")
    model.calibrate(**SHORT)
    names, n_cells = np.unique(sections.obs["section"], return_counts=True)
    frame = model.atlas_.calibration.frame
    assert [int((frame == name).sum()) for name in names] == [round(0.2 * n) for n in n_cells]
    foreign = sections.copy()
    foreign.obs["section"] = "elsewhere"
    with pytest.warns(UserWarning, match=r"does not have \(elsewhere\): their regions may be too"):
        model.predict_regions(foreign)
    with pytest.raises(ValueError, match=r"cells of the sections \['elsewhere'\]"):
        model.calibrate(foreign)


@pytest.mark.trains
def test_reference_on_disk_can_be_calibrated(expression, backed):
    model = fitted(backed(expression))
    model.calibrate(**SHORT)
    assert len(model.atlas_.calibration.errors) == 48


@pytest.mark.trains
def test_training_again_drops_the_calibration(expression):
    model = fitted(expression)
    model.calibrate(**SHORT)
    model.train(**SHORT)
    with pytest.raises(ValueError, match=r"not calibrated: call model.calibrate\(\)"):
        model.predict_regions()


def test_far_cells_are_warned_of(model, unseen, monkeypatch):
    model.calibrate(unseen)
    monkeypatch.setattr(ErrorCalibration, "share_far", lambda *_: 0.6)
    with pytest.warns(UserWarning, match="60% of the cells are further from the reference"):
        model.predict_regions(unseen)


def test_what_cannot_calibrate_is_refused(trained, expression, caplog):
    caplog.set_level(logging.ERROR)
    model = dpvae.model.load(trained)
    with pytest.raises(ValueError, match="180 of 180 cells of held_out are at places of cells"):
        model.calibrate(expression[:180].copy())
    with pytest.raises(ValueError, match="5 cells of known place, 9 are needed"):
        model.calibrate(expression[180:185].copy())
    without = expression[180:].copy()
    del without.obsm["spatial"]
    with pytest.raises(KeyError, match="held_out has no obsm"):
        model.calibrate(without)
    with pytest.raises(ValueError, match="loaded without an AnnData"):
        model.calibrate()
    assert model.atlas_.calibration is None
    few = log_normalized(simulated_tissue(40, 40, seed=0))
    with pytest.raises(ValueError, match="40 cells of known place, a fifth of which is too few"):
        fitted(few).calibrate(**SHORT)
    query = dpvae.model.DPVAE.load_query_data(expression[180:].copy(), trained)
    with pytest.raises(ValueError, match="made of a query and another model"):
        query.calibrate(**SHORT)
    dpvae.model.DPVAE.setup_anndata(few)
    with pytest.raises(RuntimeError, match="not trained"):
        dpvae.model.DPVAE(few, **QUICK).predict_regions()


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "n_known", "shapes"),
    [
        ("merfish_mouse_motor_cortex_gaston", 900, ["in_discs"]),
        ("st_mouse_brain_hippo2", 800, ["in_discs", "in_ellipses"]),
    ],
)
def test_regions_of_a_real_section_hold_what_they_say(real_section, name, n_known, shapes):
    adata = log_normalized(real_section(name))
    order = np.random.default_rng(0).permutation(adata.n_obs)
    model_cells, rest = adata[order[:n_known]].copy(), adata[order[n_known:]].copy()
    dpvae.model.DPVAE.setup_anndata(model_cells)
    model = dpvae.model.DPVAE(model_cells)
    model.train(**QUIET)
    model.calibrate(**QUIET)
    regions = model.predict_regions(rest)
    for shape in shapes:
        assert 0.83 < getattr(regions, shape)(rest.obsm["spatial"], 0.9).mean() < 0.97


def test_cells_in_another_unit_do_not_calibrate(model, unseen):
    unseen.obsm["spatial"] /= 1000
    with pytest.raises(ValueError, match="seem to have another unit than the reference"):
        model.calibrate(unseen)
    assert model.atlas_.calibration is None


def test_no_section_is_left_with_too_few_known_places(sections):
    names = sections.obs["section"].astype(str)
    rows = np.flatnonzero(names == names.iloc[0])
    sections.obsm["spatial"][rows[3:]] = np.nan
    hidden = hidden_fifth(sections.obsm["spatial"], names.to_numpy(str), seed=0)
    assert not hidden[rows].any()
    assert hidden.sum() == round(0.2 * (240 - len(rows)))
