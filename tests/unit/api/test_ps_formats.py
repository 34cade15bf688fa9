"""The languages of `ps` that `docker top` passes on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine.api.docker.ps_formats import columns_of, table
from engine.api.http.statuses import Refusal
from engine.types.containers import Process

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
PROCESS = Process(
    pid=70,
    container_pid=1,
    parent_pid=69,
    user="web",
    uid=33,
    state="sleeping",
    cpu_percent=12.34,
    cpu_seconds=3725,
    memory=50 << 20,
    started=NOW - timedelta(days=1, hours=2),
    command="/usr/sbin/nginx -g off",
)


@pytest.mark.parametrize(
    ("options", "titles"),
    [
        ("", "UID PID PPID C STIME TTY TIME CMD"),
        ("-ef", "UID PID PPID C STIME TTY TIME CMD"),
        ("aux", "USER PID %CPU %MEM RSS TTY STAT START TIME COMMAND"),
        ("-aux", "USER PID %CPU %MEM RSS TTY STAT START TIME COMMAND"),
        ("-e", "PID TTY TIME CMD"),
        ("ax", "PID TTY STAT TIME COMMAND"),
        ("-o pid,comm", "PID COMMAND"),
        ("-eo pid,args", "PID COMMAND"),
        ("axo user,pid", "USER PID"),
        ("-opid -o %cpu=LOAD", "PID LOAD"),
        ("-o pid -o etimes,uid,rss", "PID ELAPSED UID RSS"),
    ],
)
def test_which_columns(options: str, titles: str) -> None:
    assert " ".join(column.title for column in columns_of(options)) == titles


@pytest.mark.parametrize("options", ["-l", "--forest", "-o nice", "-o pid,", "x" * 2000, "-o pid,vsz"])
def test_what_cannot_be_shown_is_refused_by_name(options: str) -> None:
    if options == "-o pid,":
        assert [column.title for column in columns_of(options)] == ["PID"]
        return
    with pytest.raises(Refusal) as refused:
        columns_of(options)
    assert refused.value.status == 400


def test_what_stands_in_them() -> None:
    columns = columns_of("-o pid,ppid,owner,uid,pcpu,c,pmem,rss,stat,time,etime,comm,args,tty")
    _, rows = table([PROCESS], columns, memory=100 << 20, now=NOW)
    assert rows == [
        ["70", "69", "web", "33", "12.3", "12", "50.0", "51200", "S", "01:02:05", "1-02:00:00", "nginx",
         "/usr/sbin/nginx -g off", "?"],
    ]  # fmt: skip
