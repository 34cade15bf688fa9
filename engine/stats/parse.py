"""What the kernel's files say. Pure: bytes in, numbers out; nothing is assumed to be there."""

from __future__ import annotations

from engine.types.stats import Pressure

_UNLIMITED = 1 << 62
"""v1 says "no limit" with the greatest number that fits its pages."""


def number(data: bytes) -> int:
    """One number in a file; "max", v1's huge numbers and nothing at all are 0."""
    try:
        value = int(data)
    except ValueError:
        return 0
    return 0 if value >= _UNLIMITED else value


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
    """`some avg10=… avg60=… avg300=… total=…`, then `full …` (which cpu.pressure did not always have)."""
    some = full = (0.0, 0)
    for line in data.splitlines():
        words = line.split()
        if len(words) < 5 or words[0] not in (b"some", b"full"):
            continue
        try:
            figures = (float(words[1].partition(b"=")[2]), int(words[4].partition(b"=")[2]))
        except ValueError:
            continue
        if words[0] == b"some":
            some = figures
        else:
            full = figures
    if not data:
        return None
    return Pressure(some_avg10=some[0], full_avg10=full[0], some_total_us=some[1], full_total_us=full[1])


def io_v2(data: bytes) -> tuple[int, int, int, int]:
    """Bytes read and written, operations read and written, of all devices: `8:0 rbytes=… wbytes=… rios=… wios=…`."""
    totals = {b"rbytes": 0, b"wbytes": 0, b"rios": 0, b"wios": 0}
    for line in data.splitlines():
        for word in line.split()[1:]:
            key, _, value = word.partition(b"=")
            if key in totals and value.isdigit():
                totals[key] += int(value)
    return totals[b"rbytes"], totals[b"wbytes"], totals[b"rios"], totals[b"wios"]


def io_v1(data: bytes) -> tuple[int, int]:
    """`8:0 Read N`, `8:0 Write N` … of all devices."""
    read = written = 0
    for line in data.splitlines():
        words = line.split()
        if len(words) == 3 and words[2].isdigit():
            if words[1] == b"Read":
                read += int(words[2])
            elif words[1] == b"Write":
                written += int(words[2])
    return read, written


def cpu_limit(data: bytes) -> float:
    """cpu.max: `QUOTA PERIOD` in microseconds, as processors; 0.0 for "max"."""
    words = data.split()
    if len(words) != 2 or not words[0].isdigit() or not int(words[1]):
        return 0.0
    return int(words[0]) / int(words[1])


def network(data: bytes) -> tuple[tuple[str, int, int, int, int], ...]:
    """/proc/PID/net/dev: (interface, received bytes and packets, sent bytes and packets), the loopback left out."""
    found = []
    for line in data.splitlines()[2:]:
        name, colon, rest = line.partition(b":")
        words = rest.split()
        if colon and len(words) >= 16 and name.strip() != b"lo":
            found.append(
                (name.strip().decode("ascii", "replace"), int(words[0]), int(words[1]), int(words[8]), int(words[9]))
            )
    return tuple(found)
