"""What is done in clusters and swarms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from engine.types.clusters import ClusterPlace, Forward
from engine.types.containers import State
from engine.types.projects import (
    ProjectProblem,
)
from engine.types.swarm import ChangeService, SwarmFile, SwarmNode, SwarmStack
from gui.actions.clusters import ports_of
from gui.theme import Tone
from tests.unit.gui.actions.conftest import a_project, possible, why
from tests.unit.gui.made import STARTED, a_container, a_row, a_service, an_image

if TYPE_CHECKING:
    from tests.support.played_window import PlayedWindow

WEB = a_container("web")


# --- clusters ---

PLACE = ClusterPlace(context="here", namespace="shop")
KINDS = ("deployments", "statefulsets", "daemonsets", "pods", "jobs", "services", "configmaps", "secrets", "events")


def rows(*plurals: str) -> list[Any]:
    return [a_row(plural, plural.title(), name=f"{plural[:3]}-{place}") for place, plural in enumerate(plurals)]


@pytest.mark.parametrize(
    ("action", "kinds"),
    [
        ("logs", "deployments statefulsets daemonsets pods jobs services"),
        ("terminal", "pods"),
        ("copy-out", "pods"),
        ("copy-in", "pods"),
        ("forward", "deployments statefulsets daemonsets pods services"),
        ("scale", "deployments statefulsets"),
        ("restart", "deployments statefulsets daemonsets"),
        ("undo", "deployments statefulsets daemonsets configmaps secrets"),
        ("delete", "deployments statefulsets daemonsets pods jobs services configmaps secrets"),
        ("details", " ".join(KINDS)),
    ],
)
def test_what_can_be_done_to_which_objects(window: PlayedWindow, action: str, kinds: str) -> None:
    enabled = window.verbs[f"cluster.{action}"].enabled
    assert [kind for kind in KINDS if enabled(rows(kind))] == kinds.split()
    first = kinds.split()[0]
    assert enabled(rows(first, first)) == (action in ("restart", "delete"))
    assert not enabled([])
    if action != "details":
        assert not enabled(rows(first, "events"))


async def test_what_is_here_goes_to_a_cluster(window: PlayedWindow) -> None:
    image = an_image(tags=("app:1",))
    await window.act("clusters.deploy")
    await window.act("container.deploy", [WEB, a_container("db")])
    await window.act("image.deploy", [image])
    await window.act("project.deploy", [a_project(WEB)])
    assert window.shown == [
        ("dialog", "cluster-deploy"),
        ("dialog", "cluster-deploy", ("names", ["web", "db"])),
        ("dialog", "cluster-deploy", ("names", ["app:1"])),
        ("dialog", "cluster-deploy", ("names", ["shop"])),
    ]
    assert possible(window, "container.deploy", [], [WEB]) == [False, True]
    assert possible(window, "image.deploy", [], [image], [image, image]) == [False, True, False]
    assert possible(window, "project.deploy", [a_project(WEB), a_project(WEB)]) == [False]


async def test_where_objects_are_looked_at(window: PlayedWindow) -> None:
    for action in ("details", "logs", "terminal"):
        await window.act(f"cluster.{action}", rows("pods"))
    key = "pods/shop/pod-0"
    assert window.shown == [
        ("page", "clusters", key), ("page", "clusters", key, "log"), ("page", "clusters", key, "terminal")
    ]  # fmt: skip


async def test_a_workload_is_asked_for_so_many_pods(window: PlayedWindow) -> None:
    workload = a_row("deployments", "Deployment", replicas=2)
    await window.act("cluster.scale", [workload])
    assert window.asked == []
    (question,) = window.texts
    assert (question.title, question.label, question.accept, question.text) == ("Scale web", "Pods", "Scale", "2")
    assert question.check is not None
    assert [text for text in ("0", " 7 ", "1000") if question.check(text)] == []
    for text in ("1001", "-1", "", "many", "²", "٣", "1.5"):
        assert question.check(text) == "Write a number from 0 to 1000"
    window.writes = " 3 "
    await window.act("cluster.scale", [workload])
    assert window.asked == [("clusters.scale", PLACE, "deployments/web", 3)]
    assert window.toasts == [("web is asked for 3 pods", Tone.SUCCESS)]


async def test_pods_are_replaced_one_after_the_other(window: PlayedWindow) -> None:
    await window.act("cluster.restart", rows("deployments", "deployments", "daemonsets"))
    await window.act("cluster.restart", rows(*["daemonsets"] * 4))
    assert window.asked[:2] == [
        ("clusters.restart", PLACE, "deployments/dep-0"), ("clusters.restart", PLACE, "deployments/dep-1")
    ]  # fmt: skip
    assert len(window.asked) == 7
    assert window.toasts == [
        ("Pods of dep-0, dep-1, dae-2 are replaced one after the other", Tone.SUCCESS),
        ("Pods of dae-0, dae-1, dae-2… are replaced one after the other", Tone.SUCCESS),
    ]


@pytest.mark.parametrize(
    ("plural", "text"),
    [
        ("deployments", "Its pods are replaced by those of the state before the last change."),
        ("secrets", "What it held before the last deployment from here is put back."),
    ],
)
async def test_an_object_is_brought_back_after_a_question(window: PlayedWindow, plural: str, text: str) -> None:
    window.says = None
    await window.act("cluster.undo", rows(plural))
    assert (window.asked, window.toasts) == ([], [])
    window.says = frozenset()
    await window.act("cluster.undo", rows(plural))
    question = window.questions[0]
    name = f"{plural[:3]}-0"
    assert (question.title, question.text) == (f"Bring {name} back to how it was before?", text)
    assert (question.accept, question.danger) == ("Bring back", False)
    assert window.asked == [("clusters.undo", PLACE, f"{plural}/{name}")]
    assert window.toasts == [(f"{name} goes back to how it was before", Tone.SUCCESS)]


@pytest.mark.parametrize(
    ("plurals", "title", "done"),
    [(["pods"], "Delete pod-0?", "Deleted pod-0"), (["pods", "jobs"], "Delete 2 objects?", "Deleted 2 objects")],
)
async def test_before_objects_are_deleted_it_is_asked(
    window: PlayedWindow, plurals: list[str], title: str, done: str
) -> None:
    window.says = None
    await window.act("cluster.delete", rows(*plurals))
    assert (window.asked, window.toasts) == ([], [])
    window.says = frozenset()
    await window.act("cluster.delete", rows(*plurals))
    question = window.questions[0]
    assert (question.title, question.accept, question.danger) == (title, "Delete", True)
    assert "in the cluster here" in question.text
    assert question.details == tuple(f"{row.kind}  shop/{row.name}" for row in rows(*plurals))
    assert window.asked == [("clusters.delete", PLACE, row.plural, row.name) for row in rows(*plurals)]
    assert window.toasts == [(done,)]


@pytest.mark.parametrize(
    ("text", "here", "there"),
    [("80", 0, 80), (" 8080:80 ", 8080, 80), (":80", 0, 80), ("65535:65535", 65535, 65535), ("0:1", 0, 1)],
)
def test_which_port_here_leads_to_which_there(text: str, here: int, there: int) -> None:
    assert ports_of(text) == (here, there)


@pytest.mark.parametrize("text", ["", "0", "65536", "65536:80", "-1:80", "80:", "web", "1:2:3", "٣:80", "1_0:80", "+1"])
def test_what_is_no_port_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        ports_of(text)


async def test_a_port_is_forwarded(window: PlayedWindow) -> None:
    await window.act("cluster.forward", rows("pods"))
    await window.act("cluster.forward", [a_row("services", "Service", ports=(8080, 9090))])
    assert window.asked == []
    bare, known = window.texts
    assert (bare.title, bare.label, bare.accept, bare.text) == (
        "Forward a port of pod-0", "Port there, or “here:there”", "Forward", "80",
    )  # fmt: skip
    assert known.text == "8080"
    assert known.check is not None
    assert known.check("8080:80") == ""
    assert known.check("x") == "Write a port, such as 80 or 8080:80"
    window.writes = "8000:80"
    made = Forward(id="f", context="here", namespace="shop", pod="web-1", port=80, local_port=8000)
    window.engine.answers["clusters.forward"] = made
    await window.act("cluster.forward", rows("pods"))
    assert window.asked == [("clusters.forward", PLACE, "pods/pod-0", 80, ("local_port", 8000))]
    assert window.toasts == [("127.0.0.1:8000 leads to port 80 of web-1", Tone.SUCCESS, "Show")]
    await window.press()
    assert window.shown == [("page", "clusters", "ports")]


async def test_files_are_copied_out_of_a_pod(window: PlayedWindow) -> None:
    await window.act("cluster.copy-out", rows("pods"))
    assert window.files == []
    (question,) = window.texts
    assert (question.title, question.label, question.accept, question.text) == (
        "Copy out of pod-0", "File or folder in the pod", "Choose where to…", "/",
    )  # fmt: skip
    assert question.check is not None
    assert (question.check(" /var "), question.check("var")) == ("", "Write a path that begins with /")
    window.writes = " /var/log "
    await window.act("cluster.copy-out", rows("pods"))
    assert window.files == [("folder", "Copy /var/log to")]
    assert window.asked == []
    window.chooses = "/home/me"
    window.engine.answers["clusters.copy_out"] = 3
    await window.act("cluster.copy-out", rows("pods"))
    assert window.asked == [("clusters.copy_out", PLACE, "pods/pod-0", "/var/log", "/home/me")]
    assert window.toasts == [("Copied /var/log to /home/me (3 files)", Tone.SUCCESS)]


async def test_files_are_copied_into_a_pod(window: PlayedWindow) -> None:
    await window.act("cluster.copy-in", rows("pods"))
    assert window.files == [("open", "Copy into pod-0", "")]
    assert window.texts == []
    window.chooses = "/home/me/x"
    await window.act("cluster.copy-in", rows("pods"))
    assert window.asked == []
    (question,) = window.texts
    assert (question.title, question.label, question.accept, question.text) == (
        "Copy into pod-0", "Folder in the pod", "Copy", "/tmp",
    )  # fmt: skip
    assert question.check is not None
    assert question.check("tmp") != ""
    window.writes = " /srv "
    await window.act("cluster.copy-in", rows("pods"))
    assert window.asked == [("clusters.copy_in", PLACE, "pods/pod-0", "/home/me/x", "/srv")]
    assert window.toasts == [("Copied /home/me/x to /srv", Tone.SUCCESS)]


# --- swarms ---


@pytest.mark.parametrize(
    ("fields", "scale", "back", "no_scale", "no_back"),
    [
        ({}, True, False, "It has one task on each node", "It was not changed since it was made"),
        ({"mode": "global"}, False, False, "It has one task on each node", "It was not changed since it was made"),
        ({"has_earlier": True}, True, True, "It has one task on each node", "It was not changed since it was made"),
    ],
)
def test_when_something_can_be_done_to_a_service(
    window: PlayedWindow, fields: dict[str, Any], no_scale: str, no_back: str, scale: bool, back: bool
) -> None:
    one = a_service(**fields)
    assert possible(window, "service.scale", [], [one], [one, one]) == [False, scale, False]
    assert possible(window, "service.roll-back", [], [one], [one, one]) == [False, back, False]
    assert (why(window, "service.scale", one), why(window, "service.roll-back", one)) == (no_scale, no_back)
    assert why(window, "service.scale", one, one) == why(window, "service.roll-back") == ""


def test_when_something_can_be_done_in_a_swarm(window: PlayedWindow) -> None:
    one = a_service()
    for action in ("details", "logs", "image"):
        assert possible(window, f"service.{action}", [], [one], [one, one]) == [False, True, False]
    for action in ("service.restart", "service.remove", "stack.remove"):
        assert possible(window, action, [], [one], [one, one]) == [False, True, True]


@pytest.mark.parametrize(
    ("action", "subjects", "shown"),
    [
        ("swarm.deploy", [], ("dialog", "stack-deploy")),
        ("swarm.new-service", [], ("dialog", "new-service")),
        (
            "project.deploy-stack",
            [a_project(files=("/x",))],
            ("dialog", "stack-deploy", ("name", "shop"), ("files", ("/x",))),
        ),
        ("service.details", [a_service()], ("page", "swarm", "s1")),
        ("service.logs", [a_service()], ("page", "swarm", "s1", "log")),
    ],
)
async def test_where_a_swarm_is_looked_at(
    window: PlayedWindow, action: str, subjects: list[Any], shown: tuple[Any, ...]
) -> None:
    await window.act(action, subjects)
    assert window.shown == [shown]


async def test_a_service_is_scaled(window: PlayedWindow) -> None:
    await window.act("service.scale", [a_service()])
    (question,) = window.texts
    assert (question.title, question.label, question.accept, question.text) == ("Scale shop_web", "Tasks", "Scale", "3")
    assert question.check is not None
    assert (question.check(" 10000 "), question.check("0")) == ("", "")
    for text in ("10001", "-1", "", "many", "²"):
        assert question.check(text) == "Write a number from 0 to 10000"
    assert window.asked == []
    window.writes = "0"
    await window.act("service.scale", [a_service()])
    assert window.asked == [("swarm.scale", "s1", 0)]


async def test_a_service_gets_another_image_and_its_warnings_are_told(window: PlayedWindow) -> None:
    await window.act("service.image", [a_service()])
    assert window.asked == []
    (question,) = window.texts
    assert (question.title, question.label, question.accept, question.text) == (
        "Another image for shop_web", "Image", "Update", "nginx:1",
    )  # fmt: skip
    assert question.check is not None
    assert (question.check("x"), question.check("  ")) == ("", "Write an image")
    window.writes = " nginx:2 "
    window.engine.answers["swarm.update"] = [ProjectProblem(message="No such digest", warning=True)]
    await window.act("service.image", [a_service()])
    assert window.asked == [("swarm.update", "s1", ChangeService(image="nginx:2"))]
    assert window.toasts == [("No such digest", Tone.WARNING)]


async def test_tasks_are_started_anew(window: PlayedWindow) -> None:
    window.engine.answers["swarm.update"] = []
    await window.act("service.restart", [a_service(), a_service(id="s2")])
    force = ChangeService(force=True)
    assert window.asked == [("swarm.update", "s1", force), ("swarm.update", "s2", force)]


async def test_a_service_is_rolled_back_after_a_question(window: PlayedWindow) -> None:
    window.says = None
    await window.act("service.roll-back", [a_service()])
    assert window.asked == []
    window.says = frozenset()
    await window.act("service.roll-back", [a_service()])
    question = window.questions[0]
    assert (question.title, question.accept, question.danger) == (
        "Bring shop_web back to how it was before?", "Roll back", False,
    )  # fmt: skip
    assert question.text == "Its tasks are replaced by those of the state before the last change."
    assert window.asked == [("swarm.roll_back", "s1")]


def a_file(name: str, *users: str, kind: Any = "secret") -> SwarmFile:
    return SwarmFile(kind=kind, id=f"id-{name}", name=name, created=STARTED, updated=STARTED, used_by=users)


@pytest.mark.parametrize(
    ("action", "subjects", "text", "asked"),
    [
        (
            "service.remove",
            [a_service(id=name, name=name) for name in "abcd"],
            "Its tasks are ended on all nodes.",
            [("swarm.remove_service", name) for name in "abcd"],
        ),
        (
            "stack.remove",
            [SwarmStack(name="shop")],
            "Its services, networks, configs and secrets go; volumes stay on their nodes.",
            [("swarm.remove_stack", "shop")],
        ),
        (
            "swarm-file.remove",
            [a_file("key"), a_file("conf", kind="config")],
            "What is in it is kept nowhere else.",
            [("swarm.remove_file", "secret", "id-key"), ("swarm.remove_file", "config", "id-conf")],
        ),
    ],
)
async def test_before_something_of_a_swarm_goes_it_is_asked(
    window: PlayedWindow, action: str, subjects: list[Any], text: str, asked: list[Any]
) -> None:
    window.says = None
    await window.act(action, subjects)
    assert window.asked == []
    window.says = frozenset()
    await window.act(action, subjects)
    question = window.questions[0]
    names = tuple(each.name for each in subjects)
    assert question.title == f"Remove {', '.join(names[:3])}{'…' if len(names) > 3 else ''}?"
    assert (question.text, question.accept) == (text, "Remove")
    assert question.details == (names if len(names) > 1 else ())
    assert window.asked == asked
    assert window.toasts == ([("Removed shop",)] if action == "stack.remove" else [])


def test_what_is_used_cannot_go(window: PlayedWindow) -> None:
    free, used = a_file("key"), a_file("conf", "web", "db")
    assert possible(window, "swarm-file.remove", [], [free], [used], [free, used]) == [False, True, False, False]
    assert why(window, "swarm-file.remove", used, a_file("x", "db")) == "Used by db, web"
    assert why(window, "swarm-file.remove", free) == ""


def a_node(**fields: Any) -> SwarmNode:
    return SwarmNode(id=fields.pop("id", "n"), name="n1", **fields)


@pytest.mark.parametrize(
    ("action", "change", "not_when"),
    [
        ("drain", ("availability", "drain"), a_node(availability="drain")),
        ("pause", ("availability", "pause"), a_node(availability="pause")),
        ("activate", ("availability", "active"), a_node(availability="active")),
        ("promote", ("role", "manager"), a_node(role="manager")),
        ("demote", ("role", "worker"), a_node(role="worker")),
    ],
)
async def test_what_nodes_become(
    window: PlayedWindow, action: str, change: tuple[str, str], not_when: SwarmNode
) -> None:
    others = {"activate": a_node(availability="drain"), "demote": a_node(role="manager")}
    other = others.get(action, a_node())
    found = possible(window, f"node.{action}", [], [not_when], [other], [not_when, other])
    assert found == [False, False, True, True]
    await window.act(f"node.{action}", [other, a_node(id="m")])
    assert window.asked == [("swarm.change_node", "n", change), ("swarm.change_node", "m", change)]


def test_whoever_leads_a_swarm_stays_a_manager(window: PlayedWindow) -> None:
    leader, manager = a_node(role="manager", leader=True), a_node(role="manager")
    assert possible(window, "node.demote", [leader], [leader, manager]) == [False, False]
    assert why(window, "node.demote", manager, leader) == "It leads the swarm: another manager must first"
    assert why(window, "node.demote", manager) == ""


def test_the_states_of_containers_do_not_matter_where_they_are_deployed(window: PlayedWindow) -> None:
    assert possible(window, "container.deploy", [a_container("x", state=State.EXITED)]) == [True]
