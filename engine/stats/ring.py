"""A day of one container's rates in one small file that survives everything.

The slot of a record follows from its time, so there is no pointer to keep and nothing to mend after a crash; a slot
written a day ago is simply too old to be shown. 8640 slots of 10 seconds take 800 KB, and as long as a container is
young, less: the file has holes. What the machine did not tell (a pressure it does not count, how memory is split) is
kept as not told, never as zero.
"""

from __future__ import annotations

import math
import os
import struct
from typing import TYPE_CHECKING

from engine.types.stats import Pressure, Rates, Sample

if TYPE_CHECKING:
    from pathlib import Path

SLOT_SECONDS = 10
SLOTS = 24 * 3600 // SLOT_SECONDS
SUFFIX = ".day"
EARLIER_SUFFIX = ".ring"
"""Of the form before this one, which said neither what a record is of nor how memory was split: gone after a day."""
_RECORD = struct.Struct("<IIfffffIIffffIIIIIffffI")
_NEVER = 0
_ESTIMATED = ("memory", "cpu", "io")
_MOST = 0xFFFFFFFF


class Ring:
    """One file. `path` may not exist yet; it is made with the first record."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def put(self, rates: Rates, *, ending: bool = False) -> None:
        """`ending`: the last of a run, between two rounds. It takes the place after that of the last whole record."""
        seconds, rest = divmod(rates.time_ns, 1_000_000_000)
        sample = rates.sample
        record = _RECORD.pack(
            seconds,
            rest // 1000,
            rates.cpu_percent,
            rates.cpu_user_percent,
            rates.cpu_system_percent,
            rates.throttled_percent,
            rates.memory_percent,
            _kib(rates.memory),
            _kib(rates.memory_limit),
            rates.io_read_rate,
            rates.io_write_rate,
            rates.net_rx_rate,
            rates.net_tx_rate,
            min(rates.pids, _MOST),
            _kib(sample.memory_anon),
            _kib(sample.memory_shmem),
            _kib(sample.memory_kernel),
            _kib(sample.memory_file),
            rates.seconds,
            *(_share(one) for one in (sample.cpu_pressure, sample.memory_pressure, sample.io_pressure)),
            sum(1 << place for place, name in enumerate(_ESTIMATED) if name in sample.estimated),
        )
        fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.pwrite(fd, record, (seconds // SLOT_SECONDS + ending) % SLOTS * _RECORD.size)
        finally:
            os.close(fd)

    def since(self, container_id: str, since_ns: int, until_ns: int) -> list[Rates]:
        """Records in a span of time, oldest first."""
        try:
            data = self.path.read_bytes()
        except OSError:
            return []
        first, last = since_ns // 1_000_000_000, until_ns // 1_000_000_000
        whole = len(data) // _RECORD.size * _RECORD.size
        found = [
            record
            for record in _RECORD.iter_unpack(memoryview(data)[:whole])
            if record[0] != _NEVER and first <= record[0] <= last
        ]
        return [_rates(container_id, record) for record in sorted(found)]


def _kib(count: int) -> int:
    return min(count >> 10, _MOST)


def _share(pressure: Pressure | None) -> float:
    return pressure.some_avg10 if pressure is not None else math.nan


def _pressure(share: float) -> Pressure | None:
    return None if math.isnan(share) else Pressure(some_avg10=share)


def _rates(container_id: str, record: tuple[float, ...]) -> Rates:
    time_ns = int(record[0]) * 1_000_000_000 + int(record[1]) * 1000
    memory, limit = int(record[7]) << 10, int(record[8]) << 10
    sample = Sample(
        container_id=container_id,
        time_ns=time_ns,
        memory=memory,
        memory_limit=limit,
        memory_anon=int(record[14]) << 10,
        memory_shmem=int(record[15]) << 10,
        memory_kernel=int(record[16]) << 10,
        memory_file=int(record[17]) << 10,
        pids=int(record[13]),
        cpu_pressure=_pressure(record[19]),
        memory_pressure=_pressure(record[20]),
        io_pressure=_pressure(record[21]),
        estimated=tuple(name for place, name in enumerate(_ESTIMATED) if int(record[22]) >> place & 1),
    )
    return Rates(
        container_id=container_id,
        time_ns=time_ns,
        seconds=record[18],
        cpu_percent=record[2],
        cpu_user_percent=record[3],
        cpu_system_percent=record[4],
        throttled_percent=record[5],
        memory_percent=record[6],
        memory=memory,
        memory_limit=limit,
        io_read_rate=record[9],
        io_write_rate=record[10],
        net_rx_rate=record[11],
        net_tx_rate=record[12],
        pids=int(record[13]),
        sample=sample,
    )
