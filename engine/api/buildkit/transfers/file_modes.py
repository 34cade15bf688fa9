"""Modes as Go writes them on the wire, to and from those of the kernel."""

from __future__ import annotations

import stat
from typing import Final

_PERMISSIONS: Final = 0o777
_DIRECTORY, _LINK, _DEVICE, _FIFO, _SOCKET = 1 << 31, 1 << 27, 1 << 26, 1 << 25, 1 << 24
_SETUID, _SETGID, _CHARACTER, _STICKY, _IRREGULAR = 1 << 23, 1 << 22, 1 << 21, 1 << 20, 1 << 19
_TYPES: Final = _DIRECTORY | _LINK | _DEVICE | _FIFO | _SOCKET | _CHARACTER | _IRREGULAR
_BITS: Final = ((_SETUID, stat.S_ISUID), (_SETGID, stat.S_ISGID), (_STICKY, stat.S_ISVTX))


def is_directory(mode: int) -> bool:
    return bool(mode & _DIRECTORY)


def is_link(mode: int) -> bool:
    return bool(mode & _LINK)


def is_plain(mode: int) -> bool:
    """A file with contents; such alone may be asked for."""
    return not mode & _TYPES


def permissions(mode: int) -> int:
    """The bits that chmod takes."""
    return (mode & _PERMISSIONS) | sum(ours for theirs, ours in _BITS if mode & theirs)


def as_go(mode: int) -> int:
    """A mode of the kernel as Go's."""
    kind = {
        stat.S_IFDIR: _DIRECTORY,
        stat.S_IFLNK: _LINK,
        stat.S_IFBLK: _DEVICE,
        stat.S_IFCHR: _DEVICE | _CHARACTER,
        stat.S_IFIFO: _FIFO,
        stat.S_IFSOCK: _SOCKET,
    }.get(stat.S_IFMT(mode), 0)
    return kind | (mode & _PERMISSIONS) | sum(theirs for theirs, ours in _BITS if mode & ours)
