"""The program that walks over whole logs beside the engine: it indexes, and it searches. Standard library only.

One request, as JSON on stdin; the answer is frames on stdout: a type byte, a length, a payload. `M` line numbers that
match (64-bit each), `P` bytes scanned so far and matches so far, `E` the end. It is cancelled by killing it.
"""

from __future__ import annotations

import json
import struct
import sys
import time
from array import array
from pathlib import Path
from typing import Any

from engine.logs.files import LogFiles
from engine.logs.format import Joiner, count_ends
from engine.logs.index import Mark, resume, whole_lines
from engine.logs.question import Plan, Question, compile_question
from engine.logs.scan import Block, scan_block
from engine.logs.upkeep import bring_up_to_date, load_indexes

FRAME = struct.Struct("<cI")
_PROGRESS_SECONDS = 0.05
_MOST_NUMBERS = 16384
_BLOCK = 1024 * 1024


class Output:
    """Frames to the engine. Numbers are gathered, so that a hit in every line does not mean a frame for every line."""

    def __init__(self) -> None:
        self._numbers = array("Q")
        self._matches = 0
        self._told = time.monotonic()

    def numbers(self, numbers: array[int]) -> None:
        self._numbers.extend(numbers)
        self._matches += len(numbers)
        if len(self._numbers) >= _MOST_NUMBERS:
            self._flush()

    def progress(self, scanned: int, *, last: bool = False) -> None:
        now = time.monotonic()
        if last or now - self._told >= _PROGRESS_SECONDS:
            self._told = now
            self._flush()
            self._frame(b"E" if last else b"P", struct.pack("<QQ", scanned, self._matches))
            sys.stdout.buffer.flush()

    def _flush(self) -> None:
        while self._numbers:
            self._frame(b"M", self._numbers[:_MOST_NUMBERS].tobytes())
            del self._numbers[:_MOST_NUMBERS]

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
            block, known, pieces = self._next_block(offset)
            if not block:
                break
            self._scan(block, offset, known, pieces=pieces)
            offset += len(block)
            self._output.progress(offset - start)
        self._output.progress(offset - start, last=True)

    def _begin(self) -> int:
        """Where to start: where we were told (a mark of the index), or shortly before the wanted time."""
        start = self._indexes[0].base if self._indexes else Mark(self._files.start, 0, 0)
        since = self._plan.question.since_ns
        for index in self._indexes:
            for mark in (index.before_offset(self._first), index.before_time(since) if since is not None else start):
                if mark.offset > start.offset:
                    start = mark
        self._joiner = resume(start, self._files.read)
        self._number = start.number
        return start.offset

    def _next_block(self, offset: int) -> tuple[bytes, int | None, bool]:
        """Whole lines from an offset on; the line number after them, and that they have no pieces, where known."""
        length = min(_BLOCK, self._end - offset)
        for index in self._indexes:
            mark, pieces = index.next_mark(offset, length)
            if mark is not None:
                return self._files.read(offset, mark.offset - offset), mark.number, pieces
        block = whole_lines(self._files.read(offset, length))
        while not block and length < self._end - offset:
            length *= 2
            block = whole_lines(self._files.read(offset, length))
        return block, None, True

    def _scan(self, block: bytes, offset: int, known: int | None, *, pieces: bool) -> None:
        place = Block(block, offset, self._number, pieces=pieces)
        found, count = scan_block(self._plan, place, self._joiner)
        if found:
            self._output.numbers(array("Q", found))
        if known is not None:
            self._number = known
        else:
            self._number += count_ends(block) if count is None else count


def main() -> None:
    request: dict[str, Any] = json.load(sys.stdin)
    files = LogFiles(Path(request["path"]))
    output = Output()
    if request["task"] == "index":
        bring_up_to_date(files, load_indexes(files), save=True, told=output.progress)
        output.progress(files.end, last=True)
        return
    question = Question(**{**request["question"], "levels": tuple(request["question"]["levels"])})
    begin, end = request.get("begin", 0), min(request["end"], files.end)
    Search(files, compile_question(question), begin, end, output).run()
