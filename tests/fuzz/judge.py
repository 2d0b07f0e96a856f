"""What is wrong with the outcome of a call: the three promises."""

import linecache
import re
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import dpvae

SOURCE = Path(dpvae.__file__).parent
KINDS = (ValueError, KeyError, TypeError, RuntimeError, OSError)
WORDS = {
    "expression": r"\.X\b|layers\[|\bgenes?\b|\bvalues?\b|reference",
    "coordinates": r"obsm\[|known places",
    "latents": r"obsm\[|latent",
    "sections": r"(?i)\.obs\b|section",
    "batches": r"(?i)\.obs\b|section",
    "sizes": r"\.obs\b",
    "array": "coordinates|positions|places|latent|true|recovered|source|target|values",
    "cells": r"adata|query|reference|\bcells?\b|\bgenes?\b|AnnData|\bfile\b",
}


class RefusedByShellError(Exception):
    """The command line ended with exit code 1 or 2 and a message."""


class BareInShellError(Exception):
    """The command line ended in a traceback, or without a word."""


class CannotBeWrittenError(Exception):
    """The cells cannot be stored in an h5ad file at all, so no shell sees them."""


def attempted(call: Callable[[], Any]) -> tuple[Any, Exception | None]:
    """Call, and give what came of it, or the error."""
    try:
        return call(), None
    except Exception as error:  # noqa: BLE001
        return None, error


def fault_of_error(error: Exception, words: str) -> str | None:
    """Say what is wrong with an error, if anything: its kind, where it comes from, its message.

    A good error is raised by this package itself, on purpose: the innermost line of its traceback
    is a ``raise`` of ours. And its message names what is at fault, which ``words`` describes.
    """
    message = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    if isinstance(error, BareInShellError):
        return f"traceback in the shell: {message}"
    if not isinstance(error, RefusedByShellError):
        innermost = traceback.extract_tb(error.__traceback__)[-1]
        line = linecache.getline(innermost.filename, innermost.lineno or 0).strip()
        is_ours = Path(innermost.filename).is_relative_to(SOURCE) and line.startswith("raise")
        if not isinstance(error, KINDS) or not is_ours:
            where = f"{Path(innermost.filename).name}:{innermost.lineno}"
            return f"bare {type(error).__name__} from {where}, called in {_ours(error)}"
    if not re.search(words, message):
        return f"message does not name what is at fault: {message[:160]}"
    return None


def distance(found: np.ndarray, expected: np.ndarray) -> float:
    """Largest difference of two results, in standard deviations of the expected one."""
    found, expected = np.asarray(found, dtype=float), np.asarray(expected, dtype=float)
    if found.shape != expected.shape or not np.array_equal(np.isnan(found), np.isnan(expected)):
        return np.inf
    known = expected[~np.isnan(expected)]
    if not known.size:
        return 0.0
    size = known.std() or np.abs(known).max() or 1.0
    with np.errstate(all="ignore"):
        away = np.nanmax(np.abs(found - expected)) / size
    return float(away) if np.isfinite(away) else np.inf


def _ours(error: Exception) -> str:
    """The innermost function of this package in a traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if Path(f.filename).is_relative_to(SOURCE)]
    return f"{Path(own[-1].filename).name}:{own[-1].name}" if own else "none of ours"
