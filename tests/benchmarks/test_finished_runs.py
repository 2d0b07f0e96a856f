import pandas as pd
import pytest
from benchmarks.finished_runs import FinishedRuns


@pytest.fixture
def runs(tmp_path):
    return FinishedRuns(tmp_path / "runs.csv", ["section", "seed"])


def test_nothing_has_ended_before_there_is_a_file(runs):
    assert not runs.hold("a", 0)
    assert list(runs.table().columns) == ["section", "seed"]


def test_what_was_added_has_ended_also_when_it_is_read_anew(runs):
    runs.add([{"section": "a", "seed": 0, "error": 0.1}])
    again = FinishedRuns(runs.path, runs.keys)
    again.add([{"section": "b, of two", "seed": 1, "error": 0.2}])
    assert again.hold("a", 0)
    assert again.hold("b, of two", 1)
    assert not again.hold("a", 1)
    assert again.table()["error"].tolist() == [0.1, 0.2]


def test_columns_find_their_place_by_name(runs):
    runs.add([{"section": "a", "seed": 0, "error": 0.1}])
    runs.add(pd.DataFrame({"error": [0.2], "seed": [1], "section": ["b"]}))
    assert runs.table()["error"].tolist() == [0.1, 0.2]
    assert runs.hold("b", 1)
