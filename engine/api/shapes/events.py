"""What happened, as `docker events` prints it."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

from engine.recipe.networks import shown_network

if TYPE_CHECKING:
    from engine.types.events import Event

DOCKER_TYPES = frozenset({"container", "image", "volume", "network", "daemon", "builder"})


def docker_type(event: Event) -> str:
    return "builder" if event.kind == "build" else event.kind


def _attributes(event: Event, kind: str) -> dict[str, str]:
    attributes = dict(event.attributes)
    if kind == "volume":
        attributes.pop("name", None)
    elif event.name:
        attributes.setdefault("name", event.name)
    if kind == "network":
        for key in ("name", "type"):
            attributes[key] = shown_network(attributes.get(key, ""))
    if "signal" in attributes and kind == "container":
        attributes["signal"] = _signal_number(attributes["signal"])
    return attributes


def _signal_number(name: str) -> str:
    """Docker tells numbers."""
    full = name if name.startswith("SIG") else f"SIG{name}"
    return str(signal.Signals[full].value) if full in signal.Signals.__members__ else name


def event_record(event: Event, version: tuple[int, int]) -> dict[str, Any]:
    kind = docker_type(event)
    attributes = _attributes(event, kind)
    record: dict[str, Any] = {
        "Type": kind,
        "Action": event.action,
        "Actor": {"ID": event.id, "Attributes": attributes},
        "scope": "local",
        "time": event.time_ns // 1_000_000_000,
        "timeNano": event.time_ns,
    }
    if version < (1, 52) and kind in ("container", "image"):
        # The spelling before 1.22, which clients still read.
        record["status"] = event.action
        record["id"] = event.id
    if version < (1, 52) and kind == "container" and "image" in attributes:
        record["from"] = attributes["image"]
    return record
