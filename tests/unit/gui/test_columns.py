"""Every column of every list: what it says of an item, below it, at the pointer, aloud, and how it sorts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QObject, Qt

from engine.types.clusters import Forward, ObjectChange, PodUsage
from engine.types.containers import ContainerSpec, Health, HealthStatus, PortMapping, Resources, State
from engine.types.frontdoor import DoorAddress
from engine.types.gallery import GalleryTemplate
from engine.types.networks import Network, NetworkMember
from engine.types.operations import Failure
from engine.types.projects import (
    FieldChange,
    PlannedStep,
    Project,
    ProjectProblem,
    ProjectRun,
    ProjectService,
    ProjectVariable,
    ReadProject,
    UpProject,
)
from engine.types.swarm import ServiceUpdate, SwarmFile, SwarmNode, SwarmStack, SwarmTask
from engine.types.volumes import Volume
from gui.models import clusters, gallery, images, networks, projects, swarm, volumes
from gui.models.builds import BuildsModel
from gui.models.container_columns import Figures, container_columns
from gui.models.table import KeyedTableModel, ModelRole
from gui.presentation.projects.words import ProjectRow, StepRow
from gui.theme import Tone
from tests.unit.gui.made import AGO, MOMENT, STARTED, a_build, a_container, a_row, a_service, an_image

if TYPE_CHECKING:
    from collections.abc import Iterator

ROLES = {
    "": Qt.ItemDataRole.DisplayRole,
    "below": ModelRole.SUBTEXT,
    "tip": Qt.ItemDataRole.ToolTipRole,
    "icon": ModelRole.ICON_NAME,
    "tone": ModelRole.TONE,
    "live": ModelRole.LIVE,
}
CLOCK = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
KNOWN_TIMES: dict[Any, str] = {AGO["created"]: "THEN"}
for _name, _each in (("THEN", AGO["created"]), ("STARTED", STARTED)):
    KNOWN_TIMES |= {_each.timestamp(): _name, -_each.timestamp(): f"-{_name}"}
EXPECTED = Path(__file__).with_name("columns.txt")


def lines_of(model: KeyedTableModel[Any], item: Any) -> list[str]:
    """A line for each column: its heading, and all it says."""
    model.set_items([("key", item)])
    found = []
    for place, column in enumerate(model.columns):
        index = model.index(0, place)
        said = {name: index.data(role) for name, role in ROLES.items()}
        spoken = index.data(Qt.ItemDataRole.AccessibleTextRole)
        if spoken != said[""]:
            said["spoken"] = spoken
        if column.sort is not None and column.id != "status":  # which counts from now
            said["sort"] = KNOWN_TIMES.get(index.data(ModelRole.SORT), str(index.data(ModelRole.SORT)))
        parts = [f"{name} {value}".strip() for name, value in said.items() if value not in (None, "")]
        side = " (right)" if column.alignment() & Qt.AlignmentFlag.AlignRight else ""
        text = CLOCK.sub("THEN", " | ".join(part.replace("\n", " / ") for part in parts))
        found.append(f"{column.id} “{column.title}”{side}: {text}".rstrip())
    return [*found, CLOCK.sub("THEN", f"found by: {model.haystack_of(model.index(0, 0))}".rstrip())]


WEB = a_container("web")
CONTAINERS = {WEB.id: WEB}
SERVICE = "com.docker.compose.service"


PROJECT = Project(
    name="shop",
    directory="/home/me/shop",
    files=("/home/me/shop/compose.yaml",),
    services=(ProjectService(name="web"), ProjectService(name="db")),
)
MEMBERS = (
    a_container("db", state=State.EXITED),
    a_container(
        "web",
        ports=(PortMapping(container_port=80, host_port=8080),),
        health=HealthStatus(status=Health.UNHEALTHY),
        spec=ContainerSpec(image="nginx", labels={SERVICE: "front"}),
    ),
)
STEP = PlannedStep(
    id="1",
    action="recreate",
    subject="web-1",
    changes=(
        FieldChange(field="image", before="a", after="b"),
        FieldChange(field="environment A", before="", after="1"),
    ),
)
RUN = ProjectRun(
    id="r",
    project="shop",
    started=AGO["created"],
    request=UpProject(source=ReadProject(files=())),
    changes=("recreate web-1", "create db-1"),
    ended=MOMENT,
)


@pytest.fixture
def owner(qapp: object) -> Iterator[QObject]:
    made = QObject()
    yield made
    made.deleteLater()


def everything(owner: QObject) -> dict[str, list[str]]:
    """By model and kind of item."""
    found: dict[str, list[str]] = {}

    def add(name: str, model: KeyedTableModel[Any], *items: Any) -> None:
        for number, item in enumerate(items):
            found[f"{name} {number}"] = lines_of(model, item)

    known = Figures(
        addresses={
            WEB.id: DoorAddress(
                container_id=WEB.id,
                name="web",
                hosts=("web.localhost",),
                port=80,
                url="http://web.localhost:8000/",
                runs=True,
            )
        }
    )
    limited = ContainerSpec(image="nginx", resources=Resources(memory=1 << 30))
    add(
        "containers",
        KeyedTableModel(container_columns(known), parent=owner),
        WEB,
        *MEMBERS,
        a_container("limited", spec=limited),
    )
    add(
        "images",
        images.images_model(lambda: CONTAINERS, owner),
        an_image(used_by=(WEB.id,)),
        an_image(tags=(), created=None),
        an_image(),
    )
    member = NetworkMember(
        container_id=WEB.id, name="web", ip_address="10.1.0.2", mac_address="02:00", aliases=("w", "x")
    )
    other = NetworkMember(container_id="db", name="db", ip_address="")
    net = Network(id="ab" * 32, name="front", driver="bridge", subnet="10.1.0.0/24", members=(member, other), **AGO)
    bare = Network(id="cd" * 32, name="inner", driver="bridge", builtin=True, internal=True, **AGO)
    add("networks", networks.networks_model(owner), net, bare)
    add("members", networks.members_model(owner), member, other)
    volume = Volume(
        name="data", mountpoint="/v/data", used_by=(WEB.id,), size=3 << 20, size_measured=AGO["created"], **AGO
    )
    nameless = Volume(name="ef" * 32, mountpoint="/v/x", anonymous=True, **AGO)
    add(
        "volumes",
        volumes.volumes_model(lambda: CONTAINERS, owner),
        volume,
        nameless,
        Volume(name="gone", mountpoint="/v/y", used_by=("x", "y"), **AGO),
    )
    add("builds", BuildsModel(owner), a_build(), a_build(tags=()), a_build(failure=Failure(title="no", code="x")))
    template = GalleryTemplate(
        id="pg", title="PostgreSQL", category="databases", about={"en": "A database."}, images=("postgres:16", "x:1")
    )
    add("gallery", gallery.gallery_model(owner), template, GalleryTemplate(id="o", title="Odd", category="odd"))
    _add_cluster(add, owner)
    _add_swarm(add, owner)
    _add_projects(add, owner, volume, bare)
    return found


def _add_cluster(add: Any, owner: QObject) -> None:
    usage = {
        "pods/shop/web": PodUsage(namespace="shop", pod="web", cpu=0.25, memory=7 << 20),
        "pods/shop/big": PodUsage(namespace="shop", pod="big", cpu=12.4, memory=1 << 30),
    }
    rows = {
        "workloads": [
            a_row("deployments", "Deployment", state="Ready", tone=Tone.SUCCESS, ready="2/2", detail="nginx:1")
        ],
        "pods": [
            a_row("pods", "Pod", state="Running", ready="1/1", restarts=4, detail="node-1"),
            a_row("pods", "Pod", name="big"),
            a_row("pods", "Pod", name="unknown"),
        ],
        "services": [
            a_row("services", "Service", state="ClusterIP", detail="10.0.0.1", more="80/TCP"),
            a_row("ingresses", "Ingress", created=None),
        ],
        "storage": [
            a_row("persistentvolumeclaims", "Claim", state="Bound", detail="5Gi", more="fast"),
            a_row("x", "X"),
        ],
        "settings": [a_row("configmaps", "ConfigMap", state="Opaque", detail="a, b"), a_row("secrets", "Secret")],
        "events": [
            a_row("events", "Event", state="BackOff", detail="again", more="pod/web", restarts=7, tone=Tone.WARNING),
            a_row("events", "Event", state="Pulled"),
        ],
    }
    for face, items in rows.items():
        model = clusters.face_model(face, owner, lambda: usage)
        assert tuple(column.id for column in model.columns) == clusters.columns_of(face)
        add(f"cluster {face}", model, *items)
    add(
        "forwards",
        clusters.forwards_model(owner),
        Forward(id="f", context="here", namespace="shop", pod="web", port=80, local_port=8080, connections=2),
    )
    kinds: tuple[Any, ...] = ("create", "change", "same")
    add(
        "changes",
        clusters.changes_model(owner),
        *(ObjectChange(title="Deployment/web", namespace="shop", action=kind) for kind in kinds),
    )
    add("steps", clusters.steps_model(owner), clusters.DeployStep("Apply", "done", Tone.SUCCESS, "3 of 3"))


def _add_swarm(add: Any, owner: QObject) -> None:
    secret = SwarmFile(kind="secret", id="x", name="key", created=AGO["created"], updated=MOMENT, used_by=("a", "b"))
    config = SwarmFile(
        kind="config", id="y", name="conf", stack="shop", created=AGO["created"], updated=MOMENT, size=2048
    )
    task = SwarmTask(
        id="t",
        name="web.1",
        service_id="s1",
        service="web",
        node="n1",
        state="failed",
        error="exit 1",
        message="task failed",
        since=AGO["created"],
        created=MOMENT,
    )
    node = SwarmNode(
        id="n",
        name="n1",
        role="manager",
        availability="drain",
        state="ready",
        message="ok",
        leader=True,
        address="10.0.0.5",
        engine="28.1",
        memory=4 << 30,
    )
    items: dict[str, list[Any]] = {
        "services": [
            a_service(digest="nginx@sha256:ab"),
            a_service(mode="global", update=ServiceUpdate(message="rolling")),
        ],
        "tasks": [
            task,
            SwarmTask(
                id="t",
                name="web.2",
                service_id="s",
                service="web",
                state="running",
                since=AGO["created"],
                created=MOMENT,
            ),
        ],
        "nodes": [node, SwarmNode(id="m", name="n2", state="down")],
        "stacks": [SwarmStack(name="shop", services=("web", "db"), wanted=3, running=2), SwarmStack(name="idle")],
        "files": [secret, config],
    }
    for face, each in items.items():
        model = swarm.swarm_model(face, owner)
        assert tuple(column.id for column in model.columns) == swarm.COLUMNS[face]
        add(f"swarm {face}", model, *each)
    assert [
        swarm.key_of(face, each)
        for face, each in (
            ("services", items["services"][0]),
            ("stacks", items["stacks"][0]),
            ("files", secret),
            ("files", config),
        )
    ] == ["s1", "shop", "secret/x", "config/y"]


def _add_projects(add: Any, owner: QObject, volume: Volume, network: Network) -> None:
    up = ProjectRow(PROJECT, MEMBERS, 12.5, 3 << 20)
    bare = Project(name="idle", directory="/home/me/idle")
    add("projects", projects.projects_model(owner), up, ProjectRow(bare))
    add("project services", projects.services_model(owner), *MEMBERS)
    add(
        "project storage",
        projects.storage_model(owner),
        projects.StorageRow.of_volume(volume, CONTAINERS),
        projects.StorageRow.of_network(network, CONTAINERS),
    )
    add("runs", projects.runs_model(owner), RUN)
    add("plan", projects.plan_model(owner), StepRow(STEP), StepRow(STEP, line=1))
    add("short plan", projects.short_plan_model(owner), StepRow(STEP))
    add(
        "variables",
        projects.variables_model(owner),
        ProjectVariable(name="A", value="1", origin="file", file=".env"),
        ProjectVariable(name="B"),
        ProjectVariable(name="PASSWORD", value="secret", origin="environment"),
    )
    add(
        "problems",
        projects.problems_model(owner),
        ProjectProblem(message="No such key", path="services.web", line=3, hint="Remove it."),
        ProjectProblem(message="Old", warning=True),
    )


def test_what_every_column_says(owner: QObject) -> None:
    found = "\n".join(f"[{name}]\n" + "\n".join(lines) + "\n" for name, lines in everything(owner).items())
    assert found == EXPECTED.read_text()
