"""A directory of the client, received into one of ours that keeps what came last time: only what changed is asked for.

The client lists its entries in the order of their paths; we ask for the contents we lack and get them in pieces,
several
files at a time. Nothing it says leads out of our directory: an entry's parent must be a directory that it listed
before.
"""

from __future__ import annotations

import os
import shutil
import stat
from typing import IO, TYPE_CHECKING, Final
from urllib.parse import quote_plus

from multidict import MultiDict

from engine.api.buildkit.faults import refused
from engine.api.buildkit.file_modes import is_directory, is_link, is_plain, permissions
from engine.api.buildkit.sessions import DIFF_COPY
from engine.api.buildkit.wire.messages_pb2 import Packet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from engine.api.buildkit.sessions import Session
    from engine.api.buildkit.wire.messages_pb2 import Stat

STAT, REQUEST, DATA, FINISH, ERROR = range(5)
_MOST_ENTRIES: Final = 2_000_000
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
    """What has come, and what is still to come."""

    def __init__(self, root: Path) -> None:
        self._root = os.fspath(root)
        self._number = 0
        self._listed: set[str] = set()
        self._directories = {""}
        self._wanted: dict[int, Stat] = {}
        self._open: dict[int, IO[bytes]] = {}
        self._modes: list[tuple[str, int, int]] = []
        self._later_links: list[tuple[str, str]] = []
        self._whole_list = False
        self.finished = False

    @property
    def complete(self) -> bool:
        return self._whole_list and not self._wanted

    def take(self, packet: Packet) -> list[int]:
        """Use a packet; the numbers of the files to be asked for."""
        if packet.type == ERROR:
            raise refused(packet.data.decode("utf-8", "replace") or "the client gave up the transfer")
        if packet.type == DATA:
            self._data(packet)
            return []
        if packet.type != STAT:
            return []
        if not packet.HasField("stat"):
            self._end_of_list()
            return []
        number, self._number = self._number, self._number + 1
        if number > _MOST_ENTRIES:
            raise refused("the build context has too many entries")
        return [number] if self._entry(number, packet.stat) else []

    def close(self) -> None:
        for file in self._open.values():
            file.close()

    # --- entries ---

    def _entry(self, number: int, entry: Stat) -> bool:
        """Make it, or note it; whether its contents are wanted."""
        path = self._checked(entry.path)
        where = os.path.join(self._root, path)
        self._listed.add(path)
        there = _lstat(where)
        if is_directory(entry.mode):
            self._directories.add(path)
            if there is None or not stat.S_ISDIR(there.st_mode):
                _clear(where, there)
                os.mkdir(where, 0o700)
            self._modes.append((where, permissions(entry.mode), entry.modTime))
            return False
        if is_link(entry.mode):
            if there is None or not stat.S_ISLNK(there.st_mode) or os.readlink(where) != entry.linkname:
                _clear(where, there)
                os.symlink(entry.linkname, where)
            return False
        if not is_plain(entry.mode):
            _clear(where, there)
            self._listed.discard(path)
            return False
        if entry.linkname:
            self._link(where, there, entry)
            return False
        if there is not None and _same(there, entry):
            return False
        _clear(where, there)
        self._wanted[number] = entry
        return True

    def _checked(self, path: str) -> str:
        parts = path.split("/")
        if not path or path.startswith("/") or any(part in ("", ".", "..") for part in parts) or "\0" in path:
            raise refused(f"the build context has a path that leads out of it: {path!r}"[:300])
        if "/".join(parts[:-1]) not in self._directories:
            raise refused(f"the build context has a path below no directory: {path!r}"[:300])
        if path in self._listed:
            # What was a directory a moment ago may be a link now, and what follows would be written through it.
            raise refused(f"the build context lists a path twice: {path!r}"[:300])
        return path

    def _link(self, where: str, there: os.stat_result | None, entry: Stat) -> None:
        source = entry.linkname.lstrip("/")
        if source not in self._listed or not stat.S_ISREG((_lstat(os.path.join(self._root, source)) or _NONE).st_mode):
            # The first name may still be on its way: a copy of its own is as good.
            self._listed.discard(entry.path)
            self._later_links.append((source, entry.path))
            return
        _clear(where, there)
        os.link(os.path.join(self._root, source), where, follow_symlinks=False)

    def _end_of_list(self) -> None:
        self._whole_list = True
        for directory, names, files in os.walk(self._root, topdown=True):
            below = os.path.relpath(directory, self._root)
            prefix = "" if below == "." else f"{below}/"
            for name in [*names]:
                whole = os.path.join(directory, name)
                if prefix + name not in self._listed:
                    _clear(whole, _lstat(whole))
                    names.remove(name)
                elif os.path.islink(whole):
                    names.remove(name)
            for name in files:
                if prefix + name not in self._listed:
                    os.unlink(os.path.join(directory, name))
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
        for source, path in self._later_links:
            first, second = os.path.join(self._root, source), os.path.join(self._root, path)
            there = _lstat(first)
            if source in self._listed and there is not None and stat.S_ISREG(there.st_mode):
                _clear(second, _lstat(second))
                os.link(first, second, follow_symlinks=False)
        for where, mode, moment in reversed(self._modes):
            os.chmod(where, mode | 0o700)
            os.utime(where, ns=(moment, moment))


_NONE = os.stat_result((0,) * 10)


def _lstat(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _clear(path: str, there: os.stat_result | None) -> None:
    if there is None:
        return
    if stat.S_ISDIR(there.st_mode):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def _same(there: os.stat_result, entry: Stat) -> bool:
    return (
        stat.S_ISREG(there.st_mode)
        and there.st_size == entry.size
        and there.st_mtime_ns == entry.modTime
        and stat.S_IMODE(there.st_mode) == (permissions(entry.mode) | 0o400)
    )
