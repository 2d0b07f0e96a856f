import anndata
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from dpvae.tl.joint_obs import joint_obs
from dpvae.tl.technology import technologies_of


def joined(**tables):
    """Columns of technologies of four cells each, the last of them imaged."""
    cells = {}
    for name, columns in tables.items():
        index = [f"{number}" for number in range(4)]
        cells[name] = AnnData(np.ones((4, 2)), obs=pd.DataFrame(columns, index=index))
    technologies = technologies_of(cells, "cells", layer=None)
    sections = [np.repeat(f"section of {name}", 4) for name in tables]
    return joint_obs(technologies, sections)


def test_columns_of_kinds_that_do_not_go_together_are_text(tmp_path):
    first = {"batch": [1.0, None, "one", "two"], "only": [True, False, True, True]}
    second = {
        "batch": pd.Categorical([1, 2, 1, 2]),
        "day": pd.Timestamp("2020-01-01"),
        7: pd.array([0.5, None, 1, 2], dtype="Float64"),
        "range": pd.cut([1, 2, 3, 4], 2),
    }
    obs = joined(a=first, b=second)
    assert obs["batch"].tolist()[2:] == ["one", "two", "1", "2", "1", "2"]
    assert obs["batch"].iloc[0] == "1"
    assert obs["batch"].isna().tolist() == [False, True] + [False] * 6
    assert obs["day"].iloc[-1].startswith("2020-01-01")
    assert obs["7"].tolist() == pytest.approx([np.nan] * 4 + [0.5, np.nan, 1, 2], nan_ok=True)
    assert obs["only"].tolist()[:4] == first["only"]
    AnnData(obs=obs).write_h5ad(tmp_path / "obs.h5ad")
    pd.testing.assert_frame_equal(anndata.read_h5ad(tmp_path / "obs.h5ad").obs, obs)


def test_numbers_stay_numbers_and_kinds_stay_as_they_are():
    values = np.array([1, 2, 3, 4])
    obs = joined(
        a={"number": values, "short": values.astype("f4"), "object": values.astype(object)},
        b={"number": values, "short": values.astype("f4"), "object": values.astype(object)},
    )
    assert [obs[name].dtype for name in ("number", "short", "object")] == ["i8", "f4", "i8"]
    assert obs["number"].tolist() == [1, 2, 3, 4, 1, 2, 3, 4]


def test_technology_and_section_come_first_and_names_differ():
    obs = joined(b={"x": 1}, a={"x": 2})
    assert obs.columns.tolist() == ["technology", "section", "x"]
    assert obs["technology"].cat.categories.tolist() == ["b", "a"]
    assert obs["section"].iloc[[0, -1]].tolist() == ["section of b", "section of a"]
    assert obs.index.tolist() == [f"{name}-{number}" for name in "ba" for number in range(4)]


def test_names_that_occur_twice():
    double = {"x": 1, 1: 2, "1": 3}
    with pytest.raises(ValueError, match=r"Several columns of cells\['a'\]\.obs are called '1'"):
        joined(a=double, b={})
    one, other = (AnnData(np.ones((2, 2))) for _ in range(2))
    one.obs_names, other.obs_names = ["b-x", "x"], ["x", "y"]
    technologies = technologies_of({"a": one, "a-b": other}, "cells", layer=None)
    with pytest.raises(ValueError, match="Two cells would be called 'a-b-x'"):
        joint_obs(technologies, [np.array(["", ""])] * 2)
