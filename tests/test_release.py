"""What a release consists of says the same everywhere: version, addresses, dependencies."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
FALLBACK = PYPROJECT["tool"]["hatch"]["version"]["fallback-version"]
SOURCE = PROJECT["urls"]["Source"]
# of the schema that scverse/ecosystem-packages checks its entries by
DEMANDED = {
    "name": str,
    "description": str,
    "project_home": str,
    "documentation_home": str,
    "install": dict,
    "license": str,
    "tags": list,
    "version": str,
    "category": str,
    "contact": list,
}
CONDA_NAMES = {"matplotlib": "matplotlib-base", "torch": "pytorch"}


def of(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def newest_in_the_changelog() -> str:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    found = re.search(r"^## (\S+) - (?:unreleased|\d{4}-\d{2}-\d{2})$", text, flags=re.MULTILINE)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    "named",
    [
        FALLBACK.removesuffix(".dev0"),
        str(of("CITATION.cff")["version"]),
        str(of("meta.yaml")["version"]),
        str(of("recipe/recipe.yaml")["context"]["version"]),
    ],
    ids=["pyproject.toml", "CITATION.cff", "meta.yaml", "recipe.yaml"],
)
def test_the_next_version_is_the_same_everywhere(named: str):
    assert named == newest_in_the_changelog()


def test_the_entry_for_scverse_has_what_its_schema_demands():
    entry = of("meta.yaml")
    assert {name: type(entry.get(name)) for name in DEMANDED} == DEMANDED
    assert entry["name"] == entry["install"]["pypi"] == PROJECT["name"]
    assert entry["category"] == "ecosystem"
    assert entry["contact"]
    assert len(set(entry["tags"])) == len(entry["tags"]) > 0
    doi = re.compile(r"^10.\d{4,9}/[-._;()/:A-Za-z0-9]+$")
    assert all(doi.match(name) for name in entry["publications"])
    assert entry["publications"] == [of("CITATION.cff")["preferred-citation"]["doi"]]


def test_addresses_and_licence_are_the_same_everywhere():
    entry, citation, about = of("meta.yaml"), of("CITATION.cff"), of("recipe/recipe.yaml")["about"]
    documentation = PROJECT["urls"]["Documentation"]
    assert {entry["project_home"], citation["repository-code"], about["repository"]} == {SOURCE}
    assert {entry["documentation_home"], citation["url"], about["documentation"]} == {documentation}
    assert {entry["license"], citation["license"], about["license"]} == {PROJECT["license"]}
    assert about["summary"] == PROJECT["description"]
    assert PROJECT["urls"]["Issues"] == f"{SOURCE}/issues"


def test_the_conda_package_depends_on_what_the_wheel_does():
    needed = of("recipe/recipe.yaml")["requirements"]
    python = f"python >={of('recipe/recipe.yaml')['context']['python_min']}"
    assert [python, *sorted(map(in_conda, PROJECT["dependencies"]))] == [
        needed["run"][0].replace("${{ python_min }}", python.partition(">=")[2]),
        *sorted(needed["run"][1:]),
    ]
    assert python == f"python {PROJECT['requires-python']}"
    backend = PYPROJECT["build-system"]["requires"]
    assert set(map(in_conda, backend)) < set(needed["host"])


def in_conda(requirement: str) -> str:
    name, bounds = re.fullmatch(r"([\w-]+)(.*)", requirement).groups()
    return f"{CONDA_NAMES.get(name, name)} {bounds}"


def test_the_conda_package_has_the_command_and_the_licence_of_the_wheel():
    recipe = of("recipe/recipe.yaml")
    scripts = [f"{name} = {target}" for name, target in PROJECT["scripts"].items()]
    assert recipe["build"]["python"]["entry_points"] == scripts
    assert [recipe["about"]["license_file"]] == PROJECT["license-files"]
    script = next(test["script"] for test in recipe["tests"] if "script" in test)
    assert {line.split()[0] for line in script} == set(PROJECT["scripts"])


def test_the_tag_of_a_release_is_compared_with_what_names_a_version():
    workflow = (ROOT / ".github/workflows/release.yaml").read_text(encoding="utf-8")
    for name in ("dist/dpvae-", "CHANGELOG.md", "CITATION.cff", "meta.yaml", "recipe/recipe.yaml"):
        assert name in workflow


@pytest.fixture
def version_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Give the version of the package in a folder, and a repository without tags."""
    pytest.importorskip("hatch_vcs")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "nobody")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "nobody@example.org")
    repository = tmp_path / "repository"
    repository.mkdir()
    git(repository, "init", "--quiet")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (repository / name).write_bytes((ROOT / name).read_bytes())
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "first")
    git(repository, "commit", "--quiet", "-m", "second", "--allow-empty")

    def read(folder: Path) -> str:
        command = [sys.executable, "-W", "ignore", "-m", "hatchling", "version"]
        return subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=True
        ).stdout.strip()

    return read, repository


def git(folder: Path, *arguments: str) -> None:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", *arguments], cwd=folder, check=True, env=environment)


@pytest.mark.slow
def test_the_version_is_the_tag_and_after_it_a_development_version(version_of):
    read, repository = version_of
    git(repository, "tag", "v0.7.0")
    assert read(repository) == "0.7.0"
    git(repository, "commit", "--quiet", "-m", "third", "--allow-empty")
    assert read(repository).startswith("0.7.1.dev1+g")


@pytest.mark.slow
def test_without_a_tag_and_without_git_it_is_a_development_version_of_the_next(version_of):
    read, repository = version_of
    base = FALLBACK.removesuffix("0")
    assert read(repository).startswith(f"{base}2+g")
    shallow, export = repository.with_name("shallow"), repository.with_name("export")
    git(repository, "clone", "--quiet", "--depth", "1", repository.as_uri(), str(shallow))
    assert read(shallow).startswith(f"{base}1+g")
    repository.rename(export)
    (export / ".git").rename(export.with_name("away"))
    assert read(export) == FALLBACK


@pytest.mark.slow
def test_an_sdist_keeps_the_version_that_it_was_made_with(version_of):
    read, repository = version_of
    (repository / "src" / "dpvae").mkdir(parents=True)
    git(repository, "tag", "v0.7.0")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", ".."]
    subprocess.run(command, cwd=repository, check=True, capture_output=True)
    sdist = repository.with_name("dpvae-0.7.0.tar.gz")
    subprocess.run(["tar", "-xf", sdist.name], cwd=sdist.parent, check=True)
    assert read(repository.with_name("dpvae-0.7.0")) == "0.7.0"
