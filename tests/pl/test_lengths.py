import pytest

from dpvae.pl.lengths import length_text, with_unit


@pytest.mark.slow
@pytest.mark.parametrize(
    ("length", "text"),
    [
        (0.01234, "0.0123 µm"),
        (1.2345, "1.23 µm"),
        (99.96, "100 µm"),
        (190.4, "190 µm"),
        (2020.3, "2,020 µm"),
        (1.5e6, "1,500,000 µm"),
    ],
)
def test_lengths_have_three_digits_or_all_before_the_point(length, text):
    assert length_text(length, "µm") == text


def test_a_unit_may_be_unknown():
    assert length_text(5.0, None) == "5"


def test_labels_have_the_unit_if_there_is_one():
    assert with_unit("error", "µm") == "error (µm)"
    assert with_unit("error", None) == with_unit("error", "") == "error"
