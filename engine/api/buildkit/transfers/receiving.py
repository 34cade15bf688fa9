"""A directory of the client, received into one of ours that keeps what came last time: only what changed is asked for.

The client lists its entries in the order of their paths; we ask for the contents we lack and get them in pieces,
several files at a time. Nothing it says leads out of our directory.
"""

from __future__ import annotations

import os
import stat
from typing import IO, TYPE_CHECKING, Final
from urllib.parse import quote_plus

from multidict import MultiDict

from engine.api.buildkit.connections.sessions import DIFF_COPY
from engine.api.buildkit.faults import refused
from engine.api.buildkit.transfers.file_modes import is_directory, is_link, is_plain, permissions
from engine.api.buildkit.transfers.listing import Spool, Walk, clear, lstat, plain_file_below
from engine.api.buildkit.wire.messages_pb2 import Packet, Stat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from engine.api.buildkit.connections.sessions import Session

STAT, REQUEST, DATA, FINISH, ERROR = range(5)
_MOST_ENTRIES: Final = 2_000_000
_MOST_AT_ONCE: Final = 256
_MOST_GROWN: Final = 64 << 20
"""A file may grow while it is sent, a log say; by more than this it was never what was listed."""


async def receive_directory(
    session: Session,
    name: str,
    into: Path,
    tell: Callable[[int], None],
    *,
    follow: Iterable[str] = (),
    exclude: Iterable[str] = (),
) -> None:
    """`name` is the client's word for the directory; `follow` are the only paths wanted, `exclude` those that are not.
    Afterwards ours holds just what was listed. `tell` hears how many bytes came."""
    os.makedirs(into, exist_ok=True, mode=0o700)
    metadata = MultiDict([("dir-name", name)])
    _add(metadata, "followpaths", follow)
    _add(metadata, "exclude-patterns", exclude)
    receiver = Receiver(into)
    try:
        async with session.stream(DIFF_COPY, Packet, Packet, metadata) as stream:
            await stream.send_request()
            came = 0
            async for packet in stream:
                came += packet.ByteSize()
                for wanted in receiver.take(packet):
                    await stream.send_message(Packet(type=REQUEST, ID=wanted))
                tell(came)
                if receiver.complete and not receiver.finished:
                    receiver.finished = True
                    await stream.send_message(Packet(type=FINISH), end=True)
                if packet.type == FINISH:
                    break
            if not receiver.complete:
                raise refused(f"the transfer of {name} ended before everything was there")
    except OSError as error:
        raise refused(f"{name} cannot be received: {error.strerror or error}") from error
    finally:
        receiver.close()


def _add(metadata: MultiDict[str], key: str, values: Iterable[str]) -> None:
    """One header for each value; where one is not ASCII, all are escaped and a second key says so."""
    listed = list(values)
    if all(value.isascii() and value.isprintable() and value == value.strip() for value in listed):
        metadata.extend((key, value) for value in listed)
        return
    metadata.extend((key, quote_plus(value, errors="surrogateescape")) for value in listed)
    metadata.add(f"{key}-encoded", "1")


