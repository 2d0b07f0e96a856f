import numpy as np
import pytest

from dpvae._data.whole_number import check_seed, check_whole, is_whole


@pytest.mark.parametrize("number", [1, np.int64(7), np.uint8(3)])
def test_integers_are_whole(number):
    assert is_whole(number)
    check_whole(number, "n")


@pytest.mark.parametrize("number", ["1", 2.0, True, None, [1]])
def test_other_things_are_not(number):
    assert not is_whole(number)
    with pytest.raises(ValueError, match=r"^n is .*: give a positive integer, or not\.$"):
        check_whole(number, "n", remedy=", or not")


def test_nothing_below_one_is_a_number_of_things():
    with pytest.raises(ValueError, match="n is 0: give a positive integer"):
        check_whole(0, "n")


@pytest.mark.parametrize("seed", [-1, 1.5, "3", None, True])
def test_seeds_are_whole_and_not_negative(seed):
    check_seed(0)
    check_seed(np.int64(2**40))
    with pytest.raises(ValueError, match=r"^seed is .*: give an integer of at least 0\.$"):
        check_seed(seed)
