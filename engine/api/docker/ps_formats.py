"""The options of `ps` as `docker top` passes them on: which columns, and what is in them.

There is no `ps` behind this: the engine reads the processes itself, so that names and numbers are the container's.
What it cannot show is refused rather than left empty.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from engine.api.http.statuses import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from engine.types.containers import Process

_MOST = 1024
_LETTERS = {
    "running": "R",
    "sleeping": "S",
    "waiting for the disk": "D",
    "zombie": "Z",
    "stopped": "T",
    "traced": "t",
    "idle": "I",
    "dead": "X",
}


class Look(NamedTuple):
    """One process at one moment, beside what its shares are shares of."""

    process: Process
    memory: int
    now: datetime


class Column(NamedTuple):
    title: str
    text: Callable[[Look], str]


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest:02}"


def _elapsed(look: Look) -> str:
    seconds = max(0, int((look.now - look.process.started).total_seconds()))
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    short = f"{rest // 60:02}:{rest % 60:02}"
    return f"{days}-{hours:02}:{short}" if days else f"{hours:02}:{short}" if hours else short


def _name(look: Look) -> str:
    words = look.process.command.split()
    return words[0].rpartition("/")[2] if words else ""


_COLUMNS = {
    "pid": Column("PID", lambda look: str(look.process.pid)),
    "ppid": Column("PPID", lambda look: str(look.process.parent_pid)),
    "user": Column("USER", lambda look: look.process.user),
    "uid": Column("UID", lambda look: str(look.process.uid)),
    "owner": Column("UID", lambda look: look.process.user),  # what -f calls UID is a name
    "pcpu": Column("%CPU", lambda look: f"{look.process.cpu_percent:.1f}"),
    "c": Column("C", lambda look: str(int(look.process.cpu_percent))),
    "pmem": Column("%MEM", lambda look: f"{100 * look.process.memory / look.memory:.1f}"),
    "rss": Column("RSS", lambda look: str(look.process.memory // 1024)),
    "stat": Column("STAT", lambda look: _LETTERS.get(look.process.state, "?")),
    "tty": Column("TTY", lambda look: "?"),
    "start": Column("START", lambda look: look.process.started.astimezone().strftime("%H:%M")),
    "stime": Column("STIME", lambda look: look.process.started.astimezone().strftime("%H:%M")),
    "lstart": Column("STARTED", lambda look: look.process.started.astimezone().strftime("%a %b %e %H:%M:%S %Y")),
    "time": Column("TIME", lambda look: _clock(look.process.cpu_seconds)),
    "etime": Column("ELAPSED", _elapsed),
    "etimes": Column("ELAPSED", lambda look: str(int((look.now - look.process.started).total_seconds()))),
    "cmd": Column("CMD", lambda look: look.process.command),
    "args": Column("COMMAND", lambda look: look.process.command),
    "comm": Column("COMMAND", _name),
}
_OTHER_WORDS = {
    "%cpu": "pcpu", "%mem": "pmem", "euser": "user", "uname": "user", "euid": "uid", "rssize": "rss", "rsz": "rss",
    "s": "stat", "state": "stat", "tt": "tty", "tname": "tty", "start_time": "stime", "cputime": "time",
    "command": "args", "ucmd": "comm", "ucomm": "comm",
}  # fmt: skip
_FULL = "owner pid ppid c stime tty time cmd"
_BY_USER = "user pid pcpu pmem rss tty stat start time args"
_PLAIN = "pid tty time cmd"
_PLAIN_BSD = "pid tty stat time args"


def columns_of(options: str) -> Sequence[Column]:
    """From `-ef`, `aux`, `-o pid,comm`, `-eo pid,args=WHAT` and their like; `-ef` where nothing is said."""
    if len(options) > _MOST:
        raise Refusal(400, "the options of ps are too long")
    words = options.split()
    chosen: list[Column] = []
    letters, dashed = "", False
    while words:
        word = words.pop(0)
        match = re.fullmatch(r"-?([aAedfuwxH]*)o(.*)", word)
        if match is None:
            letters, dashed = letters + word.lstrip("-"), dashed or word.startswith("-")
            continue
        formats = match[2] or (words.pop(0) if words else "")
        chosen += [_column(each) for each in re.split(r"[, ]+", formats) if each]
    if strange := set(letters) - set("aAedfuwxH"):
        raise _strange(f"the option {''.join(sorted(strange))!r}")
    return chosen or _whole_format(letters, dashed=dashed)


def _whole_format(letters: str, *, dashed: bool) -> Sequence[Column]:
    if "u" in letters:
        names = _BY_USER
    elif "f" in letters or not letters:
        names = _FULL
    else:
        names = _PLAIN if dashed else _PLAIN_BSD
    return [_COLUMNS[name] for name in names.split()]


def _column(given: str) -> Column:
    name, equals, title = given.partition("=")
    known = _COLUMNS.get(_OTHER_WORDS.get(name.lower(), name.lower()))
    if known is None:
        raise _strange(f"the column {name[:40]!r}")
    return known._replace(title=title) if equals else known


def _strange(what: str) -> Refusal:
    columns = ", ".join(name for name in _COLUMNS if name != "owner")
    return Refusal(400, f"{what} of ps is not supported by Wherry; there are -ef, aux, and -o with {columns}")


def table(
    processes: Sequence[Process], columns: Sequence[Column], *, memory: int, now: datetime
) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """Titles and rows. `memory` is all there is, for the shares."""
    rows = [[column.text(Look(process, memory, now)) for column in columns] for process in processes]
    return [column.title for column in columns], rows
