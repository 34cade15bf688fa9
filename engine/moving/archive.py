"""A thing in one file: a tar that anybody can open, with what it is in `wherry.json` and each part beside it.

    wherry.json           what it is: the containers' recipes, volumes and networks, as the facade has them
    images.tar            a docker-archive of its images, as `docker load` takes it
    volumes/NAME.tar      the files of each volume
    done                  the digests of the parts before it; without it the file is not whole

A file that is cut off anywhere is refused; it is written beside and renamed when it is whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import secrets
import tarfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

import msgspec

from engine.errors import Code, Conflict, InvalidRequest, StorageError, WherryError
from engine.moving.again import make, make_networks, start
from engine.moving.images import names_taken, own_files, reference_there
from engine.moving.parts import FROM_LABEL, parts_of
from engine.types.containers import Container, State
from engine.types.files import Place
from engine.types.machines import Moved, MovePart, MovePlan
from engine.types.networks import Network
from engine.types.projects import ProjectRun
from engine.types.volumes import CreateVolume, Volume

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from engine.facade import Engine
    from engine.operations.registry import Progress

_BLOCK = 512
_PIECE = 1 << 20
_MANIFEST, _IMAGES, _DONE = "wherry.json", "images.tar", "done"
_LARGEST_MANIFEST = 32 << 20


class Contents(msgspec.Struct):
    """What `wherry.json` holds."""

    version: int = 1
    kind: str = ""
    name: str = ""
    containers: list[Container] = []
    running: list[str] = []
    images: dict[str, list[str]] = {}
    """Names by id."""
    volumes: list[Volume] = []
    networks: list[Network] = []
    own_files: dict[str, str] = {}
    """By container: the image that has what it changed in its own files as a layer."""
    runs: list[ProjectRun] = []
    """Of a project: how it was brought up, with the texts of its files."""


# --- writing ---


async def pack_archive(source: Engine, request: Moved, path: str, progress: Progress) -> str:
    """A moved thing's source is stopped first, so that the file is of one moment, and goes when the file is whole."""
    if await asyncio.to_thread(os.path.exists, path):
        raise Conflict(f"{path} is there already", code=Code.NAME_TAKEN, subject=path)
    parts = await parts_of(source, request)
    running = [each.id for each in parts.containers if each.state is State.RUNNING]
    contents = Contents(
        kind=request.kind,
        name=request.name,
        containers=parts.containers,
        running=running,
        images={image.id: list(image.tags) for image in parts.images},
        volumes=parts.volumes,
        networks=parts.networks,
        runs=list(await source.projects.history(request.name)) if request.kind == "project" else [],
    )
    fresh = Path(f"{path}.{secrets.token_hex(4)}")
    try:
        await asyncio.gather(*(source.containers.pause(each) for each in running))
        try:
            async with contextlib.AsyncExitStack() as layers:
                for each in parts.containers:
                    if await source.containers.changes(each.id):
                        image = await layers.enter_async_context(own_files(source, each))
                        contents.images[image.id] = list(image.tags)
                        contents.own_files[each.id] = image.tags[0]
                await _write(source, contents, fresh, progress)
        finally:
            await asyncio.gather(*(source.containers.unpause(each) for each in running))
        await asyncio.to_thread(os.replace, fresh, path)
    except OSError as error:
        raise StorageError(f"{path} cannot be written", error.strerror or str(error), subject=path) from error
    finally:
        await asyncio.to_thread(fresh.unlink, missing_ok=True)
    return path


async def _write(source: Engine, contents: Contents, path: Path, progress: Progress) -> None:
    with await asyncio.to_thread(path.open, "xb") as file:
        packer = _Packer(file, progress)
        packer.whole(_MANIFEST, msgspec.json.encode(contents))
        if contents.images:
            names = [name for image_id, tags in contents.images.items() for name in (tags or [image_id])]
            await packer.stream(_IMAGES, source.images.save(names))
        for volume in contents.volumes:
            place = Place(kind="volume", id=volume.name)
            await packer.stream(f"volumes/{volume.name}.tar", source.files.download(place, "/"))
        packer.whole(_DONE, msgspec.json.encode(packer.digests))
        file.write(bytes(2 * _BLOCK))
        file.flush()
        await asyncio.to_thread(os.fsync, file.fileno())


class _Packer:
    """Members whose length is known only when they are through: their headers are written again then."""

    def __init__(self, file: IO[bytes], progress: Progress) -> None:
        self._file = file
        self._progress = progress
        self.digests: dict[str, str] = {}

    def whole(self, name: str, data: bytes) -> None:
        self._file.write(_header(name, len(data)) + data + bytes(-len(data) % _BLOCK))
        self.digests[name] = hashlib.sha256(data).hexdigest()

    async def stream(self, name: str, source: AsyncIterator[bytes]) -> None:
        self._progress.status(name)
        begin, size, digest = self._file.tell(), 0, hashlib.sha256()
        self._file.write(_header(name, 0))
        async for piece in source:
            await asyncio.to_thread(self._file.write, piece)
            digest.update(piece)
            size += len(piece)
            self._progress.amount(self._file.tell())
        self._file.write(bytes(-size % _BLOCK))
        self._file.seek(begin)
        self._file.write(_header(name, size))
        self._file.seek(0, os.SEEK_END)
        self.digests[name] = digest.hexdigest()


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    # One block whatever the size: GNU's numbers, for it is written twice in the same place.
    head = info.tobuf(tarfile.GNU_FORMAT)
    if len(head) != _BLOCK:
        raise InvalidRequest(f"“{name}” is too long a name for an archive", subject=name)
    return head


