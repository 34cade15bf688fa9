"""Projects, their containers and their past as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gui.models.table import Column, KeyedTableModel
from gui.models.volumes import size_text, users_text, volume_name
from gui.presentation.containers.words import health_words, image_text, port_text, shown_ports, state_words, status_text
from gui.presentation.networks.words import network_name
from gui.presentation.projects import words
from gui.presentation.units import ago_text, clock_text, memory_text, percent_text
from gui.theme import Tone
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtCore import QObject

    from engine.types.containers import Container
    from engine.types.networks import Network
    from engine.types.projects import ProjectProblem, ProjectRun, ProjectVariable
    from engine.types.volumes import Volume
    from gui.presentation.projects.words import ProjectRow, StepRow

COLUMNS = ("name", "running", "services", "health", "ports", "cpu", "memory")


def projects_model(parent: QObject) -> KeyedTableModel[ProjectRow]:
    columns: list[Column[ProjectRow]] = [
        Column(
            "name",
            translate("ProjectsModel", "Project"),
            lambda row: row.project.name,
            subtext=_where,
            icon=lambda _row: "layers",
            tone=words.project_tone,
            tooltip=lambda row: "\n".join(row.project.files) or row.project.directory,
        ),
        Column("running", translate("ProjectsModel", "Running"), words.running_text, sort=lambda row: row.running),
        Column(
            "services",
            translate("ProjectsModel", "Services"),
            lambda row: ", ".join(one.name for one in row.project.services if one.name) or "–",
            tooltip=lambda row: "\n".join(one.name for one in row.project.services),
        ),
        Column(
            "health",
            translate("ProjectsModel", "Health"),
            words.health_text,
            tone=lambda row: Tone.WARNING if words.unhealthy(row) else None,
        ),
        Column("ports", translate("ProjectsModel", "Ports"), words.ports_text),
        Column(
            "cpu",
            translate("ProjectsModel", "CPU"),
            lambda row: percent_text(row.cpu) if row.running else "–",
            sort=lambda row: row.cpu,
            right=True,
        ),
        Column(
            "memory",
            translate("ProjectsModel", "Memory"),
            lambda row: memory_text(row.memory) if row.running else "–",
            sort=lambda row: row.memory,
            right=True,
        ),
    ]
    return KeyedTableModel(columns, haystack=_haystack, parent=parent)


def services_model(parent: QObject) -> KeyedTableModel[Container]:
    """The containers of a project, under their services."""
    columns: list[Column[Container]] = [
        Column(
            "service",
            translate("ProjectsModel", "Service"),
            lambda one: words.service_of(one) or one.name,
            subtext=lambda one: one.name,
            icon=lambda one: state_words(one).icon,
            tone=lambda one: state_words(one).tone,
        ),
        Column("state", translate("ProjectsModel", "State"), status_text),
        Column("health", translate("ProjectsModel", "Health"), lambda one: health_words(one)[0] or "–"),
        Column(
            "ports",
            translate("ProjectsModel", "Ports"),
            lambda one: ", ".join(dict.fromkeys(port_text(port) for port in shown_ports(one))) or "–",
        ),
        Column(
            "image",
            translate("ProjectsModel", "Image"),
            lambda one: image_text(one.image),
            tooltip=lambda one: one.image,
        ),
    ]
    return KeyedTableModel(columns, parent=parent)


class StorageRow(NamedTuple):
    """A volume or a network of a project."""

    key: str
    """Its page and its name there: "volumes:shop_data"."""
    name: str
    kind: str
    size: str
    users: str
    note: str

    @classmethod
    def of_volume(cls, volume: Volume, containers: Mapping[str, Container]) -> StorageRow:
        return cls(
            f"volumes:{volume.name}", volume_name(volume), "volume", size_text(volume),
            users_text(volume.used_by, containers), ago_text(volume.created),
        )  # fmt: skip

    @classmethod
    def of_network(cls, network: Network, containers: Mapping[str, Container]) -> StorageRow:
        members = (containers[one.container_id].name for one in network.members if one.container_id in containers)
        note = translate("ProjectsModel", "no way out") if network.internal else ""
        return cls(
            f"networks:{network.id}",
            network_name(network),
            "network",
            network.subnet or "–",
            ", ".join(sorted(members)),
            note,
        )


def storage_model(parent: QObject) -> KeyedTableModel[StorageRow]:
    columns: list[Column[StorageRow]] = [
        Column("name", translate("ProjectsModel", "Name"), lambda row: row.name, icon=lambda row: row.kind,
               subtext=lambda row: translate("ProjectsModel", "Volume") if row.kind == "volume"
               else translate("ProjectsModel", "Network")),
        Column("size", translate("ProjectsModel", "Size or addresses"), lambda row: row.size),
        Column("users", translate("ProjectsModel", "Used by"), lambda row: row.users or "–",
               tooltip=lambda row: row.users),
        Column("note", translate("ProjectsModel", "Since"), lambda row: row.note or "–"),
    ]  # fmt: skip
    return KeyedTableModel(columns, parent=parent)


def runs_model(parent: QObject) -> KeyedTableModel[ProjectRun]:
    """Every `up` of the past, with what it changed."""
    columns: list[Column[ProjectRun]] = [
        Column(
            "started",
            translate("ProjectsModel", "Brought up"),
            lambda run: ago_text(run.started),
            sort=lambda run: run.started.timestamp(),
            tooltip=lambda run: clock_text(run.started),
            icon=lambda run: words.run_end(run).icon,
            tone=lambda run: words.run_end(run).tone,
        ),
        Column("end", translate("ProjectsModel", "How it ended"), lambda run: words.run_end(run).verb,
               tooltip=lambda run: words.run_end(run).verb),
        Column("changes", translate("ProjectsModel", "What it changed"), words.run_text,
               tooltip=lambda run: words.run_text(run).replace(", ", "\n")),
    ]  # fmt: skip
    return KeyedTableModel(columns, parent=parent)


def plan_model(parent: QObject) -> KeyedTableModel[StepRow]:
    """The steps of a plan: the deed, what it is done to, which fields are the reason, and how far it is."""
    columns: list[Column[StepRow]] = [
        Column(
            "action",
            translate("ProjectsModel", "Step"),
            lambda row: "" if row.line else words.step_words(row.step.action).verb,
            icon=lambda row: "" if row.line else words.step_words(row.step.action).icon,
            tone=lambda row: words.step_words(row.step.action).tone,
        ),
        Column("subject", translate("ProjectsModel", "What"), lambda row: "" if row.line else row.step.subject,
               tooltip=lambda row: row.step.subject),
        Column("because", translate("ProjectsModel", "Because"),
               lambda row: words.because_text(row) or "–", tooltip=words.because_text),
        Column("far", translate("ProjectsModel", "State"),
               lambda row: words.far_words(row.progress.state).verb if row.progress and not row.line else "",
               tone=lambda row: words.far_words(row.progress.state).tone if row.progress and not row.line else None,
               icon=lambda row: words.far_words(row.progress.state).icon if row.progress and not row.line else ""),
    ]  # fmt: skip
    return KeyedTableModel(columns, parent=parent)


def short_plan_model(parent: QObject) -> KeyedTableModel[StepRow]:
    """A plan where there is little room: a step a row, its reason below it."""
    column: Column[StepRow] = Column(
        "step",
        translate("ProjectsModel", "Step"),
        lambda row: f"{words.step_words(row.step.action).verb} {row.step.subject}",
        subtext=lambda row: words.changes_text(row.step).replace("\n", " · "),
        icon=lambda row: words.step_words(row.step.action).icon,
        tone=lambda row: words.step_words(row.step.action).tone,
        tooltip=lambda row: words.changes_text(row.step),
    )
    return KeyedTableModel([column], parent=parent)


def variables_model(parent: QObject) -> KeyedTableModel[ProjectVariable]:
    """What the files ask for; a value that is to stay unread is not shown."""
    columns: list[Column[ProjectVariable]] = [
        Column("name", translate("ProjectsModel", "Variable"), lambda one: one.name, subtext=words.origin_text,
               icon=lambda one: "warning" if one.origin == "unset" else "braces",
               tone=lambda one: Tone.WARNING if one.origin == "unset" else None),
        Column("value", translate("ProjectsModel", "Value"), words.value_text),
    ]  # fmt: skip
    return KeyedTableModel(columns, parent=parent)


def problems_model(parent: QObject) -> KeyedTableModel[ProjectProblem]:
    """What is wrong in a project's files."""
    columns: list[Column[ProjectProblem]] = [
        Column("line", translate("ProjectsModel", "Line"), lambda one: str(one.line or "–"),
               icon=lambda one: "warning" if one.warning else "error",
               tone=lambda one: Tone.WARNING if one.warning else Tone.DANGER),
        Column("message", translate("ProjectsModel", "Problem"), words.problem_text,
               subtext=lambda one: one.path, tooltip=words.problem_text),
    ]  # fmt: skip
    return KeyedTableModel(columns, parent=parent)


def _where(row: ProjectRow) -> str:
    return ", ".join(row.project.files) or row.project.directory


def _haystack(row: ProjectRow) -> str:
    services = (one.name for one in row.project.services)
    return " ".join((row.project.name, row.project.directory, words.ports_text(row), *services))
