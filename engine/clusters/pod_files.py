"""Files of a pod's container, as `sh`, `stat` and `tar` in it tell them and change them. Implements `facade.PodFiles`.

What a container answers is a stranger's text: it is shown, and never a path of this computer.
"""

from __future__ import annotations

import asyncio
import posixpath
import re
import stat
import tempfile
from typing import IO, TYPE_CHECKING

from engine.clusters.copying import UNPACK
from engine.errors import Code, InvalidRequest, NotFound, RuntimeFailure
from engine.types.clusters import ClusterExecRequest, ClusterPlace
from engine.types.files import DirectoryEntry, FileStat
from engine.types.images import FileKind

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence

    from engine.clusters.streams import ClusterExec
    from engine.types.clusters import PodPlace

_PIECE = 256 << 10
_MOST_TOLD = 4000
_LARGEST_LIST = 32 << 20
_NO_FOLDER, _CUT_OFF = 66, 67
_LIST = r"""cd -- "$1" || exit 66
set -- .[!.]* ..?* *
for f; do shift; if [ -e "$f" ] || [ -L "$f" ]; then set -- "$@" "$f"; fi; done
[ $# -gt 0 ] || exit 0
stat -c '%f %s %u %g %Y ./%n' -- "$@" || exit
for f; do if [ -L "$f" ]; then printf '\0%s\0%s' "$f" "$(readlink -- "$f")"; fi; done"""
_STAT = """[ -e "$1" ] || [ -L "$1" ] || exit 66
stat -c '%f %s %u %g %Y ./' -- "$1" && if [ -L "$1" ]; then readlink -- "$1"; fi"""
_READ = 'if [ "$2" = 0 ]; then head -c "$3" "$1"; else tail -c "+$(($2 + 1))" "$1" | head -c "$3"; fi'
# What was cut off on the way leaves the file as it was; written through, it keeps its owner and mode.
_WRITE = """t="$1.$$.part"; head -c "$2" > "$t" || exit
if [ "$(wc -c < "$t")" -ne "$2" ]; then rm -f -- "$t"; exit 67; fi
cat "$t" > "$1"; c=$?; rm -f -- "$t"; [ -z "$3" ] || chmod "$3" "$1"; exit $c"""
_ROW = re.compile(r"([0-9a-f]{1,8}) (\d+) (\d+) (\d+) (\d+) \./(.*)", re.DOTALL)
_KINDS = {
    stat.S_IFREG: FileKind.FILE, stat.S_IFDIR: FileKind.DIRECTORY, stat.S_IFLNK: FileKind.SYMLINK,
    stat.S_IFCHR: FileKind.DEVICE, stat.S_IFBLK: FileKind.DEVICE, stat.S_IFIFO: FileKind.FIFO,
}  # fmt: skip


