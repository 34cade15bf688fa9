"""A day of one container's rates in one small file that survives everything.

The slot of a record follows from its time, so there is no pointer to keep and nothing to mend after a crash; a slot
written a day ago is simply too old to be shown. 8640 slots of 10 seconds take 490 KB, and as long as a container is
young, less: the file has holes.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

from engine.types.stats import Rates, Sample

if TYPE_CHECKING:
    from pathlib import Path

SLOT_SECONDS = 10
SLOTS = 24 * 3600 // SLOT_SECONDS
_RECORD = struct.Struct("<IIfffffIIffffIf")
_NEVER = 0


class Ring:
    """One file. `path` may not exist yet; it is made with the first record."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def put(self, rates: Rates) -> None:
        seconds, rest = divmod(rates.time_ns, 1_000_000_000)
        pressure = rates.sample.memory_pressure
        record = _RECORD.pack(
            seconds,
            rest // 1000,
            rates.cpu_percent,
            rates.cpu_user_percent,
            rates.cpu_system_percent,
            rates.throttled_percent,
            rates.memory_percent,
            min(rates.memory >> 10, 0xFFFFFFFF),
            min(rates.memory_limit >> 10, 0xFFFFFFFF),
            rates.io_read_rate,
            rates.io_write_rate,
            rates.net_rx_rate,
            rates.net_tx_rate,
            min(rates.pids, 0xFFFFFFFF),
            pressure.some_avg10 if pressure is not None else 0.0,
        )
        fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.pwrite(fd, record, seconds // SLOT_SECONDS % SLOTS * _RECORD.size)
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


def _rates(container_id: str, record: tuple[float, ...]) -> Rates:
    time_ns = int(record[0]) * 1_000_000_000 + int(record[1]) * 1000
    memory, limit = int(record[7]) << 10, int(record[8]) << 10
    sample = Sample(container_id=container_id, time_ns=time_ns, memory=memory, memory_limit=limit, pids=int(record[13]))
    return Rates(
        container_id=container_id,
        time_ns=time_ns,
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