class Receiver:
    """What has come, and what is still to come. Of a list of a million entries only a little is in memory."""

    def __init__(self, root: Path) -> None:
        self._root = os.fspath(root)
        self._number = 0
        self._walk = Walk(self._root)
        beside = os.path.dirname(self._root)
        self._waiting, self._links, self._directories = Spool(beside), Spool(beside), Spool(beside)
        self._wanted: dict[int, Stat] = {}
        """Those that were asked for."""
        self._open: dict[int, IO[bytes]] = {}
        self._whole_list = False
        self.finished = False

    @property
    def complete(self) -> bool:
        return self._whole_list and not self._wanted and not len(self._waiting)

    def take(self, packet: Packet) -> list[int]:
        """Use a packet; the numbers of the files to be asked for."""
        if packet.type == ERROR:
            raise refused(packet.data.decode("utf-8", "replace") or "the client gave up the transfer")
        if packet.type == DATA:
            self._data(packet)
        elif packet.type == STAT and not packet.HasField("stat"):
            self._end_of_list()
        elif packet.type == STAT:
            number, self._number = self._number, self._number + 1
            if number > _MOST_ENTRIES:
                raise refused("the build context has too many entries")
            if self._entry(packet.stat):
                self._waiting.put(number.to_bytes(4, "little") + packet.stat.SerializeToString())
        return self._next()

    def _next(self) -> list[int]:
        """So many at a time: a client has a file open for each, and so have we."""
        numbers = []
        while len(self._wanted) < _MOST_AT_ONCE and (record := self._waiting.get()) is not None:
            number = int.from_bytes(record[:4], "little")
            self._wanted[number] = Stat.FromString(record[4:])
            numbers.append(number)
        return numbers

    def close(self) -> None:
        for file in self._open.values():
            file.close()
        for spool in (self._waiting, self._links, self._directories):
            spool.close()

    # --- entries ---

    def _entry(self, entry: Stat) -> bool:
        """Make it, or note it; whether its contents are wanted."""
        self._walk.come_to(entry.path)
        where = os.path.join(self._root, entry.path)
        there = lstat(where)
        if is_directory(entry.mode):
            if there is None or not stat.S_ISDIR(there.st_mode):
                clear(where, there)
                os.mkdir(where, 0o700)
            self._walk.enter(entry.path)
            self._directories.put(entry.SerializeToString())
            return False
        if is_link(entry.mode):
            if there is None or not stat.S_ISLNK(there.st_mode) or os.readlink(where) != entry.linkname:
                clear(where, there)
                os.symlink(entry.linkname, where)
            return False
        if not is_plain(entry.mode):
            clear(where, there)
            return False
        if entry.linkname:
            self._links.put(entry.SerializeToString())  # its first name may still be on its way
            return False
        if there is not None and _same(there, entry):
            return False
        clear(where, there)
        return True

    def _end_of_list(self) -> None:
        self._whole_list = True
        self._walk.end()
        self._settle()

    # --- contents ---

    def _data(self, packet: Packet) -> None:
        entry = self._wanted.get(packet.ID)
        if entry is None:
            raise refused("the client sent a file that was not asked for")
        where = os.path.join(self._root, entry.path)
        file = self._open.get(packet.ID)
        if file is None:
            file = self._open[packet.ID] = open(where, "xb")
        if packet.data:
            file.write(packet.data)
            if file.tell() > entry.size + _MOST_GROWN:
                raise refused(f"the client sends more of {entry.path} than it has"[:300])
            return
        file.close()
        del self._open[packet.ID], self._wanted[packet.ID]
        os.chmod(where, permissions(entry.mode) | 0o400)
        os.utime(where, ns=(entry.modTime, entry.modTime))
        self._settle()

    def _settle(self) -> None:
        """With everything there: what had to wait for it."""
        if not self.complete:
            return
        while (record := self._links.get()) is not None:
            entry = Stat.FromString(record)
            first = plain_file_below(self._root, entry.linkname)
            second = os.path.join(self._root, entry.path)
            if first is not None and first != second:
                clear(second, lstat(second))
                os.link(first, second, follow_symlinks=False)
        while (record := self._directories.get()) is not None:
            entry = Stat.FromString(record)
            where = os.path.join(self._root, entry.path)
            os.chmod(where, permissions(entry.mode) | 0o700)
            os.utime(where, ns=(entry.modTime, entry.modTime))


def _same(there: os.stat_result, entry: Stat) -> bool:
    return (
        stat.S_ISREG(there.st_mode)
        and there.st_size == entry.size
        and there.st_mtime_ns == entry.modTime
        and stat.S_IMODE(there.st_mode) == (permissions(entry.mode) | 0o400)
    )
