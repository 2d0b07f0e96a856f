"""What a shell shows of errors and warnings: one sentence each, in its own words."""

import logging
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape

EXPECTED = (ValueError, KeyError, RuntimeError, OSError)
TRACEBACK = "DPVAE_TRACEBACK"
COUNTS_OF_BOTH = "give dpvae train and dpvae predict raw counts, which they bring to one depth"
IN_THE_SHELL = (
    (r"run dpvae\.model\.\w+\.prepare_query_anndata\(query, model\)", "give --add-missing-genes"),
    (
        r"train the reference on the genes that both have, reference\[.*?\]\.copy\(\)",
        "train with dpvae train --query, which takes only genes that both have",
    ),
    (
        r"; or run dpvae\.io\.add_micrometers\(sdata\) first, and all are read in micrometres",
        "",
    ),
    (r"\bwith table=…", "by its folder, STORE.zarr/tables/NAME"),
    ("pass allow_mostly_missing=True", "give --allow-mostly-missing"),
    ("pass allow_pickle=True", "give --allow-pickle"),
    ("pass overwrite=True", "give --overwrite"),
    (r"setup_anndata\(adata, sample_key='([^']*)'\)", r"--sample-key \1"),
    (r"setup_anndata\((?:adata|…), sample_key=…\)", "--sample-key"),
    (r"dpvae\.io\.table_of\(sdata, coordinate_system=…\)", "with --coordinate-system"),
    (r"\bsample_key='([^']*)'", r"--sample-key \1"),
    (r"\b(layer|section|spatial_key|sample_key|batch_key|coordinate_system)=…", r"--\1"),
    (r"or choose genes by sc\.pp\.highly_variable_genes", "or take all genes, with --n-genes"),
    (
        r"run (?:dpvae\.pp\.spatially_variable_genes\(adata\) and then )?"
        r"adata = adata\[:, adata\.var\['spatially_variable'\]\]\.\w+\(\)",
        "give a smaller --n-genes, or, for dpvae impute-genes, a TISSUE of fewer genes",
    ),
    (r"\bmax_epochs=…", "--epochs"),
    (r"\buse (DPSCVI|DPVAE)\b", r"give --model \1"),
    (r"use load\(.*, allow_pickle=True\); .* run code", "give --allow-pickle"),
    (r"model\.save\(\) wrote", "dpvae train wrote"),
    (r"call model\.train\(\) first", "train one with dpvae train"),
    (
        r"Run .*? and sc\.pp\.log1p\(.*?\), or",
        "Give dpvae train raw counts as well, and both are normalised for you, or",
    ),
    (
        r"Run sc\.pp\.log1p\(adata\), and",
        "Give raw counts, which are normalised for you, or logarithms, and",
    ),
    (
        r"Run sc\.pp\.log1p\(query\), after sc\.pp\.normalize_total\(.*?\) with the target of the "
        r"reference\.",
        f"Give their logarithms, or {COUNTS_OF_BOTH}.",
    ),
    (
        r"To do it yourself: sc\.pp\.normalize_total\(.*?\) on the model's genes, then "
        r"sc\.pp\.log1p\(query\)",
        f"To do without, {COUNTS_OF_BOTH}",
    ),
    (
        r"normalise both to one depth, sc\.pp\.normalize_total\(.*?\) with the target of the "
        r"reference, then sc\.pp\.log1p\(query\)",
        COUNTS_OF_BOTH,
    ),
    (
        r"Bring both to one depth, such as sc\.pp\.normalize_total\(.*?\) with the median depth of "
        r"the reference, and take logarithms of both\.",
        f"It is best to {COUNTS_OF_BOTH}.",
    ),
    (
        r"Take one back, .*? = np\.expm1\(.*?\), and",
        "Give raw counts, which are normalised for you, or logarithms, and",
    ),
    (r"Take one back: query\.X = np\.expm1\(query\.X\)", "Give logarithms that were taken once"),
    (r", or run sc\.pp\.normalize_total and sc\.pp\.log1p on all", ""),
    (r"\bgive pixel_size=…", "give add_micrometers(sdata, pixel_size=…)"),
    (
        r"(?<![\w.])((?:dpvae\.[\w.]+|sdata\.\w+|DPVAE|add_micrometers|load)\([^()]*\))"
        r"(?! in Python)",
        r"\1 in Python",
    ),
)
OPTION = re.compile(r"--(?:model \w+|[a-z_]+)")
NUMBER = re.compile(r"(?<![\w'])\d[\d.,]*(?![\w'.])")
errors = Console(stderr=True)


@contextmanager
def plain_messages() -> Iterator[None]:
    """End with a sentence and exit code 1 instead of a traceback; warn in a sentence, too.

    Ctrl-C gets a sentence as well. A command asks a model for several things, and each warns by
    itself: a warning that differs from an earlier one in numbers alone is not shown again.
    With the variable ``DPVAE_TRACEBACK`` set, errors keep their traceback.
    """
    before, new = warnings.formatwarning, _only_new()
    warnings.formatwarning = lambda message, *_, **__: (
        f"Warning: {sentence}\n" if (sentence := new(str(message))) else ""
    )
    logger, handler = logging.getLogger("dpvae"), _ShellHandler(new)
    logger.addHandler(handler)
    try:
        yield
    except KeyboardInterrupt:
        errors.print(
            "Interrupted before the end: what was not yet written is missing.", soft_wrap=True
        )
        raise
    except Exception as error:
        if os.environ.get(TRACEBACK):
            raise
        errors.print(
            "[bold red]Error:[/]", escape(sentence_of(error)), highlight=False, soft_wrap=True
        )
        sys.exit(1)
    finally:
        warnings.formatwarning = before
        logger.removeHandler(handler)


def sentence_of(error: Exception) -> str:
    """Say an error in a sentence; of one that is not foreseen also what to do."""
    first = error.args[0] if isinstance(error, KeyError) and error.args else error
    message = for_the_shell(" ".join(str(first).split()))
    kind = type(error).__name__
    if isinstance(error, MemoryError):
        return "The memory of this machine is too small for these data."
    if isinstance(error, EXPECTED) and not isinstance(error, UnicodeError) and message:
        return message
    return (
        f"Unexpected {kind}{f' ({message})' if message else ''}: please report it with the "
        f"command that you gave and what it shows with {TRACEBACK}=1."
    )


def for_the_shell(message: str) -> str:
    """Say as options what a message advises as Python."""
    for python, shell in IN_THE_SHELL:
        message = re.sub(python, shell, message)
    return OPTION.sub(lambda found: found[0].replace("_", "-").lower(), message)


class _ShellHandler(logging.Handler):
    """Shows what the package logs, as it shows warnings."""

    def __init__(self, new: Callable[[str], str]) -> None:
        super().__init__()
        self._new = new

    def emit(self, record: logging.LogRecord) -> None:
        if sentence := self._new(record.getMessage()):
            sys.stderr.write(f"{sentence}\n")


def _only_new() -> Callable[[str], str]:
    """Make a function that gives a message for the shell, and "" for one that it gave before."""
    shown: set[str] = set()

    def new(message: str) -> str:
        sentence = for_the_shell(message)
        cause = NUMBER.sub("", sentence)
        is_new = cause not in shown
        shown.add(cause)
        return sentence if is_new else ""

    return new


def only_warnings() -> None:
    """Silence what the libraries tell developers; they set their own levels when imported."""
    for name in ("lightning.pytorch", "lightning.fabric", "scvi"):
        logging.getLogger(name).setLevel(logging.WARNING)
