"""Started by the host's root: nodes of /dev/net/tun and /dev/fuse that the namespace's root may open.

The namespace's root is a stranger to the host's. Where no udev opens these two to everybody (a small server, a
container) it could join no container to a network and mount nothing by fuse. So the keeper sees nodes of its own over
the closed ones, open to all; those of the host stay as they are. The doctor asks `main`, in a process of its own, as
such a stranger.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys

from engine.sandbox.keeper import kernel

TUN = "/dev/net/tun"
FUSE = "/dev/fuse"
_OPEN_TO_ALL = 0o666


def show() -> None:
    """Make a mount namespace in which strangers may open what is closed to them. Where root may make no nodes, nothing
    changes: who then needs one is told that it is closed."""
    closed = [path for path in (TUN, FUSE) if _is_closed(path)]
    if not closed:
        return
    kernel.unshare(kernel.CLONE_NEWNS)
    kernel.mount("", "/", "", kernel.MS_REC | kernel.MS_SLAVE)
    for path in closed:
        with contextlib.suppress(OSError):
            _cover(path)


def _is_closed(path: str) -> bool:
    try:
        found = os.stat(path)
    except OSError:
        return False
    return stat.S_ISCHR(found.st_mode) and found.st_mode & 0o006 != 0o006


def _cover(path: str) -> None:
    """On a tmpfs that only lasts until its one node was moved over the closed one: a mounted tree keeps it alive."""
    above = os.path.dirname(path)
    kernel.mount("tmpfs", above, "tmpfs", kernel.MS_NOSUID | kernel.MS_NOEXEC, "size=64k,mode=755")
    try:
        fresh = os.path.join(above, "fresh")
        os.mknod(fresh, stat.S_IFCHR | _OPEN_TO_ALL, _NUMBERS[path])
        os.chmod(fresh, _OPEN_TO_ALL)
        node = kernel.open_tree(fresh, recursive=False)
    finally:
        kernel.umount(above, kernel.MNT_DETACH)
    try:
        kernel.move_mount(node, path)
    finally:
        os.close(node)


_NUMBERS = {TUN: os.makedev(10, 200), FUSE: os.makedev(10, 229)}


def main(uid: int) -> None:
    """Print those that a stranger cannot open."""
    with contextlib.suppress(OSError):
        show()
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    for path in (TUN, FUSE):
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CLOEXEC))
        except OSError:
            sys.stdout.write(f"{path}\n")
