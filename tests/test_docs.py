"""The documentation names everything that is public."""

import importlib
import re
from pathlib import Path

import pytest

import dpvae

DOCS = Path(__file__).parents[1] / "docs"
API = (DOCS / "api" / "index.md").read_text(encoding="utf-8")


def listed_names(module: str) -> set[str]:
    blocks = re.findall(rf"currentmodule:: {re.escape(module)}\n(.*?)```", API, flags=re.DOTALL)
    return set(re.findall(r"^   (\w+)$", "\n".join(blocks), flags=re.MULTILINE))


@pytest.mark.parametrize("part", dpvae.__all__)
def test_api_page_lists_every_public_name(part: str):
    module = importlib.import_module(f"dpvae.{part}")
    assert listed_names(module.__name__) == set(module.__all__)


def test_cli_page_has_every_command():
    cli = pytest.importorskip("dpvae.cli")
    typer = pytest.importorskip("typer")
    page = (DOCS / "cli.md").read_text(encoding="utf-8")
    commands = typer.main.get_command(cli.app).commands
    assert [name for name in commands if f"## `dpvae {name}`" not in page] == []


def test_cli_page_has_every_option():
    cli = pytest.importorskip("dpvae.cli")
    typer = pytest.importorskip("typer")
    page = (DOCS / "cli.md").read_text(encoding="utf-8")
    commands = typer.main.get_command(cli.app).commands.values()
    named = {name for command in commands for option in command.params for name in option.opts}
    assert [name for name in named if name.startswith("--") and name not in page] == []


@pytest.mark.parametrize("part", dpvae.__all__)
def test_links_to_a_module_land_at_its_heading(part: str):
    # Sphinx keeps the target of a module directive only where it follows the heading at once
    heading = rf"^## .*`dpvae\.{part}`\n\n```{{eval-rst}}\n\.\. module:: dpvae\.{part}\n```$"
    assert re.search(heading, API, flags=re.MULTILINE)
