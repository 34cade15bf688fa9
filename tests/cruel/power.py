"""Power cuts: a store on a disk of its own, in a file that is copied at some moment and then opened as after a reboot.

What was flushed is in the copy. Of what was written since, any part may be, in any order: every other life has a disk
that forgets so (`lossy`); in the others all of it is there, and only what the kernel had not yet written is lost.
As root, for a user whom `tests/run` has made; nothing of the run is left on the machine but what found a fault.
"""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.cruel.lossy import LossyDisk
from tests.cruel.powered import read_ledger
from tests.cruel.rig import Rig

_DISK_BYTES = 384 << 20
_CUTS_A_LIFE = 5


@dataclass
class Figures:
    cuts: int = 0
    forgotten: int = 0
    """Writes that a disk forgot, or half forgot."""
    promises: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


class PowerCuts:
    def __init__(self, user: str, seed: int) -> None:
        self._rig = Rig(user, seed)
        self._dice = random.Random(seed)
        self._seed = seed
        self._lives = 0
        self.figures = Figures()

    def close(self) -> None:
        self._rig.close()

    def run(self, cuts: int, seconds: float) -> None:
        rig = self._rig
        rig.make_disk(_DISK_BYTES, "mkfs.ext4", "-q", "-F")
        begun = time.monotonic()
        while self.figures.cuts < cuts and time.monotonic() - begun < seconds:
            copies = self._live(min(_CUTS_A_LIFE, cuts - self.figures.cuts))
            for disk, ledger in copies:
                self._check(disk, ledger)
            # The next life goes on where the power was cut the last time.
            if copies:
                os.replace(copies[-1][0], rig.disk)
                os.replace(copies[-1][1], rig.ledger)
            for disk, ledger in copies[:-1]:
                disk.unlink()
                ledger.unlink()

    # --- a life, and what is copied of it ---

    def _live(self, cuts: int) -> list[tuple[Path, Path]]:
        rig = self._rig
        self._lives += 1
        copies = []
        name = f"{self._seed}.{self._lives}."
        lossy = LossyDisk(rig.disk) if self._lives % 2 else None
        process = rig.start("live", rig.disk, rig.ledger, name)
        try:
            rig.wait_for_life(process, name)
            for number in range(cuts):
                time.sleep(self._dice.random() * 2)
                disk, ledger = rig.top / f"cut-{number}", rig.top / f"ledger-{number}"
                # The ledger first: it may know less than the disk, and never more.
                with lossy.stopped(self._dice.randrange(40)) if lossy else rig.frozen():
                    known = rig.ledger.read_text()
                    ledger.write_text(known[: known.rindex("\n") + 1])  # the last line may be half there
                    if lossy:
                        self.figures.forgotten += lossy.cut(disk, self._dice)
                    else:
                        self._copy(disk)
                copies.append((disk, ledger))
        finally:
            rig.kill_all()
            process.wait()
            rig.until_free(rig.disk)
            if lossy:
                lossy.close()
        return copies

    def _copy(self, target: Path) -> None:
        """A copy of a moment: made again where the kernel wrote meanwhile."""
        for _ in range(50):
            before = self._written()
            subprocess.run(["cp", "--sparse=always", str(self._rig.disk), str(target)], check=True)
            if self._written() == before:
                return
        raise RuntimeError("the kernel never stopped writing")

    def _written(self) -> tuple[str, str]:
        words = Path(f"/sys/block/{self._rig.device(self._rig.disk)}/stat").read_text().split()
        return words[4], words[15]  # writes, flushes

    # --- after the cut ---

    def _check(self, disk: Path, ledger: Path) -> None:
        self.figures.cuts += 1
        self.figures.faults += [f"cut {self.figures.cuts}: {words}" for words in self._rig.check(disk, ledger)]
        for kind, _, deed, when in read_ledger(ledger):
            self.figures.promises[kind if kind == "refusal" else f"{kind} {deed}"] += when == "done"
