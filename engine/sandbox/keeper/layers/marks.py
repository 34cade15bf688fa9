"""How a file tree says that something below it is gone: the marks of the two overlays, and who believes which.

What one overlay copies up as an ordinary attribute is no mark in what it wrote: the kernel's takes fuse-overlayfs's
along with a directory it changes. So a writable directory is read with the eyes of the overlay that wrote it. A layer
is the same for both: it carries the kernel's mark, which fuse-overlayfs understands too and neither copies. Layers of
before carry both.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import Literal

By = Literal["overlay", "fuse-overlayfs", "layer"]
"""Whose marks count: those of the overlay that wrote a directory, or both in a layer of the store."""

WHITEOUT_PREFIX = b".wh."
OPAQUE_NAME = b".wh..wh..opq"
"""Both in a layer's archive, and in a tree where fuse-overlayfs may make no device node or no attribute."""
_FUSE_OPAQUE_TOO = b".wh..opq"
"""fuse-overlayfs leaves this whiteout beside the other."""
_KERNEL_OPAQUE = "user.overlay.opaque"
_FUSE_OPAQUE = "user.fuseoverlayfs.opaque"
_BELIEVED: dict[By, tuple[str, ...]] = {
    "overlay": (_KERNEL_OPAQUE,),
    "fuse-overlayfs": (_FUSE_OPAQUE,),
    "layer": (_KERNEL_OPAQUE, _FUSE_OPAQUE),
}


def names_are_marks(by: By) -> bool:
    """The kernel's overlay gives no name a meaning: there a file called `.wh.x` is a file called `.wh.x`."""
    return by != "overlay"


def is_name_of_opaque(name: bytes, by: By) -> bool:
    return names_are_marks(by) and name in (OPAQUE_NAME, _FUSE_OPAQUE_TOO)


def hidden_by(name: bytes, *, device: bool, by: By) -> bytes:
    """The name that an entry takes away from the layers below, b"" for an entry that is itself something."""
    if names_are_marks(by) and name.startswith(WHITEOUT_PREFIX):
        return name[len(WHITEOUT_PREFIX) :]
    return name if device else b""


def is_whiteout_device(found: os.stat_result) -> bool:
    """The whiteout of both."""
    return stat.S_ISCHR(found.st_mode) and found.st_rdev == 0


def is_opaque(directory: int, by: By) -> bool:
    """Whether an open directory hides what the layers below have in it."""
    for attribute in _BELIEVED[by]:
        with contextlib.suppress(OSError):
            if os.getxattr(directory, attribute) == b"y":
                return True
    if names_are_marks(by):
        with contextlib.suppress(OSError):
            os.stat(OPAQUE_NAME, dir_fd=directory, follow_symlinks=False)
            return True
    return False


def make_opaque(directory: int) -> None:
    """In a layer. Where the attribute is not to be had (a store on an overlay, a tmpfs of before), what fuse-overlayfs
    reads besides says it: the kernel's overlay cannot be used there anyway."""
    for attribute in (_KERNEL_OPAQUE, _FUSE_OPAQUE):
        with contextlib.suppress(OSError):
            os.setxattr(directory, attribute, b"y")
            if attribute in os.listxattr(directory):
                return
    os.close(os.open(OPAQUE_NAME, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0, dir_fd=directory))


def make_whiteout(directory: int, path: bytes) -> bool:
    """In a layer, at a path that leads nowhere out. True for a device; where none may be made, a name beside says it.
    Raises FileExistsError where the layer itself has something."""
    try:
        os.mknod(path, stat.S_IFCHR, 0, dir_fd=directory)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EINVAL, errno.EOPNOTSUPP):
            raise
        _whiteout_by_name(directory, path)
        return False
    return True


def _whiteout_by_name(directory: int, path: bytes) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.stat(path, dir_fd=directory, follow_symlinks=False)
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    os.close(os.open(name_beside(path), flags, 0, dir_fd=directory))


def name_beside(path: bytes) -> bytes:
    """The whiteout of a path as a name."""
    parent, slash, name = path.rpartition(b"/")
    return parent + slash + WHITEOUT_PREFIX + name
