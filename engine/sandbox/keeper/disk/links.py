"""Following symbolic links inside a root, as a process whose root that is would: absolute ones begin there anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_LINKS = 40
LONGEST_PATH = 4095


def resolved(path: bytes, target_of: Callable[[bytes], bytes | None], endless: Callable[[], Exception]) -> bytes:
    """Where a path leads, below the root and without a slash at either end.

    `target_of` is asked of each place on the way: where the link there points, None for what is no link. Where nothing
    is, it may raise FileNotFoundError, which counts unless it is the last place. `endless` is raised for too many.
    """
    waiting = path.split(b"/")[::-1]
    at = b""
    followed = 0
    while waiting:
        part = waiting.pop()
        if part in (b"", b"."):
            continue
        if part == b"..":
            at = at.rpartition(b"/")[0]
            continue
        here = at + b"/" + part if at else part
        try:
            target = target_of(here)
        except FileNotFoundError:
            if any(each not in (b"", b".") for each in waiting):
                raise
            return here
        if target is None:
            at = here
            continue
        followed += 1
        waiting += target.split(b"/")[::-1]
        if followed > _MOST_LINKS or len(waiting) > LONGEST_PATH:
            raise endless()
        at = b"" if target.startswith(b"/") else at
    return at
