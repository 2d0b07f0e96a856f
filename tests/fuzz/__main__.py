"""Run many cases, and print a table of what was found: ``python -m tests.fuzz --n 1000``."""

import argparse
import logging
import sys
import time
from collections import defaultdict

from tests.fuzz.cases import draw
from tests.fuzz.verdict import Finding, run
from tests.fuzz.world import World


def main() -> int:
    """Run the cases; the exit code is 1 where something was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=1000, help="Number of cases.")
    parser.add_argument("--seed", type=int, default=0, help="Seed of the choice of cases.")
    parser.add_argument("--only", default="", help="Only cases whose name holds this text.")
    parser.add_argument("--verbose", action="store_true", help="Write every case.")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    world, start = World(), time.perf_counter()
    findings, n_impossible, n_refused, n_run = [], 0, 0, 0
    for case in draw(arguments.n, arguments.seed):
        if arguments.only not in str(case):
            continue
        begin = time.perf_counter()
        found = run(case, world)
        n_run += 1
        n_impossible += found is None
        if found is None:
            continue
        n_refused += found.is_refused
        if found.verdict:
            findings.append(found)
        if arguments.verbose:
            took = time.perf_counter() - begin
            write(f"{took:5.1f} s  {found.verdict or '-':12} {found.case}  {found.detail[:300]}")
    took = time.perf_counter() - start
    write(
        f"{n_run} cases in {took:.0f} s: {n_refused} refused, {n_impossible} that no AnnData can "
        f"hold, {len(findings)} findings"
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
