"""What takes the space, and what is asked before some of it is freed."""

from __future__ import annotations

from typing import Any

import pytest

from engine.types.disk import PART_IDS, DiskItem, DiskPart, DiskUsage, PartId
from gui.presentation import disk as words


def an_item(item_id: str = "x", name: str = "web", **fields: Any) -> DiskItem:
    known: dict[str, Any] = {"id": item_id, "name": name, "bytes": 1}
    return DiskItem(**known | fields)


TITLES: dict[PartId, tuple[str, str]] = {
    "images": ("Images", "Layers of images, unpacked and as they were pulled"),
    "build-cache": ("Build cache", "Steps of builds that no image has, and cache mounts"),
    "logs": ("Logs", "Of the containers there are; the last lines always stay"),
    "containers": ("Containers", "What containers have written into their own files"),
    "volumes": ("Volumes", "Data that outlives containers"),
    "history": ("History", "Logs and figures of removed containers, output of builds"),
    "pulls": ("Unfinished pulls", "Kept so that a pull that broke off can go on"),
    "store": ("The rest", "The database, and what is being deleted right now"),
}


@pytest.mark.parametrize("part_id", PART_IDS)
def test_each_part_has_a_name_and_says_what_it_is(part_id: PartId) -> None:
    assert (words.part_title(part_id), words.part_about(part_id)) == TITLES[part_id]


@pytest.mark.parametrize(
    ("item_id", "name", "text"),
    [
        ("build-output", "x", "Output of builds"),
        ("build-contexts", "x", "Digests of build folders"),
        ("figures:1", "name-web.2", "Figures of web"),
        ("figures:1", "shop.web.2", "Figures of shop.web"),
        ("log:1", "web", "Log of web"),
        ("sha256:1", "nginx:1", "nginx:1"),
    ],
)
def test_what_a_thing_is_called(item_id: str, name: str, text: str) -> None:
    assert words.item_name(an_item(item_id, name)) == text


def test_who_else_needs_a_thing() -> None:
    assert words.holders(an_item(held_by=("build-cache", "web", "running"))) == "build cache, web, in use now"
    assert words.holders(an_item()) == ""


def test_what_would_come_back() -> None:
    held = (an_item(held_by=("web",)), an_item(held_by=("web",), frees=1), an_item())
    part = DiskPart(id="images", bytes=9, frees=3, with_cache=2048, items=held)
    assert words.frees(part) == 2051
    assert words.part_words(part) == "1 thing in use  ·  2.00 KiB of it held by the build cache"
    assert words.part_words(DiskPart(id="images", bytes=9, frees=3, items=held[1:])) == ""
    usage = DiskUsage(parts=(part, DiskPart(id="logs", bytes=1015)), disk_free=5 << 30)
    assert words.usage_words(usage) == "1.00 KiB in the store  ·  5.00 GiB free on the disk"


@pytest.mark.parametrize(
    ("part_id", "loses"),
    [
        ("images", "pulled or built again"),
        ("build-cache", "next builds take longer"),
        ("logs", "Earlier lines"),
        ("containers", "Stopped containers are removed"),
        ("volumes", "gone for good"),
        ("history", "Logs and figures of removed containers"),
        ("pulls", "begin anew"),
    ],
)
def test_before_a_part_is_freed_it_is_said_what_is_lost(part_id: PartId, loses: str) -> None:
    asked = words.question(DiskPart(id=part_id, bytes=1), [an_item()])
    assert (asked.title, asked.accept, asked.details, asked.options) == (
        f"Free {TITLES[part_id][0]}?", "Free", ("web",), ()
    )  # fmt: skip
    assert loses in asked.text


@pytest.mark.parametrize(("count", "shown"), [(0, ()), (8, tuple("abcdefgh")), (9, (*"abcdefgh", "…"))])
def test_many_things_are_not_all_named(count: int, shown: tuple[str, ...]) -> None:
    chosen = [an_item(name=letter) for letter in "abcdefghi"[:count]]
    assert words.question(DiskPart(id="logs", bytes=1), chosen).details == shown


def test_images_may_let_go_of_their_steps_in_the_build_cache() -> None:
    held = [an_item(), an_item(held_by=("build-cache",))]
    images = DiskPart(id="images", bytes=1, with_cache=1 << 20)
    words_of_it = "Let go of their steps in the build cache too: that frees 1.00 MiB more"
    assert words.question(images, held).options == (("build-cache", words_of_it, True),)
    assert words.question(images, held[:1]).options == ()
    assert words.question(DiskPart(id="volumes", bytes=1), held).options == ()


def test_what_can_be_had_again_is_ticked() -> None:
    parts = tuple(DiskPart(id=part_id, bytes=1, frees=1024) for part_id in PART_IDS if part_id != "logs")
    asked = words.question_of_all(DiskUsage(parts=(*parts, DiskPart(id="logs", bytes=1)), disk_free=0))
    assert asked.options == (
        ("images", "Images: 1.00 KiB", True),
        ("build-cache", "Build cache: 1.00 KiB", True),
        ("pulls", "Unfinished pulls: 1.00 KiB", True),
        ("history", "History: 1.00 KiB", False),
        ("containers", "Containers: 1.00 KiB", False),
        ("volumes", "Volumes: 1.00 KiB", False),
    )
    assert (asked.title, asked.accept) == ("Free space", "Free")
    assert "logs, containers and volumes cannot" in asked.text
