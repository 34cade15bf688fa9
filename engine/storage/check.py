"""The store's fsck: what is there but should not be, and what is not but should. Mends what can be mended safely.

It reads the disk and the kernel and compares them with the rows, which the caller tells (`Rows`). Nothing a user could
miss is deleted: volumes without a row are named, never removed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from engine.errors import WherryError
from engine.sandbox.keeper.asked.steps import Link, MakeDirectory, Remove, Unmount
from engine.storage.contents import ContentsCheck, Sources
from engine.storage.findings import Finding, Mend, found
from engine.storage.holding import holds_nothing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping

    from engine.sandbox.client import Keeper
    from engine.storage.blobs import BlobStore
    from engine.storage.layers import LayerStore
    from engine.storage.paths import Paths
    from engine.storage.rootfs import RootFilesystems
    from engine.types.host import StoreProblem

_MOMENT_SECONDS = 0.3
_CONTAINER_ID = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What the other rooms know of."""

    containers: Mapping[str, str]
    """Id → name."""
    running: Collection[str]
    with_files: Collection[str] = ()
    """Those that have run, and so have a directory of their own."""
    layers: Mapping[str, str]
    """Diff id → which image needs it."""
    held_layers: Collection[str] = ()
    """Layers that a pull or a build under way holds."""
    volumes: Collection[str]
    cgroups: Mapping[str, Callable[[], object]] = field(default_factory=dict)
    """Container id of each control group that is there → what removes it."""


