"""COPY, ADD and WORKDIR: from words to paths of the image, and the copying itself.

Where things land, as Docker has it: a destination that ends in a slash, or already is a directory, receives files under
their own names; a directory as source gives its contents, not itself; several sources need a directory.
"""

from __future__ import annotations

import asyncio
import os
import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.builder.caching.cache import step_key
from engine.builder.context.downloads import ArchiveFile
from engine.builder.context.repositories import is_git
from engine.builder.context.tarring import TarItem, TarOptions, write_tar
from engine.builder.language.errors import DockerfileError
from engine.builder.language.globs import Glob, PatternError
from engine.builder.language.types import Add, Copy
from engine.builder.steps.copy_sources import ContextSource, Destination, Picked, Sending
from engine.builder.steps.direct import write_layer
from engine.builder.steps.directories import is_directory, make_directories
from engine.builder.steps.stages import absolute
from engine.containers.spec.users import find_user
from engine.registry.web import is_url

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.builder.context.downloads import Downloads
    from engine.builder.language.source import RawInstruction
    from engine.builder.language.types import Transfer
    from engine.builder.planning.variables import Variables
    from engine.builder.steps.copy_sources import SourceTree
    from engine.builder.steps.stages import StageState
    from engine.builder.steps.step import ScratchRoot
    from engine.sandbox.client import Keeper
    from engine.storage.layers import LayerStore


@dataclass(frozen=True)
class Load:
    """Everything one transfer brings."""

    picked: tuple[Picked, ...] = ()
    archives: tuple[Picked, ...] = ()
    """Local archives that ADD unpacks."""
    downloads: tuple[ArchiveFile, ...] = ()
    documents: tuple[tuple[str, bytes], ...] = ()

    @property
    def count(self) -> int:
        return len(self.picked) + len(self.archives) + len(self.downloads) + len(self.documents)


@dataclass(frozen=True, kw_only=True)
class TransferStep:
    """A COPY or ADD ready to be looked up or done."""

    keeper: Keeper
    layers: LayerStore
    source: SourceTree
    load: Load
    destination: str
    owner: str
    mode: int | None
    exclude: tuple[Glob, ...]
    latest: int | None
    parents: bool
    at: RawInstruction
    key: str
    created_by: str

    async def perform(self, root: ScratchRoot, state: StageState) -> str | None:
        uid, gid = await self._owner(root.path)
        options = TarOptions(uid=uid, gid=gid, mode=self.mode, latest=self.latest)
        directory, name = await self._landing(root.path)
        plain = None
        if not self.load.archives and not self.load.downloads:
            plain = self.source.items([self._sending(one, name) for one in self.load.picked])
        if plain is not None:
            items = [*plain, *self._documents(name)]
            context = self.source.context
            layer = await write_layer(self.keeper, self.layers, context, root.path, directory, items, options)
            if layer is not None:
                return layer
        await self._copy(root, directory, name, options)
        return None

    def _documents(self, name: str) -> list[TarItem]:
        return [TarItem(name or document, text=text) for document, text in self.load.documents]

    async def _copy(self, root: ScratchRoot, directory: str, name: str, options: TarOptions) -> None:
        """Into the mounted root, whatever is there already."""
        uid, gid = options.uid, options.gid
        await make_directories(self.keeper, root.path, directory, owner=(uid, gid), at=self.at)
        into = Destination(self.keeper, root.path, directory, options)
        sending = [self._sending(one, name) for one in self.load.picked]
        if sending:
            await self.source.copy(sending, into)
        items = self._documents(name)
        items += [TarItem(name or one.name, file=one.path) for one in self.load.downloads if not one.unpack]
        if items:
            await into.take(lambda fd: write_tar(fd, items, None, options))
        await self._unpack(directory, name, root.path, options)

    async def _owner(self, root: Path) -> tuple[int, int]:
        if not self.owner:
            return 0, 0
        passwd, group = [await read_text(self.keeper, root, path) for path in ("/etc/passwd", "/etc/group")]
        wanted = (
            self.owner if ":" in self.owner else f"{self.owner}:{self.owner}" if self.owner.isdigit() else self.owner
        )
        user = find_user(wanted, passwd, group)
        return user.uid, user.gid

    async def _landing(self, root: Path) -> tuple[str, str]:
        """The directory things go into, and the name a lone file gets there ("" = its own)."""
        only_file = self.load.count == 1 and not self.parents and not any(one.is_directory for one in self.load.picked)
        only_file = only_file and not self.load.archives and not any(one.unpack for one in self.load.downloads)
        if self.destination.endswith("/") or self.destination == "/" or not only_file:
            return self.destination, ""
        if await is_directory(self.keeper, root, self.destination):
            return self.destination, ""
        directory, _, name = self.destination.rpartition("/")
        return directory or "/", name

    def _sending(self, one: Picked, name: str) -> Sending:
        if self.parents:
            return Sending(one, one.kept, self.exclude)
        return Sending(one, "" if one.is_directory else name or one.name, self.exclude)

    async def _unpack(self, directory: str, name: str, root: Path, options: TarOptions) -> None:
        """ADD: archives are unpacked with the owners they carry, unless --chown said otherwise."""
        into = Destination(self.keeper, root, directory, options)
        archives = [self._archive_of(one) for one in self.load.archives]
        for archive in (*archives, *(one for one in self.load.downloads if one.unpack)):
            await into.take(archive.write_tar_to, keep_owners=not self.owner)

    def _archive_of(self, one: Picked) -> ArchiveFile:
        assert isinstance(self.source, ContextSource)
        return ArchiveFile.in_context(self.source.context, one.path)


