"""Words, tables, ports, mounts, durations: the pure parts of the command line."""

from __future__ import annotations

from typing import Any

import pytest

from engine.cli.options import UsageError
from engine.cli.printed import words
from engine.cli.printed.tables import table
from engine.cli.streams.frames import Unframer
from engine.cli.streams.terminal import Detached, _KeyWatch, detach_sequence


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0B"), (999, "999B"), (1000, "1kB"), (1234, "1.23kB"), (415_300_000, "415MB"), (1_534_000_000, "1.53GB")],
)
def test_sizes(number: int, text: str) -> None:
    assert words.size(number) == text


@pytest.mark.parametrize(("number", "text"), [(0, "0B"), (1 << 20, "1MiB"), (757_760, "740KiB"), (1 << 34, "16GiB")])
def test_memory(number: int, text: str) -> None:
    assert words.memory(number) == text


def row(private: int, public: int = 0, kind: str = "tcp", address: str = "0.0.0.0") -> dict[str, Any]:
    bound = {"IP": address, "PublicPort": public} if public else {}
    return {"PrivatePort": private, "Type": kind, **bound}


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([row(80, 8080)], "0.0.0.0:8080->80/tcp"),
        ([row(443), row(80)], "80/tcp, 443/tcp"),
        ([row(80, 8080), row(81, 8081), row(82, 8082)], "0.0.0.0:8080-8082->80-82/tcp"),
        ([row(53, 53, "udp"), row(53, 53)], "0.0.0.0:53->53/tcp, 0.0.0.0:53->53/udp"),
        ([row(80, 8080, address="::1")], "[::1]:8080->80/tcp"),
        ([row(80, 9000), row(81, 9005)], "0.0.0.0:9000->80/tcp, 0.0.0.0:9005->81/tcp"),
    ],
)
def test_the_ports_column(rows: list[dict[str, Any]], text: str) -> None:
    assert words.ports(rows) == text


def test_tables_are_set_as_dockers() -> None:
    assert table([["A", "LONG HEAD", "LAST"], ["x", "y", "z"], ["wider-cell", "", ""]]) == (
        "A            LONG HEAD   LAST\nx            y           z\nwider-cell               \n"
    )
    assert table([]) == ""


def test_frames_are_taken_apart_across_every_border() -> None:
    stream = b"\x01\0\0\0\0\0\0\x05hello\x02\0\0\0\0\0\0\x03err\x01\0\0\0\0\0\0\x00"
    for size in range(1, len(stream) + 1):
        unframer, out, err = Unframer(), b"", b""
        for start in range(0, len(stream), size):
            for is_stderr, data in unframer.feed(stream[start : start + size]):
                out, err = (out, err + data) if is_stderr else (out + data, err)
        assert (out, err) == (b"hello", b"err")


def test_detach_keys() -> None:
    assert detach_sequence("ctrl-p,ctrl-q") == b"\x10\x11"
    assert detach_sequence("a,ctrl-[") == b"a\x1b"
    with pytest.raises(UsageError):
        detach_sequence("ctrl-1")
    watch = _KeyWatch(b"\x10\x11")
    assert watch.filter(b"ab\x10") == b"ab"
    assert watch.filter(b"c") == b"\x10c"
    assert watch.filter(b"\x10\x10") == b"\x10"
    with pytest.raises(Detached):
        watch.filter(b"\x11")
    assert _KeyWatch(b"").filter(b"\x10\x11") == b"\x10\x11"


def test_references() -> None:
    assert words.repository_and_tag("127.0.0.1:5000/a/b:1") == ("127.0.0.1:5000/a/b", "1")
    assert words.repository_and_tag("127.0.0.1:5000/a") == ("127.0.0.1:5000/a", "")
    assert words.with_default_tag("a") == "a:latest"
    assert words.with_default_tag("a@sha256:0") == "a@sha256:0"
