"""What is done to volumes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import WherryError
from engine.types.containers import State
from engine.types.volumes import Volume
from gui.theme import Tone
from tests.unit.gui.actions.conftest import possible, why
from tests.unit.gui.made import STARTED, a_container

if TYPE_CHECKING:
    from tests.support.played_window import PlayedWindow

WEB = a_container("web")


def a_volume(name: str = "data", *users: str, size: int | None = None, **fields: Any) -> Volume:
    return Volume(name=name, mountpoint="/v", created=STARTED, used_by=users, size=size, **fields)


FREE, USED = a_volume("free"), a_volume("used", WEB.id)
NAMELESS = "ab" * 32


@pytest.mark.parametrize(
    ("actions", "none", "one", "used", "two"),
    [
        ("browse backup restore clone", False, True, True, False),
        ("measure", False, True, True, True),
        ("rename", False, True, False, False),
        ("remove", False, True, False, True),
    ],
)
def test_when_something_can_be_done_to_volumes(
    window: PlayedWindow, actions: str, none: bool, one: bool, used: bool, two: bool
) -> None:
    for action in actions.split():
        found = possible(window, f"volume.{action}", [], [FREE], [USED], [USED, FREE])
        assert found == [none, one, used, two], action


def test_who_uses_a_volume_must_go_first(window: PlayedWindow) -> None:
    assert why(window, "volume.remove", FREE) == ""
    both = why(window, "volume.rename", a_volume("a", "x", "y"), a_volume("b", "y"))
    assert both == "2 containers use it: remove them first"


async def test_volumes_are_looked_at_and_measured(window: PlayedWindow) -> None:
    await window.act("volumes.create")
    await window.act("volume.browse", [FREE])
    assert window.shown == [("dialog", "create-volume"), ("page", "volumes", "free")]
    await window.act("volume.measure", [FREE, USED])
    assert window.asked == [("volumes.measure", "free"), ("volumes.measure", "used")]


async def test_a_volume_is_backed_up(window: PlayedWindow) -> None:
    await window.act("volume.backup", [FREE])
    ((kind, title, suggested, filters),) = window.files
    assert (kind, title, filters) == ("save", "Back up free", "Backups (*.tar.zst *.tar)")
    assert re.fullmatch(r"free-\d{4}-\d\d-\d\d\.tar\.zst", suggested)
    assert window.asked == []
    window.chooses = "/x.tar.zst"
    await window.act("volume.backup", [FREE])
    assert window.asked == [("volumes.backup", "free", "/x.tar.zst")]
    assert window.toasts == [("Backed up to /x.tar.zst", Tone.SUCCESS)]


async def test_a_restore_can_be_left_at_the_file_or_at_the_question(window: PlayedWindow) -> None:
    await window.act("volume.restore", [FREE])
    assert window.files == [("open", "Restore free from", "Backups (*.tar.zst *.tar)")]
    assert window.questions == []
    window.chooses, window.says = "/b/old.tar.zst", None
    await window.act("volume.restore", [FREE])
    assert (window.asked, window.toasts) == ([], [])
    (question,) = window.questions
    assert (question.title, question.accept, question.details) == ("Restore free?", "Restore", ("/b/old.tar.zst",))
    assert question.text == "All that is in it now is replaced by what is in the backup."
    ((key, words, ticked),) = question.options
    assert (key, ticked) == ("backup", True)
    assert re.fullmatch(r"First back up what is in it to free-before-\d{4}-\d\d-\d\d-\d{6}\.tar\.zst", words)


async def test_what_runs_is_stopped_for_a_restore_and_it_can_be_taken_back(window: PlayedWindow) -> None:
    db, rest = a_container("db"), a_container("rest", state=State.EXITED)
    window.mirror.containers.update({each.id: each for each in (WEB, db, rest)})
    window.mirror.volumes["used"] = a_volume("used", WEB.id, db.id, rest.id, "gone")
    window.chooses, window.says = "/b/old.tar.zst", frozenset({"backup"})
    await window.act("volume.restore", [USED])
    question = window.questions[0]
    assert question.text.endswith("backup. db, web uses it, is stopped for that, and started again.")
    assert question.accept == "Stop db, web, restore, start it again"
    stops = [("containers.stop", db.id), ("containers.stop", WEB.id)]
    starts = [("containers.start", db.id), ("containers.start", WEB.id)]
    before = window.asked[2][2]
    assert before.startswith("/b/used-before-")
    put = ("volumes.restore", "used", "/b/old.tar.zst")
    assert window.asked == [*stops, ("volumes.backup", "used", before), put, *starts]
    assert window.toasts == [("Restored used", Tone.SUCCESS, "Undo")]
    window.asked.clear()
    await window.press()
    assert window.asked == [*stops, ("volumes.restore", "used", before), *starts]
    assert window.toasts[-1] == ("used is as it was before", Tone.SUCCESS)


async def test_a_restore_without_a_backup_before_cannot_be_taken_back(window: PlayedWindow) -> None:
    window.chooses = "/b/old.tar.zst"
    await window.act("volume.restore", [FREE])
    assert window.asked == [("volumes.restore", "free", "/b/old.tar.zst")]
    assert window.toasts == [("Restored free", Tone.SUCCESS)]


async def test_whatever_happens_what_ran_before_a_restore_runs_afterwards(window: PlayedWindow) -> None:
    window.mirror.containers[WEB.id] = WEB
    window.chooses = "/b/old.tar.zst"
    window.engine.answers["volumes.restore"] = WherryError("A broken archive")
    with pytest.raises(WherryError):
        await window.act("volume.restore", [USED])
    assert window.asked[-1] == ("containers.start", WEB.id)
    assert window.toasts == []


async def test_a_volume_is_cloned_under_a_name_that_will_do(window: PlayedWindow) -> None:
    await window.act("volume.clone", [FREE])
    assert window.asked == []
    window.writes = " copy "
    await window.act("volume.clone", [FREE])
    question = window.texts[0]
    assert (question.title, question.label, question.accept, question.text) == (
        "Clone free", "Name of the copy", "Clone", "free-copy",
    )  # fmt: skip
    assert question.check is not None
    assert question.check(" copy ") == ""
    assert question.check("-copy") != ""
    assert window.shown == [("make room", "volume", "copy")]
    assert window.asked == [("volumes.clone", "free", "copy")]
    assert window.toasts == [("Cloned to copy", Tone.SUCCESS)]


@pytest.mark.parametrize("answer", [None, "", " free "])
async def test_a_volume_that_keeps_its_name_is_let_alone(window: PlayedWindow, answer: str | None) -> None:
    window.writes = answer
    await window.act("volume.rename", [FREE])
    assert (window.asked, window.toasts) == ([], [])


async def test_a_volume_is_renamed_and_back(window: PlayedWindow) -> None:
    window.writes = " new "
    await window.act("volume.rename", [FREE])
    (question,) = window.texts
    assert (question.title, question.label, question.accept, question.text) == (
        "Rename free", "New name", "Rename", "free",
    )  # fmt: skip
    assert question.check is not None
    assert (question.check(" a "), question.check("-a") != "") == ("", True)
    assert window.toasts == [("Renamed to new", "Undo")]
    await window.press()
    assert window.asked == [("volumes.rename", "free", "new"), ("volumes.rename", "new", "free")]


LOST = "What is in it is lost for good. A backup first may be a good idea."


@pytest.mark.parametrize(
    ("volumes", "title", "text", "named", "removed", "gain"),
    [
        ([FREE, USED], "Remove the volume?", LOST, ("free",), "Removed free", 0),
        (
            [a_volume("a", size=1 << 20), a_volume("b", size=1 << 20), FREE],
            "Remove 3 volumes?",
            f"{LOST} This frees 2.00 MiB.",
            ("a", "b", "free"),
            "Removed 3 volumes",
            2 << 20,
        ),
    ],
)
async def test_a_volume_is_asked_about_and_only_free_ones_go(
    window: PlayedWindow, volumes: list[Volume], title: str, text: str, named: tuple[str, ...], removed: str, gain: int
) -> None:
    window.says = None
    await window.act("volume.remove", volumes)
    assert window.removals == []
    window.says = frozenset()
    await window.act("volume.remove", volumes)
    question = window.questions[0]
    assert (question.title, question.text, question.details, question.accept) == (title, text, named, "Remove")
    (removal,) = window.removals
    assert (removal.title, removal.hidden) == (removed, {"volume": named})
    assert removal.gain is not None
    assert await removal.gain(window.engine) == gain
    await removal.work(window.engine)
    assert window.asked == [("volumes.remove", name) for name in named]


async def test_unused_volumes_go_those_with_a_name_only_if_wanted(window: PlayedWindow) -> None:
    window.mirror.volumes["used"] = USED
    await window.act("volumes.prune")
    assert window.toasts == [("Every volume is in use: there is nothing to remove.",)]
    nameless = a_volume(NAMELESS, anonymous=True)
    window.mirror.volumes.update({"free": FREE, NAMELESS: nameless, "more": a_volume("more")})
    window.says = None
    await window.act("volumes.prune")
    assert window.removals == []
    (question,) = window.questions
    assert (question.title, question.accept) == ("Remove 3 unused volumes?", "Remove")
    assert question.details[0] == "free"
    assert len(question.details) == 3
    assert question.text.startswith("1 of 3 unused volumes was made for a container and never named. ")
    assert question.text.endswith("What is in them is lost for good.")
    assert question.options == (("all", "Remove the named ones too", False),)
    for ticked, going in ((frozenset(), (NAMELESS,)), (frozenset({"all"}), ("free", NAMELESS, "more"))):
        window.says = ticked
        await window.act("volumes.prune")
        assert window.removals[-1].hidden == {"volume": going}


@pytest.mark.parametrize("anonymous", [True, False])
async def test_where_all_or_none_have_names_nothing_is_to_choose(window: PlayedWindow, *, anonymous: bool) -> None:
    volumes = {"a": a_volume("a", anonymous=anonymous), "b": a_volume("b", anonymous=anonymous)}
    window.mirror.volumes.update(volumes)
    await window.act("volumes.prune")
    (question,) = window.questions
    assert (question.options, question.text) == ((), "What is in them is lost for good.")
    assert window.removals[0].hidden == {"volume": ("a", "b")}
