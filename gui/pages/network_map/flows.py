"""What flows through each wire: worked out from the counters of each interface, with a minute of memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.types.networks import Network
    from engine.types.stats import Rates

_HISTORY = 60
_OURS = 11
"""Letters in the name of a network's interface."""


class Flow(NamedTuple):
    """Bytes a second, as the container sees them; and since its start."""

    received: float = 0.0
    sent: float = 0.0
    received_whole: int = 0
    sent_whole: int = 0

    @property
    def both(self) -> float:
        return self.received + self.sent


@dataclass
class Flows:
    """What flows through each interface of each container, worked out from counters that only grow."""

    _before: dict[str, tuple[int, dict[str, tuple[int, int]]]] = field(default_factory=dict)
    _now: dict[tuple[str, str], Flow] = field(default_factory=dict)
    history: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    """Of each (container, interface) the last minute, both ways together."""

    def apply(self, batch: Iterable[Rates]) -> None:
        fresh: dict[tuple[str, str], Flow] = {}
        before, self._before = self._before, {}
        for rates in batch:
            counters = {name: (rx, tx) for name, rx, _, tx, _ in rates.sample.networks}
            self._before[rates.container_id] = (rates.time_ns, counters)
            then, old = before.get(rates.container_id, (0, {}))
            seconds = (rates.time_ns - then) / 1e9
            for name, (rx, tx) in counters.items():
                was = old.get(name)
                grown = was is not None and seconds > 0 and rx >= was[0] and tx >= was[1]
                speed = ((rx - was[0]) / seconds, (tx - was[1]) / seconds) if grown and was else (0.0, 0.0)
                fresh[rates.container_id, name] = Flow(*speed, rx, tx)
        self._now = fresh
        for key in [key for key in self.history if key not in fresh]:
            del self.history[key]
        for key, flow in fresh.items():
            past = self.history.setdefault(key, [])
            past.append(flow.both)
            del past[:-_HISTORY]

    def of(self, container: str, network: Network, *, at_home: bool = False) -> Flow:
        """Through the container's wire in a network; at home its way out is counted too."""
        found = [self._now[key] for key in self._keys(container, network, at_home=at_home)]
        return Flow(*(sum(column) for column in zip(*found, strict=True))) if found else Flow()

    def outside(self, container: str) -> Flow:
        """To and from what is on no network here."""
        found = [flow for (owner, name), flow in self._now.items() if owner == container and not _is_ours(name)]
        return Flow(*(sum(column) for column in zip(*found, strict=True))) if found else Flow()

    def past(self, container: str, network: Network, *, at_home: bool = False) -> list[float]:
        rows = [self.history.get(key, []) for key in self._keys(container, network, at_home=at_home)]
        longest = max((len(row) for row in rows), default=0)
        padded = [[0.0] * (longest - len(row)) + row for row in rows]
        return [sum(column) for column in zip(*padded, strict=True)]

    def _keys(self, container: str, network: Network, *, at_home: bool) -> list[tuple[str, str]]:
        """A network's interface is called after it; others are the way out."""
        asked = {each.asked.interface for each in network.members if each.container_id == container}
        names = {network.interface} | asked
        return [
            key for key in self._now if key[0] == container and (key[1] in names or (at_home and not _is_ours(key[1])))
        ]


def _is_ours(interface: str) -> bool:
    return len(interface) == _OURS and interface.startswith("net")
