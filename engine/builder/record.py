"""One build as people see it: its steps and their states, its output line by line, its end. Published as it changes.

Output is kept in memory while the build runs and in a file beside it afterwards, bounded, so that last week's failed
build can still be read.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from engine.types.builds import Build, BuildBase, BuildOutput, BuildStep, StepState
from engine.types.data import now
from engine.types.events import Event

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from engine.events.bus import EventBus

_PUBLISH_SECONDS: Final = 0.05
_MOST_LINES: Final = 200_000
_BATCH: Final = 2000
MOST_KEPT_TEXT: Final = 256 << 10
"""So much of a recipe stands in a record."""


class BuildRecord:
    """The truth about a running build; `snapshot` is what others get."""

    def __init__(self, build: Build, bus: EventBus, output_path: Path) -> None:
        self.snapshot = build
        self._bus = bus
        self._steps: dict[str, BuildStep] = {step.id: step for step in build.steps}
        self._lines: list[BuildOutput] = []
        self._more = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._output_path = output_path
        self.failed_step = ""

    @property
    def id(self) -> str:
        return self.snapshot.id

    @property
    def over(self) -> bool:
        return self.snapshot.ended is not None

    # --- steps ---

    def plan(self, steps: Sequence[BuildStep]) -> None:
        """More steps are known now, in the order they are shown."""
        for step in steps:
            self._steps[step.id] = step
        self._changed()

    def begin(self, step: str) -> None:
        self._set(step, state=StepState.RUNNING, started=now())

    def end(self, step: str, state: StepState, *, exit_code: int = 0) -> None:
        """The step is over; one that never began (a cache hit) began now."""
        moment = now()
        started = self._steps[step].started or moment
        self._set(step, state=state, started=started, ended=moment, exit_code=exit_code)

    def state_of(self, step: str) -> StepState:
        return self._steps[step].state

    def line_of(self, step: str) -> int:
        """The line of a step's instruction, 0 for no step."""
        return self._steps[step].line if step in self._steps else 0

    def stop_waiting(self, state: StepState) -> None:
        """What has not run will not run."""
        for step in self._steps.values():
            if step.state in (StepState.WAITING, StepState.RUNNING):
                final = StepState.CANCELLED if step.state is StepState.RUNNING else state
                self._steps[step.id] = msgspec.structs.replace(step, state=final, ended=now())
        self._changed()

    def used(self, base: BuildBase) -> None:
        """An image that something of it is made of."""
        if base not in self.snapshot.bases:
            self.snapshot = msgspec.structs.replace(self.snapshot, bases=(*self.snapshot.bases, base))

    # --- output ---

    def say(self, step: str, text: str, *, stream: Literal["stdout", "stderr"] = "stdout") -> None:
        """One line of output."""
        if len(self._lines) < _MOST_LINES:
            self._lines.append(BuildOutput(step=step, stream=stream, text=text))
        elif len(self._lines) == _MOST_LINES:
            self._lines.append(
                BuildOutput(step=step, stream="stderr", text="… more output than is kept; the rest is not")
            )
        self._more.set()

    async def output(self, *, follow: bool) -> AsyncIterator[Sequence[BuildOutput]]:
        at = 0
        while True:
            self._more.clear()
            while at < len(self._lines):
                batch = self._lines[at : at + _BATCH]
                at += len(batch)
                yield batch
            if self.over or not follow:
                return
            await self._more.wait()

    # --- the end ---

    def finish(self, **fields: object) -> None:
        self.snapshot = msgspec.structs.replace(self.snapshot, ended=now(), **fields)
        if self._timer is not None:
            self._timer.cancel()
        self._publish(Event(time_ns=_ns(now()), kind="build", action="finish", id=self.id, name=self.snapshot.subject))
        self._more.set()

    async def keep_output(self) -> None:
        """Write the output where a later engine finds it."""
        text = b"".join(msgspec.json.encode(line) + b"\n" for line in self._lines)
        await asyncio.to_thread(_write_file, self._output_path, text)

    def _set(self, step: str, **fields: object) -> None:
        self._steps[step] = msgspec.structs.replace(self._steps[step], **fields)
        self._changed()

    def _changed(self) -> None:
        self.snapshot = msgspec.structs.replace(self.snapshot, steps=tuple(self._steps.values()))
        if self._timer is None and not self.over:
            self._timer = asyncio.get_running_loop().call_later(_PUBLISH_SECONDS, self._publish)

    def _publish(self, event: Event | None = None) -> None:
        self._timer = None
        self._bus.publish("build", self.id, self.snapshot, event)


async def read_output(path: Path) -> Sequence[BuildOutput]:
    """The kept output of a build that is over."""
    text = await asyncio.to_thread(_read_file, path)
    return [msgspec.json.decode(line, type=BuildOutput) for line in text.splitlines() if line]


def _read_file(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _write_file(path: Path, text: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text)


def _ns(moment: datetime) -> int:
    return int(moment.timestamp() * 1e9)
