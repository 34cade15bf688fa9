"""A cluster's objects as tables: the columns of each face of its page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gui.models.table import Column, KeyedTableModel
from gui.presentation.remote.clusters import state_text
from gui.presentation.units import ago_text, bytes_text, clock_text
from gui.theme import Tone
from gui.words import decimal, translate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from PySide6.QtCore import QObject

    from engine.types.clusters import Forward, ObjectChange, PodUsage
    from gui.presentation.remote.clusters import ClusterRow

    Rows = list[Column[ClusterRow]]

AGE = "age"
USED = ("cpu", "memory")
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_ICONS = {
    "pods": "container", "deployments": "layers", "statefulsets": "layers", "daemonsets": "layers", "jobs": "play",
    "cronjobs": "clock", "services": "network", "ingresses": "globe", "persistentvolumeclaims": "volume",
    "configmaps": "file-text", "secrets": "key", "events": "bell",
}  # fmt: skip


def face_model(face: str, parent: QObject, usage: Callable[[], Mapping[str, PodUsage]]) -> KeyedTableModel[ClusterRow]:
    """ "workloads", "pods", "services", "storage", "settings" or "events"."""
    columns = {
        "workloads": _workloads, "services": _services, "storage": _storage, "settings": _settings, "events": _events,
    }  # fmt: skip
    made = _pods(usage) if face == "pods" else columns[face]()
    return KeyedTableModel(made, haystack=_haystack, parent=parent)


def columns_of(face: str) -> tuple[str, ...]:
    """Their ids in order, for widths and painters."""
    return {
        "workloads": ("name", "state", "ready", "images", AGE),
        "pods": ("name", "state", "ready", "restarts", *USED, "node", AGE),
        "services": ("name", "type", "address", "ports", AGE),
        "storage": ("name", "state", "size", "class", AGE),
        "settings": ("name", "type", "keys", AGE),
        "events": ("reason", "message", "count", AGE),
    }[face]


def _haystack(row: ClusterRow) -> str:
    return " ".join((row.name, row.namespace, row.kind, row.state, row.detail, row.more))


def _name(title: str) -> Column[ClusterRow]:
    return Column(
        "name", title, lambda row: row.name, subtext=lambda row: f"{row.kind}  ·  {row.namespace}",
        icon=lambda row: _ICONS.get(row.plural, "file"),
        tone=lambda row: row.tone if row.tone is not Tone.NEUTRAL else Tone.MUTED,
    )  # fmt: skip


def _age() -> Column[ClusterRow]:
    return Column(
        AGE, translate("ClustersModel", "Age"), lambda row: ago_text(row.created),
        sort=lambda row: -(row.created or _LONG_AGO).timestamp(), tooltip=lambda row: clock_text(row.created),
    )  # fmt: skip


def _state(title: str) -> Column[ClusterRow]:
    return Column("state", title, state_text, tone=lambda row: row.tone)


def _workloads() -> Rows:
    return [
        _name(translate("ClustersModel", "Workload")), _state(translate("ClustersModel", "State")),
        Column("ready", translate("ClustersModel", "Ready"), lambda row: row.ready),
        Column("images", translate("ClustersModel", "Images"), lambda row: row.detail, tooltip=lambda row: row.detail),
        _age(),
    ]  # fmt: skip


def _pods(usage: Callable[[], Mapping[str, PodUsage]]) -> Rows:
    def used(row: ClusterRow) -> PodUsage | None:
        return usage().get(row.key)

    def cpu(row: ClusterRow) -> str:
        found = used(row)
        return "–" if found is None else decimal(found.cpu, 2 if found.cpu < 10 else 0)

    def memory(row: ClusterRow) -> str:
        found = used(row)
        return "–" if found is None else bytes_text(found.memory)

    return [
        _name(translate("ClustersModel", "Pod")), _state(translate("ClustersModel", "State")),
        Column("ready", translate("ClustersModel", "Ready"), lambda row: row.ready),
        Column("restarts", translate("ClustersModel", "Restarts"), lambda row: str(row.restarts or "–"),
               sort=lambda row: row.restarts, right=True),
        Column("cpu", translate("ClustersModel", "Processors"), cpu,
               sort=lambda row: found.cpu if (found := used(row)) else -1.0, right=True),
        Column("memory", translate("ClustersModel", "Memory"), memory,
               sort=lambda row: found.memory if (found := used(row)) else -1, right=True),
        Column("node", translate("ClustersModel", "Node"), lambda row: row.detail or "–"),
        _age(),
    ]  # fmt: skip


def _services() -> Rows:
    return [
        _name(translate("ClustersModel", "Service")),
        Column("type", translate("ClustersModel", "Type"), lambda row: row.state or "–"),
        Column("address", translate("ClustersModel", "Address"), lambda row: row.detail or "–"),
        Column("ports", translate("ClustersModel", "Ports"), lambda row: row.more or "–"),
        _age(),
    ]  # fmt: skip


def _storage() -> Rows:
    return [
        _name(translate("ClustersModel", "Claim")), _state(translate("ClustersModel", "State")),
        Column("size", translate("ClustersModel", "Size"), lambda row: row.detail or "–", right=True),
        Column("class", translate("ClustersModel", "Class"), lambda row: row.more or "–"),
        _age(),
    ]  # fmt: skip


def _settings() -> Rows:
    return [
        _name(translate("ClustersModel", "Name")),
        Column("type", translate("ClustersModel", "Type"), lambda row: row.state or "–"),
        Column("keys", translate("ClustersModel", "Keys"), lambda row: row.detail or "–",
               tooltip=lambda row: row.detail),
        _age(),
    ]  # fmt: skip


def _events() -> Rows:
    return [
        Column("reason", translate("ClustersModel", "Reason"), lambda row: row.state,
               subtext=lambda row: row.more, tone=lambda row: row.tone,
               icon=lambda row: "warning" if row.tone is Tone.WARNING else "info"),
        Column("message", translate("ClustersModel", "Message"), lambda row: row.detail,
               tooltip=lambda row: row.detail),
        Column("count", translate("ClustersModel", "Times"), lambda row: str(row.restarts),
               sort=lambda row: row.restarts, right=True),
        Column(AGE, translate("ClustersModel", "Last seen"), lambda row: ago_text(row.created),
               sort=lambda row: -(row.created or _LONG_AGO).timestamp(), tooltip=lambda row: clock_text(row.created)),
    ]  # fmt: skip


def forwards_model(parent: QObject) -> KeyedTableModel[Forward]:
    """The ports of this computer that lead into pods."""
    columns: list[Column[Forward]] = [
        Column("local", translate("ClustersModel", "Here"), lambda one: f"127.0.0.1:{one.local_port}",
               sort=lambda one: one.local_port, icon=lambda _one: "plug", tone=lambda _one: Tone.ACCENT),
        Column("pod", translate("ClustersModel", "Pod"), lambda one: one.pod,
               subtext=lambda one: f"{one.context}  ·  {one.namespace}"),
        Column("port", translate("ClustersModel", "Port there"), lambda one: str(one.port),
               sort=lambda one: one.port, right=True),
        Column("connections", translate("ClustersModel", "Connections"), lambda one: str(one.connections),
               sort=lambda one: one.connections, right=True),
    ]  # fmt: skip
    return KeyedTableModel(columns, parent=parent)


# --- of a deployment ---


@dataclass(frozen=True, slots=True)
class DeployStep:
    """What is done, and how far it is."""

    title: str
    state: str
    tone: Tone
    told: str = ""


def changes_model(parent: QObject) -> KeyedTableModel[ObjectChange]:
    words = {
        "create": (translate("ClustersModel", "New"), Tone.SUCCESS),
        "change": (translate("ClustersModel", "Changed"), Tone.WARNING),
        "same": (translate("ClustersModel", "The same"), Tone.MUTED),
    }
    columns: list[Column[ObjectChange]] = [
        Column("action", translate("ClustersModel", "What"), lambda one: words[one.action][0],
               tone=lambda one: words[one.action][1]),
        Column("object", translate("ClustersModel", "Object"), lambda one: one.title,
               subtext=lambda one: one.namespace),
    ]  # fmt: skip
    return KeyedTableModel(columns, parent=parent)


def steps_model(parent: QObject) -> KeyedTableModel[DeployStep]:
    columns: list[Column[DeployStep]] = [
        Column("title", translate("ClustersModel", "Step"), lambda one: one.title),
        Column("told", translate("ClustersModel", "How far"), lambda one: one.told, tooltip=lambda one: one.told),
        Column("state", translate("ClustersModel", "State"), lambda one: one.state, tone=lambda one: one.tone),
    ]
    return KeyedTableModel(columns, parent=parent)
