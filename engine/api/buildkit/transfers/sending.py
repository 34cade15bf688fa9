"""What a build made, given to the client: as one stream of bytes, or as files of a directory it writes itself."""

from __future__ import annotations

import asyncio
import tarfile
import tempfile
from typing import TYPE_CHECKING, Final

from engine.api.buildkit.connections.sessions import SEND_FILES
from engine.api.buildkit.faults import refused
from engine.api.buildkit.transfers.file_modes import as_go
from engine.api.buildkit.transfers.receiving import DATA, ERROR, FINISH, REQUEST, STAT
from engine.api.buildkit.wire.messages_pb2 import BytesMessage, Packet, Stat

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from engine.api.buildkit.connections.sessions import Session

_PIECE: Final = 32 << 10
_MESSAGE: Final = 1 << 20
_EXPORTER: Final = "buildkit-attachable-exporter-id"


async def send_stream(
    session: Session, exporter: int, source: AsyncIterator[bytes], tell: Callable[[int], None]
) -> None:
    """A tar, whole."""
    sent = 0
    async with session.stream(SEND_FILES, BytesMessage, BytesMessage, {_EXPORTER: str(exporter)}) as stream:
        await stream.send_request()
        async for data in source:
            for start in range(0, len(data), _MESSAGE):
                await stream.send_message(BytesMessage(data=data[start : start + _MESSAGE]))
            sent += len(data)
            tell(sent)
        await stream.end()
        async for _ in stream:
            pass


async def send_tree(session: Session, exporter: int, source: AsyncIterator[bytes], tell: Callable[[int], None]) -> None:
    """A tar's files one by one: the client asks for those it wants, in any order, so the tar is written down first."""
    with tempfile.TemporaryFile() as file:
        async for data in source:
            await asyncio.to_thread(file.write, data)
        file.seek(0)
        with tarfile.open(fileobj=file, mode="r:") as archive:
            await _Sender(archive, tell).run(session, exporter)


class _Sender:
    def __init__(self, archive: tarfile.TarFile, tell: Callable[[int], None]) -> None:
        self._archive = archive
        self._tell = tell
        members = {path: each for each in archive if (path := _path(each.name))}
        self._entries = sorted(members.items(), key=lambda item: item[0].split("/"))
        self._sent = 0

    async def run(self, session: Session, exporter: int) -> None:
        async with session.stream(SEND_FILES, Packet, Packet, {_EXPORTER: str(exporter)}) as stream:
            await stream.send_request()
            for path, member in self._entries:
                await stream.send_message(Packet(type=STAT, stat=_stat(path, member)))
            await stream.send_message(Packet(type=STAT))
            async for packet in stream:
                if packet.type == ERROR:
                    raise refused(packet.data.decode("utf-8", "replace"))
                if packet.type == FINISH:
                    await stream.send_message(Packet(type=FINISH), end=True)
                    return
                if packet.type == REQUEST:
                    await self._contents(stream, packet.ID)

    async def _contents(self, stream: object, number: int) -> None:
        if number >= len(self._entries):
            raise refused("the client asked for a file that was not offered")
        _, member = self._entries[number]
        file = self._archive.extractfile(member)
        while file is not None and (data := file.read(_PIECE)):
            await stream.send_message(Packet(type=DATA, ID=number, data=data))  # type: ignore[attr-defined]
            self._sent += len(data)
            self._tell(self._sent)
        await stream.send_message(Packet(type=DATA, ID=number))  # type: ignore[attr-defined]


def _path(name: str) -> str:
    return "/".join(part for part in name.split("/") if part not in ("", "."))


def _stat(path: str, member: tarfile.TarInfo) -> Stat:
    kinds = {
        tarfile.DIRTYPE: 0o040000,
        tarfile.SYMTYPE: 0o120000,
        tarfile.CHRTYPE: 0o020000,
        tarfile.BLKTYPE: 0o060000,
        tarfile.FIFOTYPE: 0o010000,
    }
    kind = kinds.get(member.type, 0o100000)
    link = _path(member.linkname) if member.islnk() else member.linkname if member.issym() else ""
    return Stat(
        path=path,
        mode=as_go(kind | member.mode),
        uid=member.uid,
        gid=member.gid,
        size=member.size if member.isreg() else 0,
        modTime=int(member.mtime * 1e9),
        linkname=link,
        devmajor=member.devmajor,
        devminor=member.devminor,
    )
