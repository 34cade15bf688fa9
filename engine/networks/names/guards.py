"""Which members' ways out are closed but for what they may reach; and what of that was learned by asking."""

from __future__ import annotations

import contextlib

from engine.networks.names.sockets import namespace_of, speaker_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence
    from typing import Any

_MOST_LEARNED = 4096


class Guard:
    """One member's: by the packet filter in its namespace, or by routes there where the kernel has none for us."""

    def __init__(self, path: str, row: dict[str, Any]) -> None:
        self.path, self.row = path, row
        self.namespace = namespace_of(path)
        self.learned: dict[str, None] = {}
        self.is_filtered = False

    def close(self, *, anew: bool) -> bool:
        """Whether it is so now. `anew` forgets what was allowed before."""
        from engine.networks.names import filters, gates  # load what only guarded members need

        allowed = [*self.row["near"], *self.row["networks"]]
        self.is_filtered = self._speak(lambda speaker: filters.close_all_but(speaker, allowed, self.learned))
        if self.is_filtered:
            gates.open_again(self.path)  # what a server that had no filter made
            return True
        return gates.close_all_but(self.path, [*allowed, *self.learned], anew=anew)

    def allow(self, addresses: Sequence[str]) -> bool:
        from engine.networks.names import filters, gates

        if self.is_filtered:
            return self._speak(lambda speaker: filters.allow(speaker, addresses))
        return gates.allow(self.path, addresses)

    def open(self) -> None:
        from engine.networks.names import filters, gates

        if self.namespace != namespace_of(self.path) or self.namespace == (0, 0):
            return
        if self.is_filtered:
            self._speak(filters.open_again)
        else:
            gates.open_again(self.path)

    def _speak(self, say: Callable[[socket.socket], None]) -> bool:
        """By a socket that is not kept: it would hold the namespace, and the name of its plug in the network."""
        speaker = speaker_in(self.path)
        if speaker is None:
            return False
        with speaker, contextlib.suppress(OSError):
            say(speaker)
            return True
        return False


class Guards:
    def __init__(self) -> None:
        self._guards: dict[str, Guard] = {}
        self.closed: set[str] = set()
        """Those of whom it is certain."""

    @property
    def filtered(self) -> list[str]:
        return [key for key, each in self._guards.items() if each.is_filtered]

    def follow(self, wanted: dict[str, tuple[str, dict[str, Any]]]) -> None:
        """What the table says now. One that is as it was keeps what it learned."""
        for key in [key for key in self._guards if key not in wanted]:
            self.closed.discard(key)
            self._guards.pop(key).open()
        for key, (path, row) in wanted.items():
            known = self._guards.get(key)
            if known is None or (known.namespace, known.row) != (namespace_of(path), row):
                self._close(key, Guard(path, row), known)

    def _close(self, key: str, guard: Guard, known: Guard | None) -> None:
        same_run = known is not None and known.namespace == guard.namespace
        if known is not None and same_run and known.row["names"] == guard.row["names"]:
            guard.learned = known.learned
        self._guards[key] = guard
        if guard.close(anew=same_run):
            self.closed.add(key)
        else:
            self.closed.discard(key)

    def allow(self, key: str, addresses: Sequence[str]) -> None:
        guard = self._guards.get(key)
        if guard is None:
            return
        fresh = [address for address in addresses if address not in guard.learned]
        if fresh and len(guard.learned) < _MOST_LEARNED and guard.allow(fresh):
            guard.learned.update(dict.fromkeys(fresh))