class PodFiles:
    def __init__(self, execute: Callable[[ClusterPlace, ClusterExecRequest], Awaitable[ClusterExec]]) -> None:
        self._execute = execute

    # --- looking ---

    async def list(self, place: PodPlace, path: str) -> Sequence[DirectoryEntry]:
        said = await self._shell(place, _LIST, _checked(path), what=path)
        rows, *links = said.decode("utf-8", "surrogateescape").split("\0")
        targets = dict(zip(links[::2], links[1::2], strict=False))
        return [_entry(row, targets) for row in _rows(rows)]

    async def stat(self, place: PodPlace, path: str) -> FileStat:
        said = (await self._shell(place, _STAT, _checked(path), what=path)).decode("utf-8", "surrogateescape")
        first, _, link = said.partition("\n")
        found = _ROW.match(first)
        if found is None:
            raise RuntimeFailure(f"What the container says of {path} cannot be read", first[:200], subject=path)
        return FileStat(
            name=posixpath.basename(path), mode=int(found[1], 16), size=int(found[2]), mtime=float(found[5]),
            link_target=link.removesuffix("\n"),
        )  # fmt: skip

    async def read(self, place: PodPlace, path: str, *, offset: int = 0, limit: int = 1 << 20) -> bytes:
        return await self._shell(place, _READ, _checked(path), str(offset), str(limit), what=path)

    async def download(self, place: PodPlace, path: str) -> AsyncGenerator[bytes, None]:
        """A tar stream."""
        parent, name = posixpath.split(posixpath.normpath(_checked(path)))
        session = await self._start(place, ("tar", "-cf", "-", "-C", parent or "/", name or "."))
        told = b""
        try:
            while (piece := await session.read()) is not None:
                if piece[0] == "stderr":
                    told = (told + piece[1])[-_MOST_TOLD:]
                else:
                    yield piece[1]
            _check(await session.exit_code(), told, path)
        finally:
            await session.close()

    # --- changing ---

    async def write(self, place: PodPlace, path: str, data: bytes, *, mode: int | None = None) -> None:
        words = (_checked(path), str(len(data)), "" if mode is None else f"{mode & 0o7777:o}")
        pieces = (data[start : start + _PIECE] for start in range(0, len(data), _PIECE))
        await self._shell(place, _WRITE, *words, what=path, given=pieces)

    async def rename(self, place: PodPlace, path: str, new_path: str) -> None:
        taken = 'if [ -e "$2" ] || [ -L "$2" ]; then echo "$2 is there already" >&2; exit 1; fi; mv -- "$1" "$2"'
        await self._shell(place, taken, _checked(path), _checked(new_path), what=path)

    async def make_directory(self, place: PodPlace, path: str) -> None:
        await self._shell(place, 'mkdir -- "$1"', _checked(path), what=path)

    async def remove(self, place: PodPlace, path: str) -> None:
        if posixpath.normpath(_checked(path)) == "/":
            raise InvalidRequest("The root of a container cannot be removed", subject=path)
        await self._shell(place, 'rm -rf -- "$1"', path, what=path)

    async def upload(self, place: PodPlace, path: str, tar: AsyncIterator[bytes]) -> None:
        """Unpacked into a directory. How long it is must be known before it is sent."""
        with tempfile.TemporaryFile() as kept:
            async for piece in tar:
                await asyncio.to_thread(kept.write, piece)
            size = kept.tell()
            kept.seek(0)
            await self._shell(place, UNPACK, str(size), _checked(path), what=path, given=_pieces(kept))

    # --- commands ---

    async def _start(self, place: PodPlace, command: Sequence[str], *, stdin: bool = False) -> ClusterExec:
        request = ClusterExecRequest(
            target=place.target, command=tuple(command), container=place.container, stdin=stdin
        )
        return await self._execute(ClusterPlace(context=place.context, namespace=place.namespace), request)

    async def _shell(
        self, place: PodPlace, script: str, *words: str, what: str, given: Iterable[bytes] | None = None
    ) -> bytes:
        """What it says; its complaint is raised."""
        session = await self._start(place, ("sh", "-c", script, "sh", *words), stdin=given is not None)
        sending = asyncio.create_task(_send(session, given)) if given is not None else None
        said, told = bytearray(), b""
        try:
            while (piece := await session.read()) is not None:
                if piece[0] == "stderr":
                    told = (told + piece[1])[-_MOST_TOLD:]
                elif len(said) + len(piece[1]) > _LARGEST_LIST:
                    raise RuntimeFailure(f"{what} is too much to be shown", subject=what)
                else:
                    said += piece[1]
            _check(await session.exit_code(), told, what)
        finally:
            if sending is not None:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
            await session.close()
        return bytes(said)


async def _send(session: ClusterExec, pieces: Iterable[bytes]) -> None:
    source = iter(pieces)
    while data := await asyncio.to_thread(next, source, b""):
        await session.write(data)


def _pieces(file: IO[bytes]) -> Iterable[bytes]:
    return iter(lambda: file.read(_PIECE), b"")


def _checked(path: str) -> str:
    if not path.startswith("/") or "\0" in path:
        raise InvalidRequest("A path in a pod begins with /", subject=path)
    return path


def _check(code: int, told: bytes, what: str) -> None:
    if not code:
        return
    words = told.decode(errors="replace").strip()
    if code == _CUT_OFF:
        raise RuntimeFailure(f"{what} was cut off on the way", "It is as it was before.", subject=what)
    if code == _NO_FOLDER or "No such file" in words:
        raise NotFound(f"There is no {what} in the container", words, subject=what)
    if code == 127:
        words = f"The container has not what this takes: sh, stat, head and tar. {words}".strip()
    raise RuntimeFailure(
        f"{what} cannot be reached", words or f"It ended with {code}.", exit_code=code, subject=what,
        code=Code.FORBIDDEN if "ermission denied" in words else Code.RUNTIME,
    )  # fmt: skip


# --- what stat says ---


def _rows(text: str) -> Iterable[str]:
    """A line each; what is no row goes on with the name before, which has a line's end in it."""
    kept = ""
    for line in text.removesuffix("\n").split("\n"):
        if _ROW.match(line):
            if kept:
                yield kept
            kept = line
        elif kept:
            kept += f"\n{line}"
    if kept:
        yield kept


def _entry(row: str, targets: dict[str, str]) -> DirectoryEntry:
    found = _ROW.match(row)
    assert found is not None
    mode, name = int(found[1], 16), found[6]
    return DirectoryEntry(
        name=name, kind=_KINDS.get(stat.S_IFMT(mode), FileKind.FILE), size=int(found[2]), mode=stat.S_IMODE(mode),
        uid=int(found[3]), gid=int(found[4]), mtime=float(found[5]), link=targets.get(name, ""),
    )  # fmt: skip
