"""Reading the store through in the background, so slowly that nobody notices: one layer after the other, for ever.

After each layer it rests a hundred times as long as it worked. It rests on batteries, goes on where it was after a
restart, and begins again a week after it was through. What it knows stands in a small file, which the doctor reads too.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from engine.errors import WherryError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

_log = logging.getLogger(__name__)

SHARE: Final = 100
"""Rests for each part of work: one percent of a processor at most."""
FIRST_REST: Final = 600.0
SHORTEST_REST: Final = 5.0
BETWEEN_ROUNDS: Final = 7 * 24 * 3600.0
POWER_SUPPLIES: Final = Path("/sys/class/power_supply")


class ScrubRecord(msgspec.Struct, kw_only=True):
    """How far it is, and what it found."""

    position: str = ""
    """The last layer that was read in this round."""
    finished: float = 0.0
    """When it was last through, in seconds of the clock; 0 for never."""
    damaged: list[str] = []


def record_of(text: str | bytes | None) -> ScrubRecord:
    """What such a file says; nothing known where there is none, or rubbish."""
    try:
        return msgspec.json.decode(text or b"", type=ScrubRecord)
    except msgspec.MsgspecError:
        return ScrubRecord()


def read_record(path: Path) -> ScrubRecord:
    try:
        return record_of(path.read_bytes())
    except OSError:
        return ScrubRecord()


def on_mains(supplies: Path = POWER_SUPPLIES) -> bool:
    """Whether this computer is fed from the wall, or says nothing of it."""
    found = False
    with contextlib.suppress(OSError):
        for supply in supplies.iterdir():
            with contextlib.suppress(OSError):
                if (supply / "type").read_text().strip() == "Mains":
                    found = True
                    if (supply / "online").read_text().strip() == "1":
                        return True
    return not found


class Scrub:
    """One task of the engine's."""

    def __init__(
        self,
        record: Path,
        *,
        layers: Callable[[], Iterable[str]],
        damage: Callable[[str], Awaitable[str]],
        first_rest: float = FIRST_REST,
        shortest_rest: float = SHORTEST_REST,
        mains: Callable[[], bool] = on_mains,
    ) -> None:
        """`damage` reads a layer and says what is wrong with it, "" for nothing."""
        self._path = record
        self._layers = layers
        self._damage = damage
        self._first_rest = first_rest
        self._shortest_rest = shortest_rest
        self._mains = mains
        self._task: asyncio.Task[None] | None = None
        self.record = read_record(record)

    async def open(self) -> None:
        self._task = asyncio.create_task(self._run(), name="scrub")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @property
    def warnings(self) -> tuple[str, ...]:
        """For people: nothing as long as all is well."""
        if not self.record.damaged:
            return ()
        count = len(self.record.damaged)
        return (f"Damaged layers: {count}. See what helps: wherry doctor --deep, or Settings.",)

    async def _run(self) -> None:
        await asyncio.sleep(self._first_rest)
        while True:
            waited = time.time() - self.record.finished
            if self.record.finished and not self.record.position and 0 <= waited < BETWEEN_ROUNDS:
                await asyncio.sleep(min(BETWEEN_ROUNDS - waited, 3600.0))
            elif not self._mains():
                await asyncio.sleep(max(self._shortest_rest, 60.0))
            else:
                worked = await self._step()
                await asyncio.sleep(self.rest_after(worked))

    def rest_after(self, worked: float) -> float:
        return max(self._shortest_rest, SHARE * worked)

    async def _step(self) -> float:
        """The next layer, or the end of the round; how long it took."""
        following = sorted(each for each in self._layers() if each > self.record.position)
        began = time.monotonic()
        if not following:
            there = set(self._layers())
            kept = [each for each in self.record.damaged if each in there]
            self._save(ScrubRecord(position="", finished=time.time(), damaged=kept))
            return 0.0
        layer = following[0]
        try:
            told = await self._damage(layer)
        except (OSError, WherryError) as error:
            _log.info("a layer could not be read through: %s", error)
            told = ""
        damaged = [each for each in self.record.damaged if each != layer] + ([layer] if told else [])
        self._save(ScrubRecord(position=layer, finished=self.record.finished, damaged=damaged))
        return time.monotonic() - began

    def _save(self, record: ScrubRecord) -> None:
        self.record = record
        try:
            self._path.write_bytes(msgspec.json.encode(record))
            self._path.chmod(0o600)
        except OSError as error:
            _log.info("how far the store was read through is not kept: %s", error)
