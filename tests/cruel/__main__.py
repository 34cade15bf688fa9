"""A bad day at will: figures are printed, and it ends with 1 where something did not hold.

python -m tests.cruel [--minutes N] [--rounds N] [--seed N] [--clock]
python -m tests.cruel power [--minutes N] [--rounds N] [--seed N] [--user NAME]      as root
python -m tests.cruel disks [--seed N] [--user NAME]                                 as root
python -m tests.cruel hostile [--minutes N] [--requests N] [--seed N]
python -m tests.cruel cuts [--minutes N] [--cuts N] [--seed N]
python -m tests.cruel ssh [--slow]                                                   about ten minutes
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import time

from tests.cruel.cuts import Cuts
from tests.cruel.disks import BadDisks
from tests.cruel.driver import Driver
from tests.cruel.hostile import Hostile
from tests.cruel.power import PowerCuts
from tests.cruel.ssh import LostLines
from tests.support.engine import opened_engine
from tests.support.stores import make_short_tmp, remove_tree


def cut_the_power(options: argparse.Namespace) -> int:
    cuts = PowerCuts(options.user, options.seed)
    begun = time.monotonic()
    try:
        cuts.run(options.rounds, options.minutes * 60)
    finally:
        cuts.close()
    figures = cuts.figures
    took = time.monotonic() - begun
    print(f"seed {options.seed}: {figures.cuts} cuts in {took:.0f} s")
    print(f"writes that the disk forgot: {figures.forgotten}")
    print(f"acknowledged before a cut: {dict(figures.promises)}")
    for fault in figures.faults:
        print(f"FAULT {fault}")
    return 1 if figures.faults else 0


def spoil_the_disk(options: argparse.Namespace) -> int:
    disks = BadDisks(options.user, options.seed)
    disks.run()
    for kind, refusals in disks.figures.refusals.items():
        print(f"{kind}: {sum(refusals.values())} refusals")
        for words, times in refusals.most_common():
            print(f"    {times} × {words}")
    for fault in disks.figures.faults:
        print(f"FAULT {fault}")
    return 1 if disks.figures.faults else 0


async def be_hostile(options: argparse.Namespace) -> int:
    store = make_short_tmp()
    hostile = Hostile(store, options.seed)
    begun = time.monotonic()
    try:
        await hostile.run(options.requests, options.minutes * 60)
    finally:
        remove_tree(store.path)
    figures = hostile.figures
    print(f"seed {options.seed}: {figures.requests} requests in {time.monotonic() - begun:.0f} s")
    print(f"answers: {dict(figures.statuses.most_common())}")
    for words, pings in (("pings", figures.pings), ("less what other work took", figures.own_pings)):
        if pings:
            print(f"{len(pings)} {words}: median {pings[len(pings) // 2]:.1f} ms, longest {pings[-1]:.0f} ms")
    print(f"longest that one callback kept the loop: {figures.stall * 1000:.0f} ms")
    for words, times in sorted(figures.stalls.items(), key=lambda each: -each[1])[:12]:
        print(f"    {times} × {words}")
    print(f"memory in MiB: {' '.join(f'{each:.0f}' for each in figures.memory)}")
    for words, times in figures.faults.most_common(20):
        print(f"FAULT {times} × {words}\n    {figures.examples.get(words, b'')[:600]!r}")
    return 1 if figures.faults else 0


async def cut_moves(options: argparse.Namespace) -> int:
    cuts, begun = Cuts(options.seed, options.cuts), time.monotonic()
    await cuts.run(options.minutes)
    figures = cuts.figures
    print(f"seed {options.seed}: {figures.cuts} moves in {time.monotonic() - begun:.0f} s, {figures.through} not cut")
    for fault in figures.faults:
        print(f"FAULT {fault}")
    return 1 if figures.faults else 0


async def lose_lines(options: argparse.Namespace) -> int:
    lines = LostLines(slow=options.slow)
    await lines.run()
    figures = lines.figures
    print(f"{figures.cuts} lines lost; told: {dict(figures.told)}")
    print(f"slowest to be told: {figures.slowest_word:.1f} s; and to be whole again: {figures.slowest_return:.1f} s")
    print(f"longest that the loop stood still: {figures.longest_stall * 1000:.0f} ms")
    for fault in figures.faults:
        print(f"FAULT {fault}")
    return 1 if figures.faults else 0


async def main(options: argparse.Namespace) -> int:
    store = make_short_tmp()
    driver = Driver(store, options.seed, clock=options.clock)
    begun = time.monotonic()
    try:
        await driver.open()
        while time.monotonic() - begun < options.minutes * 60 and driver.figures.rounds < options.rounds:
            await driver.round()
        await driver.close()
        async with opened_engine(store) as engine:
            left = [f"{each.kind} {each.subject}" for each in await engine.host.check_store()]
    finally:
        remove_tree(store.path)
    figures = driver.figures
    print(f"seed {options.seed}: {figures.rounds} rounds in {time.monotonic() - begun:.0f} s")
    print(f"calls: {dict(figures.calls)}")
    print(f"killed: {dict(figures.killed)}")
    print(f"slowest truth: {figures.slowest_truth:.1f} s; left in the store: {left or 'nothing'}")
    for words, times in figures.refusals.most_common(12):
        print(f"{times} × {words}")
    for fault in figures.faults:
        print(f"FAULT {fault}")
    return 1 if figures.faults or left else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "kind", nargs="?", choices=("kills", "power", "disks", "hostile", "cuts", "ssh"), default="kills"
    )
    parser.add_argument("--clock", action="store_true", help="set the clock too; needs libfaketime")
    parser.add_argument("--slow", action="store_true", help="ssh: nothing is cut, but the line is long and bad")
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--cuts", type=int, default=60, help="how many beside those at the edges of requests")
    parser.add_argument("--user", default=os.environ.get("WHERRY_TEST_USER", "wherry-test"))
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    chosen = parser.parse_args()
    if chosen.kind == "power":
        sys.exit(cut_the_power(chosen))
    if chosen.kind == "disks":
        sys.exit(spoil_the_disk(chosen))
    if chosen.kind == "cuts":
        sys.exit(asyncio.run(cut_moves(chosen)))
    if chosen.kind == "ssh":
        sys.exit(asyncio.run(lose_lines(chosen)))
    sys.exit(asyncio.run(be_hostile(chosen) if chosen.kind == "hostile" else main(chosen)))
