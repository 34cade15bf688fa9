"""The picture of a project: which services stand in it, who waits for whom, and what each line says."""

from __future__ import annotations

from typing import Any

import pytest

from engine.types.containers import Container, ContainerSpec, Health, HealthStatus, State
from engine.types.operations import Operation, OperationState, StepProgress
from engine.types.projects import Project, ProjectService
from gui.presentation.projects.graph import ServiceLine, service_nodes, steps_of
from gui.presentation.projects.words import ProjectRow
from gui.theme import Tone
from tests.unit.gui.made import STARTED, a_container

LABEL = "com.docker.compose.service"


def of_service(name: str, service: str, **fields: Any) -> Container:
    return a_container(name, spec=ContainerSpec(image="x", labels={LABEL: service}), state=State.CREATED, **fields)


def a_row(*containers: Container, services: tuple[ProjectService, ...] = ()) -> ProjectRow:
    return ProjectRow(Project(name="shop", services=services), containers)


def shape(*parts: Any, **more: Any) -> list[tuple[str, list[str], tuple[int, ...]]]:
    return [(node.name, [line.text for line in node.lines], node.waits_for) for node in service_nodes(*parts, **more)]


def a_step(action: str, subject: str, state: Any = "running", note: str = "") -> StepProgress:
    return StepProgress(id=f"{action} {subject}", action=action, subject=subject, state=state, note=note)


def lines(row: ProjectRow, *steps: StepProgress, order: tuple[str, ...] = (), **images: str) -> list[ServiceLine]:
    return [line for node in service_nodes(row, order, {}, images, steps) for line in node.lines]


def test_services_stand_in_the_order_of_the_files_but_after_what_they_wait_for() -> None:
    waits = {"web": ("db", "cache"), "db": ("cache", "elsewhere"), "cache": ()}
    nothing = ["not made yet"]
    assert shape(a_row(), ("web", "db", "cache", "mail"), waits, {}) == [
        ("cache", nothing, ()),
        ("db", nothing, (0,)),
        ("web", nothing, (0, 1)),
        ("mail", nothing, ()),
    ]


def test_services_that_wait_for_each_other_are_all_shown() -> None:
    assert shape(a_row(), ("a", "b"), {"a": ("b",), "b": ("a",)}, {}) == [
        ("b", ["not made yet"], ()),
        ("a", ["not made yet"], (0,)),
    ]


def test_without_files_the_labels_tell_the_services_and_the_project_who_waits() -> None:
    row = a_row(
        of_service("shop-web-2", "web"),
        of_service("shop-web-1", "web"),
        a_container("alone"),
        of_service("shop-db-1", "db"),
        services=(ProjectService(name="web", depends_on=("db",)), ProjectService(name="db")),
    )
    assert shape(row, (), {}, {}) == [
        ("alone", ["alone"], ()),
        ("db", ["shop-db-1"], ()),
        ("web", ["shop-web-1", "shop-web-2"], (1,)),
    ]
    assert shape(row, (), {"web": (), "db": ("web",)}, {})[1:] == [
        ("web", ["shop-web-1", "shop-web-2"], ()),
        ("db", ["shop-db-1"], (1,)),
    ], "what the files say now counts more"


def test_a_container_is_told_with_its_state_and_its_health() -> None:
    created = of_service("shop-web-1", "web")
    assert lines(a_row(created)) == [
        ServiceLine(created.id, "shop-web-1", Tone.MUTED, "container", "Never started",
                    "shop-web-1\nNever started\ndocker.io/library/nginx:1")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("health", "tone", "icon", "detail", "status"),
    [
        (Health.HEALTHY, Tone.SUCCESS, "play", "Healthy", "Running"),
        (Health.UNHEALTHY, Tone.WARNING, "warning", "Unhealthy", "Unhealthy"),
        (Health.STARTING, Tone.INFO, "pulse", "Checking", "Running"),
    ],
)
def test_health_stands_in_place_of_the_state(health: Health, tone: Tone, icon: str, detail: str, status: str) -> None:
    one = a_container("web", health=HealthStatus(status=health))
    tooltip = f"web\n{status}\n{detail}\ndocker.io/library/nginx:1"
    assert lines(a_row(one)) == [ServiceLine(one.id, "web", tone, icon, detail, tooltip)]


