"""Files of a Docker or Podman engine's containers, volumes and images, by its archive API. Implements `facade.Files`.

It takes whole trees as tar streams of stopped and running containers alike. What it has no word for (a list of one
directory, a rename, a removal) is done by a command in a running container, where it has a shell.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import posixpath
import secrets
import stat
import tarfile
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from engine.errors import InvalidRequest, NotFound, Unsupported, WherryError
from engine.moving.tar_walk import marks_of
from engine.processes.podman_service import volume_files
from engine.remote.docker.files.tar_heads import TarHeads
from engine.remote.docker.known import shapes
from engine.swarm.shapes import moment
from engine.types.containers import Container, Exec, State
from engine.types.files import DirectoryEntry, FileMark, FileStat, Place
from engine.types.images import FileKind

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence

    from engine.remote.docker.known.following import DockerState

_HELD = "/volume"
_MOST_LISTED = 64 << 20
_LONGEST_LISTING = 20.0
_LIST = (
    'cd -- "$1" || exit 9; for f in * .[!.]* ..?*; do [ -e "$f" ] || [ -L "$f" ] || continue;'
    ' stat -c "%f %s %u %g %Y" -- "$f"; printf "%s\\0" "$f"; readlink -- "$f" 2>/dev/null; printf "\\0"; done'
)


class Reached(msgspec.Struct, frozen=True):
    """A tree by way of a container: which, and where in it."""

    container: str
    prefix: str
    runs: bool


class DockerFiles:
    def __init__(self, state: DockerState) -> None:
        self._state = state
        self._link = state.link

    # --- which container leads there ---

    @contextlib.asynccontextmanager
    async def _reach(self, place: Place) -> AsyncGenerator[Reached, None]:
        if place.kind == "container":
            found = await self._state.inspect(place.id)
            yield Reached(found.id, "", found.state is State.RUNNING)
            return
        holder = _holder(self._state.containers(), place.id) if place.kind == "volume" else None
        if holder is not None:
            container, target = holder
            yield Reached(container.id, target, container.state is State.RUNNING)
            return
        helper = await self._make_helper(place)
        try:
            yield Reached(helper, _HELD if place.kind == "volume" else "", runs=False)
        finally:
            with contextlib.suppress(WherryError):
                await self._link.json("DELETE", f"/containers/{helper}", {"force": True})

    async def _make_helper(self, place: Place) -> str:
        """Made and never started: enough for the archive API."""
        body: shapes.Json = {"Labels": {shapes.HELPER_LABEL: "1"}, "Cmd": ["/x"], "Image": place.id}
        if place.kind == "volume":
            await self._link.json("GET", f"/volumes/{quote(place.id)}")  # a mount would make a missing one
            body["Image"] = await self._some_image()
            body["HostConfig"] = {"Mounts": [{"Type": "volume", "Source": place.id, "Target": _HELD}]}
        name = f"wherry-look-{secrets.token_hex(6)}"
        return str((await self._link.json("POST", "/containers/create", {"name": name}, body=body))["Id"])

    async def _some_image(self) -> str:
        """An image of nothing, sent there once."""
        try:
            await self._link.json("GET", f"/images/{shapes.HELPER_IMAGE}/json")
        except NotFound:
            async with self._link.stream(
                "POST", "/images/create", {"fromSrc": "-", "repo": "localhost/wherry-empty", "tag": "latest"},
                body=_once(_empty_tree()), headers={"Content-Type": "application/x-tar"},
            ) as answer:  # fmt: skip
                await answer.read()
        return shapes.HELPER_IMAGE

    # --- whole trees ---

    async def download(self, place: Place, path: str) -> AsyncGenerator[bytes, None]:
        if place.kind == "volume" and not path.rstrip("/") and self._state.own_podman:
            async with contextlib.aclosing(volume_files(place.id)) as pieces:
                async for piece in pieces:
                    yield piece
            return
        async with self._reach(place) as reached:
            whole = _joined(reached.prefix, path)
            # "/." is the contents of a directory, without a name before them.
            wanted = f"{whole.rstrip('/')}/." if path.rstrip("/") == "" and place.kind == "volume" else whole
            address = f"/containers/{reached.container}/archive"
            async with self._link.stream("GET", address, {"path": wanted}) as answer:
                async for piece in self._link.pieces(answer):
                    yield piece

    async def upload(
        self,
        place: Place,
        path: str,
        tar: AsyncIterator[bytes],
        *,
        no_overwrite_kind: bool = False,
        copy_owner: bool = False,
    ) -> None:
        async with self._reach(place) as reached:
            query = {
                "path": _joined(reached.prefix, path), "noOverwriteDirNonDir": no_overwrite_kind,
                # To podman the same word says the opposite: give all to the container's user.
                "copyUIDGID": copy_owner != (self._state.kind == "podman"),
            }  # fmt: skip
            async with self._link.stream(
                "PUT", f"/containers/{reached.container}/archive", query, body=tar,
                headers={"Content-Type": "application/x-tar"},
            ) as answer:  # fmt: skip
                await answer.read()

    async def marks(self, place: Place) -> Sequence[FileMark]:
        """Docker works out no digests: its files are read here."""
        async with contextlib.aclosing(self.download(place, "/")) as pieces:
            return [*(await marks_of(pieces)).values()]

    # --- single files ---

    async def stat(self, place: Place, path: str) -> FileStat:
        async with self._reach(place) as reached:
            return await self._stat(reached, path)

    async def _stat(self, reached: Reached, path: str) -> FileStat:
        query = {"path": _joined(reached.prefix, path)}
        async with self._link.stream("HEAD", f"/containers/{reached.container}/archive", query) as answer:
            head = answer.headers.get("X-Docker-Container-Path-Stat", "")
        found = msgspec.json.decode(base64.b64decode(head)) if head else {}
        at = moment(found.get("mtime"))
        return FileStat(
            name=str(found.get("name", "")),
            size=int(found.get("size") or 0),
            mode=_mode(int(found.get("mode") or 0)),
            mtime=at.timestamp() if at else 0.0,
            link_target=str(found.get("linkTarget") or ""),
        )

    async def read(self, place: Place, path: str, *, offset: int = 0, limit: int = 1 << 20) -> bytes:
        heads = TarHeads(keep=offset + limit)
        async with contextlib.aclosing(self.download(place, path)) as pieces:
            async for piece in pieces:
                heads.feed(piece)
                # What comes after is not read: a directory may be without end.
                if heads.whole or len(heads.contents) >= offset + limit or len(heads.entries) > 1:
                    break
                if heads.entries and not heads.entries[0].isreg():
                    break
        if heads.entries and heads.entries[0].isdir():
            raise InvalidRequest(f"{path} is a directory", subject=path)
        return bytes(heads.contents[offset : offset + limit])

    async def write(self, place: Place, path: str, data: bytes, *, mode: int | None = None) -> None:
        info = tarfile.TarInfo(posixpath.basename(path))
        info.size, info.mtime = len(data), int(time.time())
        owner = (0, 0)
        with contextlib.suppress(NotFound):
            found = await self.stat(place, path)
            mode = stat.S_IMODE(found.mode) if mode is None else mode
            owner = await self._owner(place, path)
        info.mode, (info.uid, info.gid) = 0o644 if mode is None else mode, owner
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            archive.addfile(info, io.BytesIO(data))
        await self.upload(place, posixpath.dirname(path) or "/", _once(packed.getvalue()), copy_owner=True)

    async def _owner(self, place: Place, path: str) -> tuple[int, int]:
        heads = TarHeads(keep=0)
        async with contextlib.aclosing(self.download(place, path)) as pieces:
            async for piece in pieces:
                heads.feed(piece)
                if heads.entries:
                    return heads.entries[0].uid, heads.entries[0].gid
        return 0, 0

    async def make_directory(self, place: Place, path: str) -> None:
        info = tarfile.TarInfo(posixpath.basename(path.rstrip("/")))
        info.type, info.mode, info.mtime = tarfile.DIRTYPE, 0o755, int(time.time())
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            archive.addfile(info)
        await self.upload(place, posixpath.dirname(path.rstrip("/")) or "/", _once(packed.getvalue()))

    async def rename(self, place: Place, path: str, new_path: str) -> None:
        await self._in_it(place, "mv", "-T", "--", path, new_path)

    async def remove(self, place: Place, path: str) -> None:
        await self._in_it(place, "rm", "-rf", "--", path)

    # --- by a command in the container ---

    async def _in_it(self, place: Place, *words: str) -> None:
        async with self._reach(place) as reached:
            if not reached.runs:
                raise Unsupported(
                    "This takes a container that runs",
                    "Docker can only do it by a command in a container that has these files.",
                )
            said = [_joined(reached.prefix, word) if word.startswith("/") else word for word in words]
            code, output = await self.run(reached.container, said)
            if code:
                raise InvalidRequest(f"{words[0]} did not succeed", output.decode(errors="replace").strip())

    async def run(self, container: str, words: Sequence[str]) -> tuple[int, bytes]:
        """A short command as root; its code and all it said."""
        from engine.remote.process_lines import begin_exec

        line = await begin_exec(self._link, container, Exec(command=tuple(words), user="0"))
        said: list[bytes] = []
        try:
            async with asyncio.timeout(_LONGEST_LISTING):
                while (piece := await line.read()) is not None:
                    said.append(piece[1])
                return await line.exit_code(), b"".join(said)
        finally:
            await line.close()

    async def list(self, place: Place, path: str) -> Sequence[DirectoryEntry]:
        async with self._reach(place) as reached:
            whole = _joined(reached.prefix, path)
            if reached.runs:
                code, said = await self.run(reached.container, ["sh", "-c", _LIST, "sh", whole])
                if not code:
                    return _listed(said)
        return await self._list_by_tar(place, path)

    async def _list_by_tar(self, place: Place, path: str) -> Sequence[DirectoryEntry]:
        """The heads of a whole tree's archive; what is deeper is read past."""
        heads = TarHeads(keep=0)
        deadline = time.monotonic() + _LONGEST_LISTING
        whole = False
        async with contextlib.aclosing(self.download(place, path)) as pieces:
            async for piece in pieces:
                heads.feed(piece)
                if heads.total > _MOST_LISTED or time.monotonic() > deadline:
                    break
            else:
                whole = True
        found = _children(heads.entries)
        if not whole and not found:
            raise Unsupported("This directory is too large to be listed", "Start the container, then it can be.")
        return found


