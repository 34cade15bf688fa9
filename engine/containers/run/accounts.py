"""The passwd and group files of images, remembered: reading one out of a mounted root takes a worker of the keeper."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

_MOST_REMEMBERED = 64
_LONGEST_REMEMBERED = 1 << 16
_OPAQUE_ATTRIBUTES = ("user.overlay.opaque", "user.fuseoverlayfs.opaque", "trusted.overlay.opaque")
_MARKS_BY_NAME = (".wh.etc", "etc/.wh..wh..opq", "etc/.wh.{}")
"""As fuse-overlayfs leaves them where it may make no device node."""


class AccountFiles:
    """By the layers they come from; good as long as a container has not written a file of its own over them."""

    def __init__(self) -> None:
        self._known: dict[tuple[tuple[str, ...], str], str] = {}

    async def read(self, layers: Sequence[str], upper: Path, name: str, look: Callable[[str], Awaitable[str]]) -> str:
        """`/etc/<name>` as a container sees it; `look` reads it where it is not known."""
        path = f"/etc/{name}"
        if not _is_the_images(upper, name):
            return await look(path)
        key = (tuple(layers), name)
        if (known := self._known.get(key)) is not None:
            return known
        text = await look(path)
        if len(text) <= _LONGEST_REMEMBERED:
            if len(self._known) >= _MOST_REMEMBERED:
                del self._known[next(iter(self._known))]
            self._known[key] = text
        return text


def _is_the_images(upper: Path, name: str) -> bool:
    """Nothing in the writable layer hides or replaces the image's file. What cannot be looked at may."""
    etc = upper / "etc"
    try:
        if not stat.S_ISDIR(os.lstat(etc).st_mode) or set(os.listxattr(etc)) & set(_OPAQUE_ATTRIBUTES):
            return False
        if any(os.path.lexists(upper / mark.format(name)) for mark in _MARKS_BY_NAME):
            return False
        os.lstat(etc / name)
    except FileNotFoundError:
        return not os.path.lexists(upper / _MARKS_BY_NAME[0])
    except OSError:
        return False
    return False
