"""What the kernel's files say. Pure: bytes in, numbers out; nothing is assumed to be there."""

from __future__ import annotations

import contextlib

from engine.types.stats import Pressure

_DIGITS = 20
_UNLIMITED = 1 << 62
"""v1 says "no limit" with the greatest number that fits its pages."""


def number(data: bytes) -> int:
    """One number in a file; "max", v1's huge numbers and nothing at all are 0."""
    try:
        value = int(data)
    except ValueError:
        return 0
    return 0 if value >= _UNLIMITED else value


def is_count(word: bytes) -> bool:
    """A number as the kernel writes one: what is longer is none, and Python would not read it."""
    return len(word) <= _DIGITS and word.isdigit()


def field(data: bytes, key: bytes) -> int:
    """The value of `key` in a file of "key value" lines; 0 where it is not. Much faster than parsing all of them."""
    if data.startswith(key + b" "):
        place = len(key) + 1
    else:
        place = data.find(b"\n" + key + b" ")
        if place < 0:
            return 0
        place += len(key) + 2
    end = data.find(b"\n", place)
    try:
        return int(data[place:] if end < 0 else data[place:end])
    except ValueError:
        return 0


def pressure(data: bytes) -> Pressure | None:
    """How much of the last ten seconds somebody waited: `some avg10=… avg60=… avg300=… total=…`."""
    for line in data.splitlines():
        words = line.split()
        if len(words) >= 5 and words[0] == b"some":
            with contextlib.suppress(ValueError):
                return Pressure(some_avg10=float(words[1].partition(b"=")[2]))
    return Pressure() if data else None


def io_v2(data: bytes) -> tuple[int, int, int, int]:
    """Bytes read and written, operations read and written, of all devices: `8:0 rbytes=… wbytes=… rios=… wios=…`."""
    totals = {b"rbytes": 0, b"wbytes": 0, b"rios": 0, b"wios": 0}
    for line in data.splitlines():
        for word in line.split()[1:]:
            key, _, value = word.partition(b"=")
            if key in totals and is_count(value):
                totals[key] += int(value)
    return totals[b"rbytes"], totals[b"wbytes"], totals[b"rios"], totals[b"wios"]


def io_v1(data: bytes) -> tuple[int, int]:
    """`8:0 Read N`, `8:0 Write N` … of all devices."""
    read = written = 0
    for line in data.splitlines():
        words = line.split()
        if len(words) == 3 and is_count(words[2]):
            if words[1] == b"Read":
                read += int(words[2])
            elif words[1] == b"Write":
                written += int(words[2])
    return read, written


def cpu_limit(data: bytes) -> float:
    """cpu.max: `QUOTA PERIOD` in microseconds, as processors; 0.0 for "max"."""
    words = data.split()
    if len(words) != 2 or not all(map(is_count, words)) or not int(words[1]):
        return 0.0
    return int(words[0]) / int(words[1])


def network(data: bytes) -> tuple[tuple[str, int, int, int, int], ...]:
    """/proc/PID/net/dev: (interface, received bytes and packets, sent bytes and packets), the loopback left out."""
    found = []
    for line in data.splitlines()[2:]:
        name, colon, rest = line.partition(b":")
        words = rest.split()
        counts = (*words[:2], *words[8:10])
        if colon and len(words) >= 16 and all(map(is_count, counts)) and name.strip() != b"lo":
            found.append(
                (name.strip().decode("ascii", "replace"), int(words[0]), int(words[1]), int(words[8]), int(words[9]))
            )
    return tuple(found)
