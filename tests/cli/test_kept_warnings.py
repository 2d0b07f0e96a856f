"""Warnings that a file keeps."""

import warnings

import pytest

from dpvae.cli.kept_warnings import kept_warnings


def kept_of(*given):
    """What is kept of warnings of these categories and messages."""
    with kept_warnings() as kept:
        for category, message in given:
            warnings.warn(message, category, stacklevel=1)
    return kept


def test_warnings_of_users_are_kept_once_and_all_are_shown():
    unlike, depth = (UserWarning, "The query is unlike."), (UserWarning, "Another depth.")
    with pytest.warns() as shown:
        kept = kept_of(unlike, unlike, depth, (FutureWarning, "Soon gone."))
    assert kept == ["The query is unlike.", "Another depth."]
    assert {str(found.message) for found in shown} == {*kept, "Soon gone."}


def test_warnings_before_an_error_are_shown():
    def failing():
        with kept_warnings():
            warnings.warn("Another depth.", UserWarning, stacklevel=1)
            raise KeyError

    with pytest.warns(UserWarning, match="Another depth"), pytest.raises(KeyError):
        failing()


def test_without_warnings_nothing_is_kept():
    assert kept_of() == []


def test_what_is_ignored_is_not_kept():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Another depth")
        assert kept_of((UserWarning, "Another depth.")) == []
