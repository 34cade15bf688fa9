"""How calls to the keeper fail, as errors, and which calls may simply be made again when the keeper died under them."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

from engine.errors import Code, HostError, StorageError, WherryError, exhausted

if TYPE_CHECKING:
    from engine.sandbox.channel import ReplyError

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
TRIES = 3
"""Of a call that may be repeated."""
_REPEATABLE = frozenset(
    {
        "execute", "mounts", "create_netns", "remove_netns", "remove_tree", "remove_trees", "tree_size", "sync",
        "verify_layer", "list_directory", "stat", "open_file", "write_file", "rename", "make_directory", "remove",
        "real_path",
    }
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


def may_be_repeated(op: str, arguments: dict[str, Any]) -> bool:
    return op in _REPEATABLE and not arguments.get("flags", 0) & os.O_EXCL


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
    if error.errno in DISK_FULL:
        return StorageError(
            "The disk is full", f"Unpacking stopped{where}.", code=Code.DISK_FULL,
            hint="Free some space: `wherry system prune` removes what no container uses.",
        )  # fmt: skip
    if error.errno in _BY_THE_ARCHIVE:
        return StorageError("The archive cannot be unpacked here", f"{error.strerror}{where}.", code=Code.BAD_ARCHIVE)
    # A disk that cannot be read or written, or memory that is short, says nothing about what was downloaded: it stays.
    return StorageError("Unpacking failed on this computer", f"{error.strerror}{where}.", code=Code.HOST)