def _holder(containers: Sequence[Container], volume: str) -> tuple[Container, str] | None:
    """A container that has the volume, one that runs if there is one."""
    found = [
        (each, mount.target)
        for each in containers
        for mount in each.mounts
        if mount.kind == "volume" and mount.source == volume and not mount.read_only
    ]
    found.sort(key=lambda pair: pair[0].state is not State.RUNNING)
    return found[0] if found else None


def _joined(prefix: str, path: str) -> str:
    """Never above the tree it is in."""
    inside = posixpath.normpath("/" + path.lstrip("/"))
    return posixpath.normpath(f"{prefix}{inside}") if prefix else inside


def _mode(go: int) -> int:
    """Go's bits of a file's mode, as stat(2) has them."""
    kinds = ((1 << 31, stat.S_IFDIR), (1 << 27, stat.S_IFLNK), (1 << 25, stat.S_IFIFO), (1 << 24, stat.S_IFSOCK))
    kind = next((each for bit, each in kinds if go & bit), stat.S_IFREG)
    special = (0o4000 if go & 1 << 23 else 0) | (0o2000 if go & 1 << 22 else 0) | (0o1000 if go & 1 << 20 else 0)
    return kind | special | go & 0o777


_KINDS = {
    stat.S_IFREG: FileKind.FILE, stat.S_IFDIR: FileKind.DIRECTORY, stat.S_IFLNK: FileKind.SYMLINK,
    stat.S_IFIFO: FileKind.FIFO,
}  # fmt: skip


