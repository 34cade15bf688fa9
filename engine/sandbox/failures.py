"""How calls to the keeper fail, as errors, and which calls may simply be made again when the keeper died under them."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

from engine.errors import Code, HostError, StorageError, WherryError, disk_refuses, exhausted
from engine.sandbox.keeper.asked import bridges, files, mounts, trees

if TYPE_CHECKING:
    from typing import NamedTuple

TRIES = 3
"""Of a call that may be repeated."""
_REPEATABLE = (
    mounts.Execute, mounts.Mounts, mounts.CreateNetns, mounts.CreateShared, mounts.RemoveNetns, mounts.OpenSockets,
    bridges.MakeBridge, bridges.JoinBridge, bridges.LeaveBridge,
    trees.RemoveTree, trees.RemoveTrees, trees.MeasureTree, trees.Sync, trees.VerifyLayer,
    files.ListDirectory, files.Stat, files.OpenFile, files.WriteFile, files.Rename, files.MakeDirectory, files.Remove,
    files.RealPath, files.MissingPlaces, files.RemoveUnused,
)  # fmt: skip
"""Told that they are `repeated`, the keeper's ends of these take what is done already for done by the try before.
The rest reads or writes streams of ours, or starts programs: whoever asked must begin anew."""


_BY_THE_ARCHIVE = frozenset(
    {
        errno.EEXIST, errno.EINVAL, errno.EISDIR, errno.ELOOP, errno.EMLINK, errno.ENAMETOOLONG, errno.ENOENT,
        errno.ENOTDIR, errno.ENOTEMPTY, errno.ENOTSUP, errno.EPERM, errno.ERANGE, errno.E2BIG, errno.EXDEV,
    }
)  # fmt: skip
"""What the kernel says of entries that cannot be made, whatever the state of the machine."""


class KeeperLost(HostError):
    """The keeper died while it worked on this call; whether the call took effect is not known."""


class ReplyError(Exception):
    """The keeper answered that it failed."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error.get("text", ""))
        self.kind: str = error.get("kind", "bug")
        self.text: str = error.get("text", "")
        self.errno: int = error.get("errno", 0)
        self.path: str = error.get("path", "")
        self.step: int = error.get("step", -1)
        self.lost: list[Any] = error.get("lost") or []
        """What was done, where the answer's descriptors found no room here."""


def may_be_repeated(operation: NamedTuple) -> bool:
    if isinstance(operation, files.OpenFile) and operation.flags & os.O_EXCL:
        return False
    return isinstance(operation, _REPEATABLE)


def translated(error: ReplyError) -> Exception:
    """What the keeper answered."""
    if error.kind == "os" and (words := exhausted(error.errno)):
        return words
    if error.kind == "os":
        return OSError(error.errno, error.text, *([error.path] if error.path else []))
    if error.kind == "input":
        return StorageError("The archive is not usable", error.text, code=Code.BAD_ARCHIVE)
    if error.kind == "worker":
        return KeeperLost("A worker of the keeper died", error.text)
    return WherryError("The keeper failed in a way it should not", details=error.text)


def unpack_error(error: OSError) -> StorageError:
    where = f" (at {error.filename})" if error.filename else ""
    if refused := disk_refuses(error.errno or 0, f"Unpacking stopped{where}."):
        return refused
    if error.errno in _BY_THE_ARCHIVE:
        return StorageError("The archive cannot be unpacked here", f"{error.strerror}{where}.", code=Code.BAD_ARCHIVE)
    # A disk that cannot be read or written, or memory that is short, says nothing about what was downloaded: it stays.
    return StorageError("Unpacking failed on this computer", f"{error.strerror}{where}.", code=Code.HOST)
