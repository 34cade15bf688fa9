"""The program that walks over whole logs beside the engine: it indexes, and it searches. Standard library only.

One request, as JSON on stdin; the answer is frames on stdout: a type byte, a length, a payload. `M` line numbers that
match (64-bit each), `R` the first and the one after the last of a run of such numbers, `P` bytes scanned so far and
matches so far, `E` the end. It is cancelled by killing it.
"""

from __future__ import annotations

import json
import signal
import struct
import sys
import time
from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.logs.searching.question import Plan, Question, compile_question
from engine.logs.searching.scan import Block, scan_block
from engine.logs.written.files import LogFiles
from engine.logs.written.format import Joiner, count_ends
from engine.logs.written.index import Mark, resume, whole_lines
from engine.logs.written.upkeep import bring_up_to_date, load_indexes

if TYPE_CHECKING:
    from engine.logs.searching.scan import Numbers

FRAME = struct.Struct("<cI")
_PROGRESS_SECONDS = 0.05
_MOST_NUMBERS = 16384
_BLOCK_SECONDS = 20
_BLOCK = 512 * 1024
"""Small enough to stay in the processor's cache from one pass over it to the next."""
_WORTH_A_RUN = 16
_LARGEST_KEPT = 31 * 1024 * 1024


class Output:
    """Frames to the engine. Numbers are gathered, so that a hit in every line does not mean a frame for every line."""

    def __init__(self) -> None:
        self._numbers = array("Q")
        self._run = range(0)
        self._matches = 0
        self._told = time.monotonic()

    def numbers(self, numbers: Numbers) -> None:
        self._matches += len(numbers)
        if isinstance(numbers, range) and len(numbers) >= _WORTH_A_RUN:
            self._extend_run(numbers)
            return
        self._flush_run()
        self._numbers.extend(numbers)
        if len(self._numbers) >= _MOST_NUMBERS:
            self._flush()

    def _extend_run(self, run: range) -> None:
        if self._run and self._run.stop == run.start:
            self._run = range(self._run.start, run.stop)
        else:
            self._flush()
            self._run = run

    def progress(self, scanned: int, *, last: bool = False) -> None:
        now = time.monotonic()
        if last or now - self._told >= _PROGRESS_SECONDS:
            self._told = now
            self._flush()
            self._frame(b"E" if last else b"P", struct.pack("<QQ", scanned, self._matches))
            sys.stdout.buffer.flush()

    def _flush(self) -> None:
        self._flush_run()
        while self._numbers:
            self._frame(b"M", self._numbers[:_MOST_NUMBERS].tobytes())
            del self._numbers[:_MOST_NUMBERS]

    def _flush_run(self) -> None:
        if self._run:
            self._frame(b"R", struct.pack("<QQ", self._run.start, self._run.stop))
            self._run = range(0)

    def _frame(self, kind: bytes, payload: bytes) -> None:
        sys.stdout.buffer.write(FRAME.pack(kind, len(payload)) + payload)


class Search:
    """One question over one history."""

    def __init__(self, files: LogFiles, plan: Plan, begin: int, end: int, output: Output) -> None:
        self._files = files
        self._plan = plan
        self._first = begin
        self._end = end
        self._output = output
        self._indexes = load_indexes(files)
        self._joiner = Joiner()
        self._number = 0

    def run(self) -> None:
        offset = self._begin()
        start = offset
        while offset < self._end:
            block, known = self._next_block(offset)
            if not block.data:
                break
            self._scan(block, known)
            offset += len(block.data)
            self._output.progress(offset - start)
        self._output.progress(offset - start, last=True)

    def _begin(self) -> int:
        """Where to start: where we were told (a mark of the index), or shortly before the wanted time."""
        marks = [self._indexes[0].base if self._indexes else Mark(self._files.start, 0, 0)]
        since = self._plan.question.since_ns
        for index in self._indexes:
            # An index that begins further on has no mark before the place, and gives its first one.
            marks += [mark for mark in (index.before_offset(self._first),) if mark.offset <= self._first]
            if since is not None:
                marks += [mark for mark in (index.before_time(since),) if mark.time_ns < since]
        start = max(marks, key=lambda mark: mark.offset)
        self._joiner = resume(start, self._files.read)
        self._number = start.number
        return start.offset

    def _next_block(self, offset: int) -> tuple[Block, int | None]:
        """Whole lines from an offset on, and the line number after them where the index knows it."""
        length = min(_BLOCK, self._end - offset)
        for index in self._indexes:
            mark, doubtful = index.next_mark(offset, length)
            if mark is not None:
                data = self._files.read(offset, mark.offset - offset)
                marks = index.numbers_between(offset, mark.offset)
                return Block(data, offset, self._number, doubtful=doubtful, marks=marks), mark.number
        block = whole_lines(self._files.read(offset, length))
        while not block and length < self._end - offset:
            length *= 2
            block = whole_lines(self._files.read(offset, length))
        return Block(block, offset, self._number), None

    def _scan(self, block: Block, known: int | None) -> None:
        signal.alarm(_BLOCK_SECONDS)  # an expression looks at signals now and then, so it is broken off
        found, count = scan_block(self._plan, block, self._joiner)
        signal.alarm(0)
        if found:
            self._output.numbers(found)
        if known is not None:
            self._number = known
        else:
            self._number += count_ends(block.data) if count is None else count


def _keep_memory() -> None:
    """Have the C library keep freed blocks for the next ones. Blocks of this size it gives back to the kernel, and the
    clearing of their pages costs as much as the search; one large block, freed, raises its thresholds."""
    bytes(_LARGEST_KEPT)


class TooLong(Exception):
    """Its words are told to who searched."""


def _too_long(_number: int, _frame: object) -> None:
    raise TooLong("the expression takes too long on lines of this log")


def main() -> None:
    _keep_memory()
    request: dict[str, Any] = json.load(sys.stdin)
    files = LogFiles(Path(request["path"]))
    output = Output()
    if request["task"] == "index":
        bring_up_to_date(files, load_indexes(files), save=True, told=output.progress)
        output.progress(files.end, last=True)
        return
    signal.signal(signal.SIGALRM, _too_long)
    question = Question(**{**request["question"], "levels": tuple(request["question"]["levels"])})
    begin, end = request.get("begin", 0), min(request["end"], files.end)
    Search(files, compile_question(question), begin, end, output).run()