def _listed(said: bytes) -> list[DirectoryEntry]:
    parts = said.split(b"\0")
    found: list[DirectoryEntry] = []
    for at in range(0, len(parts) - 1, 2):
        facts, _, name = parts[at].partition(b"\n")
        words = facts.split()
        if len(words) != 5:
            continue
        mode = int(words[0], 16)
        found.append(
            DirectoryEntry(
                name=name.decode(errors="replace"),
                kind=_KINDS.get(stat.S_IFMT(mode), FileKind.DEVICE),
                size=int(words[1]),
                mode=stat.S_IMODE(mode),
                uid=int(words[2]),
                gid=int(words[3]),
                mtime=float(words[4]),
                link=parts[at + 1].rstrip(b"\n").decode(errors="replace"),
            )
        )
    return found


def _children(entries: Sequence[tarfile.TarInfo]) -> list[DirectoryEntry]:
    """The directory itself comes first, unless its contents were asked for and podman answers."""
    own = bool(entries) and entries[0].isdir()
    base = entries[0].name.strip("/") if own else ""
    depth = 0 if base in ("", ".") else base.count("/") + 1
    found: list[DirectoryEntry] = []
    for info in entries[1:] if own else entries:
        name = info.name.removeprefix("./").strip("/")
        if name.count("/") != depth or not name:
            continue
        kind = FileKind.DIRECTORY if info.isdir() else FileKind.SYMLINK if info.issym() else FileKind.FILE
        kind = FileKind.FIFO if info.isfifo() else FileKind.DEVICE if info.isdev() else kind
        found.append(
            DirectoryEntry(
                name=posixpath.basename(name), kind=kind, size=info.size, mode=info.mode, uid=info.uid, gid=info.gid,
                mtime=float(info.mtime), link=info.linkname if info.issym() else "",
            )
        )  # fmt: skip
    return found


def _empty_tree() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        info = tarfile.TarInfo("volume")
        info.type, info.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(info)
    return packed.getvalue()


async def _once(data: bytes) -> AsyncGenerator[bytes, None]:
    yield data
