"""The mounts of a RUN: binds of the context, of stages and images; caches that persist; tmpfs, secrets, agent sockets.

Nothing of them may stay in the layer: places that exist only because something was mounted there are taken away again.
"""

from __future__ import annotations

import posixpath
import secrets
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from engine.builder.context.tarring import TarOptions
from engine.builder.steps.copy_sources import Destination, Sending, checksum_words
from engine.containers.spec.plan import PlannedMount
from engine.sandbox.keeper.asked.steps import MakeDirectory, Tmpfs, Unmount

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from engine.builder.caching.cache_mounts import CacheMounts
    from engine.builder.language.types import Run, RunMount
    from engine.builder.lent import Lent
    from engine.builder.steps.copy_sources import SourceTree
    from engine.builder.steps.step import ScratchRoot
    from engine.containers.spec.users import ContainerUser
    from engine.sandbox.client import Keeper
    from engine.storage.paths import Paths


@dataclass
class MountedFor:
    """The mounts of one RUN while it runs, and what they add to its environment."""

    mounts: list[PlannedMount] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)


class StageTrees(Protocol):
    """How a mount reaches another stage's or an image's files."""

    def source(self, origin: str, instruction: Run) -> AbstractAsyncContextManager[SourceTree]:
        """For the context ("") and for directories given by name."""
        ...

    def root(self, origin: str, instruction: Run) -> AbstractAsyncContextManager[Path]:
        """A mounted copy whose changes are thrown away."""
        ...

    async def identity(self, origin: str, instruction: Run) -> Any:
        """What goes into the key for it."""
        ...

    def is_directory_of_host(self, origin: str, instruction: Run) -> bool: ...


