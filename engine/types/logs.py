"""Logs: lines, and questions about them. High rate, so times are integer nanoseconds since the epoch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Literal

from engine.types.data import Data

SERVICE = "service:"
"""Before the id of a Swarm's service: what all its tasks say."""
_MERGED = "merged:"


def merged_name(containers: Iterable[str]) -> str:
    """Under which several logs are read as one, by time; a single one keeps its own name."""
    names = list(containers)
    return _MERGED + ",".join(names) if len(names) > 1 else "".join(names)


def is_merged(name: str) -> bool:
    return name.startswith(_MERGED)


def merged_members(name: str) -> list[str]:
    """Whose logs are read under a name: several, or the one that it names."""
    return [part for part in name.removeprefix(_MERGED).split(",") if part] if is_merged(name) else [name]


class Level(StrEnum):
    NONE = ""
    TRACE = "trace"
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    FATAL = "fatal"


class LogLine(Data, frozen=True, kw_only=True, gc=False):
    """One whole line (its 16 KiB pieces joined), without its newline. Invalid UTF-8 shows as U+FFFD; ANSI is kept."""

    number: int
    """Position in the container's history, 0 = the first line it ever wrote: a number never changes, also when
    rotation drops older lines (`LogSummary.first_number` is the first still kept). Read before `LogSummary.indexed`
    is True, the numbers near the tail are estimates that only give the order; read again then."""
    time_ns: int
    stream: Literal["stdout", "stderr"]
    text: str
    level: Level = Level.NONE
    source: str = ""
    """Container id, set in merged views."""
    partial: bool = False
    """The process has not ended this line yet."""


class ReadLogs(Data, frozen=True, kw_only=True):
    """Lines of one container's history; unset bounds are open."""

    tail: int | None = None
    since_ns: int | None = None
    until_ns: int | None = None
    first: int | None = None
    """Start at this line number …"""
    count: int | None = None
    """… and give at most so many."""
    stdout: bool = True
    stderr: bool = True
    follow: bool = False
    until_exit: bool = False
    """With `follow`: end once the container no longer runs and all it wrote was given."""
    unfinished: bool = False
    """With `follow`: give the line that is being written too (`partial`), anew when it has grown, and at last whole
    under the same number. Without it, an unended line comes only where the log ends with it."""


class SearchLogs(Data, frozen=True, kw_only=True):
    """A question over the whole history."""

    pattern: str
    regex: bool = False
    case_sensitive: bool | None = None
    """None is smart case: sensitive only if the pattern has a capital."""
    inverse: bool = False
    whole_word: bool = False
    levels: tuple[Level, ...] = ()
    stdout: bool = True
    stderr: bool = True
    since_ns: int | None = None
    until_ns: int | None = None


class SearchProgress(Data, frozen=True, kw_only=True):
    """Matches stream in, newest search state last."""

    numbers: Sequence[int] = ()
    """Line numbers of new matches, ascending. Packed, an array or a range, as there may be millions: keep them so."""
    scanned_bytes: int = 0
    total_bytes: int = 0
    matches: int = 0
    finished: bool = False


class LogSummary(Data, frozen=True, kw_only=True):
    """What is known at once, whatever the size. `lines` is exact once `indexed` is True, an estimate before."""

    bytes: int
    lines: int
    indexed: bool
    first_number: int = 0
    """Number of the first line kept."""
    first_ns: int = 0
    last_ns: int = 0


class ExportLogs(Data, frozen=True, kw_only=True):
    path: str
    ansi: bool = False
    timestamps: bool = True
    gzip: bool = False
    search: SearchLogs | None = None
