"""What is told of other machines, and of what goes there."""

from __future__ import annotations

from typing import Any

import pytest

from engine.types.machines import Bringable, Found, Link, Machine, Moved, MovePart, MovePlan
from engine.types.operations import Failure
from gui.presentation.remote import machines as words
from gui.presentation.units import clock_text
from gui.theme import Tone
from tests.unit.gui.made import STARTED


def test_this_computer_has_no_name_and_is_always_there() -> None:
    assert words.machine_title("") == "This computer"
    assert words.machine_title("rack") == "rack"
    assert words.link_tone(None) is Tone.SUCCESS


@pytest.mark.parametrize(
    ("link", "text", "tone"),
    [
        (Link.NONE, "Not connected", Tone.MUTED),
        (Link.CONNECTING, "Connecting…", Tone.INFO),
        (Link.CONNECTED, "Connected", Tone.SUCCESS),
        (Link.STALE, "Not heard of", Tone.WARNING),
        (Link.UNREACHABLE, "Not reachable", Tone.DANGER),
    ],
)
def test_how_the_way_to_a_machine_is(link: Link, text: str, tone: Tone) -> None:
    machine = Machine(name="rack", link=link)
    assert (words.link_words(machine), words.link_tone(machine)) == (text, tone)


def test_of_a_machine_that_is_silent_the_time_is_told() -> None:
    silent = Machine(name="rack", link=Link.STALE, since=STARTED)
    assert words.link_words(silent) == f"Not heard of since {clock_text(STARTED)}"
    assert words.link_words(Machine(name="rack", link=Link.CONNECTED, since=STARTED)) == "Connected"


@pytest.mark.parametrize(
    ("fields", "lines"),
    [
        (
            {"kind": "docker", "version": "28.1", "source": "docker"},
            ["ssh://rack", "Docker 28.1", "Not connected", "From a docker context"],
        ),
        ({"kind": "podman", "source": "podman"}, ["ssh://rack", "Podman", "Not connected", "From a podman connection"]),
        ({"kind": "wherry", "version": "1"}, ["ssh://rack", "Wherry 1", "Not connected"]),
        (
            {"problem": Failure(code="x", title="No way", explanation="It is off.", hint="Turn it on.")},
            ["ssh://rack", "Not connected", "No way", "It is off.", "Turn it on."],
        ),
        ({"problem": Failure(code="x", title="No way")}, ["ssh://rack", "Not connected", "No way"]),
    ],
)
def test_all_there_is_to_say_of_a_machine(fields: dict[str, Any], lines: list[str]) -> None:
    assert words.machine_tip(Machine(name="rack", address="ssh://rack", **fields)).split("\n") == lines


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (
            {"host_name": "rack", "containers": 3, "running": 1, "images": 1, "round_trip": 0.0124},
            "Docker 28.1 on rack: 3 containers (1 running), 1 image; answers in 12 ms",
        ),
        ({}, "Docker 28.1 on ?: 0 containers (0 running), 0 images; answers in 1 ms"),
        ({"round_trip": 0.0016}, "Docker 28.1 on ?: 0 containers (0 running), 0 images; answers in 2 ms"),
    ],
)
def test_what_a_test_of_a_machine_has_shown(fields: dict[str, Any], text: str) -> None:
    assert words.found_words(Found(kind="docker", version="28.1", **fields)) == text


def test_what_goes_along_has_a_line_for_each_kind() -> None:
    parts = (
        MovePart(kind="image", name="nginx", size=5 << 20),
        MovePart(kind="image", name="redis", size=1 << 20, there=True),
        MovePart(kind="container", name="web"),
        MovePart(kind="network", name="front"),
        MovePart(kind="volume", name="data", size=1 << 10),
    )
    told = words.plan_words(MovePlan(request=Moved(kind="container", name="web"), parts=parts))
    assert told.split("\n") == [
        "Containers: web",
        "Images: nginx (5.00 MiB), redis (is there)",
        "Volumes: data (1.00 KiB)",
        "Networks: front",
        "At most 5.00 MiB are sent; what is there already is not.",
    ]
    nothing = words.plan_words(MovePlan(request=Moved(kind="image", name="x")))
    assert nothing == "At most 0 B are sent; what is there already is not."


@pytest.mark.parametrize(
    ("kind", "fields", "text"),
    [
        ("container", {"engine": "docker"}, "Container  ·  web  ·  Docker"),
        ("project", {"engine": "podman", "size": 2 << 20}, "Project  ·  web  ·  Podman  ·  2.00 MiB"),
        ("volume", {"here": True, "size": 2 << 20}, "Volume  ·  web  ·  is here already"),
        ("image", {}, "Image  ·  web"),
    ],
)
def test_what_can_be_brought_over(kind: Any, fields: dict[str, Any], text: str) -> None:
    assert words.bringable_words(Bringable(kind=kind, name="web", source="unix:///x", **fields)) == text
