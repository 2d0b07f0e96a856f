import numpy as np
import pandas as pd
import pytest
from benchmarks.cortex.methods import METHODS
from benchmarks.cortex.page import page
from benchmarks.cortex.scores import section_scores, task_scores
from benchmarks.cortex.tasks import luna_task, unit_places

from dpvae import metrics
from dpvae.datasets import simulated_tissue


@pytest.fixture
def files(tmp_path):
    """Two files as LUNA's: genes, then coordinates, section and class."""
    adata = simulated_tissue(150, 30, n_sections=3, seed=0)
    table = pd.DataFrame(adata.X.toarray(), columns=adata.var_names)
    table["coord_X"], table["coord_Y"] = 700.0 * adata.obsm["spatial"].T
    table["cell_section"] = adata.obs["section"].to_numpy()
    table["cell_class"] = adata.obs["domain"].to_numpy()
    is_new = table["cell_section"] == table["cell_section"].unique()[-1]
    paths = tmp_path / "train.csv", tmp_path / "test.csv"
    table[~is_new].to_csv(paths[0], index=False)
    table[is_new].to_csv(paths[1], index=False)
    return paths


def test_places_are_centered_and_have_range_one():
    rng = np.random.default_rng(0)
    names = np.repeat(["a", "b"], 30)
    places = unit_places(rng.normal(size=(60, 2)) * [5.0, 1.0] + 9.0, names)
    for name in ("a", "b"):
        mine = places[names == name]
        np.testing.assert_allclose(mine.mean(axis=0), 0.0, atol=1e-12)
        assert np.ptp(mine, axis=0).max() == pytest.approx(1.0)
        assert np.ptp(mine, axis=0).min() < 0.5


def test_files_of_luna_become_a_task(files):
    task = luna_task(*files)
    assert (task.reference.n_obs, task.query.n_obs) == (100, 50)
    assert not set(task.reference.var_names) & {"coord_X", "coord_Y", "cell_section", "cell_class"}
    assert "spatial" not in task.query.obsm
    assert np.ptp(task.truth, axis=0).max() == pytest.approx(1.0)
    assert len(task.classes) == 50
    assert [int(mine.sum()) for _, mine in task.sections()] == [50]


def test_the_oracle_and_neighbors_are_scored(files):
    task = luna_task(*files)
    oracle = task_scores(task, METHODS["mean of class (oracle)"](task))
    near = task_scores(task, METHODS["kNN, one reference"](task))
    assert len(oracle) == len(near) == 1
    (places,) = METHODS["mean of class (oracle)"](task)
    for name in np.unique(task.classes):
        mine = task.classes == name
        expected = np.broadcast_to(task.truth[mine].mean(axis=0), (mine.sum(), 2))
        np.testing.assert_allclose(places[mine], expected)
    assert oracle["procrustes"][0] < 1.0


def test_scores_are_those_of_the_package():
    rng = np.random.default_rng(0)
    truth, classes = rng.uniform(size=(80, 2)), np.repeat(["a", "b"], 40)
    places = truth + 0.1 * rng.normal(size=(80, 2))
    found = section_scores(truth, places, classes)
    assert found["spearman"] == metrics.cell_distance_spearman(truth, places)
    assert found["rssd_of_classes"] == metrics.rssd_by_class(truth, places, classes).sum()
    assert np.isnan(section_scores(truth, places, None)["rssd_of_classes"])


def test_the_page_has_a_table_for_each_task():
    scores = dict.fromkeys(["spearman", "contacts_01", "contacts_10", "procrustes", "rssd"], 0.25)
    rows = [
        {"task": task, "section": section, "method": "kNN", "seed": 0, **scores}
        for task, section in (("one", "x"), ("one", "y"), ("two", "z"))
    ]
    text = page(pd.DataFrame(rows).assign(rssd_of_classes=np.nan))
    assert text.index("## one") < text.index("## two")
    assert "kNN | 2 | 1 | 0.250" in text
    assert "sum over classes |" not in text.split("## one")[1]
