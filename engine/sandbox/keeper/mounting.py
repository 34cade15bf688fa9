"""Carry out plans (`asked/steps.py`): one small function per kind of step."""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING, Any

from engine.sandbox.keeper import kernel
from engine.sandbox.keeper.asked import steps
from engine.sandbox.keeper.asked.mounts import Mount

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.sandbox.keeper.asked.steps import Step

_ESCAPES = (("\\134", "\\"), ("\\040", " "), ("\\011", "\t"), ("\\012", "\n"))
"""As the kernel's table of mounts has them; the backslash is the first to be escaped and the last to be undone."""


def execute(plan: Sequence[Step], *, repeated: bool = False) -> None:
    """Stop at the first failure; the OSError then has `step`, the number of the step that failed.

    A plan that is repeated may have been carried out in part by a keeper that died: no mount is stacked on its own
    first try, and what is renamed already is not missing.
    """
    for number, step in enumerate(plan):
        try:
            if repeated and isinstance(step, steps.Tmpfs | steps.Overlay):
                unmount(steps.Unmount(step.target, every=True))
            if repeated and isinstance(step, steps.Rename) and _is_renamed(step):
                continue
            _DOING[type(step)](step)
        except OSError as error:
            error.step = number  # type: ignore[attr-defined]
            raise


def travelled(plan: Sequence[Sequence[Any]]) -> list[Step]:
    """Steps again of what came over the wire."""
    return [_BY_NAME[name](*values) for name, values in plan]


def _directory(step: steps.MakeDirectory) -> None:
    path = step.path
    missing = []
    while not os.path.isdir(path):
        missing.append(path)
        path = os.path.dirname(path)
    for path in reversed(missing):
        os.mkdir(path)
        os.chmod(path, step.mode)
        if step.uid or step.gid:
            os.chown(path, step.uid, step.gid)


def _file(step: steps.MakeFile) -> None:
    path = step.path
    contents = step.contents.encode()
    if os.path.lexists(path):
        return
    # Under another name first: on a full disk a file comes into being and stays empty.
    place = f"{path}.partial" if contents else path
    fd = os.open(place, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW, step.mode)
    try:
        if os.write(fd, contents) < len(contents):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
    finally:
        os.close(fd)
    if contents:
        os.rename(place, path)


def _attributes(step: steps.Tmpfs) -> int:
    return (
        (kernel.MOUNT_ATTR_RDONLY if step.read_only else 0)
        | (kernel.MOUNT_ATTR_NOSUID if step.nosuid else 0)
        | (kernel.MOUNT_ATTR_NODEV if step.nodev else 0)
        | (kernel.MOUNT_ATTR_NOEXEC if step.noexec else 0)
    )


def _tmpfs(step: steps.Tmpfs) -> None:
    options = f"mode={step.mode:o}" + (f",size={step.size}" if step.size else "")
    options += f",{step.options}" if step.options else ""
    flags = _attributes(step)  # MS_RDONLY … MS_NOEXEC have the same values
    kernel.mount("tmpfs", os.fspath(step.target), "tmpfs", flags, options)


def _overlay(step: steps.Overlay) -> None:
    lower = ":".join(_escape(os.fspath(each), ":") for each in step.lower)
    options = [f"lowerdir={_escape(lower, ',')}"]
    if step.upper:
        options += [
            f"upperdir={_escape(step.upper, ',')}",
            f"workdir={_escape(step.work, ',')}",
        ]
    data = ",".join(["userxattr", *options])
    if len(os.fsencode(data)) >= os.sysconf("SC_PAGESIZE"):
        raise OSError(errno.E2BIG, "too many layers for one mount", step.target)
    os.chdir(step.base)
    try:
        kernel.mount("overlay", os.fspath(step.target), "overlay", 0, data)
    finally:
        os.chdir("/")


def _escape(text: str, special: str) -> str:
    if special == ":":
        text = text.replace("\\", "\\\\")
    return text.replace(special, "\\" + special)


def unmount(step: steps.Unmount) -> None:
    flags = kernel.UMOUNT_NOFOLLOW | (kernel.MNT_DETACH if step.lazy else 0)
    while True:
        try:
            kernel.umount(os.fspath(step.target), flags)
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ENOENT):
                return
            raise
        if not step.every:
            return


def _link(step: steps.Link) -> None:
    fresh = f"{step.path}.new"
    if os.path.lexists(fresh):
        os.unlink(fresh)
    os.symlink(step.points_to, fresh)
    os.rename(fresh, step.path)


def _marks(step: steps.ContainerMarks) -> None:
    flags = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW
    root = os.open(step.root, flags)
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


def _rename(step: steps.Rename) -> None:
    if step.replace:
        os.rename(step.source, step.target)
    else:
        source, target = os.fsencode(step.source), os.fsencode(step.target)
        kernel.rename(-100, source, -100, target, kernel.RENAME_NOREPLACE)


def _is_renamed(step: steps.Rename) -> bool:
    return not os.path.lexists(step.source) and os.path.lexists(step.target)


def _remove(step: steps.Remove) -> None:
    try:
        os.unlink(step.path)
    except FileNotFoundError:
        return
    except IsADirectoryError:
        os.rmdir(step.path)


def _own(step: steps.Own) -> None:
    os.chown(step.path, step.uid, step.gid, follow_symlinks=False)
    if step.mode >= 0 and not os.path.islink(step.path):
        os.chmod(step.path, step.mode)


_DOING: dict[type[Any], Callable[[Any], None]] = {
    steps.MakeDirectory: _directory,
    steps.MakeFile: _file,
    steps.Tmpfs: _tmpfs,
    steps.Overlay: _overlay,
    steps.Unmount: unmount,
    steps.Link: _link,
    steps.ContainerMarks: _marks,
    steps.Rename: _rename,
    steps.Remove: _remove,
    steps.Own: _own,
}
_BY_NAME = {kind.__name__: kind for kind in _DOING}


def mounts(within: str = "") -> list[Mount]:
    """The kernel's table, with the octal escapes undone; that of one directory is many times shorter to tell."""
    table = []
    escaped = within
    for escape, character in _ESCAPES:
        escaped = escaped.replace(character, escape)
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            if escaped in line:
                left, _, right = line.partition(" - ")
                before = left.split(" ")
                table.append(Mount(_plain(before[3]), _plain(before[4]), right.split(" ")[0]))
    return table


def _plain(text: str) -> str:
    for escape, character in reversed(_ESCAPES):
        text = text.replace(escape, character)
    return text
