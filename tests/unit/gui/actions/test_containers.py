"""What is done to containers: when it is possible, what is asked before, what the engine is told, how it is undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from engine.errors import Code, Conflict, NotFound, WherryError
from engine.types.containers import ContainerSpec, Mount, PortMapping, SizeOnDisk, State
from engine.types.frontdoor import Door, DoorAddress
from engine.types.images import CommitContainer
from engine.types.volumes import Volume
from gui.actions.several import SeveralFailed
from gui.presentation.containers.run_line import parse_run_line
from gui.theme import Tone
from tests.unit.gui.actions.conftest import clipboard
from tests.unit.gui.made import MOMENT, a_container

if TYPE_CHECKING:
    from pathlib import Path

    from engine.types.containers import Container
    from tests.support.played_window import PlayedWindow

WEB, DB = a_container("web"), a_container("db", state=State.EXITED)
LOG = a_container("log")
LOST = "Files written inside are lost. Named volumes stay."


def there(window: PlayedWindow, *containers: Container) -> None:
    window.mirror.containers.update({each.id: each for each in containers})


# --- when ---


@pytest.mark.parametrize(
    ("action", "states"),
    [
        ("start", "created exited restarting"),
        ("stop", "running paused restarting"),
        ("pause", "running"),
        ("unpause", "paused"),
        ("terminal", "running"),
    ],
)
def test_what_is_possible_in_which_state(window: PlayedWindow, action: str, states: str) -> None:
    enabled = window.verbs[f"container.{action}"].enabled
    possible = {state.value for state in State if enabled([a_container("x", state=state)])}
    assert possible == set(states.split())


@pytest.mark.parametrize("action", ["start", "stop", "kill", "remove"])
def test_one_of_several_is_enough(window: PlayedWindow, action: str) -> None:
    enabled = window.verbs[f"container.{action}"].enabled
    assert enabled([WEB, DB])
    assert not enabled([])


@pytest.mark.parametrize(
    "action", ["details", "terminal", "edit", "rename", "duplicate", "compare", "commit", "export", "copy-run",
               "copy-compose", "browse", "copy-address"]
)  # fmt: skip
def test_some_things_are_done_to_one_only(window: PlayedWindow, action: str) -> None:
    enabled = window.verbs[f"container.{action}"].enabled
    assert enabled([WEB])
    assert not enabled([WEB, LOG])
    assert not enabled([])


@pytest.mark.parametrize("action", ["logs", "graphs", "export-as", "copy-id"])
def test_some_things_are_done_to_any_number(window: PlayedWindow, action: str) -> None:
    enabled = window.verbs[f"container.{action}"].enabled
    assert enabled([WEB, LOG])
    assert not enabled([])


@pytest.mark.parametrize("action", ["browse", "copy-address"])
def test_only_what_lives_has_an_address(window: PlayedWindow, action: str) -> None:
    assert not window.verbs[f"container.{action}"].enabled([DB])


def test_why_something_is_not_possible(window: PlayedWindow) -> None:
    for action in ("container.start", "container.rename"):
        explain = window.verbs[action].why_not
        assert explain is not None
        assert explain([WEB]) == "Not possible while it is “Running”"
        assert explain([WEB, DB]) == ""


# --- the life of one, and of several ---


@pytest.mark.parametrize(
    ("action", "subject"),
    [
        ("start", DB),
        ("stop", WEB),
        ("restart", WEB),
        ("pause", WEB),
        ("unpause", a_container("p", state=State.PAUSED)),
        ("kill", WEB),
    ],
)
async def test_the_engine_is_asked_for_those_that_are_in_a_state_for_it(
    window: PlayedWindow, action: str, subject: Container
) -> None:
    other = a_container("x", state=State.REMOVING)
    there(window, subject, other)
    await window.act(f"container.{action}", [subject, other])
    assert window.asked == [(f"containers.{action}", subject.id)]


async def test_the_state_that_counts_is_the_one_of_now(window: PlayedWindow) -> None:
    there(window, replace(WEB, state=State.EXITED))
    await window.act("container.stop", [WEB])
    assert (window.asked, window.toasts) == ([], [])
    await window.act("container.pause", [WEB])
    assert (window.asked, window.toasts) == ([], [])


@pytest.mark.parametrize(
    ("action", "one", "two", "back"),
    [
        ("stop", "Stopped web", "Stopped 2 containers", "start"),
        ("pause", "Paused web", "Paused 2 containers", "unpause"),
    ],
)
async def test_an_end_or_a_pause_can_be_taken_back(
    window: PlayedWindow, action: str, one: str, two: str, back: str
) -> None:
    await window.act(f"container.{action}", [WEB])
    await window.act(f"container.{action}", [WEB, LOG])
    assert window.toasts == [(one, "Undo"), (two, "Undo")]
    state = State.EXITED if action == "stop" else State.PAUSED
    there(window, replace(WEB, state=state), replace(LOG, state=state))
    window.asked.clear()
    await window.press()
    assert window.asked == [(f"containers.{back}", WEB.id), (f"containers.{back}", LOG.id)]


async def test_a_kill_is_asked_before(window: PlayedWindow) -> None:
    window.says = None
    await window.act("container.kill", [WEB, LOG])
    assert window.asked == []
    (question,) = window.questions
    assert (question.title, question.accept, question.details) == ("Kill at once?", "Kill", ("web", "log"))
    assert question.text.startswith("The process gets no chance")
    assert question.danger


async def test_what_fails_of_several_is_named_and_the_others_are_done(window: PlayedWindow) -> None:
    def start(container: str) -> None:
        if container == WEB.id:
            raise Conflict("The port is taken", code=Code.PORT_IN_USE, subject="8080")

    window.engine.answers["containers.start"] = start
    web, log = replace(WEB, state=State.EXITED), replace(LOG, state=State.EXITED)
    with pytest.raises(SeveralFailed) as raised:
        await window.act("container.start", [web, DB, log])
    assert len(window.asked) == 3
    error = raised.value
    assert (error.title, error.code, error.subject, error.tried) == ("1 of 3 failed", Code.PORT_IN_USE, "8080", 3)
    assert error.keys == {WEB.id}
    assert [(each.key, each.name, each.error.title) for each in error.failures] == [
        (WEB.id, "web", "The port is taken")
    ]
    with pytest.raises(Conflict):
        await window.act("container.start", [web])


async def test_a_fault_of_ours_is_no_failure_of_a_container(window: PlayedWindow) -> None:
    window.engine.answers["containers.stop"] = KeyError("ours")
    with pytest.raises(KeyError):
        await window.act("container.stop", [WEB, LOG])


# --- removal ---


def a_volume(name: str, *users: Container, anonymous: bool = True) -> Volume:
    used_by = tuple(each.id for each in users)
    return Volume(name=name, mountpoint="/v", created=MOMENT, anonymous=anonymous, used_by=used_by)


def with_volumes(container: Container, *names: str) -> Container:
    return replace(container, mounts=tuple(Mount(kind="volume", source=name, target=f"/{name}") for name in names))


async def test_what_is_at_rest_goes_without_a_question(window: PlayedWindow) -> None:
    there(window, DB)
    await window.act("container.remove", [DB])
    assert window.questions == []
    (removal,) = window.removals
    assert (removal.title, removal.hidden) == ("Removed db", {"container": (DB.id,), "volume": ()})
    await removal.work(window.engine)
    assert window.asked == [("containers.remove", DB.id, ("force", True), ("volumes", False))]
    window.engine.answers["containers.size"] = SizeOnDisk(writable=7, total=99)
    assert removal.gain is not None
    assert await removal.gain(window.engine) == 7


@pytest.mark.parametrize(
    ("containers", "title", "text", "details"),
    [
        ([WEB], "Remove web?", f"web is running and will be killed. {LOST}", ()),
        (
            [WEB, DB],
            "Remove 2 containers?",
            f"web is running and will be killed. {LOST}",
            ("web", "db"),
        ),
        (
            [WEB, LOG],
            "Remove 2 containers?",
            f"2 of them are running and will be killed. {LOST}",
            ("web", "log"),
        ),
    ],
)  # fmt: skip
async def test_before_a_service_is_killed_it_is_asked(
    window: PlayedWindow, containers: list[Container], title: str, text: str, details: tuple[str, ...]
) -> None:
    window.says = None
    await window.act("container.remove", containers)
    assert window.removals == []
    (question,) = window.questions
    assert (question.title, question.text, question.details, question.options) == (title, text, details, ())
    assert question.accept == "Remove"
    window.says = frozenset()
    await window.act("container.remove", containers)
    (removal,) = window.removals
    assert removal.hidden == {"container": tuple(each.id for each in containers), "volume": ()}


@pytest.mark.parametrize(("ticked", "goes"), [(frozenset({"volumes"}), True), (frozenset(), False)])
async def test_volumes_nobody_named_go_along_if_wanted(
    window: PlayedWindow, ticked: frozenset[str], *, goes: bool
) -> None:
    db = with_volumes(DB, "own", "named", "shared", "away")
    there(window, db, WEB)
    volumes = (a_volume("own", DB), a_volume("named", DB, anonymous=False), a_volume("shared", DB, WEB))
    window.mirror.volumes.update({each.name: each for each in (*volumes, a_volume("other", WEB))})
    window.says = ticked
    await window.act("container.remove", [DB])
    (question,) = window.questions
    assert question.options == (("volumes", "Also remove the unnamed volume used by nothing else", True),)
    assert question.text == LOST
    (removal,) = window.removals
    assert removal.hidden == {"container": (DB.id,), "volume": ("own",) if goes else ()}
    await removal.work(window.engine)
    assert window.asked == [("containers.remove", DB.id, ("force", True), ("volumes", goes))]


async def test_a_removal_goes_through_all_and_forgives_what_is_gone_already(window: PlayedWindow) -> None:
    others = [a_container(f"n{number}", state=State.EXITED) for number in range(12)]
    await window.act("container.remove", others)
    (removal,) = window.removals
    assert removal.title == "Removed 12 containers"
    window.engine.answers["containers.remove"] = NotFound("No such container")
    await removal.work(window.engine)
    assert {each[1] for each in window.asked} == {each.id for each in others}
    window.engine.answers["containers.remove"] = Conflict("It is used")
    with pytest.raises(SeveralFailed, match="12 of 12 failed"):
        await removal.work(window.engine)


async def test_stopped_ones_go_together(window: PlayedWindow) -> None:
    there(window, WEB)
    await window.act("containers.prune")
    assert window.toasts == [("There are no stopped containers",)]
    created = a_container("new", state=State.CREATED)
    there(window, DB, created)
    window.says = None
    await window.act("containers.prune")
    assert window.removals == []
    (question,) = window.questions
    assert (question.title, question.accept, question.details) == (
        "Remove all stopped containers?", "Remove 2", ("db", "new"),
    )  # fmt: skip
    assert question.text == "Files written inside them are lost. Named volumes stay."
    window.says = frozenset()
    await window.act("containers.prune")
    assert window.removals[0].hidden == {"container": (DB.id, created.id), "volume": ()}


# --- names and images ---


async def test_a_new_name_is_checked_and_can_be_taken_back(window: PlayedWindow) -> None:
    there(window, WEB, DB)
    window.writes = "front"
    await window.act("container.rename", [WEB])
    (question,) = window.texts
    assert (question.title, question.label, question.accept, question.text) == (
        "Rename web", "New name", "Rename", "web",
    )  # fmt: skip
    assert question.check is not None
    assert [question.check(name) for name in ("db", "web", "front")] == ["Another container has this name", "", ""]
    assert question.check("-x") != ""
    assert window.toasts == [("web is now called front", "Undo")]
    await window.press()
    assert window.asked == [("containers.rename", WEB.id, "front"), ("containers.rename", WEB.id, "web")]


@pytest.mark.parametrize("answer", [None, "web"])
async def test_the_same_name_is_no_new_one(window: PlayedWindow, answer: str | None) -> None:
    window.writes = answer
    await window.act("container.rename", [WEB])
    assert (window.asked, window.toasts) == ([], [])


async def test_an_image_is_made_of_a_container(window: PlayedWindow) -> None:
    await window.act("container.commit", [WEB])
    assert window.asked == []
    window.writes = "localhost/mine:1"
    await window.act("container.commit", [WEB])
    question = window.texts[0]
    assert (question.title, question.label, question.accept, question.text) == (
        "Make an image of web", "Name of the image", "Make image", "localhost/web:latest",
    )  # fmt: skip
    request = CommitContainer(container=WEB.id, reference="localhost/mine:1")
    assert window.asked == [("images.commit", request)]
    assert window.toasts == [("Made the image localhost/mine:1", Tone.SUCCESS, "Show")]
    await window.press()
    assert window.shown == [("page", "images", "localhost/mine:1")]


async def test_files_are_exported_whole_or_not_at_all(window: PlayedWindow, tmp_path: Path) -> None:
    await window.act("container.export", [WEB])
    assert window.files == [("save", "Export the files of web", "web.tar", "Archives (*.tar)")]
    window.chooses = str(tmp_path / "web.tar")
    window.engine.answers["containers.export"] = [b"ab" * 512, b"c" * 1024]
    await window.act("container.export", [WEB])
    assert (tmp_path / "web.tar").read_bytes() == b"ab" * 512 + b"c" * 1024
    assert window.toasts == [("Exported 2.00 KiB", Tone.SUCCESS)]

    def broken(container: str) -> Any:
        yield b"half"
        raise WherryError("The line is cut")

    window.engine.answers["containers.export"] = broken
    with pytest.raises(WherryError):
        await window.act("container.export", [WEB])
    assert not (tmp_path / "web.tar.part").exists()
    assert (tmp_path / "web.tar").stat().st_size == 2048


# --- addresses ---

PORTS = (PortMapping(container_port=53, host_port=53, protocol="udp"), PortMapping(container_port=80, host_port=8080))


async def test_an_address_is_that_of_the_front_door_else_of_the_first_port(
    window: PlayedWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    published = replace(WEB, ports=PORTS)
    await window.act("container.browse", [published])
    await window.act("container.copy-address", [published])
    assert opened == [QUrl("http://localhost:8080/")]
    assert clipboard() == "http://localhost:8080/"
    assert window.toasts == [("http://localhost:8080/ is in the clipboard",)]
    address = DoorAddress(
        container_id=WEB.id, name="web", hosts=("web.localhost",), port=80, url="http://web.localhost:8088/", runs=True
    )
    window.mirror.doors["door"] = Door(addresses=(address,))
    await window.act("container.copy-address", [published])
    assert clipboard() == "http://web.localhost:8088/"


@pytest.mark.parametrize("action", ["container.browse", "container.copy-address"])
async def test_without_an_address_it_says_what_to_do(window: PlayedWindow, action: str) -> None:
    await window.act(action, [WEB])
    assert window.toasts == [("web has no address: publish a port, or open the front door", "Front door")]
    assert clipboard() == ""
    await window.press()
    assert window.shown == [("page", "settings", "door")]


# --- looking, and copies ---


@pytest.mark.parametrize(
    ("action", "subjects", "shown"),
    [
        ("logs", [WEB], ("page", "containers", WEB.id, "logs")),
        ("logs", [WEB, LOG], ("dialog", "merged-logs", ("containers", [WEB.id, LOG.id]))),
        ("graphs", [WEB], ("page", "containers", WEB.id, "stats")),
        ("graphs", [WEB, LOG], ("dialog", "graphs", ("containers", [WEB.id, LOG.id]))),
        ("terminal", [WEB], ("page", "containers", WEB.id, "terminal")),
        ("details", [WEB], ("page", "containers", WEB.id, "overview")),
        ("edit", [WEB], ("dialog", "edit", ("container", WEB.id))),
        ("compare", [replace(WEB, image_id="sha256:1")], ("page", "images", "sha256:1", f"compare:container:{WEB.id}")),
        ("export-as", [WEB, LOG], ("dialog", "export-as", ("containers", [WEB, LOG]), ("title", "web, log"))),
    ],
)
async def test_where_it_is_looked_at(
    window: PlayedWindow, action: str, subjects: list[Container], shown: tuple[Any, ...]
) -> None:
    await window.act(f"container.{action}", subjects)
    assert window.shown == [shown]


async def test_a_new_one_is_made_in_the_form(window: PlayedWindow) -> None:
    await window.act("containers.run")
    invented = replace(WEB, spec=ContainerSpec(image="nginx", hostname=WEB.id[:12]))
    await window.act("container.duplicate", [invented])
    assert window.shown == [("dialog", "run"), ("dialog", "run", ("spec", ContainerSpec(image="nginx")))]


async def test_what_goes_into_the_clipboard(window: PlayedWindow) -> None:
    one = replace(WEB, spec=ContainerSpec(image="nginx:1", hostname=WEB.id[:12]))
    await window.act("container.copy-run", [one])
    read = parse_run_line(clipboard())
    assert (read.name, read.spec.image) == ("web", "nginx:1")
    assert "hostname" not in clipboard()
    await window.act("container.copy-compose", [one])
    assert clipboard().startswith("services:\n  web:\n")
    assert "hostname" not in clipboard()
    await window.act("container.copy-id", [WEB, LOG])
    assert clipboard() == f"{WEB.id}\n{LOG.id}"
    assert window.toasts == [
        ("The docker run line is in the clipboard",), ("The compose file is in the clipboard",), ("Copied",)
    ]  # fmt: skip