@dataclass(frozen=True)
class RunMounts:
    """Everything the `--mount` flags of one RUN ask for."""

    instruction: Run
    wanted: Sequence[RunMount]
    keeper: Keeper
    paths: Paths
    trees: StageTrees
    caches: CacheMounts
    lent: Lent

    async def fingerprint(self) -> Any:
        parts: list[Any] = []
        for mount in self.wanted:
            part: list[Any] = [mount.kind, mount.target, mount.source, mount.cache_id, mount.env, mount.read_only]
            if mount.kind == "bind":
                part.append(await self._content(mount))
            parts.append(part)
        return parts

    async def _content(self, mount: RunMount) -> Any:
        if not self.trees.is_directory_of_host(mount.origin, self.instruction):
            return await self.trees.identity(mount.origin, self.instruction)
        async with self.trees.source(mount.origin, self.instruction) as source:
            return await source.fingerprint(await source.select(mount.source or "/", parents=False), ())

    @asynccontextmanager
    async def mounted(self, user: ContainerUser) -> AsyncIterator[MountedFor]:
        async with AsyncExitStack() as stack:
            given = MountedFor()
            for mount in self.wanted:
                await self._mount(mount, user, given, stack)
            yield given

    async def _mount(self, mount: RunMount, user: ContainerUser, given: MountedFor, stack: AsyncExitStack) -> None:
        if mount.kind == "tmpfs":
            given.mounts.append(PlannedMount(target=mount.target, tmpfs=True, size=mount.size))
        elif mount.kind == "cache":
            owner = (mount.uid, mount.gid, 0o755 if mount.mode is None else mount.mode)
            path = await stack.enter_async_context(
                self.caches.held(mount.cache_id or mount.target, mount.sharing, owner=owner)
            )
            given.mounts.append(PlannedMount(target=mount.target, source=str(path), read_only=bool(mount.read_only)))
        elif mount.kind == "bind":
            path = await stack.enter_async_context(self._bound(mount))
            read_only = mount.read_only is not False
            given.mounts.append(PlannedMount(target=mount.target, source=str(path), read_only=read_only))
        elif mount.kind == "secret":
            await self._secret(mount, given, stack)
        else:
            await self._agent(mount, given)

    @asynccontextmanager
    async def _bound(self, mount: RunMount) -> AsyncIterator[Path]:
        async with AsyncExitStack() as stack:
            if self.trees.is_directory_of_host(mount.origin, self.instruction):
                source = await stack.enter_async_context(self.trees.source(mount.origin, self.instruction))
                yield await stack.enter_async_context(self._copied(source, mount.source or "/"))
                return
            root = await stack.enter_async_context(self.trees.root(mount.origin, self.instruction))
            inside = await self._inside(root, mount)
            yield root / inside.lstrip("/")

    async def _inside(self, root: Path, mount: RunMount) -> str:
        try:
            inside = await self.keeper.real_path(root, mount.source or "/")
            await self.keeper.stat(root, inside)
        except OSError:
            problem = f"{mount.source} is not there to mount"
            column = self.instruction.raw.column_of(mount.source)
            raise self.instruction.raw.error(problem, column=column, docker=checksum_words(mount.source)) from None
        return inside

    @asynccontextmanager
    async def _copied(self, source: SourceTree, pattern: str) -> AsyncIterator[Path]:
        """A copy of part of the context: without what is ignored, and harmless to write to."""
        directory = self.paths.builds / f"mount-{secrets.token_hex(8)}"
        await self.keeper.execute([MakeDirectory(path=directory)])
        try:
            (picked,) = await source.select(pattern, parents=False)
            name = "" if picked.is_directory else picked.name
            into = Destination(self.keeper, directory, "/", TarOptions())
            await source.copy([Sending(picked, name)], into)
            yield directory / name if name else directory
        finally:
            await self.keeper.remove_tree(directory)

    async def _secret(self, mount: RunMount, given: MountedFor, stack: AsyncExitStack) -> None:
        name = mount.cache_id or posixpath.basename(mount.source or mount.target)
        value = await self.lent.secret(name)
        if value is None:
            if mount.required:
                problem = f"The secret {name!r} is required and was not given"
                hint = f"Give it with --secret id={name},src=FILE."
                raise self.instruction.raw.error(problem, hint=hint, docker=f"secret {name}: not found")
            return
        if mount.env:
            given.environment[mount.env] = value.decode("utf-8", "surrogateescape")
            if not mount.target:
                return
        directory = await stack.enter_async_context(self._memory())
        await self.keeper.write_file(
            directory,
            "/secret",
            value,
            mode=mount.mode if mount.mode is not None else 0o400,
            owner=(mount.uid, mount.gid),
        )
        target = mount.target or posixpath.join("/run/secrets", name)
        given.mounts.append(PlannedMount(target=target, source=str(directory / "secret"), read_only=True))

    @asynccontextmanager
    async def _memory(self) -> AsyncIterator[Path]:
        """A little tmpfs: a secret never touches the disk."""
        directory = self.paths.builds / f"secret-{secrets.token_hex(8)}"
        await self.keeper.execute([MakeDirectory(path=directory), Tmpfs(target=directory, size=1 << 20, mode=0o755)])
        try:
            yield directory
        finally:
            await self.keeper.execute([Unmount(target=directory)])
            await self.keeper.remove_tree(directory)

    async def _agent(self, mount: RunMount, given: MountedFor) -> None:
        name = mount.cache_id or "default"
        socket = await self.lent.agent(name)
        if socket is None:
            if mount.required:
                problem = f"The ssh agent {name!r} is required and was not given"
                hint = f"Give it with --ssh {name}."
                raise self.instruction.raw.error(problem, hint=hint, docker=f"unset ssh forward key {name}")
            return
        target = mount.target or f"/run/buildkit/ssh_agent.{len(given.mounts)}"
        given.mounts.append(PlannedMount(target=target, source=socket))
        given.environment["SSH_AUTH_SOCK"] = target


@asynccontextmanager
async def created_by_mounts(keeper: Keeper, root: ScratchRoot, targets: Sequence[str]) -> AsyncIterator[None]:
    """Remembers which mount points are missing, and afterwards removes those that are still empty."""
    missing = await keeper.missing_places(root.path, targets)
    yield
    if missing:
        await keeper.remove_unused(root.upper, root.path, missing)
