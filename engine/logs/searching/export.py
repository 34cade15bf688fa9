"""Writing histories to a file, one after another: filtered or whole, stamped or bare, with or without colours, gzipped.

Runs in the worker; standard library only.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from engine.logs.searching.question import Plan, Question, compile_question
from engine.logs.searching.worker import Output
from engine.logs.written.files import LogFiles
from engine.logs.written.format import Joiner
from engine.logs.written.index import whole_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

_ANSI = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_=>])")
_BLOCK = 1024 * 1024


def main() -> None:
    request: dict[str, Any] = json.load(sys.stdin)
    histories = [LogFiles(Path(path)) for path in request["paths"]]
    question = request["question"]
    plan = compile_question(Question(**{**question, "levels": tuple(question["levels"])})) if question else None
    output = Output()
    target = Path(request["target"])
    # A temporary neighbour and a rename: a cancelled export leaves nothing behind that looks whole.
    temporary = target.with_name(f".{target.name}.part")
    try:
        with _opened(temporary, gzip_it=request["gzip"]) as sink:
            written = 0
            for files in histories:
                shown = Shown(ansi=request["ansi"], stamps=request["timestamps"], before=written)
                written += write_lines(files, plan, sink, output, shown)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    output.progress(written, last=True)


def _opened(path: Path, *, gzip_it: bool) -> IO[bytes]:
    if gzip_it:
        return cast("IO[bytes]", gzip.open(path, "wb", compresslevel=6))
    return open(path, "wb")


@dataclass(frozen=True, slots=True)
class Shown:
    """How lines are written."""

    ansi: bool
    stamps: bool
    before: int = 0
    """Bytes of earlier histories, for the progress."""


def write_lines(files: LogFiles, plan: Plan | None, sink: IO[bytes], output: Output, shown: Shown) -> int:
    """Gives the bytes of log that were gone through."""
    offset = files.start
    for lines, after in _batches(files):
        sink.write(b"".join(_formatted(lines, plan, ansi=shown.ansi, stamps=shown.stamps)))
        offset = after
        output.progress(shown.before + offset - files.start)
    return offset - files.start


def _batches(files: LogFiles) -> Iterator[tuple[list[tuple[int, int, bytes]], int]]:
    joiner, offset, length = Joiner(), files.start, _BLOCK
    while offset < files.end:
        block = whole_lines(files.read(offset, length))
        if not block:
            if offset + length >= files.end:
                break
            length *= 4
            continue
        length = _BLOCK
        lines = joiner.feed(block, offset)
        offset += len(block)
        yield lines, offset
    if last := joiner.unfinished():
        yield sorted(last, key=lambda line: line[0]), offset


def _formatted(lines: list[tuple[int, int, bytes]], plan: Plan | None, *, ansi: bool, stamps: bool) -> Iterator[bytes]:
    second, shown = -1, b""
    for time_ns, stream, text in lines:
        if plan is not None and not (plan.in_time(time_ns) and plan.accepts(stream, text)):
            continue
        if stamps:
            if time_ns // 1_000_000_000 != second:
                second = time_ns // 1_000_000_000
                shown = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S").encode()
            yield shown + b".%09dZ " % (time_ns % 1_000_000_000)
        yield (text if ansi else _ANSI.sub(b"", text)) + b"\n"