@pytest.mark.parametrize(
    ("state", "tone", "icon", "detail"),
    [
        ("running", Tone.ACCENT, "spinner", "at it"),
        ("failed", Tone.DANGER, "error", "failed"),
        ("waiting", Tone.WARNING, "clock", "waits for db"),
        ("done", Tone.MUTED, "container", "Never started"),
        ("", Tone.MUTED, "container", "Never started"),
        ("skipped", Tone.MUTED, "container", "Never started"),
    ],
)
@pytest.mark.parametrize("action", ["create", "start", "recreate", "edit", "remove", "stop"])
def test_what_is_done_to_a_container_now_stands_on_it(
    action: str, state: str, tone: Tone, icon: str, detail: str
) -> None:
    (line,) = lines(a_row(of_service("shop-web-1", "web")), a_step(action, "shop-web-1", state, "db"))
    assert (line.text, line.tone, line.icon, line.detail) == ("shop-web-1", tone, icon, detail)


def test_what_is_got_for_a_service_stands_before_its_containers() -> None:
    row = a_row(of_service("shop-web-1", "web"))
    step = a_step("pull", "nginx:1", "running", "3 of 9")
    found = lines(row, step, a_step("build", "other"), a_step("watch", "nginx:1"), web="nginx:1")
    assert found[0] == ServiceLine(
        "step:pull nginx:1", "Pull nginx:1", Tone.ACCENT, "spinner", "at it", "3 of 9", dim=False
    )
    assert [line.text for line in found[1:]] == ["shop-web-1"]
    (waiting, _) = lines(row, a_step("build", "nginx:1", ""), web="nginx:1")
    assert (waiting.text, waiting.dim) == ("Build nginx:1", True)
    assert len(lines(row, a_step("pull", "nginx:1", "done"), web="nginx:1")) == 1


def test_a_container_that_is_being_made_has_a_line() -> None:
    coming = a_step("create", "shop-web-2", "failed", "no room")
    row = a_row(of_service("shop-web-1", "web"))
    assert lines(row, coming, a_step("create", "shop-webs-1"), a_step("create", "shop"))[1:] == [
        ServiceLine("step:create shop-web-2", "Create shop-web-2", Tone.DANGER, "error", "failed", "no room")
    ]
    only = lines(a_row(), coming, order=("web",))
    assert [line.text for line in only] == ["Create shop-web-2"]


def test_a_service_that_is_not_there_says_so_with_its_image() -> None:
    nothing = ServiceLine("service:web", "not made yet", Tone.MUTED, "container", "", "nginx:1", dim=True)
    assert lines(a_row(), order=("web",), web="nginx:1") == [nothing]
    got = lines(a_row(), a_step("pull", "nginx:1", "done"), order=("web",), web="nginx:1")
    assert got == [], "its image is there and the next step has its own line"


def an_operation(kind: str, *subjects: str, state: OperationState = OperationState.RUNNING) -> Operation:
    steps = tuple(a_step("start", subject) for subject in subjects)
    return Operation(id=kind, kind=kind, title="", subject="", state=state, started=STARTED, steps=steps)


@pytest.mark.parametrize("kind", ["up", "down", "watch-project"])
@pytest.mark.parametrize("subject", ["web", "nginx:1", "shop-db-1"])
def test_what_is_done_to_a_project_now(kind: str, subject: str) -> None:
    row = a_row(a_container("web"))
    ours = an_operation(kind, "zoo", subject)
    others = [an_operation("pull", subject), an_operation(kind, "zoo-web"), an_operation(kind, "zoo"), ours]
    assert steps_of(row, ["nginx:1"], others) == ours.steps
    over = an_operation(kind, subject, state=OperationState.SUCCEEDED)
    assert steps_of(row, ["nginx:1"], [over]) == ()
