"""Where COPY and ADD take files from: the build context, or the tree of a stage or image. One shape for both.

A source is asked three things: which paths a pattern names, what they contain (as a value that goes into the step's
key), and to copy them into a directory of a mounted root.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import posixpath
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from engine.builder.context.tarring import TarChange, TarItem, filter_tar, left_out, write_tar
from engine.builder.language.errors import DockerfileError
from engine.builder.language.globs import Glob, has_glob
from engine.images.look.stack import Stack
from engine.operations.together import together

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from engine.builder.context.directory import ContextDirectory, ContextEntry
    from engine.builder.context.tarring import TarOptions
    from engine.sandbox.client import Keeper
    from engine.storage.layer_index import LayerIndex


T = TypeVar("T")


@dataclass(frozen=True)
class Picked:
    """One path a source names, links followed; `name` is what it was called there."""

    path: str
    name: str
    is_directory: bool
    kept: str = ""
    """With --parents: the path below the destination."""


@dataclass(frozen=True)
class Sending:
    """How picked paths are written: under which name, without what, with which owner, mode and time."""

    picked: Picked
    name: str
    """Name of a file, or of the directory the contents go below ("" = the destination itself)."""
    exclude: Sequence[Glob] = ()


class SourceTree(Protocol):
    @property
    def context(self) -> ContextDirectory | None:
        """The directory its items are read from."""
        ...

    async def select(self, pattern: str, *, parents: bool) -> list[Picked]:
        """Sorted; raises `DockerfileError` (without a place) where nothing is there."""
        ...

    async def fingerprint(self, picked: Sequence[Picked], exclude: Sequence[Glob]) -> Any:
        """JSON-like; equal only if the same contents would be copied."""
        ...

    def items(self, sending: Sequence[Sending]) -> list[TarItem] | None:
        """What is sent as members of a plain stream, where that is possible."""
        ...

    async def copy(self, sending: Sequence[Sending], into: Destination) -> None: ...


class Destination:
    """A directory inside a mounted root; every name that arrives is resolved inside that root."""

    def __init__(self, keeper: Keeper, root: Path, directory: str, options: TarOptions) -> None:
        self._keeper = keeper
        self._root = root
        self._directory = directory
        self.options = options

    async def take(self, write: Callable[[int], Awaitable[None]], *, keep_owners: bool = False) -> None:
        """Unpack the tar stream that `write` sends (and closes) as it comes."""
        read_end, write_end = os.pipe2(os.O_CLOEXEC)
        target = self._root / self._directory.strip("/")
        owner = None if keep_owners else (self.options.uid, self.options.gid)
        unpacking = self._keeper.unpack(read_end, target, layer=False, owner=owner, root=self._root)
        await together([ignoring_closed(write(write_end)), then_close(unpacking, read_end)])


async def then_close(reading: Awaitable[T], fd: int) -> T:
    """A reader that is done closes its end, so that a writer with more to say hears of it and stops."""
    try:
        return await reading
    finally:
        os.close(fd)


async def ignoring_closed(writing: Awaitable[None]) -> None:
    """A reader that stops early (it failed, or has all it wants) is no failure of the writer."""
    with contextlib.suppress(BrokenPipeError):
        await writing


def checksum_words(pattern: str) -> str:
    """What people search for when a source is missing."""
    return f'failed to calculate checksum: "/{pattern.lstrip("/")}": not found'


def kept_path(pattern: str, path: str) -> str:
    """The part of a path that --parents keeps: all of it, or what follows a `/./`."""
    if "/./" not in pattern:
        return path
    before = posixpath.normpath("/" + pattern.partition("/./")[0]).lstrip("/")
    return path.removeprefix(f"{before}/") if before else path


class NoFiles:
    """For a COPY of here-documents alone, which needs no context."""

    context = None

    async def select(self, pattern: str, *, parents: bool) -> list[Picked]:
        raise DockerfileError(f"There is nowhere to take {pattern} from")

    async def fingerprint(self, picked: Sequence[Picked], exclude: Sequence[Glob]) -> Any:
        return []

    def items(self, sending: Sequence[Sending]) -> list[TarItem] | None:
        return []

    async def copy(self, sending: Sequence[Sending], into: Destination) -> None:
        """Nothing to copy."""


class ContextSource:
    """The build context (or another directory of the host given by name)."""

    def __init__(self, context: ContextDirectory) -> None:
        self.context = context

    async def select(self, pattern: str, *, parents: bool) -> list[Picked]:
        paths = await self.context.select(pattern)
        if not paths:
            raise self.context.missing(pattern)
        picked = []
        for path in paths:
            real = self.context.follow(path)
            if real is None:
                raise self.context.missing(path)
            directory = real == "" or self.context.entry(real).is_directory
            kept = kept_path(pattern, path) if parents else ""
            picked.append(Picked(real, posixpath.basename(path), directory, kept))
        return picked

    def _contents(self, one: Picked, exclude: Sequence[Glob]) -> list[tuple[str, ContextEntry]]:
        """Entries with their names relative to the picked path."""
        if not one.is_directory:
            return [] if left_out(one.name, exclude) else [("", self.context.entry(one.path))]
        start = len(one.path) + 1 if one.path else 0
        found = ((entry.path[start:], entry) for entry in self.context.below(one.path))
        return [(name, entry) for name, entry in found if not left_out(name, exclude)]

    async def fingerprint(self, picked: Sequence[Picked], exclude: Sequence[Glob]) -> Any:
        contents = [(one, self._contents(one, exclude)) for one in picked]
        digests = await self.context.digests([entry for _, group in contents for _, entry in group])
        return [
            [
                one.name,
                one.kept,
                [[name, _kind_and_mode(entry.mode), digests.get(entry.path, "")] for name, entry in group],
            ]
            for one, group in contents
        ]

    def items(self, sending: Sequence[Sending]) -> list[TarItem] | None:
        """Everything that is sent, parents before children."""
        return [
            TarItem(posixpath.join(one.name, name) if name else one.name, entry)
            for one in sending
            for name, entry in self._contents(one.picked, one.exclude)
        ]

    async def copy(self, sending: Sequence[Sending], into: Destination) -> None:
        items = self.items(sending) or []
        await into.take(lambda fd: write_tar(fd, items, self.context, into.options))


class StoreSource:
    """A mounted tree inside the namespace: another stage, or an image."""

    context = None

    def __init__(self, keeper: Keeper, root: Path, indexes: Sequence[LayerIndex]) -> None:
        self._keeper = keeper
        self._root = root
        self._indexes = indexes

    async def select(self, pattern: str, *, parents: bool) -> list[Picked]:
        if has_glob(pattern):
            paths = await self._matching(posixpath.normpath("/" + pattern))
        else:
            paths = [posixpath.normpath("/" + pattern)]
        picked = []
        for path in paths:
            try:
                real = await self._keeper.real_path(self._root, path)
                found = await self._keeper.stat(self._root, real)
            except OSError:
                raise DockerfileError(f"{pattern} is not there to copy from", docker=checksum_words(pattern)) from None
            kept = kept_path(pattern.lstrip("/"), path.lstrip("/")) if parents else ""
            picked.append(Picked(real, posixpath.basename(path), stat.S_ISDIR(found.mode), kept))
        if not picked:
            raise DockerfileError(f"Nothing matches {pattern} there", docker=checksum_words(pattern))
        return picked

    async def _matching(self, pattern: str) -> list[str]:
        """Walk only as deep as the pattern can reach."""
        parts = pattern.strip("/").split("/")
        found = ["/"]
        for number, part in enumerate(parts):
            if part == "**":
                everything = [path for base in found for path in await self._walk(base)]
                expression = Glob(pattern.strip("/"))
                return sorted(path for path in everything if expression.matches(path.strip("/")))
            last = number == len(parts) - 1
            found = [path for base in found for path in await self._children(base, part, last=last)]
        return sorted(found)

    async def _children(self, base: str, part: str, *, last: bool) -> list[str]:
        expression = Glob(part)
        try:
            listing = await self._keeper.list_directory(self._root, base)
        except OSError:
            return []
        names = [one.name for one in listing if expression.matches(one.name) and (last or not stat.S_ISREG(one.mode))]
        return [posixpath.join(base, name) for name in names]

    async def _walk(self, base: str) -> list[str]:
        found: list[str] = []
        stack = [base]
        while stack:
            directory = stack.pop()
            for one in await self._keeper.list_directory(self._root, directory):
                path = posixpath.join(directory, one.name)
                found.append(path)
                if stat.S_ISDIR(one.mode):
                    stack.append(path)
        return found

    async def fingerprint(self, picked: Sequence[Picked], exclude: Sequence[Glob]) -> Any:
        """From the layers' indexes, which know every file's digest; nothing is read."""
        return await asyncio.to_thread(self._fingerprint, picked, exclude)

    def _fingerprint(self, picked: Sequence[Picked], exclude: Sequence[Glob]) -> Any:
        stack = Stack(self._indexes)
        return [[one.name, one.kept, self._contents(stack, one, exclude)] for one in picked]

    def _contents(self, stack: Stack, one: Picked, exclude: Sequence[Glob]) -> list[Any]:
        """Name, kind, mode, digest and link target of what would be copied; not times, nor owners, which COPY sets."""
        path = os.fsencode(one.path.strip("/"))
        start = len(path) + 1 if path else 0
        places = stack.below(path) if one.is_directory else [(path, stack.visible[path])]
        contents: list[Any] = []
        for full, place in places:
            name = full[start:] if one.is_directory else os.fsencode(one.name)
            if exclude and left_out(os.fsdecode(name), exclude):
                continue
            index, row = stack.index_of(place), stack.row_of(place)
            link = index.link(row).decode("latin-1")
            digest = index.digest(row).hex()
            contents.append([name.decode("latin-1"), index.kinds[row], index.modes[row], digest, link])
        return sorted(contents)

    def items(self, sending: Sequence[Sending]) -> list[TarItem] | None:
        return None

    async def copy(self, sending: Sequence[Sending], into: Destination) -> None:
        """The keeper packs, the keeper unpacks; the stream passes here only if something in it must change."""
        for one in sending:
            await into.take(functools.partial(self._pack, one, into.options))

    async def _pack(self, one: Sending, options: TarOptions, out_fd: int) -> None:
        name = one.name if one.name else None
        if not one.exclude and options.mode is None and options.latest is None:
            try:
                await self._keeper.pack(self._root, out_fd, path=one.picked.path, name=name)
            finally:
                os.close(out_fd)
            return
        read_end, write_end = os.pipe2(os.O_CLOEXEC)
        change = TarChange(options, one.name if one.picked.is_directory else "", one.exclude)
        filtering = asyncio.create_task(filter_tar(read_end, out_fd, change))
        try:
            await self._keeper.pack(self._root, write_end, path=one.picked.path, name=name)
        finally:
            os.close(write_end)
            await filtering


def _kind_and_mode(mode: int) -> int:
    """Group and other permissions of links mean nothing."""
    return stat.S_IFLNK if stat.S_ISLNK(mode) else mode
