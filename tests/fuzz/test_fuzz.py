"""A small, seeded number of malformed and unusual inputs; ``python -m tests.fuzz`` runs many."""

import pytest
from tests.fuzz.__main__ import table
from tests.fuzz.cases import draw
from tests.fuzz.verdict import run
from tests.fuzz.world import World

N_CASES = 120


@pytest.mark.trains
def test_unusual_input_is_right_or_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    world = World(tmp_path)
    outcomes = [run(case, world) for case in draw(N_CASES, seed=0)]
    ran = [outcome for outcome in outcomes if outcome is not None]
    assert len(ran) > 0.8 * N_CASES
    assert any(outcome.is_refused for outcome in ran)
    findings = [outcome for outcome in ran if outcome.verdict]
    assert not findings, f"\n{table(findings)}"


@pytest.mark.slow
def test_cases_depend_on_the_seed_alone():
    first, again, other = ([str(case) for case in draw(30, seed)] for seed in (1, 1, 2))
    assert first == again
    assert first != other
