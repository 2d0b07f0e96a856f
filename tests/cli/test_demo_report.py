"""What the demo of the command line says."""

import re
import warnings
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from dpvae.cli.demo_report import as_rich_table, slides_as_one, verdict
from dpvae.metrics import SCORES
from dpvae.model import DPSCVI


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ({"DPVAE": 0.09, "kNN": 0.2}, "Procrustes 0.09, .* these places are recovered well"),
        ({"DPVAE": 0.3, "kNN": 0.5}, "these places are recovered in the large"),
        ({"DPVAE": 0.7, "kNN": 0.8}, "these places are recovered only roughly"),
        ({"DPSCVI": 0.86, "kNN": 0.9}, "DPSCVI.*close to chance: see “How good is it?”"),
        ({"DPVAE": 0.3, "kNN": 0.29}, "these places are recovered in the large"),
        ({"DPVAE": 0.3, "kNN": 0.4, "ridge": 0.2}, "ridge does better here: see “How good is it"),
        ({"DPVAE": 0.9, "kNN": 0.5}, "close to chance"),
    ],
)
def test_the_verdict_tells_success_from_chance(scores, expected):
    table = pd.DataFrame(
        {"procrustes_disparity": scores, "normalized_stress": dict.fromkeys(scores, 0.0)}
    )
    sentence = verdict(table.loc[list(scores)])
    assert sentence.count("\n") == 0
    assert re.search(expected.replace("?", r"\?"), sentence)


def test_no_score_of_slides_that_are_scored_as_one_is_praised():
    table = pd.DataFrame({"procrustes_disparity": {"DPVAE": 0.03, "kNN": 0.01}})
    sentence = verdict(table, "but several slides seem to be scored as one section.")
    assert sentence == (
        "DPVAE: Procrustes 0.03, where 0 is perfect and 1 is chance, but several slides seem to be "
        "scored as one section."
    )


@pytest.mark.parametrize(
    ("shift", "expected"),
    [(50, "little more than on which slide a cell is. Give --sample-key slide"), (0, "this means")],
)
def test_slides_without_a_key_are_found_when_setup_warns(counts, shift, expected):
    counts.obs["slide"] = np.where(np.arange(240) % 2, "a", "b")
    counts.obs["hidden"] = np.arange(240) % 5 == 0
    counts.obsm["spatial"][::2, 0] += shift * np.ptp(counts.obsm["spatial"][:, 0])
    for key, doubt in ((None, expected), ("slide", "")):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            DPSCVI.setup_anndata(counts[~counts.obs["hidden"]].copy(), sample_key=key)
        has_warned = any("set up as one section" in str(found.message) for found in caught)
        assert has_warned == (key is None)
        found = slides_as_one(counts, spatial_key="spatial", sample_key=key)
        assert doubt in found
        assert bool(found) == has_warned


def test_the_table_for_readers_is_titled_and_explained_by_the_table_of_scores():
    names = ["procrustes_disparity", "neighbor_overlap", "spread_ratio"]
    table = as_rich_table(pd.DataFrame([[0.25, 0.5, 1.0]], ["DPVAE"], names), [76, 2001])
    assert [column.header for column in table.columns[1:]] == [SCORES[n].title for n in names]
    for name in names[:2]:
        assert f"{SCORES[name].title} {SCORES[name].scale([76, 2001])}" in table.caption
    assert "neighbour overlap 1 → 0.1." in table.caption  # the mean of 15 of 75, and 15 of 2000
    assert table.caption.endswith(". A spread ratio below 1: places are drawn to the centre.")
    assert "1 → 1" not in table.caption


@pytest.mark.parametrize(("error", "shown"), [(345.6, "346"), (1234567.8, "1,234,568")])
def test_nothing_of_the_table_is_cut_in_a_terminal_of_eighty_columns(error, shown):
    names = ("procrustes_disparity", "normalized_stress", "distance_spearman", "neighbor_overlap")
    names += ("median_error", "spread_ratio")
    scores = pd.DataFrame([[0.0324] * 4 + [error, 0.93]] * 2, ["Surfaces", "SPALDVAE"], names)
    console = Console(width=80, file=StringIO())
    console.print(as_rich_table(scores, [76]))
    text = console.file.getvalue()
    words = [word for name in names for word in SCORES[name].title.split()]
    heading, rows = text.split("━")[0], text.split("━")[-1]
    assert [word for word in words if word not in heading] == []
    assert [word for word in [*scores.index, "0.0324", shown] if word not in rows] == []
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 80