class StoreCheck:
    def __init__(
        self,
        paths: Paths,
        keeper: Keeper,
        layers: LayerStore,
        rootfs: RootFilesystems,
        *,
        blobs: BlobStore,
        sources: Sources,
    ) -> None:
        self._paths = paths
        self._keeper = keeper
        self._layers = layers
        self._rootfs = rootfs
        self._blobs = blobs
        self._sources = sources

    async def run(self, rows: Callable[[], Rows], *, mend: bool = False, deep: bool = False) -> list[StoreProblem]:
        """Everything found; with `mend`, each mendable problem is mended and says so. `deep` reads every byte."""
        problems = await self._confirmed(rows, mend=mend, deep=deep)
        if any(problem.mended for problem in problems):  # what was taken away may be missed elsewhere
            known = {(problem.kind, problem.subject) for problem in problems}
            more = await self._confirmed(rows, mend=mend, deep=False)
            problems += [problem for problem in more if (problem.kind, problem.subject) not in known]
        return problems

    async def _confirmed(self, rows: Callable[[], Rows], *, mend: bool, deep: bool) -> list[StoreProblem]:
        """Things are made and removed meanwhile, and each of them is in between for a moment: what is found counts if
        it is found again a moment later, with the rows of then."""
        suspected = {_key(finding) async for finding in self._look(rows(), deep=deep)}
        problems: list[StoreProblem] = []
        if suspected:
            await asyncio.sleep(_MOMENT_SECONDS)
            async for finding in self._look(rows(), deep=deep, only={subject for _, subject in suspected}):
                if _key(finding) in suspected:
                    problems.append(await self._mended(finding) if mend and finding.mend else finding.problem)
        return problems

    async def _look(self, rows: Rows, *, deep: bool, only: Collection[str] | None = None) -> AsyncIterator[Finding]:
        """`only`: every byte is read of these alone."""
        seen = set()
        for look in (
            self._processes, self._mounts, self._namespaces, self._cgroups, self._containers, self._runs,
            self._layers_there, self._layers_missing, self._links, self._volumes, self._rubbish,
        ):  # fmt: skip
            async for finding in look(rows):
                seen.add(_key(finding))
                yield finding
        if deep:
            contents = ContentsCheck(self._paths, self._layers, self._blobs, self._sources)
            async for finding in contents.findings(rows.layers, at_rest=not rows.running, only=only):
                if _key(finding) not in seen:
                    yield finding

    async def _mended(self, finding: Finding) -> StoreProblem:
        assert finding.mend
        try:
            await finding.mend()
        except (OSError, WherryError) as error:
            return msgspec.structs.replace(
                finding.problem, explanation=f"{finding.problem.explanation} Mending failed: {error}"
            )
        return msgspec.structs.replace(finding.problem, mended=True)

    # --- what runs ---

    async def _processes(self, rows: Rows) -> AsyncIterator[Finding]:
        """conmon, pasta, fuse-overlayfs: their command lines name the container they work for."""
        places = (self._paths.containers, self._paths.runs)
        ours = re.compile(
            b"(?:%s)/([0-9a-f]{64})(?:/|\\0|$)" % b"|".join(re.escape(os.fsencode(each)) for each in places)
        )
        for pid, line in _command_lines(inside_of=self._keeper.pid):
            match = ours.search(line)
            if match and (owner := match[1].decode()) not in rows.containers:
                words = line.replace(b"\0", b" ").decode(errors="replace")[:120]
                text = f"“{words}” works for {owner[:12]}, which is no container."
                yield found("orphan-process", str(pid), text, _killer(pid))

    async def _mounts(self, rows: Rows) -> AsyncIterator[Finding]:
        alive = await self._rootfs.mounted()
        for mount in await self._keeper.mounts():
            target = Path(mount.target)
            if not target.is_relative_to(self._paths.containers):
                continue
            owner = target.relative_to(self._paths.containers).parts[0]
            unmount = partial(self._keeper.execute, [Unmount(target=target, every=True)])
            if owner not in rows.containers:
                yield found("orphan-mount", str(target), "It belongs to no container.", unmount)
            elif target == self._paths.rootfs(owner) and owner not in alive:
                text = f"The root of {rows.containers[owner]} does not answer: the process behind it died."
                yield found("dead-mount", str(target), text, None if owner in rows.running else unmount)
        for owner in sorted(set(rows.running) - alive):
            name = rows.containers.get(owner, owner)
            yield found("missing-mount", owner, f"{name} runs, but its root is not mounted here: restart it.")

    async def _namespaces(self, rows: Rows) -> AsyncIterator[Finding]:
        for path in _entries(self._paths.network_namespaces):
            owner = self._paths.netns_owner(path.name)
            if _CONTAINER_ID.fullmatch(owner) and owner not in rows.containers:
                text = "A network namespace of no container."
                yield found("orphan-network", str(path), text, partial(self._keeper.remove_netns, path))

    async def _cgroups(self, rows: Rows) -> AsyncIterator[Finding]:
        known = {owner[:32] for owner in rows.containers}
        for owner, remove in rows.cgroups.items():
            if owner[:32] not in known:
                yield found("orphan-cgroup", owner, "A control group of no container.", _later(remove))

    # --- what is on disk ---

    async def _containers(self, rows: Rows) -> AsyncIterator[Finding]:
        for path in _entries(self._paths.containers):
            if path.name not in rows.containers:
                text = "A container's directory without a container."
                yield found("orphan-container", str(path), text, partial(self._rootfs.remove, path.name))
        for owner in rows.with_files:
            name = rows.containers[owner]
            if not self._paths.container(owner).is_dir():
                text = f"What {name} had changed in its files is gone. Remove it, or make it again from its image."
                yield found("missing-container", owner, text)

    async def _runs(self, rows: Rows) -> AsyncIterator[Finding]:
        for path in (*_entries(self._paths.runs), *_entries(self._paths.exits)):
            if _CONTAINER_ID.fullmatch(path.name) and path.name not in rows.containers:
                text = "Run-time files of no container."
                yield found("orphan-run-file", str(path), text, partial(self._keeper.remove_tree, path))

    async def _layers_there(self, rows: Rows) -> AsyncIterator[Finding]:
        for diff_id in sorted(self._layers.diff_ids()):
            if diff_id not in rows.layers and diff_id not in rows.held_layers:
                text = "No image has this layer."
                yield found("orphan-layer", diff_id, text, partial(self._layers.remove, diff_id))
            elif damage := self._damage(diff_id):
                again = self._restorer(diff_id)
                text = f"{damage} Mending takes it away; pull {rows.layers.get(diff_id, 'its image')} again."
                away = partial(self._layers.trash.take, self._paths.layer(diff_id))
                # What runs may stand on it.
                yield found(
                    "damaged-layer", diff_id, damage if again else text, None if rows.running else again or away
                )

    def _damage(self, diff_id: str) -> str:
        try:
            index = self._layers.index(diff_id)
            if len(index.paths) != len(index):
                return "Its index has lost rows."
            return "" if self._layers.path(diff_id).is_dir() else "Its files are gone."
        except (OSError, WherryError, ValueError) as error:
            return str(error)

    async def _layers_missing(self, rows: Rows) -> AsyncIterator[Finding]:
        for diff_id, image in rows.layers.items():
            if not self._layers.has(diff_id):
                again = self._restorer(diff_id)
                text = f"{image} needs this layer, and it is not here" + ("." if again else ": pull it again.")
                yield found("missing-layer", diff_id, text, again)

    def _restorer(self, diff_id: str) -> Mend | None:
        """What makes a layer anew, where its compressed form is here."""
        digest = self._sources.archives().get(diff_id)
        return partial(self._sources.restore, diff_id) if digest and self._blobs.has(digest) else None

    async def _links(self, _rows: Rows) -> AsyncIterator[Finding]:
        there = {self._layers.short_name(diff_id): diff_id for diff_id in self._layers.diff_ids()}
        for path in _entries(self._paths.layer_links):
            if str(path.relative_to(self._paths.root)) not in there:
                text = "It points to a layer that is not here."
                yield found("orphan-link", str(path), text, partial(self._keeper.execute, [Remove(path=path)]))
        for short, diff_id in there.items():
            link = self._paths.root / short
            points_to = self._layers.link_target(diff_id)
            if not link.is_symlink() or os.readlink(link) != points_to:
                text = "The layer has lost the short name it is mounted by."
                mend = partial(self._keeper.execute, [Link(path=link, points_to=points_to)])
                yield found("missing-link", diff_id, text, mend)

    async def _volumes(self, rows: Rows) -> AsyncIterator[Finding]:
        for path in _entries(self._paths.volumes):
            if path.name in rows.volumes:
                continue
            if holds_nothing(path):
                text = "A volume that was being made when the engine ended; nothing is in it."
                yield found("orphan-volume", str(path), text, partial(self._keeper.remove_tree, path))
                continue
            text = "Data of a volume that is not in the books. It is left alone: look before you delete."
            yield found("orphan-volume", str(path), text)
        for name in rows.volumes:
            if not self._paths.volume(name).is_dir():
                text = (
                    "The volume is in the books, its data is gone. Mending makes an empty one, so that it can be used."
                )
                made = [MakeDirectory(path=self._paths.volume(name)), MakeDirectory(path=self._paths.volume_data(name))]
                yield found("missing-volume", name, text, partial(self._keeper.execute, made))

    async def _rubbish(self, _rows: Rows) -> AsyncIterator[Finding]:
        for path, reason in self._layers.trash.failed.items():
            text = f"It was removed but could not be deleted: {reason}."
            yield found("undeleted", str(path), text, partial(self._keeper.remove_tree, path))


