"""What a shell shows of errors and warnings."""

import ast
import logging
import re
import warnings
from pathlib import Path

import pytest

import dpvae
from dpvae.cli.messages import for_the_shell, plain_messages, sentence_of

PYTHON = re.compile(
    r"\b(?:model|sc\.pp|np|dpvae)\.\w+|\b\w+=(?:…|True|')|\b(?:load|train|setup_anndata|save)\("
)
SAID_TO_BE_PYTHON = re.compile(r"\S*\([^()]*\) in Python|as after sc\.pp\.\w+(?: without \S+)?")
CAN_SPEAK_IN_A_SHELL = ("_data", "cli", "io", "model", "module", "pp", "tl/join", "tl/coordinates",
                        "tl/shared_genes", "tl/technology")  # fmt: skip
OF_ARGUMENTS_THAT_NO_COMMAND_HAS = (
    "_data/arguments",
    "_data/pair_mask",
    "cli/messages",
    "io/region_polygons",
    "io/write_places",
    "model/backbones/dpvgae",
    "model/backbones/spaldvae",
    "model/backbones/spatial_latent_model",
    "model/backbones/spavae",
    "model/data/covariates",
    "model/data/data_source",
    "model/files/saved_model",
    "model/files/stored_model",
    "model/loading/rows",
    "model/placing_model",
    "model/query/chunks",
    "model/tissue/predicted_expression",
    "model/training/argument_names",
    "model/training/cells_first",
    "model/training/checkpoint",
    "model/training/plan_arguments",
    "model/training/state_file",
    "model/training/trained_model",
    "module/count_distributions",
    "module/latent_alignment",
    "tl/join",
)
THE_SAME_IN_A_SHELL = (
    "x of x cells have no counts at all",  # the commands leave such cells out
    "x, layer='x'",  # a part of the next
    "sc.pp.normalize_total(x, target_sum=…) with that of the reference,",  # a part of another
    "x holds x (such as 'x') among its values",  # is repaired in the file
    "x holds values that are not integers, but nearly",  # is repaired in the file
    ", prefix='x'",  # a part of another
    "The model was loaded without an AnnData",  # predict gives it the query
    "adata lacks x of the model's x genes",  # of load(path, adata=…)
    "A section of the query has x, but with standardize='section'",  # says how it was made
    " Name the right column with x=…",  # x is an option, see above
    "There is no x with x; obsm has x. Name the right key with x=…",
    "dpvae.tl.match_genes(x, x",  # a part of the next
    "Read the table of x), and accept it with x, rename=True)",
    "xNor does dpvae.tl.match_genes find",  # says what was tried
)


@pytest.mark.parametrize(
    ("python", "shell"),
    [
        ("Name the right key with spatial_key=…", "Name the right key with --spatial-key"),
        ("Name another layer with layer=…, or", "Name another layer with --layer, or"),
        ("name them: setup_anndata(adata, sample_key='my_Slide').", "name them: --sample-key m"),
        ("name them: setup_anndata(adata, sample_key=…).", "name them: --sample-key."),
        ("or fix it with section=…", "or fix it with --section"),
        (
            "run dpvae.model.DPVAE.prepare_query_anndata(query, model), which adds them as zeros",
            "give --add-missing-genes, which adds them as zeros",
        ),
        (
            "Best train the reference on the genes that both have, "
            "reference[:, reference.var_names.intersection(query.var_names)].copy(); see",
            "Best train with dpvae train --query, which takes only genes that both have; see",
        ),
        ("use DPSCVI, which takes raw counts.", "give --model dpscvi, which takes raw counts."),
        (
            "To learn from those that do, run dpvae.pp.spatially_variable_genes(adata) and then "
            "adata = adata[:, adata.var['spatially_variable']].copy().",
            "To learn from those that do, give a smaller --n-genes, or, for dpvae impute-genes, a "
            "TISSUE of fewer genes.",
        ),
        ("passes over the data is max_epochs=…", "passes over the data is --epochs"),
        ("or use DPVAE, which takes log", "or give --model dpvae, which takes log"),
        ("give the directory that model.save() wrote.", "that dpvae train wrote."),
        (
            "mean nothing. If you want zeros all the same, pass allow_mostly_missing=True.",
            "nothing.",
        ),
        ("name one of ['a', 'b'] with table=…", "['a', 'b'] by its folder, STORE.zarr/tables/NAM"),
        (
            "have, with coordinate_system=…; or run dpvae.io.add_micrometers(sdata) first, and all "
            "are read in micrometres.",
            "have, with --coordinate-system.",
        ),
        (
            "are needed. Run sc.pp.normalize_total(query, target_sum=…) with that of the "
            "reference, and sc.pp.log1p(query), or prepare it as the reference was.",
            "needed. Give dpvae train raw counts as well, and both are normalised for you, or prep",
        ),
        (
            "for this call. To do it yourself: sc.pp.normalize_total(query, target_sum=99) on the "
            "model's genes, then sc.pp.log1p(query).",
            "for this call. To do without, give dpvae train and dpvae predict raw counts, which "
            "they bring to one depth.",
        ),
        (
            "technology's picture of the same tissue, DPVAE(reference, standardize='section') "
            "takes such differences out.",
            "same tissue, DPVAE(reference, standardize='section') in Python takes such differences",
        ),
        (
            "dpvae.tl.match_genes(query, reference) shows whether",
            "dpvae.tl.match_genes(query, reference) in Python shows whether",
        ),
        ("Section 'A_B' has no cells.", "Section 'A_B' has no cells."),
    ],
)
def test_python_becomes_options(python, shell):
    found = for_the_shell(python)
    assert shell in found
    assert "=…" not in found
    if "my_Slide" in python:
        assert "my_Slide" in found


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ValueError("a cell\n  is missing"), "a cell is missing"),
        (KeyError("There is no obsm['x']"), "There is no obsm['x']"),
        (FileNotFoundError("There is no file"), "There is no file"),
        (RuntimeError("not trained"), "not trained"),
        (MemoryError(), "The memory of this machine is too small for these data."),
    ],
)
def test_errors_that_are_foreseen_are_their_message(error, expected):
    assert sentence_of(error) == expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TypeError("no len()"), "Unexpected TypeError (no len()): please report it"),
        (IndexError("5"), "Unexpected IndexError (5)"),
        (UnicodeDecodeError("utf-8", b"x", 0, 1, "bad"), "Unexpected UnicodeDecodeError ('utf-8'"),
        (AssertionError(), "Unexpected AssertionError: please report it"),
        (ValueError(), "Unexpected ValueError: please report it"),
        (KeyError(), "Unexpected KeyError: please report it"),
        (ZeroDivisionError("x"), "Unexpected ZeroDivisionError (x)"),
    ],
)
def test_others_say_their_type_and_ask_to_be_reported(error, expected):
    assert sentence_of(error).startswith(expected)


