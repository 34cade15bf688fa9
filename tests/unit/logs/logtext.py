"""Logs as conmon writes them, for tests; and a slow, plain reading of them to compare with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_HEADS = (b" stdout F ", b" stdout P ", b" stderr F ", b" stderr P ")
START_NS = 1_790_000_000_000_000_000


def stamp(time_ns: int) -> bytes:
    second, rest = divmod(time_ns, 1_000_000_000)
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S").encode() + b".%09d+00:00" % rest


def physical(text: bytes, *, time_ns: int = START_NS, stream: str = "stdout", tag: str = "F") -> bytes:
    return stamp(time_ns) + f" {stream} {tag} ".encode() + text + b"\n"


def write_log(path: Path, lines: Iterable[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab") as log:
        for line in lines:
            log.write(line)


def numbered(count: int, *, first: int = 0, step_ns: int = 1_000_000) -> list[bytes]:
    return [physical(b"line %d" % n, time_ns=START_NS + n * step_ns) for n in range(first, first + count)]


def plain_reading(data: bytes) -> list[tuple[str, bytes]]:
    """(stream, text) of every ended line, pieces joined per stream, in the order of their ends; torn ones whole."""
    waiting: dict[str, bytes] = {}
    lines = []
    for line in data.split(b"\n")[:-1]:
        raw = line if line[35:45] in _HEADS else line.lstrip(b"\0")
        if raw[35:45] not in _HEADS:
            lines.append(("stdout", raw))
            continue
        stream, tag, text = raw[36:42].decode(), raw[43:44], raw[45:]
        waiting[stream] = waiting.get(stream, b"") + text
        if tag == b"F":
            lines.append((stream, waiting.pop(stream)))
    return lines
