"""Which members' ways out are closed but for what they may reach; and what of that was learned by asking."""

from __future__ import annotations

from engine.networks.names.sockets import namespace_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_MOST_LEARNED = 4096


class Guard:
    """One member's."""

    def __init__(self, path: str, row: dict[str, Any]) -> None:
        self.path, self.row = path, row
        self.namespace = namespace_of(path)
        self.learned: dict[str, None] = {}


class Guards:
    def __init__(self) -> None:
        self._guards: dict[str, Guard] = {}
        self.closed: set[str] = set()
        """Those of whom it is certain."""

    def follow(self, wanted: dict[str, tuple[str, dict[str, Any]]]) -> None:
        """What the table says now. One that is as it was keeps what it learned."""
        for key in [key for key in self._guards if key not in wanted]:
            self._open(key)
        for key, (path, row) in wanted.items():
            known = self._guards.get(key)
            if known is not None and (known.namespace, known.row) == (namespace_of(path), row):
                continue
            guard = Guard(path, row)
            same_run = known is not None and known.namespace == guard.namespace
            if known is not None and same_run and known.row["names"] == row["names"]:
                guard.learned = known.learned
            self._guards[key] = guard
            self._close(key, guard, anew=same_run)

    def allow(self, key: str, addresses: Sequence[str]) -> None:
        guard = self._guards.get(key)
        if guard is None:
            return
        from engine.networks.names import gates  # loads what only guarded members need

        fresh = [address for address in addresses if address not in guard.learned]
        if fresh and len(guard.learned) < _MOST_LEARNED and gates.allow(guard.path, fresh):
            guard.learned.update(dict.fromkeys(fresh))

    def _close(self, key: str, guard: Guard, *, anew: bool) -> None:
        from engine.networks.names import gates

        allowed = [*guard.row["near"], *guard.row["networks"], *guard.learned]
        if gates.close_all_but(guard.path, allowed, anew=anew):
            self.closed.add(key)
            gates.let_answer(guard.path, guard.row["answers"])
        else:
            self.closed.discard(key)

    def _open(self, key: str) -> None:
        from engine.networks.names import gates

        guard = self._guards.pop(key)
        self.closed.discard(key)
        if guard.namespace == namespace_of(guard.path) and guard.namespace != (0, 0):
            gates.open_again(guard.path)
