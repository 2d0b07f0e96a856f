"""Run many cases, and print a table of what was found: ``python -m tests.fuzz --n 1000``."""

import argparse
import logging
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import chdir
from pathlib import Path

from tests.fuzz.cases import draw
from tests.fuzz.verdict import Finding, run
from tests.fuzz.world import World


def main() -> int:
    """Run the cases; the exit code is 1 where something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--n", type=int, default=1000, help="Number of cases.")
    parser.add_argument("--seed", type=int, default=0, help="Seed of the choice of cases.")
    parser.add_argument("--only", default="", help="Only cases whose name holds this text.")
    parser.add_argument("--verbose", action="store_true", help="Write every case.")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    start = time.perf_counter()
    cases = [case for case in draw(arguments.n, arguments.seed) if arguments.only in str(case)]
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        world, outcomes = World(Path(folder)), []
        for case in cases:
            found = run(case, world)
            if found is not None:
                outcomes.append(found)
            if found is not None and arguments.verbose:
                write(f"{found.verdict or '-':12} {case}  {found.detail[:300]}")
    findings = [found for found in outcomes if found.verdict]
    write(
        f"{len(cases)} cases in {time.perf_counter() - start:.0f} s: "
        f"{sum(found.is_refused for found in outcomes)} refused, "
        f"{len(cases) - len(outcomes)} that nothing can hold, {len(findings)} findings"
    )
    write(table(findings))
    return int(bool(findings))


def table(findings: list[Finding]) -> str:
    """Findings by kind: the promise that is broken, the part, what was done, and where."""
    kinds: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for found in findings:
        kinds[found.verdict, found.case.kind_of_change].append(found)
    lines = []
    for (verdict, change), some in sorted(kinds.items()):
        lines.append(f"{verdict} | {change} | {len(some)}")
        lines += [f"    {found.case.place}: {found.detail[:200]}" for found in some]
    return "\n".join(lines)


def write(text: str) -> None:
    """Write to the terminal at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
