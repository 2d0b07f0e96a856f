import numpy as np
import pytest
import torch

from dpvae.module.number import is_number


@pytest.mark.parametrize("value", [0, 0.3, -2, np.float32(0.5), np.int64(3), True])
def test_finite_real_numbers_are_numbers(value):
    assert is_number(value)


@pytest.mark.parametrize(
    "value",
    ["0.3", None, float("nan"), np.float32("inf"), 1j, [0.3], np.ones(1), torch.ones(1)],
)
def test_nothing_else_is(value):
    assert not is_number(value)
