"""What is done to projects and machines."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import Cancelled, InvalidRequest
from engine.types.containers import ContainerSpec
from engine.types.machines import KeptSource, Machine
from engine.types.operations import Operation, OperationState
from engine.types.projects import (
    DownProject,
    Project,
    ProjectReading,
    ProjectRun,
    PullProject,
    ReadProject,
    UpProject,
    WatchProject,
)
from gui.actions.machines import finish_move
from gui.theme import Tone
from tests.unit.gui.actions.conftest import SOURCE, a_project, possible, why
from tests.unit.gui.made import MOMENT, STARTED, a_container, an_image

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.played_window import PlayedWindow

WEB = a_container("web")


# --- projects ---


def of_service(name: str, service: str) -> Any:
    return a_container(name, spec=ContainerSpec(image="x", labels={"com.docker.compose.service": service}))


def test_when_something_can_be_done_to_projects(window: PlayedWindow) -> None:
    one, up, ours = a_project(), a_project(WEB, files=("/x",)), a_project(ours=True)
    each: tuple[list[Any], ...] = ([], [one], [up], [ours], [up, ours])
    for action in ("details", "up", "update", "scale", "watch", "add-service", "move"):
        assert possible(window, f"project.{action}", *each) == [False, True, True, True, False], action
    for action in ("down", "export-as", "deploy"):
        assert possible(window, f"project.{action}", *each) == [False, False, True, False, False], action
    assert possible(window, "project.roll-back", *each) == [False, False, False, True, False]
    assert possible(window, "project.deploy-stack", *each) == [False, False, True, False, False]
    assert possible(window, "container.project", [], [WEB], [WEB, WEB]) == [False, True, True]
    assert why(window, "project.down", one) == "It is not up"
    assert why(window, "project.roll-back", one) == "It was never brought up here"
    assert why(window, "project.down") == why(window, "project.roll-back", one, up) == ""


async def test_everything_that_changes_a_project_shows_its_plan_first(window: PlayedWindow) -> None:
    row = a_project(WEB)
    earlier = UpProject(source=SOURCE, services=("web",))
    window.engine.answers["projects.earlier"] = earlier
    for action in ("up", "update", "down", "roll-back"):
        await window.act(f"project.{action}", [row])
    assert window.shown == [
        ("dialog", "project-plan", ("request", UpProject(source=SOURCE))),
        ("dialog", "project-plan", ("request", UpProject(source=SOURCE, pull="missing"))),
        ("dialog", "project-plan", ("request", DownProject(name="shop"))),
        ("dialog", "project-plan", ("request", earlier), ("back_to", "shop")),
    ]
    assert window.asked == [("projects.pull", PullProject(source=SOURCE)), ("projects.earlier", "shop")]


async def test_a_project_is_read_as_its_last_up_here_read_it(
    window: PlayedWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", {"NOW": "1", "HOME": "/home/me"})
    old, last = (
        ProjectRun(
            id=profile, project="shop", started=STARTED,
            request=UpProject(source=ReadProject(files=("/x",), profiles=(profile,), texts={"/x": "old"})),
        )
        for profile in ("old", "last")
    )  # fmt: skip
    window.engine.answers["projects.history"] = [old, last]
    await window.act("project.up", [a_project(source=None, files=("/y",))])
    read = ReadProject(files=("/x",), profiles=("last",), environment={"NOW": "1", "HOME": "/home/me"})
    assert window.asked == [("projects.history", "shop")]
    assert window.shown == [("dialog", "project-plan", ("request", UpProject(source=read)))]


async def test_else_a_project_is_read_from_the_files_its_labels_name(
    window: PlayedWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", {"NOW": "1", "HOME": "/home/me"})
    await window.act("project.up", [a_project(source=None, files=("/y",), directory="/d")])
    read = ReadProject(
        files=("/y",), name="shop", directory="/d", environment={"NOW": "1", "HOME": "/home/me"}, home="/home/me"
    )
    assert window.shown == [("dialog", "project-plan", ("request", UpProject(source=read)))]
    with pytest.raises(InvalidRequest) as raised:
        await window.act("project.up", [a_project(source=None)])
    assert raised.value.title == "The files of shop are not known"
    assert raised.value.explanation == "Open its compose file first."


async def test_how_many_of_each_service_run_is_known_before_it_is_scaled(window: PlayedWindow) -> None:
    window.engine.answers["projects.read"] = ProjectReading(services=("db", "web"))
    rows = [a_project(of_service("a", "web"), of_service("b", "web"), of_service("c", "gone"))]
    await window.act("project.scale", rows)
    assert window.asked == [("projects.read", SOURCE)]
    assert window.shown == [("dialog", "project-scale", ("source", SOURCE), ("counts", {"db": 0, "web": 2}))]


def a_watch(key: str, subject: str = "shop", kind: str = "watch-project", **fields: Any) -> Operation:
    state = fields.get("state", OperationState.RUNNING)
    return Operation(id=key, kind=kind, title="", subject=subject, state=state, started=STARTED)


async def test_files_are_watched_or_left_alone(window: PlayedWindow) -> None:
    others = [a_watch("a", "blog"), a_watch("b", kind="up"), a_watch("c", state=OperationState.SUCCEEDED)]
    window.mirror.operations.update({each.id: each for each in others})
    await window.act("project.watch", [a_project()])
    assert window.asked == [("projects.watch", WatchProject(source=SOURCE))]
    assert window.toasts == [("The files of shop are watched", "Show")]
    await window.press()
    assert window.shown == [("dialog", "operation", ("operation", "operation"))]
    window.mirror.operations["w"] = a_watch("w")
    await window.act("project.watch", [a_project()])
    assert window.asked[1:] == [("operations.cancel", "w")]
    assert window.toasts[1:] == [("shop is no longer watched",)]


async def test_a_watch_that_is_left_off_is_no_error_and_goes_by_the_name_of_its_project(window: PlayedWindow) -> None:
    window.engine.answers["projects.watch"] = Cancelled("left off")
    window.engine.answers["projects.watch"] = lambda request: Cancelled("left off")
    named = ReadProject(files=("/home/me/shop/compose.yaml",), name="front")
    await window.act("project.watch", [a_project(source=named)])
    assert window.toasts == [("The files of front are watched", "Show")]


async def test_where_projects_are_looked_at(window: PlayedWindow) -> None:
    await window.act("project.details", [a_project()])
    await window.act("project.export-as", [a_project(WEB)])
    assert window.shown == [
        ("page", "projects", "shop"),
        ("dialog", "export-as", ("containers", (WEB,)), ("title", "shop"), ("form", "kubernetes")),
    ]


async def test_a_compose_file_is_opened_by_itself_or_by_its_folder(window: PlayedWindow, tmp_path: Path) -> None:
    await window.act("projects.open")
    assert window.files == [("open", "Open a compose file", "Compose files (*.yml *.yaml)")]
    assert window.shown == []
    odd = tmp_path / "odd.yml"
    odd.write_text("services: {}")
    window.chooses = str(odd)
    await window.act("projects.open")
    usual = tmp_path / "compose.yaml"
    usual.write_text("services: {}")
    window.chooses = str(tmp_path)
    await window.act("projects.open")
    assert window.shown == [("page", "projects", str(odd)), ("page", "projects", str(usual))]
    usual.unlink()
    with pytest.raises(InvalidRequest, match="no compose file"):
        await window.act("projects.open")


async def test_a_template_goes_into_a_known_project_or_a_new_one(window: PlayedWindow) -> None:
    window.engine.answers["projects.list"] = [
        Project(name="blog", files=("/b/compose.yaml", "/c/x.yaml")), Project(name="bare")
    ]  # fmt: skip
    await window.act("projects.gallery")
    await window.act("project.add-service", [a_project()])
    await window.act("project.add-service", [a_project(source=None)])
    folders = {"blog": "/b"}
    mine = folders | {"shop": "/home/me/shop"}
    assert window.shown == [
        ("dialog", "gallery", ("projects", folders), ("project", "")),
        ("dialog", "gallery", ("projects", mine), ("project", "shop")),
        ("dialog", "gallery", ("projects", folders), ("project", "shop")),
    ]


async def test_containers_become_a_project_in_a_folder_of_its_own(
    window: PlayedWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    await window.act("container.project", [a_container("shop-web"), a_container("db")])
    (question,) = window.texts
    assert (question.title, question.label, question.accept, question.text) == (
        "Make a project of 2 containers", "Its name", "Write its file", "shop",
    )  # fmt: skip
    assert question.check is not None
    assert [question.check(name) for name in ("Shop", "!!")] == ["", "Letters and figures"]
    assert (window.shown, window.toasts) == ([], [])
    window.writes = "My Shop"
    await window.act("container.project", [a_container("web")])
    path = tmp_path / "wherry-projects" / "myshop" / "compose.yaml"
    assert "container_name: web" in path.read_text()
    assert window.shown == [("page", "projects", str(path))]
    assert window.toasts == [(f"The containers are described in {path}", Tone.SUCCESS)]
    with pytest.raises(InvalidRequest, match="is there already"):
        await window.act("container.project", [a_container("other")])
    assert "other" not in path.read_text()


# --- machines ---

RACK, THEIRS = Machine(name="rack", address="ssh://rack"), Machine(name="ctx", source="docker")


def test_when_something_can_be_done_to_machines(window: PlayedWindow) -> None:
    each: tuple[list[Any], ...] = ([], [RACK], [THEIRS], [RACK, RACK])
    assert possible(window, "machine.show", *each) == [False, True, True, False]
    for action in ("change", "forget"):
        assert possible(window, f"machine.{action}", *each) == [False, True, False, False]
    for kind in ("container", "image", "volume", "project"):
        assert possible(window, f"{kind}.move", [], [1], [1, 2]) == [False, True, False]


@pytest.mark.parametrize(
    ("action", "subjects", "shown"),
    [
        ("machines.add", [], ("dialog", "machine")),
        ("machines.bring-over", [], ("dialog", "bring-over")),
        ("machine.change", [RACK], ("dialog", "machine", ("machine", RACK))),
        ("machines.home", [], ("machine", "")),
        ("machine.show", [RACK], ("machine", "rack")),
        ("container.move", [WEB], ("dialog", "move", ("kind", "container"), ("name", "web"))),
        ("image.move", [an_image(tags=("app:1",))], ("dialog", "move", ("kind", "image"), ("name", "app:1"))),
        ("volume.move", [Project(name="data")], ("dialog", "move", ("kind", "volume"), ("name", "data"))),
        ("project.move", [a_project()], ("dialog", "move", ("kind", "project"), ("name", "shop"))),
    ],
)
async def test_where_machines_are_looked_at(
    window: PlayedWindow, action: str, subjects: list[Any], shown: tuple[Any, ...]
) -> None:
    await window.act(action, subjects)
    assert window.shown == [shown]


@pytest.mark.parametrize(("shown", "left"), [("rack", [("machine", "")]), ("other", []), ("", [])])
async def test_a_machine_is_forgotten_and_left_if_it_is_shown(
    window: PlayedWindow, shown: str, left: list[Any]
) -> None:
    window.client.machine = shown
    window.says = None
    await window.act("machine.forget", [RACK])
    assert (window.asked, window.shown) == ([], [])
    window.says = frozenset()
    await window.act("machine.forget", [RACK])
    question = window.questions[0]
    assert (question.title, question.accept, question.danger) == ("Forget rack?", "Forget", False)
    assert question.text == "Nothing on it changes; only its address is taken off the list."
    assert (window.asked, window.shown) == ([("machines.remove", "rack")], left)
    assert window.toasts == [("Forgot rack",)]


async def test_what_a_move_left_is_removed_when_it_is_wanted(window: PlayedWindow) -> None:
    kept = KeptSource(kind="container", name="web", target="rack", moved=MOMENT, here={}, there={})
    window.engine.answers["machines.finish"] = kept
    await finish_move(window, "web", "")  # type: ignore[arg-type]
    assert window.asked == [("machines.finish", "web", ("source", ""))]
    assert window.toasts == [("Removed web from This computer; it runs on rack", Tone.SUCCESS)]
