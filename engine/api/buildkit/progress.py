"""What a build does, as the vertices, statuses and logs that clients draw."""

from __future__ import annotations

import asyncio
import hashlib
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from google.protobuf.timestamp_pb2 import Timestamp

from engine.api.buildkit.wire.messages_pb2 import StatusResponse, Vertex, VertexLog, VertexStatus
from engine.types.builds import StepState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence

    from engine.types.builds import Build, BuildOutput, BuildStep

_LOGS_IN_A_MESSAGE = 500 << 10


def stamp(moment: datetime | None = None) -> Timestamp:
    made = Timestamp()
    made.FromDatetime((moment or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None))
    return made


class Board:
    """The stream of one job: everything said so far, and whoever listens."""

    def __init__(self, ref: str) -> None:
        self._ref = ref
        self.said: list[StatusResponse] = []
        self.size = 0
        """Bytes of all that, on the wire."""
        self._news = asyncio.Event()
        self._over = False
        self._told: dict[str, tuple[object, ...]] = {}

    def say(self, response: StatusResponse) -> None:
        self.said.append(response)
        self.size += response.ByteSize()
        self._news.set()

    def end(self) -> None:
        self._over = True
        self._news.set()

    async def follow(self) -> AsyncIterator[StatusResponse]:
        """From the beginning to the end, also after it."""
        at = 0
        while True:
            self._news.clear()
            while at < len(self.said):
                at += 1
                yield self.said[at - 1]
            if self._over:
                return
            await self._news.wait()

    def digest(self, word: str) -> str:
        return "sha256:" + hashlib.sha256(f"{self._ref} {word}".encode()).hexdigest()

    def begin(self, word: str) -> Task:
        return Task(self, word)

    # --- a build's steps ---

    def steps(self, build: Build, mark: str = "") -> None:
        """Whatever of the steps is another than what was last said. The mark tells builds of one job apart."""
        stages = {step.stage for step in build.steps}
        several = len(stages) > 1
        shown = [step for step in build.steps if _shown(step, stages)]
        counts = {stage: [step.id for step in shown if step.stage == stage] for stage in stages}
        response = StatusResponse()
        for step in shown:
            told = (step.state, step.started, step.ended, step.instruction)
            if self._told.get(mark + step.id) == told:
                continue
            self._told[mark + step.id] = told
            response.vertexes.append(self._vertex(step, counts[step.stage], mark, several=several))
        if response.vertexes:
            self.say(response)

    def _vertex(self, step: BuildStep, working: list[str], mark: str, *, several: bool) -> Vertex:
        # A stage without a name is called by its place.
        name = f"stage-{step.stage}" if step.stage.isdigit() else step.stage
        stage = mark + (f"{name} " if several else "")
        head = f"[{stage}{working.index(step.id) + 1:>{len(str(len(working)))}}/{len(working)}] "
        vertex = Vertex(
            digest=self.digest(mark + step.id),
            name=head + step.instruction,
            cached=step.state is StepState.CACHED,
            inputs=[self.digest(mark + other) for other in step.depends_on],
        )
        if step.state not in (StepState.WAITING, StepState.SKIPPED):
            vertex.started.CopyFrom(stamp(step.started))
        if step.ended is not None and step.state is not StepState.SKIPPED:
            vertex.completed.CopyFrom(stamp(step.ended))
        if step.state is StepState.FAILED:
            vertex.error = f"process “{step.instruction}” did not complete successfully: exit code: {step.exit_code}"
        if step.state is StepState.CANCELLED:
            vertex.error = "context canceled"
        return vertex

    def output(
        self, lines: Sequence[BuildOutput], mark: str = "", at: Mapping[str, datetime | None] | None = None
    ) -> None:
        """`at` has the moments of the steps of a build that is long over; else lines are of now."""
        response, size = StatusResponse(), 0
        for line in lines:
            data = f"{line.text}\n".encode(errors="surrogateescape")
            stream = 2 if line.stream == "stderr" else 1
            response.logs.append(
                VertexLog(
                    vertex=self.digest(mark + line.step),
                    timestamp=stamp((at or {}).get(line.step)),
                    stream=stream,
                    msg=data,
                )
            )
            size += len(data)
            if size > _LOGS_IN_A_MESSAGE:
                self.say(response)
                response, size = StatusResponse(), 0
        if response.logs:
            self.say(response)


def _shown(step: BuildStep, stages: Collection[str]) -> bool:
    """What only notes something in the configuration is no vertex; FROM is one where it is an image."""
    word, *rest = step.instruction.split()
    if word.upper() == "FROM":
        base = next((each for each in rest if not each.startswith("--")), "")
        return base.lower() not in {"scratch", *stages}
    return word.upper() in ("RUN", "COPY", "ADD", "WORKDIR")


class Task:
    """Work of our own around the steps: a transfer, an export. As a context manager it ends with what ended it."""

    def __init__(self, board: Board, name: str) -> None:
        self._board = board
        self._vertex = Vertex(digest=board.digest(name), name=name, started=stamp())
        self._statuses: dict[str, VertexStatus] = {}
        self._next_word = 0.0
        board.say(StatusResponse(vertexes=[self._vertex]))

    @property
    def digest(self) -> str:
        return str(self._vertex.digest)

    def amount(self, name: str, current: int, total: int = 0) -> None:
        """How far a part of it is; said at most ten times a second."""
        status = self._statuses.get(name)
        if status is None:
            status = self._statuses[name] = VertexStatus(
                ID=name, vertex=self._vertex.digest, name=name, started=stamp()
            )
        status.current, status.total = current, total
        moment = time.monotonic()
        if moment >= self._next_word:
            self._next_word = moment + 0.1
            self._say(status)

    def part(self, name: str) -> None:
        """A part of it is done."""
        self.amount(name, 0)
        self._finish(self._statuses[name])

    def say(self, text: str) -> None:
        log = VertexLog(vertex=self._vertex.digest, timestamp=stamp(), stream=1, msg=text.encode())
        self._board.say(StatusResponse(logs=[log]))

    def __enter__(self) -> Task:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        for status in self._statuses.values():
            if not status.HasField("completed"):
                self._finish(status)
        self._vertex.completed.CopyFrom(stamp())
        if error is not None:
            cancelled = isinstance(error, asyncio.CancelledError)
            self._vertex.error = "context canceled" if cancelled else getattr(error, "message", None) or str(error)
        self._board.say(StatusResponse(vertexes=[self._vertex]))

    def _finish(self, status: VertexStatus) -> None:
        status.completed.CopyFrom(stamp())
        self._say(status)

    def _say(self, status: VertexStatus) -> None:
        status.timestamp.CopyFrom(stamp())
        copy = VertexStatus()
        copy.CopyFrom(status)
        self._board.say(StatusResponse(statuses=[copy]))
