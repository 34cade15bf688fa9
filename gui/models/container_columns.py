"""The columns of the list of containers: what each shows, says, sorts by and draws."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gui.models.natural import natural_key
from gui.models.table import Column
from gui.presentation.containers import words
from gui.presentation.networks.door import short_host
from gui.presentation.units import memory_text, percent_text
from gui.theme import Tone
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.types.containers import Container
    from engine.types.frontdoor import DoorAddress
    from engine.types.stats import Rates

HISTORY = 60
OF_FIGURES = ("cpu", "memory")
_NO_PORT = 1 << 20


@dataclass
class Figures:
    """What is known of containers beside their snapshots."""

    rates: dict[str, Rates] = field(default_factory=dict)
    cpu: dict[str, deque[float]] = field(default_factory=dict)
    addresses: Mapping[str, DoorAddress] = field(default_factory=dict)

    def take(self, batch: Sequence[Rates]) -> None:
        """One tick; who is not in it does not run any more."""
        fresh = {rates.container_id: rates for rates in batch}
        for key in [key for key in self.rates if key not in fresh]:
            self.forget(key)
        self.rates.update(fresh)
        for key, rates in fresh.items():
            self.cpu.setdefault(key, deque(maxlen=HISTORY)).append(rates.cpu_percent)

    def forget(self, key: str) -> None:
        self.rates.pop(key, None)
        self.cpu.pop(key, None)

    def links(self, item: Container) -> list[tuple[str, str]]:
        """Where it answers: words, and the address for a browser ("" for what no browser speaks)."""
        address = self.addresses.get(item.id)
        at_door = [(short_host(address), address.url)] if address is not None else []
        ports = ((words.port_text(port), words.port_url(port)) for port in words.shown_ports(item))
        return [*ports, *at_door]


def container_columns(known: Figures) -> tuple[Column[Container], ...]:
    return (
        Column(
            "name", translate("ContainersModel", "Name"), lambda item: item.name,
            tooltip=lambda item: f"{item.name}\n{words.command_text(item.command_line)}",
            spoken=lambda item: f"{item.name}, {words.status_text(item)}",
            tone=_tone,
        ),
        Column(
            "image", translate("ContainersModel", "Image"), lambda item: words.image_text(item.image),
            tooltip=lambda item: item.image,
        ),
        Column(
            "ports", translate("ContainersModel", "Ports"),
            lambda item: ", ".join(text for text, _ in known.links(item)),
            sort=lambda item: min((port.host_port for port in item.ports), default=_NO_PORT),
            tooltip=lambda item: _ports_tooltip(item, known),
        ),
        Column(
            "cpu", translate("ContainersModel", "CPU"),
            lambda item: percent_text(rates.cpu_percent) if (rates := known.rates.get(item.id)) else "",
            sort=lambda item: rates.cpu_percent if (rates := known.rates.get(item.id)) else -1.0,
            tooltip=lambda item: _estimated(known.rates.get(item.id)),
            live=lambda item: tuple(known.cpu.get(item.id, ())),
        ),
        Column(
            "memory", translate("ContainersModel", "Memory"),
            lambda item: _memory_text(item, rates) if (rates := known.rates.get(item.id)) else "",
            sort=lambda item: rates.memory if (rates := known.rates.get(item.id)) else -1,
            tooltip=lambda item: _estimated(known.rates.get(item.id)),
            live=lambda item: _memory_bar(item, known.rates.get(item.id)),
        ),
        Column(
            "status", translate("ContainersModel", "Status"), words.status_text, sort=words.uptime_sort_key,
            tone=_tone, live=_health,
        ),
        Column("actions", "", lambda _item: "", sort=lambda item: natural_key(item.name)),
    )  # fmt: skip


def _tone(item: Container) -> Tone:
    return words.state_words(item).tone


def _ports_tooltip(item: Container, known: Figures) -> str:
    address = known.addresses.get(item.id)
    at_door = [address.url] if address is not None else []
    return "\n".join([*at_door, *(words.port_mapping_text(port) for port in words.shown_ports(item))])


def _memory_text(item: Container, rates: Rates) -> str:
    text = memory_text(rates.memory)
    # Without a limit of its own the kernel reports the whole machine's memory: a bar against that says nothing.
    if item.spec.resources.memory and rates.memory_limit:
        text = f"{text} / {memory_text(rates.memory_limit)}"
    return f"≈ {text}" if "memory" in rates.sample.estimated else text


def _memory_bar(item: Container, rates: Rates | None) -> tuple[int, int] | None:
    if rates is None:
        return None
    return rates.memory, rates.memory_limit if item.spec.resources.memory else 0


def _estimated(rates: Rates | None) -> str:
    if rates is None or not rates.sample.estimated:
        return ""
    return translate(
        "ContainersModel", "An estimate: this host does not count it per container. See Settings → Doctor."
    )


def _health(item: Container) -> Any:
    text, tone = words.health_words(item)
    return (text, tone) if text and tone is not Tone.MUTED else None
