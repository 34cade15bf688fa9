"""Carry out plans (engine/sandbox/plans.py): one small function per kind of operation."""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING, Any

from engine.sandbox.keeper import kernel

if TYPE_CHECKING:
    from collections.abc import Callable

_ESCAPES = (("\\134", "\\"), ("\\040", " "), ("\\011", "\t"), ("\\012", "\n"))
"""As the kernel's table of mounts has them; the backslash is the first to be escaped and the last to be undone."""


def execute(plan: list[dict[str, Any]], *, repeated: bool = False) -> None:
    """Stop at the first failure; the OSError then has `step`, the number of the operation that failed.

    A plan that is repeated may have been carried out in part by a keeper that died: no mount is stacked on its own
    first try, and what is renamed already is not missing.
    """
    for step, operation in enumerate(plan):
        try:
            if repeated and operation["kind"] in _MOUNTS:
                unmount({"target": operation["target"], "lazy": True, "every": True})
            if repeated and operation["kind"] == "rename" and _is_renamed(operation):
                continue
            _OPERATIONS[operation["kind"]](operation)
        except OSError as error:
            error.step = step  # type: ignore[attr-defined]
            raise


def _directory(operation: dict[str, Any]) -> None:
    path = operation["path"]
    missing = []
    while not os.path.isdir(path):
        missing.append(path)
        path = os.path.dirname(path)
    for path in reversed(missing):
        os.mkdir(path)
        os.chmod(path, operation["mode"])
        if operation["uid"] or operation["gid"]:
            os.chown(path, operation["uid"], operation["gid"])


def _file(operation: dict[str, Any]) -> None:
    path: str = operation["path"]
    contents = operation["contents"].encode()
    if os.path.lexists(path):
        return
    # Under another name first: on a full disk a file comes into being and stays empty.
    place = f"{path}.partial" if contents else path
    fd = os.open(place, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW, operation["mode"])
    try:
        if os.write(fd, contents) < len(contents):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
    finally:
        os.close(fd)
    if contents:
        os.rename(place, path)


def _attributes(operation: dict[str, Any]) -> int:
    return (
        (kernel.MOUNT_ATTR_RDONLY if operation["read_only"] else 0)
        | (kernel.MOUNT_ATTR_NOSUID if operation["nosuid"] else 0)
        | (kernel.MOUNT_ATTR_NODEV if operation["nodev"] else 0)
        | (kernel.MOUNT_ATTR_NOEXEC if operation["noexec"] else 0)
    )


def _tmpfs(operation: dict[str, Any]) -> None:
    options = f"mode={operation['mode']:o}" + (f",size={operation['size']}" if operation["size"] else "")
    options += f",{operation['options']}" if operation["options"] else ""
    flags = _attributes(operation)  # MS_RDONLY … MS_NOEXEC have the same values
    kernel.mount("tmpfs", operation["target"], "tmpfs", flags, options)


def _overlay(operation: dict[str, Any]) -> None:
    lower = ":".join(_escape(each, ":") for each in operation["lower"])
    options = [f"lowerdir={_escape(lower, ',')}"]
    if operation["upper"]:
        options += [
            f"upperdir={_escape(operation['upper'], ',')}",
            f"workdir={_escape(operation['work'], ',')}",
        ]
    data = ",".join(["userxattr", *options])
    if len(os.fsencode(data)) >= os.sysconf("SC_PAGESIZE"):
        raise OSError(errno.E2BIG, "too many layers for one mount", operation["target"])
    os.chdir(operation["base"])
    try:
        kernel.mount("overlay", operation["target"], "overlay", 0, data)
    finally:
        os.chdir("/")


def _escape(text: str, special: str) -> str:
    if special == ":":
        text = text.replace("\\", "\\\\")
    return text.replace(special, "\\" + special)


def unmount(operation: dict[str, Any]) -> None:
    flags = kernel.UMOUNT_NOFOLLOW | (kernel.MNT_DETACH if operation["lazy"] else 0)
    while True:
        try:
            kernel.umount(operation["target"], flags)
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ENOENT):
                return
            raise
        if not operation["every"]:
            return


def _link(operation: dict[str, Any]) -> None:
    fresh = f"{operation['path']}.new"
    if os.path.lexists(fresh):
        os.unlink(fresh)
    os.symlink(operation["points_to"], fresh)
    os.rename(fresh, operation["path"])


def _marks(operation: dict[str, Any]) -> None:
    flags = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW
    root = os.open(operation["root"], flags)
    try:
        with contextlib.suppress(FileExistsError):
            new = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW
            os.close(os.open(".dockerenv", new, 0o755, dir_fd=root))
        with contextlib.suppress(FileExistsError, FileNotFoundError, NotADirectoryError):
            etc = os.open("etc", flags, dir_fd=root)
            try:
                os.symlink("/proc/mounts", "mtab", dir_fd=etc)
            finally:
                os.close(etc)
    finally:
        os.close(root)


def _rename(operation: dict[str, Any]) -> None:
    if operation["replace"]:
        os.rename(operation["source"], operation["target"])
    else:
        source, target = os.fsencode(operation["source"]), os.fsencode(operation["target"])
        kernel.rename(-100, source, -100, target, kernel.RENAME_NOREPLACE)


def _is_renamed(operation: dict[str, Any]) -> bool:
    return not os.path.lexists(operation["source"]) and os.path.lexists(operation["target"])


def _remove(operation: dict[str, Any]) -> None:
    try:
        os.unlink(operation["path"])
    except FileNotFoundError:
        return
    except IsADirectoryError:
        os.rmdir(operation["path"])


def _own(operation: dict[str, Any]) -> None:
    os.chown(operation["path"], operation["uid"], operation["gid"], follow_symlinks=False)
    if operation["mode"] >= 0 and not os.path.islink(operation["path"]):
        os.chmod(operation["path"], operation["mode"])


_MOUNTS = ("tmpfs", "overlay")
_OPERATIONS: dict[str, Callable[[dict[str, Any]], None]] = {
    "directory": _directory,
    "file": _file,
    "tmpfs": _tmpfs,
    "overlay": _overlay,
    "unmount": unmount,
    "link": _link,
    "marks": _marks,
    "rename": _rename,
    "remove": _remove,
    "own": _own,
}


def mounts(within: str = "") -> list[dict[str, str]]:
    """The kernel's table, with the octal escapes undone; that of one directory is many times shorter to tell."""
    table = []
    escaped = within
    for escape, character in _ESCAPES:
        escaped = escaped.replace(character, escape)
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            if escaped not in line:
                continue
            left, _, right = line.rstrip("\n").partition(" - ")
            before, after = left.split(" "), right.split(" ")
            table.append(
                {
                    "root": _plain(before[3]),
                    "target": _plain(before[4]),
                    "options": before[5],
                    "type": after[0],
                    "source": _plain(after[1]),
                    "super": _plain(after[2]) if len(after) > 2 else "",
                }
            )
    return table


def _plain(text: str) -> str:
    for escape, character in reversed(_ESCAPES):
        text = text.replace(escape, character)
    return text
