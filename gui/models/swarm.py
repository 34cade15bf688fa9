"""A swarm as tables: services, tasks, nodes, stacks, and its configs and secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gui.models.table import Column, KeyedTableModel
from gui.presentation.remote.swarm import (
    availability_text,
    mode_text,
    node_state,
    node_tone,
    ports_text,
    replicas_text,
    role_text,
    service_state,
    service_tone,
    task_state,
    task_tone,
)
from gui.presentation.units import ago_text, bytes_text, clock_text, memory_text
from gui.theme import Tone
from gui.words import translate

if TYPE_CHECKING:
    from PySide6.QtCore import QObject

    from engine.types.swarm import SwarmFile, SwarmNode, SwarmService, SwarmStack, SwarmTask

COLUMNS = {
    "services": ("name", "state", "replicas", "image", "ports", "updated"),
    "tasks": ("name", "state", "node", "error", "since"),
    "nodes": ("name", "state", "availability", "role", "address", "memory", "engine"),
    "stacks": ("name", "replicas", "services"),
    "files": ("name", "kind", "size", "used", "created"),
}


def swarm_model(face: str, parent: QObject) -> KeyedTableModel[Any]:
    made: dict[str, Any] = {"services": _services, "tasks": _tasks, "nodes": _nodes, "stacks": _stacks, "files": _files}
    return KeyedTableModel(made[face](), parent=parent)


def key_of(face: str, item: Any) -> str:
    return str(item.name) if face == "stacks" else f"{item.kind}/{item.id}" if face == "files" else str(item.id)


def _services() -> list[Column[SwarmService]]:
    return [
        Column(
            "name", translate("SwarmModel", "Service"), lambda s: s.name, icon=lambda _: "layers",
            subtext=lambda s: s.stack,
        ),
        Column("state", translate("SwarmModel", "State"), service_state, tone=service_tone,
               tooltip=lambda s: s.update.message),
        Column("replicas", translate("SwarmModel", "Tasks"), replicas_text, sort=lambda s: s.running,
               subtext=lambda s: "" if s.mode == "replicated" else mode_text(s)),
        Column("image", translate("SwarmModel", "Image"), lambda s: s.image, tooltip=lambda s: s.digest or s.image),
        Column("ports", translate("SwarmModel", "Ports"), ports_text),
        Column("updated", translate("SwarmModel", "Changed"), lambda s: ago_text(s.updated), sort=lambda s: s.updated,
               tooltip=lambda s: clock_text(s.updated)),
    ]  # fmt: skip


def _tasks() -> list[Column[SwarmTask]]:
    return [
        Column("name", translate("SwarmModel", "Task"), lambda t: t.name, icon=lambda _: "container"),
        Column("state", translate("SwarmModel", "State"), task_state, tone=task_tone, tooltip=lambda t: t.message),
        Column("node", translate("SwarmModel", "Node"), lambda t: t.node),
        Column("error", translate("SwarmModel", "What went wrong"), lambda t: t.error, tooltip=lambda t: t.error,
               tone=lambda t: Tone.DANGER if t.error else None),
        Column("since", translate("SwarmModel", "Since"), lambda t: ago_text(t.since), sort=lambda t: t.since,
               tooltip=lambda t: clock_text(t.since)),
    ]  # fmt: skip


def _nodes() -> list[Column[SwarmNode]]:
    return [
        Column("name", translate("SwarmModel", "Node"), lambda n: n.name, icon=lambda _: "cpu"),
        Column("state", translate("SwarmModel", "State"), node_state, tone=node_tone, tooltip=lambda n: n.message),
        Column("availability", translate("SwarmModel", "Takes work"), availability_text,
               tone=lambda n: None if n.availability == "active" else Tone.WARNING),
        Column("role", translate("SwarmModel", "Role"), role_text),
        Column("address", translate("SwarmModel", "Address"), lambda n: n.address),
        Column("memory", translate("SwarmModel", "Memory"), lambda n: memory_text(n.memory), sort=lambda n: n.memory,
               right=True),
        Column("engine", translate("SwarmModel", "Engine"), lambda n: n.engine),
    ]  # fmt: skip


def _stacks() -> list[Column[SwarmStack]]:
    return [
        Column("name", translate("SwarmModel", "Stack"), lambda s: s.name, icon=lambda _: "layers"),
        Column("replicas", translate("SwarmModel", "Tasks"), lambda s: f"{s.running}/{s.wanted}",
               sort=lambda s: s.running, tone=lambda s: None if s.running >= s.wanted else Tone.WARNING),
        Column("services", translate("SwarmModel", "Services"), lambda s: ", ".join(s.services)),
    ]  # fmt: skip


def _kind(file: SwarmFile) -> str:
    return translate("SwarmModel", "Secret") if file.kind == "secret" else translate("SwarmModel", "Config")


def _files() -> list[Column[SwarmFile]]:
    return [
        Column(
            "name", translate("SwarmModel", "Name"), lambda f: f.name, subtext=lambda f: f.stack,
            icon=lambda f: "key" if f.kind == "secret" else "file-text",
        ),
        Column("kind", translate("SwarmModel", "Kind"),
               _kind),
        Column("size", translate("SwarmModel", "Size"), lambda f: "–" if f.size is None else bytes_text(f.size),
               sort=lambda f: f.size or 0, right=True),
        Column("used", translate("SwarmModel", "Used by"), lambda f: ", ".join(f.used_by)),
        Column("created", translate("SwarmModel", "Created"), lambda f: ago_text(f.created), sort=lambda f: f.created,
               tooltip=lambda f: clock_text(f.created)),
    ]  # fmt: skip
