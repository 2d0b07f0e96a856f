import csv
import hashlib
import io
import zipfile

import pytest
from benchmarks.archive import CHECKSUMS, PAGES, contents, tables_of, write

PAGE = r"""# Speed

Text with | a bar.

cells | s
--- | ---
1,000 | 0.20
3,000 |

## Of two methods

| method | a \| b | empty |
| :--- | ---: | --- |
| kNN | 1 |  |
After it.
"""


@pytest.fixture
def pages(tmp_path):
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "speed.md").write_text(PAGE, encoding="utf-8")
    return folder


def test_tables_have_their_headings_and_all_their_cells():
    assert tables_of(PAGE) == [
        ("Speed", [["cells", "s"], ["1,000", "0.20"], ["3,000", ""]]),
        ("Of two methods", [["method", "a | b", "empty"], ["kNN", "1", ""]]),
    ]


def test_every_table_of_the_pages_is_kept_whole():
    kept = contents()
    for page in PAGES.glob("*.md"):
        text = page.read_text(encoding="utf-8")
        found = tables_of(text)
        assert len(found) == sum(
            set(line) <= set("|:- ") and "---" in line for line in text.splitlines()
        )
        for number, (_, rows) in enumerate(found, 1):
            assert {len(row) for row in rows} == {len(rows[0])}
            written = kept[f"tables/{page.stem}_{number:02}.csv"].decode()
            assert list(csv.reader(io.StringIO(written))) == rows


def test_checksums_find_a_changed_file(pages, tmp_path):
    write(tmp_path / "kept.zip", contents(pages))
    with zipfile.ZipFile(tmp_path / "kept.zip") as archive:
        lines = archive.read(CHECKSUMS).decode().splitlines()
        stated = {name: checksum for checksum, name in (line.split("  ") for line in lines)}
        assert {*stated, CHECKSUMS} == set(archive.namelist())
        for name, checksum in stated.items():
            assert hashlib.sha256(archive.read(name)).hexdigest() == checksum
            assert hashlib.sha256(archive.read(name) + b" ").hexdigest() != checksum


@pytest.mark.slow
def test_the_same_contents_give_the_same_bytes_and_nothing_is_overwritten(pages, tmp_path):
    for name in ("one.zip", "two.zip"):
        write(tmp_path / name, contents(pages))
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with pytest.raises(FileExistsError):
        write(tmp_path / "one.zip", contents(pages))


def test_results_of_single_runs_are_kept_without_models(pages, tmp_path):
    results = tmp_path / "accuracy"
    (results / "fits").mkdir(parents=True)
    (results / "fits" / "a.json").write_text("{}")
    (results / "fits" / "model.safetensors").write_text("large")
    (tmp_path / "one.csv").write_text("a,b\n")
    kept = contents(pages, [results, tmp_path / "one.csv"])
    assert [name for name in kept if name.startswith("results/")] == [
        "results/accuracy/fits/a.json",
        "results/one.csv",
    ]
    assert kept["results/one.csv"] == b"a,b\n"
