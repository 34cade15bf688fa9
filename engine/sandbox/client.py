"""The engine's end of the keeper: start it, ask it, and survive its death.

Every failure the kernel reports comes back as the `OSError` it was (with the path it was about); a plan that fails as
`StorageError(MOUNT_FAILED)`; a bad archive as `StorageError(BAD_ARCHIVE)`; a keeper that died under a call as
`KeeperLost`. The keeper is then started again by itself and joins the same namespaces: containers and mounts stay.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from engine.sandbox.ids import IdMapping
    from engine.sandbox.plans import FsOperation
    from engine.storage.paths import Paths


class KeeperLost(HostError):
    """The keeper died while it worked on this call; whether the call took effect is not known."""


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

    pid: int
    """As the host sees it."""

    async def wait(self) -> int:
        """Its exit code, or minus the signal. If the keeper died meanwhile: `KeeperLost`, once the process has ended."""
        raise NotImplementedError

    def kill(self, signal: int) -> None:
        """Send a signal; a process that is gone is no failure. Never hits a stranger who got the same pid."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop caring about it."""


@dataclass
class Keeper:
    """One per engine."""

    paths: Paths
    ids: IdMapping
    """The maps of the namespace, and whether there is a single id only."""
    hybrid_cgroups: bool = False
    """cgroup v2 was put over /sys/fs/cgroup in the keeper's mount namespace; the rest is at `paths.cgroup_view`."""
    _listeners: list[Callable[[], None]] = field(default_factory=list)

    @classmethod
    async def open(cls, paths: Paths) -> Keeper:
        """Make the directories of the store, start the keeper, join the namespaces that still exist or make new ones."""
        raise NotImplementedError

    async def close(self) -> None:
        """End the keeper. The namespaces go with it unless something is still mounted in them."""

    def on_restart(self, listener: Callable[[], None]) -> None:
        """Called on the loop after a keeper that died was replaced."""

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
        raise NotImplementedError

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
        raise NotImplementedError

    # --- mounts ---

    async def execute(self, plan: Sequence[FsOperation]) -> None:
        """Run a plan in order, up to the first failure."""
        raise NotImplementedError

    async def mounts(self) -> list[dict[str, str]]:
        """What is mounted in the namespace: dictionaries with `target`, `root`, `type`, `source`, `options`, `super`."""
        raise NotImplementedError

    async def create_netns(self, path: Path) -> None:
        """Make a network namespace with its loopback up, owned by our user namespace, and pin it at `path`."""
        raise NotImplementedError

    async def remove_netns(self, path: Path) -> None:
        """Let go of one; not being there is no failure."""
        raise NotImplementedError

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
        raise NotImplementedError

    async def pack(
        self,
        root: Path,
        out_fd: int,
        *,
        path: str = "/",
        name: str | None = None,
        layer: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        """Write `path` inside `root` as a deterministic tar stream: sorted, pax where needed.

        With `layer`, `root` is an overlay's upper directory and its whiteouts and opaque directories become `.wh.` names.
        `name` is what the top entry is called (`docker cp` uses the base name); default: a tree with "./" stripped.
        """
        raise NotImplementedError

    async def copy_tree(self, source: Path, target: Path, *, progress: Callable[[int], None] | None = None) -> None:
        """Copy the contents of a directory into another: owners, modes, times, attributes, hard links, holes."""
        raise NotImplementedError

    async def remove_tree(self, path: Path) -> None:
        """Remove a tree whatever its modes; not being there is no failure. Never crosses into a mount."""
        raise NotImplementedError

    async def tree_size(self, path: Path) -> TreeSize:
        raise NotImplementedError

    # --- files of a living or dead tree; `path` never leaves `root`, whatever links it holds ---

    async def list_directory(self, root: Path, path: str) -> list[FileInfo]:
        """The entries of one directory, unsorted."""
        raise NotImplementedError

    async def stat(self, root: Path, path: str, *, follow: bool = False) -> FileInfo:
        raise NotImplementedError

    async def open_file(self, root: Path, path: str, flags: int, mode: int = 0o644) -> int:
        """A descriptor of our own, opened there; the caller closes it."""
        raise NotImplementedError

    async def write_file(
        self, root: Path, path: str, data: bytes, *, mode: int | None = None, owner: tuple[int, int] | None = None
    ) -> None:
        """Replace a file's contents by rename, keeping owner and mode of one that is there."""
        raise NotImplementedError

    async def rename(self, root: Path, path: str, new_path: str) -> None:
        raise NotImplementedError

    async def make_directory(
        self, root: Path, path: str, *, mode: int = 0o755, owner: tuple[int, int] = (0, 0), parents: bool = False
    ) -> None:
        raise NotImplementedError

    async def remove(self, root: Path, path: str) -> None:
        """A file, a link or a whole directory."""
        raise NotImplementedError

    async def real_path(self, root: Path, path: str) -> str:
        """Where a path leads inside `root` with every link followed: an absolute path below it."""
        raise NotImplementedError

    async def request(self, op: str, fds: Sequence[int] = (), **arguments: Any) -> dict[str, Any]:
        """The wire itself, for this package."""
        raise NotImplementedError
