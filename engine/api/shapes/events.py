"""What happened, as `docker events` prints it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.types.events import Event

DOCKER_TYPES = frozenset({"container", "image", "volume", "network", "daemon", "builder"})


def docker_type(event: Event) -> str:
    return "builder" if event.kind == "build" else event.kind


def event_record(event: Event) -> dict[str, Any]:
    attributes = dict(event.attributes)
    if event.name:
        attributes.setdefault("name", event.name)
    kind = docker_type(event)
    record: dict[str, Any] = {
        "Type": kind,
        "Action": event.action,
        "Actor": {"ID": event.id, "Attributes": attributes},
        "scope": "local",
        "time": event.time_ns // 1_000_000_000,
        "timeNano": event.time_ns,
    }
    if kind in ("container", "image"):
        # The spelling before 1.22, which clients still read.
        record["status"] = event.action
        record["id"] = event.id
    if kind == "container" and "image" in attributes:
        record["from"] = attributes["image"]
    return record
