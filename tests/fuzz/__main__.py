"""A million made-up inputs to the readers of what strangers write; it prints figures, and ends with 1 for a fault.

python -m tests.fuzz [--inputs N] [--seed N] [--reader NAME] [--keep DIRECTORY]

A fault is an answer that is neither a reading nor one of the refusals a reader has, or one that took longer than
anybody on the same loop should wait.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
import warnings
from pathlib import Path

from tests.fuzz.readers import READERS
from tests.fuzz.trying import try_reader

LONGEST_SECONDS = 0.1
"""Of processor time, for an input of some kilobytes."""
_SHOWN = 3


def main(options: argparse.Namespace) -> int:
    warnings.simplefilter("ignore")  # of expressions that people wrote
    chosen = [each for each in READERS if options.reader in ("", each.name)]
    shares = sum(each.share for each in chosen)
    total = faults = 0
    begun = time.monotonic()
    for reader in chosen:
        figures = try_reader(reader, -(-options.inputs * reader.share // shares), options.seed)
        if figures.slowest > LONGEST_SECONDS:
            took = f"took {figures.slowest * 1000:.0f} ms for {len(figures.slowest_input)} bytes"
            figures.fault(took, figures.slowest_input)
        total += figures.inputs
        faults += len(figures.faults)
        print(
            f"{reader.name:22} {figures.inputs:8} inputs, {figures.refused:8} refused,"
            f" slowest {figures.slowest * 1000:6.1f} ms, {len(figures.faults)} faults",
            flush=True,
        )
        for number, (words, data) in enumerate(figures.faults.items()):
            if number < _SHOWN:
                print(f"    {words}\n        {data[:300]!r}")
            if options.keep:
                Path(options.keep, f"{reader.name.replace(' ', '-')}-{number}").write_bytes(data)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    took = time.monotonic() - begun
    print(f"seed {options.seed}: {total} inputs in {took:.0f} s, {faults} faults, {memory} MiB at most")
    return 1 if faults else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--reader", default="", help="only this one")
    parser.add_argument("--keep", default="", help="where to leave the inputs that found a fault")
    sys.exit(main(parser.parse_args()))