def test_an_error_ends_with_code_1_and_one_sentence(capsys):
    with pytest.raises(SystemExit) as end, plain_messages():
        raise ValueError("[red] lambda " + 60 * "is long ")
    assert end.value.code == 1
    error = capsys.readouterr().err
    assert error.startswith("Error: [red] lambda is long")
    assert error.count("\n") == 1


def test_ctrl_c_says_that_nothing_was_written(capsys):
    with pytest.raises(KeyboardInterrupt), plain_messages():
        raise KeyboardInterrupt
    assert (
        capsys.readouterr().err
        == "Interrupted before the end: what was not yet written is missing.\n"
    )


def test_the_traceback_can_be_had(monkeypatch):
    monkeypatch.setenv("DPVAE_TRACEBACK", "1")
    with pytest.raises(IndexError), plain_messages():
        raise IndexError


@pytest.mark.filterwarnings("default")
def test_warnings_are_a_sentence_without_a_line_of_code():
    before = warnings.formatwarning
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        with plain_messages():
            shown = warnings.formatwarning("name them with sample_key=…", UserWarning, "a.py", 3)
    assert shown == "Warning: name them with --sample-key\n"
    assert warnings.formatwarning is before


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        (["a cell has 90.5 in all, not 1,200.", "a cell has 90.5 in all, not 1,200."], 1),
        (["its places are spread over 25 %", "its places are spread over 7 %"], 1),
        (["Section '1' lies on a line", "Section '2' lies on a line"], 2),
        (["Section 's1' lies on a line", "Section 's2' lies on a line"], 2),
        (["The query has another depth", "The query is unlike the reference"], 2),
    ],
)
@pytest.mark.filterwarnings("default")
def test_a_cause_is_warned_of_once_in_a_command(messages, expected):
    for _ in range(2):  # the next command says it again
        with plain_messages():
            shown = [
                warnings.formatwarning(message, UserWarning, "a.py", 3) for message in messages
            ]
        assert sum(text != "" for text in shown) == expected
        assert shown[0] == f"Warning: {messages[0]}\n"


def test_what_is_logged_is_said_in_the_words_of_the_shell_and_once(capsys):
    logger = logging.getLogger("dpvae.model.atlas.new_section")
    with plain_messages():
        for name in "aab":
            logger.warning("In the frame of %r. Choose another with section=…", name)
    assert capsys.readouterr().err == "".join(
        f"In the frame of {name!r}. Choose another with --section\n" for name in "ab"
    )
    assert not logging.getLogger("dpvae").handlers


def test_no_message_that_a_shell_can_show_leaves_a_remedy_in_python():
    root = Path(dpvae.__file__).parent
    left = [
        f"{name}: {message}"
        for path in sorted(root.rglob("*.py"))
        if (name := path.relative_to(root).with_suffix("").as_posix()).startswith(
            CAN_SPEAK_IN_A_SHELL
        )
        and name not in OF_ARGUMENTS_THAT_NO_COMMAND_HAS
        for message in messages_of(path)
        if is_python(for_the_shell(message)) and not message.startswith(THE_SAME_IN_A_SHELL)
    ]
    assert not left, "\n".join(["Add an entry to IN_THE_SHELL, or list them above:", *left])


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Run dpvae.tl.fold(adata).", True),
        ("Run dpvae.tl.fold(adata) in Python.", False),
        ("give section=…", True),
        ("call model.predict_coordinates(query)", True),
        ("negative values, as after sc.pp.scale. Remove them.", False),
        ("Run sc.pp.scale. Remove them.", True),
        ("give --section", False),
    ],
)
def test_python_is_recognised(message, expected):
    assert is_python(message) == expected


def is_python(message):
    return " " in message and PYTHON.search(SAID_TO_BE_PYTHON.sub("", message)) is not None


def messages_of(path):
    """Texts of a file without its docstrings; what is put into them is x, or 'x'."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    docstrings = {node.value for node in nodes if isinstance(node, ast.Expr)}
    parts = {part for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            yield "".join(map(_part, node.values))
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node not in docstrings | parts
        ):
            yield node.value


def _part(part):
    if isinstance(part, ast.Constant):
        return str(part.value)
    return "'x'" if part.conversion == ord("r") else "x"
