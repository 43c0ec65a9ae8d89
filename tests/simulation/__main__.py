"""Runs the hub under the simulator and says which seeds fail: `python -m tests.simulation --seeds 1000`."""

from __future__ import annotations

import argparse
import sys

from tests.simulation.faults import KINDS
from tests.simulation.many import Judged, all_judged, told
from tests.simulation.simulator import run
from tests.simulation.verdict import complaints


def main() -> int:
    """The number of failed seeds, as far as an exit code can tell it."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--only", nargs="*", choices=KINDS, help="with --seed: these faults in place of its own")
    parser.add_argument("--verbose", action="store_true", help="with --seed: what happened, by the second")
    asked = parser.parse_args()
    if asked.seed is not None:
        return _one(asked.seed, None if asked.only is None else frozenset(asked.only), verbose=asked.verbose)
    failed = 0
    for n, found in enumerate(all_judged(range(asked.first, asked.first + asked.seeds)), 1):
        if found.wrong:
            failed += 1
            print(told(found), flush=True)
        if sys.stderr.isatty():
            print(f"\r{n} of {asked.seeds}", end="", file=sys.stderr, flush=True)
    print(f"{asked.seeds} seeds, {failed} failed")
    return min(failed, 1)


def _one(seed: int, kinds: frozenset[str] | None, *, verbose: bool) -> int:
    found = run(seed, kinds)
    if verbose:
        print("\n".join(found.trace))
    wrong = complaints(found)
    print(told(Judged(seed, found.kinds, found.cluster.counts, wrong)) if wrong else f"seed {seed} is as it must be")
    return min(len(wrong), 1)


if __name__ == "__main__":
    sys.exit(main())
