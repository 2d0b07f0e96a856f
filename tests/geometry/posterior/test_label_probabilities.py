import numpy as np
import pandas as pd

from dpvae.geometry import LabelProbabilities

TABLE = pd.DataFrame(
    {"b": [0.2, 0.5, 0.45, 0.9], "a": [0.7, 0.5, 0.3, 0.1], "c": [0.1, 0, 0.25, 0]}
)


def test_the_likeliest_label_unless_it_is_too_unlikely_or_the_cell_too_unlike():
    found = LabelProbabilities(TABLE, np.array([1.0, 2.0, 1.0, 2.1]))
    assert len(found) == 4
    np.testing.assert_allclose(found.highest, [0.7, 0.5, 0.45, 0.9])
    assert found.likeliest(at_least=0.5).tolist() == ["a", "b", None, None]
    assert found.likeliest(at_least=0.0, most_unlike=9.0).tolist() == ["a", "b", "b", "b"]
    assert found.likeliest(at_least=0.8, most_unlike=9.0).tolist() == [None, None, None, "b"]


def test_is_shown_in_one_line():
    assert (
        repr(LabelProbabilities(TABLE, np.ones(4))) == "Probabilities of 4 cells of ['b', 'a', 'c']"
    )
