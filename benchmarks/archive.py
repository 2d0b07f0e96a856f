"""Keep results in one file: python -m benchmarks.archive OUT.zip [RESULTS ...].

The archive holds every table of the pages in docs/benchmarks as CSV, the pages themselves, the
versions of all packages that are installed, and SHA-256 checksums. RESULTS are files, or folders
of files, that benchmarks keep of single runs: of these, CSV and JSON files are taken. The same
contents give the same bytes.
"""

import argparse
import csv
import hashlib
import io
import json
import platform
import re
import subprocess
import zipfile
from importlib.metadata import distributions
from pathlib import Path

PAGES = Path(__file__).parents[1] / "docs" / "benchmarks"
KEPT = (".csv", ".json")
LONG_AGO = (1980, 1, 1, 0, 0, 0)
CHECKSUMS = "SHA256SUMS"
BORDER = re.compile(r"^\s*\|?(\s*:?-{3,}:?\s*\|)+\s*(:?-{3,}:?)?\s*$")
BETWEEN_CELLS = re.compile(r"(?<!\\)\|")


def tables_of(page):
    """Every table of a page in Markdown, as its heading and its rows; the first has the names."""
    lines, heading, found = page.splitlines(), "", []
    for number, line in enumerate(lines):
        if line.startswith("#"):
            heading = line.lstrip("# ").strip()
        if number and BORDER.match(line) and "|" in lines[number - 1]:
            rows = [_cells(lines[number - 1])]
            for row in lines[number + 1 :]:
                if "|" not in row:
                    break
                rows.append(_cells(row))
            found.append((heading, rows))
    return found


def _cells(line):
    line = line.strip()
    if line.startswith("|"):
        line = line[1:-1]
    return [cell.strip().replace("\\|", "|") for cell in BETWEEN_CELLS.split(line)]


def contents(pages=PAGES, results=()):
    """Bytes of every file of the archive, by its name."""
    found, index = {}, [["file", "page", "heading"]]
    for page in sorted(pages.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        found[f"pages/{page.name}"] = text.encode()
        for number, (heading, rows) in enumerate(tables_of(text), 1):
            name = f"tables/{page.stem}_{number:02}.csv"
            found[name] = _as_csv(rows)
            index.append([name, page.name, heading])
    found["tables.csv"] = _as_csv(index)
    for given in results:
        files = [given] if given.is_file() else sorted(given.rglob("*"))
        for file in files:
            if file.is_file() and file.suffix in KEPT:
                name = Path(given.name) / file.relative_to(given) if file != given else file.name
                found[f"results/{name}"] = file.read_bytes()
    found["versions.json"] = json.dumps(versions(), indent=1, sort_keys=True).encode()
    found[CHECKSUMS] = "".join(
        f"{hashlib.sha256(content).hexdigest()}  {name}\n"
        for name, content in sorted(found.items())
    ).encode()
    return found


def _as_csv(rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def versions():
    """Commit of the clone, Python, machine and packages; the pages name those of each run."""
    asked = ["git", "describe", "--always", "--dirty", "--tags"]
    commit = subprocess.run(asked, cwd=PAGES, capture_output=True, text=True, check=False).stdout
    return {
        "commit": commit.strip() or None,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "packages": {found.name: found.version for found in distributions()},
    }


def write(path, files):
    with zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, LONG_AGO), content, zipfile.ZIP_DEFLATED)


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.archive", description=__doc__)
    parser.add_argument("out", type=Path, help="zip file that is written; it must not exist")
    parser.add_argument("results", type=Path, nargs="*", help="files or folders of single runs")
    options = parser.parse_args()
    for given in (*options.results, options.out.resolve().parent):
        if not given.exists():
            parser.error(f"{given} does not exist.")
    if options.out.exists():
        parser.error(f"{options.out} exists already.")
    files = contents(results=options.results)
    write(options.out, files)
    n_tables = sum(name.startswith("tables/") for name in files)
    print(f"Wrote {options.out}: {n_tables} tables, {len(files)} files.")


if __name__ == "__main__":
    main()