# --- reading ---


class _Opened:
    """A whole one; raises StorageError where it is not."""

    def __init__(self, path: str) -> None:
        try:
            self.archive = tarfile.open(path, "r:")
        except (OSError, tarfile.TarError) as error:
            raise _damaged(path, error) from None
        try:
            self.members = {member.name: member for member in self.archive}
            if _DONE not in self.members:
                raise tarfile.ReadError("it ends too early")
            self.digests: dict[str, str] = msgspec.json.decode(self.read(_DONE))
            self.contents = msgspec.json.decode(self.read(_MANIFEST), type=Contents)
        except (OSError, tarfile.TarError, KeyError, msgspec.MsgspecError) as error:
            self.archive.close()
            raise _damaged(path, error) from None

    def read(self, name: str) -> bytes:
        content = self.archive.extractfile(self.members[name])
        return content.read(_LARGEST_MANIFEST) if content is not None else b""

    async def stream(self, name: str) -> AsyncGenerator[bytes, None]:
        content, digest = self.archive.extractfile(self.members[name]), hashlib.sha256()
        assert content is not None
        while piece := await asyncio.to_thread(content.read, _PIECE):
            digest.update(piece)
            yield piece
        if digest.hexdigest() != self.digests.get(name):
            raise StorageError("The archive is damaged", f"“{name}” is not what it was.", code=Code.DIGEST_MISMATCH)

    def close(self) -> None:
        self.archive.close()


def _damaged(path: str, error: BaseException) -> WherryError:
    return StorageError(f"{path} is no whole archive of Wherry", f"{error}.", code=Code.BAD_ARCHIVE, subject=path)


async def plan_archive(path: str, target: Engine, request: Moved) -> MovePlan:
    opened = await asyncio.to_thread(_Opened, path)
    try:
        contents, sizes = opened.contents, {name: each.size for name, each in opened.members.items()}
    finally:
        opened.close()
    names = {each.name for each in await target.containers.list()}
    volumes = {each.name for each in await target.volumes.list()}
    problems = [f"There is a container “{each.name}” already." for each in contents.containers if each.name in names]
    problems += [f"There is a volume “{each.name}” already." for each in contents.volumes if each.name in volumes]
    parts = [MovePart(kind="image", name=(*tags, image_id)[0]) for image_id, tags in contents.images.items()]
    parts += [
        MovePart(kind="volume", name=each.name, size=sizes.get(f"volumes/{each.name}.tar", 0))
        for each in contents.volumes
    ]
    parts += [MovePart(kind="network", name=each.name) for each in contents.networks]
    parts += [MovePart(kind="container", name=each.name) for each in contents.containers]
    whole = msgspec.structs.replace(request, name=request.name or contents.name)
    return MovePlan(request=whole, parts=tuple(parts), problems=tuple(problems))


async def unpack_archive(path: str, target: Engine, request: Moved, progress: Progress) -> str:
    plan = await plan_archive(path, target, request)
    if plan.problems:
        raise Conflict(f"{path} cannot be unpacked there", " ".join(plan.problems))
    opened = await asyncio.to_thread(_Opened, path)
    made: list[str] = []
    volumes: list[str] = []
    try:
        await _unpack(opened, target, progress, made, volumes)
    except BaseException:
        for each in made:
            with contextlib.suppress(WherryError):
                await target.containers.remove(each, force=True)
        for name in volumes:
            with contextlib.suppress(WherryError):
                await target.volumes.remove(name)
        raise
    finally:
        opened.close()
    return f"Unpacked {opened.contents.name}"


async def _unpack(opened: _Opened, target: Engine, progress: Progress, made: list[str], volumes: list[str]) -> None:
    contents = opened.contents
    if _IMAGES in opened.members:
        progress.status("Images")
        taken = await names_taken(target, contents.images)
        await target.images.load(opened.stream(_IMAGES)).result()
        for name, image_id in taken.items():
            await target.images.tag(image_id, name)
    for volume in contents.volumes:
        progress.status(f"Volume {volume.name}")
        labels = {key: value for key, value in volume.labels.items() if key != FROM_LABEL}
        await target.volumes.create(CreateVolume(name=volume.name, labels=labels))
        volumes.append(volume.name)
        place = Place(kind="volume", id=volume.name)
        await target.files.upload(place, "/", opened.stream(f"volumes/{volume.name}.tar"), copy_owner=True)
    await make_networks(target, contents.networks)
    now_called: dict[str, str] = {}
    started: list[Container] = []
    for container in contents.containers:
        image = contents.own_files.get(container.id) or await reference_there(target, container)
        new = await make(target, container, contents.networks, now_called, image=image)
        now_called[container.id] = new.id
        made.append(new.id)
        if container.id in contents.running:
            started.append(new)
    await start(target, started)
    await target.projects.take_over(contents.runs)