def _key(finding: Finding) -> tuple[str, str]:
    return finding.problem.kind, finding.problem.subject


def _command_lines(*, inside_of: int) -> Iterator[tuple[int, bytes]]:
    """Every process of the user namespace that process `inside_of` is in."""
    inside = os.stat(f"/proc/{inside_of}/ns/user").st_ino
    for pid in (int(name) for name in os.listdir("/proc") if name.isdigit()):
        with contextlib.suppress(OSError):
            if os.stat(f"/proc/{pid}/ns/user").st_ino == inside:
                yield pid, Path(f"/proc/{pid}/cmdline").read_bytes()


def _entries(directory: Path) -> list[Path]:
    try:
        return sorted(directory.iterdir())
    except FileNotFoundError:
        return []


def _later(action: Callable[[], object]) -> Mend:
    async def run() -> object:
        return action()

    return run


def _killer(pid: int) -> Mend:
    """The process that is looked at, and no stranger who has its number by then."""
    begun = _begun(pid)

    async def run() -> None:
        with contextlib.suppress(ProcessLookupError):
            descriptor = os.pidfd_open(pid)
            try:
                if _begun(pid) == begun:
                    signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            finally:
                os.close(descriptor)

    return run


def _begun(pid: int) -> str:
    """When it was started; "" if there is none."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return ""
