"""The engine's end of the keeper: start it, ask it, and survive its death.

Every failure the kernel reports comes back as the `OSError` it was (with the path it was about); a plan that fails as
`StorageError(MOUNT_FAILED)`; a bad archive as `StorageError(BAD_ARCHIVE)`; a keeper that died under a call as
`KeeperLost`. The keeper is then started again by itself and joins the same namespaces: containers and mounts stay.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal as signals
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from engine.errors import Code, HostError, StorageError, WherryError
from engine.processes import open_files
from engine.sandbox import closing, subordinate
from engine.sandbox.cgroup_doors import CgroupDoors
from engine.sandbox.channel import Channel, ChannelClosed, ReplyError
from engine.sandbox.failures import DISK_FULL, TRIES, KeeperLost, may_be_repeated, translated, unpack_error
from engine.sandbox.pipes import Pipes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from engine.sandbox.ids import IdMapping
    from engine.sandbox.keeper.marks import By
    from engine.sandbox.plans import FsOperation
    from engine.storage.paths import Paths

log = logging.getLogger(__name__)

_PROGRAMS = Path(__file__).parents[1]
"""Where what runs in the namespace is: the keeper, and the small programs that the rooms start there."""

HINTS = {
    "user-namespace": (
        "Allow unprivileged user namespaces: `sudo sysctl -w user.max_user_namespaces=15000`; on Ubuntu also"
        " `sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`."
    ),
    "mount-namespace": (
        "The user namespace has no rights in it, as AppArmor does on Ubuntu:"
        " `sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`."
    ),
    "id-map": "Check that newuidmap and newgidmap are installed (package uidmap) and /etc/subuid has a range for you.",
}


@dataclass(frozen=True)
class Completed:
    """How a program run to its end went. `code` is the exit code, or minus the signal that ended it."""

    code: int
    stdout: bytes
    stderr: bytes


@dataclass(frozen=True)
class FileInfo:
    """One entry as lstat sees it inside the namespace; `name` is bytes made text with surrogateescape."""

    name: str
    mode: int
    """Type and permission bits."""
    size: int
    uid: int
    gid: int
    mtime_ns: int
    inode: int
    links: int
    device: int
    """The device number of a device node; 0:0 on a character device is a whiteout."""
    blocks: int
    link: str = ""


@dataclass(frozen=True)
class Unpacked:
    """What an unpacking did."""

    diff_id: str
    """sha256 of the whole stream, "sha256:…"."""
    entries: int
    bytes: int
    """Sizes of regular files, hard links counted once."""
    notes: tuple[str, ...] = ()
    """What could not be kept as it was, in words (device nodes, attributes the file system refuses)."""


@dataclass(frozen=True)
class UnpackLimits:
    """What an archive may ask for before it is called a bomb."""

    bytes: int = 256 << 30
    entries: int = 4_000_000


@dataclass(frozen=True)
class TreeSize:
    bytes: int
    """What the files say they hold, hard links counted once."""
    disk: int
    """What they take on disk."""
    files: int


class Child:
    """A program the keeper started. It is not ended by the keeper's death, nor by the engine's."""

    def __init__(self, pid: int, pidfd: int) -> None:
        self.pid = pid
        """As the host sees it."""
        self._pidfd = pidfd
        self._status: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def wait(self) -> int:
        """Its exit code, or minus the signal. If the keeper died meanwhile: `KeeperLost`, once the process ended."""
        return await asyncio.shield(self._status)

    def kill(self, signal: int) -> None:
        """Send a signal; a process that is gone is no failure. Never hits a stranger who got the same pid."""
        if self._pidfd >= 0:
            with contextlib.suppress(ProcessLookupError):
                signals.pidfd_send_signal(self._pidfd, signal)

    def close(self) -> None:
        """Stop caring about it."""
        if self._pidfd >= 0:
            asyncio.get_running_loop().remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1
        if not self._status.done():
            self._status.cancel()

    def ended(self, status: int) -> None:
        """The keeper says so."""
        if not self._status.done():
            self._status.set_result(status)
        self.close()

    def orphaned(self) -> None:
        """Nobody is left to read the status: at least notice the end."""
        if self._pidfd >= 0:
            asyncio.get_running_loop().add_reader(self._pidfd, self._ended_unseen)

    def _ended_unseen(self) -> None:
        if not self._status.done():
            self._status.set_exception(
                KeeperLost("The exit status was lost", "The keeper died before the process did.")
            )
            self._status.exception()
        self.close()


class Keeper:
    """One per engine."""

    def __init__(self, paths: Paths, ids: IdMapping) -> None:
        self.paths = paths
        self.ids = ids
        """The maps of the namespace, and whether there is a single id only."""
        self.hybrid_cgroups = False
        """cgroup v2 was put over /sys/fs/cgroup in the keeper's mount namespace; the rest is at `paths.cgroup_view`."""
        self.joined = False
        """The namespaces were there already: containers of an earlier engine may be running in them."""
        self.pid = 0
        self.processes: tuple[int, ...] = ()
        """The keeper, and what keeps its namespaces between two keepers."""
        self._channel: Channel | None = None
        self._starting = asyncio.Lock()
        self._closing = False
        self._children: dict[int, Child] = {}
        self._early_exits: dict[int, int] = {}
        """Ends reported in the same breath as their beginnings."""
        self._listeners: list[Callable[[], None]] = []
        self._revival: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, paths: Paths) -> Keeper:
        """Make the directories of the store, start the keeper, join the namespaces that still exist or make new."""
        closing.make_root(paths)
        keeper = cls(paths, subordinate.plan(paths.id_map))
        closing.make_closed(paths, keeper.ids)
        await keeper._living()
        return keeper

    async def close(self) -> None:
        """End the keeper. The namespaces go with it unless something is still mounted in them."""
        self._closing = True
        if self._revival:
            self._revival.cancel()
            with contextlib.suppress(asyncio.CancelledError, WherryError):
                await self._revival
        if self._channel and not self._channel.closed:
            with contextlib.suppress(ChannelClosed, ReplyError):
                await self._channel.call("close", {})
            self._channel.shut()
        for child in list(self._children.values()):
            child.close()
        self._children.clear()

    def on_restart(self, listener: Callable[[], None]) -> None:
        """Called on the loop after a keeper that died was replaced."""
        self._listeners.append(listener)

    # --- programs ---

    async def spawn(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | Path = "/",
        stdin: int | None = None,
        stdout: int | None = None,
        stderr: int | None = None,
        pass_fds: Mapping[int, int] | None = None,
        cgroup_dirs: Sequence[str | Path] = (),
        new_session: bool = True,
    ) -> Child:
        """Start a program as the namespace's root.

        `pass_fds` maps the number the program sees to a descriptor of ours; ours stay open here. The standard three
        default to /dev/null. `cgroup_dirs` are directories as the engine sees them; the program is in them before its
        first instruction. A program that cannot be executed raises the OSError of exec.
        """
        standard = {number: fd for number, fd in enumerate((stdin, stdout, stderr)) if fd is not None}
        passed = {**standard, **(pass_fds or {})}
        with CgroupDoors(cgroup_dirs) as doors:
            arguments = {
                "argv": list(argv),
                "env": dict(os.environ if env is None else env),
                "cwd": os.fspath(cwd),
                "targets": list(passed),
                "born_in": doors.birthplace,
                "new_session": new_session,
            }
            return await self._spawn(arguments, [*passed.values(), *doors.fds])

    async def _spawn(self, arguments: dict[str, Any], fds: list[int]) -> Child:
        """Cancelled in the middle, the program must not stay behind unknown to all."""
        starting = asyncio.ensure_future(self._call("spawn", arguments, fds, raw=True))
        try:
            values, pidfds = await asyncio.shield(starting)
        except ReplyError as error:
            if "pid" in error.lost:  # it runs, and nobody could look after it
                with contextlib.suppress(ProcessLookupError):
                    os.kill(error.lost["pid"], signals.SIGKILL)
            raise translated(error) from None
        except asyncio.CancelledError:
            with contextlib.suppress(OSError, WherryError):
                values, pidfds = await starting
                self._adopt(values["pid"], pidfds[0]).kill(signals.SIGKILL)
            raise
        return self._adopt(values["pid"], pidfds[0])

    def _adopt(self, pid: int, pidfd: int) -> Child:
        child = Child(pid, pidfd)
        if (status := self._early_exits.pop(pid, None)) is not None:
            child.ended(status)
            return child
        self._children[pid] = child
        if self._channel is None or self._channel.closed:
            child.orphaned()
        return child

    async def run(
        self,
        argv: Sequence[str],
        *,
        input: bytes = b"",
        env: Mapping[str, str] | None = None,
        cwd: str | Path = "/",
        timeout: float = 60.0,
        pass_fds: Mapping[int, int] | None = None,
        cgroup_dirs: Sequence[str | Path] = (),
    ) -> Completed:
        """Run a program to its end. After `timeout` it is killed and TimeoutError raised; so it is when cancelled.

        A program that leaves a daemon behind which holds its stdout or stderr does not keep this waiting.
        """
        with contextlib.ExitStack() as ours:
            pipes = Pipes(ours)
            child = await self.spawn(
                argv, env=env, cwd=cwd, stdin=pipes.stdin if input else None, stdout=pipes.stdout, stderr=pipes.stderr,
                pass_fds=pass_fds, cgroup_dirs=cgroup_dirs,
            )  # fmt: skip
            pipes.handed_over()
            try:
                async with asyncio.timeout(timeout):
                    code = await pipes.communicate(child.wait(), input)
            except BaseException:
                child.kill(signals.SIGKILL)
                raise
            return Completed(code, bytes(pipes.said[1]), bytes(pipes.said[2]))

    def give(self, *files: int | Path) -> None:
        """Let the namespace's root open pipes (by /proc) and sockets of ours: where root started us, a stranger."""
        if os.getuid() == 0 and not self.ids.single_id:
            for file in files:
                os.chown(file, self.ids.outside_uid(0) or 0, self.ids.outside_gid(0) or 0)

    # --- mounts ---

    async def execute(self, plan: Sequence[FsOperation]) -> None:
        """Run a plan in order, up to the first failure."""
        try:
            await self._call("execute", {"plan": [operation.encode() for operation in plan]}, raw=True)
        except ReplyError as error:
            if error.kind != "os":
                raise translated(error) from None
            operation = plan[error.step]
            full = error.errno in DISK_FULL
            failed = f"Could not {operation.describe()}"
            raise StorageError(
                "The disk is full" if full else failed,
                f"{failed}." if full else f"{os.strerror(error.errno)}.",
                code=Code.DISK_FULL if full else Code.MOUNT_FAILED,
                details=f"{operation}\n{error.text}: {error.path}",
            ) from OSError(error.errno, error.text, error.path)

    async def mounts(self, within: Path | None = None) -> list[dict[str, str]]:
        """What is mounted in the namespace: dictionaries with target, root, type, source, options, super.

        `within` leaves most of those out that have nothing to do with that directory.
        """
        directory = os.fspath(within) if within else ""
        found: list[dict[str, str]] = (await self.request("mounts", within=directory))["mounts"]
        return found

    async def create_netns(self, path: Path) -> None:
        """Make a network namespace with its loopback up, owned by our user namespace, and pin it at `path`."""
        await self.request("create_netns", path=os.fspath(path))

    async def remove_netns(self, path: Path) -> None:
        """Let go of one; not being there is no failure."""
        await self.request("remove_netns", path=os.fspath(path))

    # --- trees: forked workers, cancelled by cancelling the call ---

    async def unpack(
        self,
        tar_fd: int,
        target: Path,
        *,
        index: Path | None = None,
        layer: bool = True,
        limits: UnpackLimits | None = None,
        progress: Callable[[int], None] | None = None,
        owner: tuple[int, int] | None = None,
        no_overwrite_kind: bool = False,
        root: Path | None = None,
    ) -> Unpacked:
        """Unpack an uncompressed tar stream into `target`, which exists.

        As a `layer`, `target` must be empty, whiteouts become what both overlays understand, and `index` is written.
        Otherwise the tree may be alive and hostile (`docker cp`): names are resolved inside `root` (default: target),
        `target` then being a path below it; `owner` overrides every owner; `no_overwrite_kind` refuses to replace a
        directory by something else and the reverse.
        """
        bounds = limits or UnpackLimits()
        arguments = {
            "target": os.fspath(target),
            "root": os.fspath(root or target),
            "index": os.fspath(index) if index else "",
            "layer": layer,
            "most_bytes": bounds.bytes,
            "most_entries": bounds.entries,
            "owner": owner,
            "single_id": self.ids.single_id,
            "no_overwrite_kind": no_overwrite_kind,
        }
        try:
            values, _ = await self._call("unpack", arguments, [tar_fd], progress=progress)
        except OSError as error:
            raise unpack_error(error) from error
        return Unpacked(values["diff_id"], values["entries"], values["bytes"], tuple(values["notes"]))

    async def pack(
        self,
        root: Path,
        out_fd: int,
        *,
        path: str = "/",
        name: str | None = None,
        marks: By | Literal[""] = "",
        latest: int | None = None,
        mounted: Sequence[tuple[Path, str, str]] = (),
        progress: Callable[[int], None] | None = None,
    ) -> tuple[str, ...]:
        """Write `path` inside `root` as a deterministic tar stream: sorted, pax where needed. Gives what was left out.

        With `marks`, `root` is what that overlay wrote, or a layer's tree; its marks become `.wh.` names.
        `name` is what the top entry is called (`docker cp` uses the base name); default: a tree with "./" stripped.
        No time is after `latest`, in seconds. What is mounted below is left out but for `mounted`: (root, path in it,
        name in the tar), which also stands for what a tree has there if nothing is mounted.
        """
        arguments: dict[str, Any] = {
            "root": os.fspath(root), "path": path, "name": name, "marks": marks, "latest": latest,
            "mounted": [{"root": os.fspath(one), "path": inside, "name": shown} for one, inside, shown in mounted],
        }  # fmt: skip
        values, _ = await self._call("pack", arguments, [out_fd], progress=progress)
        return tuple(values["notes"])

    async def copy_tree(self, source: Path, target: Path, *, progress: Callable[[int], None] | None = None) -> None:
        """Copy the contents of a directory into another: owners, modes, times, attributes, hard links, holes."""
        await self._call("copy_tree", {"source": os.fspath(source), "target": os.fspath(target)}, progress=progress)

    async def remove_tree(self, path: Path) -> None:
        """Remove a tree whatever its modes; not being there is no failure. Never crosses into a mount."""
        await self.request("remove_tree", path=os.fspath(path))

    async def remove_trees(self, paths: Sequence[Path], *, mounted: str = "") -> dict[Path, str]:
        """Many that nobody waits for, with what is mounted at that place in each; gives which could not be and why."""
        told = await self.request("remove_trees", paths=[os.fspath(path) for path in paths], mounted=mounted)
        return {Path(path): reason for path, reason in told["failed"].items()}

    async def tree_size(self, path: Path) -> TreeSize:
        return TreeSize(**await self.request("tree_size", path=os.fspath(path)))

    # --- files of a living or dead tree; `path` never leaves `root`, whatever links it holds ---

    async def list_directory(self, root: Path, path: str) -> list[FileInfo]:
        """The entries of one directory, unsorted."""
        rows = (await self.request("list_directory", root=os.fspath(root), path=path))["entries"]
        return [FileInfo(*row) for row in rows]

    async def stat(self, root: Path, path: str, *, follow: bool = False) -> FileInfo:
        return FileInfo(*(await self.request("stat", root=os.fspath(root), path=path, follow=follow))["entry"])

    async def open_file(self, root: Path, path: str, flags: int, mode: int = 0o644, *, most: int = 16 << 20) -> int:
        """A descriptor of our own, opened there; the caller closes it. Started by the host's root, to read is to get a
        copy of the first `most` bytes, for the kernel lets a stranger read nothing on a fuse mount."""
        copy = most if self._host_root else -1
        arguments = {"root": os.fspath(root), "path": path, "flags": flags, "mode": mode, "copy": copy}
        _, fds = await self._call("open_file", arguments)
        return fds[0]

    async def write_file(
        self, root: Path, path: str, data: bytes, *, mode: int | None = None, owner: tuple[int, int] | None = None
    ) -> None:
        """Replace a file's contents by rename, keeping owner and mode of one that is there."""
        body = os.memfd_create("contents", os.MFD_CLOEXEC)
        try:
            written = 0
            while written < len(data):
                written += os.write(body, memoryview(data)[written:])
            arguments = {"root": os.fspath(root), "path": path, "mode": mode, "owner": owner}
            await self._call("write_file", arguments, [body])
        finally:
            os.close(body)

    async def rename(self, root: Path, path: str, new_path: str) -> None:
        """Replaces a file, never a directory that is not empty."""
        await self.request("rename", root=os.fspath(root), path=path, new_path=new_path)

    async def make_directory(
        self, root: Path, path: str, *, mode: int = 0o755, owner: tuple[int, int] = (0, 0), parents: bool = False
    ) -> None:
        """With `parents`, makes those that are missing and is content if it is there."""
        await self.request(
            "make_directory", root=os.fspath(root), path=path, mode=mode, owner=list(owner), parents=parents
        )

    async def remove(self, root: Path, path: str) -> None:
        """A file, a link or a whole directory."""
        await self.request("remove", root=os.fspath(root), path=path)

    async def real_path(self, root: Path, path: str) -> str:
        """Where a path leads inside `root` with every link followed: an absolute path below it."""
        found: str = (await self.request("real_path", root=os.fspath(root), path=path))["path"]
        return found

    # --- the wire ---

    async def request(self, op: str, **arguments: Any) -> dict[str, Any]:
        """One call that carries no descriptors, for this package."""
        return (await self._call(op, arguments))[0]

    async def _call(
        self,
        op: str,
        arguments: dict[str, Any],
        fds: Sequence[int] = (),
        *,
        progress: Callable[[int], None] | None = None,
        raw: bool = False,
    ) -> tuple[dict[str, Any], list[int]]:
        tries = TRIES if may_be_repeated(op, arguments) else 1
        for left in reversed(range(tries)):
            channel = await self._living()
            try:
                return await channel.call(op, arguments, fds, progress)
            except ChannelClosed:
                arguments = arguments | {"repeated": True}
                if not left:
                    break
            except ReplyError as error:
                if raw:
                    raise
                raise translated(error) from None
        raise KeeperLost(
            "The keeper died while it worked", f"It was doing “{op}”.", hint="Another is started; try again."
        )

    async def _living(self) -> Channel:
        """The channel to a keeper that lives, started if need be."""
        if self._channel and not self._channel.closed:
            return self._channel
        async with self._starting:
            if self._channel and not self._channel.closed:
                return self._channel
            if self._closing:
                raise KeeperLost("The engine is closing")
            self._channel = await self._start()
            return self._channel

    async def _start(self) -> Channel:
        channel, words = await Channel.start(self._config(), self.paths.keeper_log, self._child_ended, self._lost)
        if "failed" in words:
            channel.shut()
            stage = words["failed"]
            raise HostError(
                "This machine does not let us make containers", f"{words['text']}.", hint=HINTS.get(stage, ""),
                details=f"stage {stage}, errno {words['errno']}", subject=stage,
            )  # fmt: skip
        self.pid, self.joined = words["ready"], words["joined"]
        self.processes = (self.pid, words["pin"])
        self.hybrid_cgroups = bool(words["hybrid_cgroups"])
        return channel

    @property
    def _host_root(self) -> bool:
        return os.getuid() == 0 and not self.ids.single_id

    def _config(self) -> dict[str, Any]:
        paths = self.paths
        own = (paths.containers, paths.builds, paths.volumes, paths.network_namespaces)
        return {
            "state": str(paths.namespaces),
            "uids": [[each.inside, each.outside, each.count] for each in self.ids.uids],
            "gids": [[each.inside, each.outside, each.count] for each in self.ids.gids],
            "host_root": self._host_root,
            "reach": [str(_PROGRAMS), sys.prefix, sys.base_prefix, str(paths.root), str(paths.run)],
            "cgroup_view": str(paths.cgroup_view),
            "directories": [str(each) for each in paths.owned_by_namespace],
            "staging": str(paths.staging),
            "open_files": open_files.usual(),
            "own_mounts": [f"{each}/" for each in own],
        }

    def _child_ended(self, pid: int, status: int) -> None:
        if child := self._children.pop(pid, None):
            child.ended(status)
        else:
            self._early_exits[pid] = status

    def _lost(self) -> None:
        """The keeper died under us. Its children live on; start another at once."""
        for child in self._children.values():
            child.orphaned()
        self._children.clear()
        self._early_exits.clear()
        if not self._closing:
            log.warning("the keeper died; starting another")
            self._revival = asyncio.get_running_loop().create_task(self._revive())

    async def _revive(self) -> None:
        try:
            await self._living()
        except WherryError as error:
            # The next call tries again, and raises.
            log.error("no new keeper: %s", error)
            return
        for listener in self._listeners:
            listener()
