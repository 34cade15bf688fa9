"""What is done to networks, builds and pods, and to the program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from engine.types.builds import BuildImage
from engine.types.containers import ContainerSpec, CreateContainer, PortMapping, State
from engine.types.networks import Network, NetworkMember
from engine.types.operations import Operation, OperationState
from engine.types.pods import CreatePod, Pod, PodContainer
from gui.actions.operations import asked_again
from gui.theme import Mode, Tone, theme
from tests.unit.gui.actions.conftest import possible, why
from tests.unit.gui.made import MOMENT, STARTED, a_build, a_container

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.played_window import PlayedWindow

WEB = a_container("web")


# --- networks ---


def a_network(name: str, *members: str, builtin: bool = False) -> Network:
    joined = tuple(NetworkMember(container_id=each, name=each, ip_address="") for each in members)
    return Network(id=f"id-{name}", name=name, driver="bridge", created=STARTED, builtin=builtin, members=joined)


FRONT, FULL, OURS = a_network("front"), a_network("full", "web"), a_network("bridge", builtin=True)


def test_when_something_can_be_done_to_networks(window: PlayedWindow) -> None:
    for action in ("details", "connect"):
        assert possible(window, f"network.{action}", [], [FRONT], [FRONT, FULL]) == [False, True, False]
    assert possible(window, "network.remove", [], [FRONT], [FULL], [OURS], [OURS, FULL, FRONT]) == [
        False, True, False, False, True,
    ]  # fmt: skip
    assert why(window, "network.remove", OURS) == "It is always there"
    assert why(window, "network.remove", OURS, FULL) == "Containers are connected: disconnect them first"
    assert why(window, "network.remove") == why(window, "network.remove", OURS, FRONT) == ""


async def test_networks_are_made_looked_at_and_connected(window: PlayedWindow) -> None:
    await window.act("networks.create")
    await window.act("network.details", [FRONT])
    await window.act("network.connect", [FRONT])
    assert window.shown == [
        ("dialog", "create-network"),
        ("page", "networks", FRONT.id),
        ("dialog", "connect-network", ("network", FRONT.id)),
    ]


async def test_only_networks_nothing_is_connected_to_go(window: PlayedWindow) -> None:
    await window.act("network.remove", [FULL, OURS])
    assert window.removals == []
    await window.act("network.remove", [FULL, FRONT, OURS])
    (removal,) = window.removals
    assert (removal.title, removal.hidden) == ("Removed front", {"network": (FRONT.id,)})
    await removal.work(window.engine)
    assert window.asked == [("networks.remove", FRONT.id)]


async def test_unused_networks_go_together(window: PlayedWindow) -> None:
    window.mirror.networks.update({each.id: each for each in (FULL, OURS)})
    await window.act("networks.prune")
    assert (window.removals, window.questions) == ([], [])
    assert len(window.toasts) == 1
    window.mirror.networks.update({each.id: each for each in (FRONT, a_network("back"))})
    window.says = None
    await window.act("networks.prune")
    assert window.removals == []
    (question,) = window.questions
    assert (question.text, question.accept) == ("2 networks have no container.", "Remove")
    assert question.details == ("front", "back")
    window.says = frozenset()
    await window.act("networks.prune")
    (removal,) = window.removals
    assert (removal.title, removal.hidden) == ("Removed 2 networks", {"network": (FRONT.id, "id-back")})


# --- builds ---

REQUEST = BuildImage(context="/home/me/app")
RUNS, OVER = a_build(id="r", ended=None, request=REQUEST), a_build(id="o", request=REQUEST)


def test_when_something_can_be_done_to_builds(window: PlayedWindow) -> None:
    each: tuple[list[Any], ...] = ([], [RUNS], [OVER], [a_build()], [RUNS, RUNS], [RUNS, OVER])
    assert possible(window, "build.show", *each) == [False, True, True, True, False, False]
    assert possible(window, "build.cancel", *each) == [False, True, False, False, True, False]
    assert possible(window, "build.again", *each) == [False, False, True, False, False, False]
    assert possible(window, "build.again", [OVER, OVER]) == [False]


async def test_builds_are_begun_shown_ended_and_done_again(window: PlayedWindow) -> None:
    await window.act("builds.new")
    await window.act("builds.prune")
    await window.act("build.show", [OVER])
    await window.act("build.cancel", [RUNS, replace(RUNS, id="s")])
    await window.act("build.again", [OVER])
    assert window.asked == [("operations.cancel", "r"), ("operations.cancel", "s"), ("builds.build", REQUEST)]
    assert window.shown == [
        ("dialog", "build"),
        ("page", "disk", "build-cache"),
        ("page", "builds", "o"),
        ("page", "builds", "operation"),
    ]


# --- pods ---


def in_pod(name: str, pod: str = "front", state: State = State.RUNNING) -> Any:
    return a_container(name, state=state, spec=ContainerSpec(image="x", network=f"pod:{pod}"))


def a_pod(*states: State) -> Pod:
    inside = tuple(PodContainer(id=str(place), name=str(place), state=state) for place, state in enumerate(states))
    return Pod(id="p", name="front", created=MOMENT, recipe=CreatePod(), containers=inside)


@pytest.mark.parametrize(
    ("subjects", "start", "stop", "remove", "words"),
    [
        ([], False, False, False, ""),
        ([WEB], False, False, False, ""),
        ([in_pod("a"), in_pod("b")], True, True, True, ""),
        ([in_pod("a"), in_pod("b", "back")], False, False, False, ""),
        ([in_pod("a", state=State.EXITED)], True, False, True, ""),
        ([a_pod(State.EXITED, State.RUNNING)], True, True, True, ""),
        ([a_pod(State.EXITED)], True, False, True, ""),
        ([a_pod()], False, False, True, "No container is in it"),
    ],
)
def test_when_something_can_be_done_to_a_pod(
    window: PlayedWindow, subjects: list[Any], words: str, start: bool, stop: bool, remove: bool
) -> None:
    actions = ("start", "stop", "restart", "remove")
    assert [possible(window, f"pod.{each}", subjects)[0] for each in actions] == [start, stop, stop, remove]
    assert {why(window, f"pod.{each}", *subjects) for each in actions[:3]} == {words}


@pytest.mark.parametrize(
    ("action", "told"),
    [
        ("start", ("Started the pod front", Tone.SUCCESS)),
        ("stop", ("Stopped the pod front",)),
        ("restart", ("Started the pod front anew", Tone.SUCCESS)),
    ],
)
async def test_a_pod_is_one_thing(window: PlayedWindow, action: str, told: tuple[Any, ...]) -> None:
    await window.act(f"pod.{action}", [in_pod("a"), in_pod("b")])
    assert window.asked == [(f"pods.{action}", "front")]
    assert window.toasts == [told]


async def test_before_a_pod_goes_it_is_asked(window: PlayedWindow) -> None:
    window.says = None
    await window.act("pod.remove", [a_pod()])
    assert window.asked == []
    window.mirror.containers.update({each.id: each for each in (in_pod("b"), in_pod("a"), WEB, in_pod("c", "back"))})
    window.says = frozenset()
    await window.act("pod.remove", [in_pod("a")])
    empty, full = window.questions
    assert (empty.text, empty.details) == ("No container is in it.", ())
    assert (full.title, full.accept, full.details) == ("Remove the pod front?", "Remove", ("a", "b"))
    assert full.text == "All its containers are stopped and removed. Volumes stay."
    assert window.asked == [("pods.remove", "front", ("force", True))]
    assert window.toasts == [("Removed the pod front",)]


# --- the program ---


@pytest.fixture
def look(qapp: object) -> Iterator[None]:
    yield
    theme().set_mode(Mode.LIGHT)


@pytest.mark.parametrize(
    ("there", "asked"),
    [
        (None, ["images.load_demo", "containers.create", "containers.start"]),
        (State.EXITED, ["containers.start"]),
        (State.RUNNING, []),
    ],
)
async def test_the_demo_service_is_made_once_and_shown(
    window: PlayedWindow, there: State | None, asked: list[str]
) -> None:
    demo = a_container("wherry-demo", state=State.EXITED)
    if there is not None:
        window.mirror.containers[demo.id] = replace(demo, state=there)
    window.mirror.containers[WEB.id] = WEB
    window.engine.answers |= {
        "images.load_demo": "loaded\nlocalhost/wherry-demo:1",
        "containers.create": demo,
        "containers.start": replace(demo, state=State.RUNNING),
    }
    await window.act("program.demo")
    assert [each[0] for each in window.asked] == asked
    assert window.asked[-1:] in ([], [("containers.start", demo.id)])
    if there is None:
        spec = ContainerSpec(image="localhost/wherry-demo:1", ports=(PortMapping(container_port=8080),))
        assert window.asked[1] == ("containers.create", CreateContainer(spec=spec, name="wherry-demo"))
    assert window.settings.welcomed
    assert window.toasts == [("The demo service runs", Tone.SUCCESS, "Open its page")]
    now = replace(demo, state=State.RUNNING, ports=(PortMapping(container_port=8080, host_port=1),))
    window.mirror.containers[demo.id] = now
    await window.press()
    assert window.shown == [("page", "containers", demo.id, "overview"), ("action", "container.browse", now)]


async def test_archives_are_loaded(window: PlayedWindow) -> None:
    await window.act("program.open-archive")
    endings = "*.tar *.tar.gz *.tgz *.tar.zst *.oci"
    assert window.files == [("open", "Open an archive of images", f"Image archives ({endings})")]
    assert window.asked == []
    window.chooses = "/x.tar"
    window.engine.answers["images.load"] = "app:1\napp:2"
    await window.act("program.open-archive")
    assert window.asked == [("images.load", "/x.tar")]
    assert window.toasts == [("Loaded app:1, app:2", Tone.SUCCESS, "Show")]
    await window.press()
    assert window.shown == [("page", "images")]


@pytest.mark.usefixtures("look")
async def test_light_and_dark_are_switched_and_remembered(window: PlayedWindow) -> None:
    theme().set_mode(Mode.LIGHT)
    await window.act("program.look")
    assert (theme().dark, window.settings.look) == (True, Mode.DARK)
    await window.act("program.look")
    assert (theme().dark, window.settings.look) == (False, Mode.LIGHT)


async def test_the_program_s_own_pages(window: PlayedWindow) -> None:
    await window.act("program.welcome")
    await window.act("program.doctor")
    await window.act("operations.clear")
    assert window.shown == [("page", "welcome"), ("page", "settings", "doctor")]
    assert window.asked == [("operations.clear_finished",)]


# --- once more ---


def an_end(kind: str, state: OperationState = OperationState.FAILED, **request: str) -> Operation:
    return Operation(id="o", kind=kind, title="", subject="data", state=state, started=STARTED, request=request)


@pytest.mark.parametrize(
    ("kind", "request_", "asked"),
    [
        ("pull", {"platform": "linux/arm64"}, "images.pull PullImage data linux/arm64"),
        ("pull", {}, "images.pull PullImage data"),
        ("push", {}, "images.push PushImage data"),
        ("save", {"path": "/x"}, "images.save_to ['data'] /x"),
        ("load", {"path": "/x"}, "images.load /x"),
        ("backup", {"path": "/x"}, "volumes.backup data /x"),
        ("restore", {"path": "/x"}, "volumes.restore data /x"),
        ("clone", {"new_name": "copy"}, "volumes.clone data copy"),
        ("build", {}, "builds.build BuildImage /home/me/app"),
    ],
)
@pytest.mark.parametrize("state", [OperationState.FAILED, OperationState.CANCELLED])
def test_what_failed_is_asked_again_as_it_was(
    window: PlayedWindow, kind: str, request_: dict[str, str], asked: str, state: OperationState
) -> None:
    work = asked_again(an_end(kind, state, **request_), {"o": OVER})
    assert work is not None
    work(window.engine)
    ((method, *given),) = window.asked
    words = [type(each).__name__ if hasattr(each, "__struct_fields__") else str(each) for each in given]
    if hasattr(given[0], "__struct_fields__"):
        known = (getattr(given[0], field, "") for field in ("reference", "context", "platform"))
        words += filter(None, known)
    assert " ".join([method, *words]) == asked


@pytest.mark.parametrize("kind", ["save", "load", "backup", "restore", "clone", "commit", "build"])
def test_what_is_not_known_is_not_offered_again(kind: str) -> None:
    assert asked_again(an_end(kind), {"other": OVER, "o": a_build()}) is None


@pytest.mark.parametrize("state", [OperationState.RUNNING, OperationState.SUCCEEDED])
def test_what_went_well_or_runs_is_not_offered_again(state: OperationState) -> None:
    assert asked_again(an_end("pull", state), {}) is None