async def prepare_transfer(
    instruction: Transfer,
    source: SourceTree,
    state: StageState,
    variables: Variables,
    *,
    keeper: Keeper,
    layers: LayerStore,
    latest: int | None,
    downloads: Downloads,
) -> TransferStep:
    """Put variables in, find what is named, and take the key of it."""
    parents = isinstance(instruction, Copy) and instruction.parents
    words = [variables.expanded(word, instruction) for word in instruction.sources]
    destination = absolute(variables.expanded(instruction.destination, instruction), state.config.workdir)
    exclude = _patterns(instruction, variables)
    load = await _load(instruction, words, source, variables, parents=parents, downloads=downloads)
    if load.count > 1 and not destination.endswith("/") and destination != "/":
        hint = f"End it with a slash: {destination}/"
        raise instruction.raw.error(f"Several sources need a directory, and {destination} is none", hint=hint)
    owner = variables.expanded(instruction.owner, instruction)
    mode = _mode(variables.expanded(instruction.mode, instruction), instruction)
    files = await source.fingerprint([*load.picked, *load.archives], exclude)
    own: list[Any] = [[name, text.decode("utf-8", "replace")] for name, text in load.documents]
    own += [[one.name, one.digest, one.unpack] for one in load.downloads]
    below = [] if instruction.link else state.layers
    options = [destination, owner, mode, latest, parents, len(load.archives), [one.pattern for one in exclude]]
    return TransferStep(
        keeper=keeper,
        layers=layers,
        source=source,
        load=load,
        destination=destination,
        owner=owner,
        mode=mode,
        exclude=exclude,
        latest=latest,
        parents=parents,
        at=instruction.raw,
        key=step_key("transfer", below, options, files, own),
        created_by=" ".join([instruction.raw.keyword, *words, *(name for name, _ in load.documents), destination]),
    )


def is_fetched(word: str, instruction: Transfer) -> bool:
    """Whether a source is an address, which only ADD takes."""
    return isinstance(instruction, Add) and (is_git(word) or is_url(word))


async def _load(
    instruction: Transfer,
    words: Sequence[str],
    source: SourceTree,
    variables: Variables,
    *,
    parents: bool,
    downloads: Downloads,
) -> Load:
    picked: list[Picked] = []
    archives: list[Picked] = []
    fetched: list[ArchiveFile] = []
    for word in words:
        if isinstance(instruction, Add) and is_git(word):
            checksum = variables.expanded(instruction.checksum, instruction)
            fetched.append(await downloads.fetch_git(word, checksum=checksum, keep_git=instruction.keep_git))
            continue
        if isinstance(instruction, Add) and is_url(word):
            checksum = variables.expanded(instruction.checksum, instruction)
            fetched.append(await downloads.fetch(word, checksum=checksum, unpack=bool(instruction.unpack)))
            continue
        try:
            found = await source.select(word, parents=parents)
        except (DockerfileError, PatternError) as error:
            problem = error if isinstance(error, DockerfileError) else DockerfileError(str(error))
            raise problem.at(instruction.line, instruction.raw.column_of(word), instruction.raw.source) from None
        for one in found:
            unpacks = isinstance(instruction, Add) and instruction.unpack is not False and not one.is_directory
            if (
                unpacks
                and isinstance(source, ContextSource)
                and ArchiveFile.in_context(source.context, one.path).is_tar()
            ):
                archives.append(one)
            else:
                picked.append(one)
    documents = await asyncio.to_thread(_documents, instruction, variables)
    return Load(tuple(picked), tuple(archives), tuple(fetched), documents)


def _documents(instruction: Transfer, variables: Variables) -> tuple[tuple[str, bytes], ...]:
    """Texts with their variables put in: in a thread, for they may be long."""
    return tuple(
        (one.name, (variables.expanded(one.body(), instruction) if one.expand else one.body()).encode())
        for one in instruction.documents
    )


@dataclass(frozen=True, kw_only=True)
class WorkdirStep:
    """WORKDIR makes its directory where it is missing."""

    keeper: Keeper
    path: str
    at: RawInstruction
    key: str
    created_by: str

    async def perform(self, root: ScratchRoot, state: StageState) -> str | None:
        await make_directories(self.keeper, root.path, self.path, owner=(0, 0), at=self.at)
        return None


def prepare_workdir(path: str, state: StageState, *, keeper: Keeper, at: RawInstruction) -> WorkdirStep:
    key = step_key("workdir", state.layers, path)
    return WorkdirStep(keeper=keeper, path=path, at=at, key=key, created_by=f"WORKDIR {path}")


async def read_text(keeper: Keeper, root: Path, path: str, limit: int = 4 << 20) -> str:
    """A small text file of the tree; "" where there is none."""
    try:
        fd = await keeper.open_file(root, path, os.O_RDONLY)
    except OSError:
        return ""

    def read() -> bytes:
        with open(fd, "rb") as file:
            return file.read(limit)

    return (await asyncio.to_thread(read)).decode("utf-8", "replace")


def _patterns(instruction: Transfer, variables: Variables) -> tuple[Glob, ...]:
    try:
        return tuple(
            Glob(posixpath.normpath(variables.expanded(pattern, instruction)).lstrip("/"))
            for pattern in instruction.exclude
        )
    except PatternError as error:
        raise instruction.raw.error(str(error), column=instruction.raw.column_of("--exclude")) from None


def _mode(text: str, instruction: Transfer) -> int | None:
    if not text:
        return None
    if set(text) - set("01234567") or int(text, 8) > 0o7777:
        hint = "Modes are octal, like 755 or 0644."
        raise instruction.raw.error(f"{text!r} is no file mode", column=instruction.raw.column_of("--chmod"), hint=hint)
    return int(text, 8)
