"""Which ids the user namespace has, and how they are written outside of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class IdRange:
    inside: int
    outside: int
    count: int


@dataclass(frozen=True)
class IdMapping:
    """The maps of the keeper's namespace. `outside` ids are the engine's own view (normally the host's)."""

    uids: tuple[IdRange, ...]
    gids: tuple[IdRange, ...]

    @property
    def single_id(self) -> bool:
        """No subordinate ids: everything in a container is one user."""
        return sum(each.count for each in self.uids) == 1

    def outside_uid(self, uid: int) -> int | None:
        return _outside(self.uids, uid)

    def outside_gid(self, gid: int) -> int | None:
        return _outside(self.gids, gid)


def _outside(ranges: tuple[IdRange, ...], value: int) -> int | None:
    for each in ranges:
        if each.inside <= value < each.inside + each.count:
            return each.outside + value - each.inside
    return None
