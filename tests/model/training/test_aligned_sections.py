import numpy as np
import pytest

from dpvae.model.training.aligned_sections import with_sections

TWO = np.array(["reference", "query", "query"])


@pytest.mark.parametrize("plan", [None, {}, {"lr": 0.1}, {"alignment": None}])
def test_without_alignment_nothing_is_added(plan):
    assert with_sections(plan, TWO, 2) == (plan or {})


def test_the_plan_is_told_how_many_sections_the_model_knows():
    plan = {"alignment": "kernel", "lr": 0.1}
    assert with_sections(plan, TWO, 3) == {**plan, "n_sections": 3}
    assert plan == {"alignment": "kernel", "lr": 0.1}


def test_cells_of_one_section_are_refused_whatever_the_model_knows():
    with pytest.raises(ValueError, match="makes sections alike, and there is one"):
        with_sections({"alignment": "kernel"}, TWO[1:], 2)
