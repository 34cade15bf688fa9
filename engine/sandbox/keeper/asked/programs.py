"""Programs to be started, and the keeper's own end."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence


class Spawn(NamedTuple):
    """The descriptors that come with it: the program's, one to write to per cgroup to be joined, and with `born_in` the
    directory of the last of these. Answered by `Spawned`, with a pidfd."""

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: str | os.PathLike[str]
    targets: Sequence[int]
    """The numbers under which the program sees its descriptors."""
    born_in: bool
    new_session: bool


class Spawned(NamedTuple):
    pid: int
    """As the host sees it."""


class Close(NamedTuple):
    """End. The namespaces go along unless something is mounted in them or lives there."""
