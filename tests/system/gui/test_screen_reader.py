"""The window as a screen reader finds it, over a real accessibility bus."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gui.pages.catalogue import pages
from gui.tour import TABS
from tests.support.screen_reader import Reader, Seen, Window, read_window

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.system
WEB = {"container": "shop-web-1"}
NAMED = frozenset(
    {
        "push button", "toggle button", "check box", "radio button", "text", "entry", "combo box", "spin button",
        "table", "tree", "tree table", "list", "page tab list", "page tab", "chart", "menu item", "slider",
    }
)  # fmt: skip


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Window, Reader]]:
    place: Path = tmp_path_factory.mktemp("a11y")
    with read_window(place) as both:
        yield both


def nameless(found: list[Seen]) -> list[str]:
    """What can be used and could only be called by its kind."""
    return [
        f"{seen.role} in {seen.trail}"
        for seen in found
        if seen.showing and seen.role in NAMED and (seen.focusable or seen.role == "chart") and not seen.name.strip()
    ]


def names(found: list[Seen], role: str) -> list[str]:
    return [seen.name for seen in found if seen.role == role]


def test_everything_on_every_page_has_a_role_and_a_name(looked: tuple[Window, Reader]) -> None:
    window, reader = looked
    missing: dict[str, list[str]] = {}
    for entry in pages():
        window.do("navigate", entry.id)
        missing[entry.id] = nameless(reader.everything())
    for tab in TABS:
        window.do("navigate", "containers", WEB, tab)
        missing[tab] = nameless(reader.everything())
    window.do("navigate", "images", {"image": "nginx"}, "layers")
    missing["image"] = nameless(reader.everything())
    assert {place: what for place, what in missing.items() if what} == {}


def test_a_line_of_a_log_can_be_read_out(looked: tuple[Window, Reader]) -> None:
    window, reader = looked
    window.do("navigate", "containers", WEB, "logs")
    found = reader.everything()
    lines = [seen.name for seen in found if seen.role == "list item" and "Log" in seen.trail.rpartition(">")[2]]
    assert len(lines) > 5
    assert any("GET /api/items" in line for line in lines)


def test_the_values_of_a_chart_can_be_read_out(looked: tuple[Window, Reader]) -> None:
    window, reader = looked
    window.do("navigate", "containers", WEB, "stats")
    found = reader.everything()
    assert {"CPU", "Memory"} <= set(names(found, "chart"))
    inside = [seen.name for seen in found if seen.trail.rpartition(">")[2].strip() == "chart CPU"]
    assert any(words.startswith("User ") and words.endswith("%") for words in inside)
    assert "Limit 100 %" in inside
    spans = [seen for seen in found if seen.role == "radio button"]
    assert [seen.name for seen in spans if seen.chosen] == ["5 min"]


def test_layers_and_the_map_of_an_image_can_be_read_out(looked: tuple[Window, Reader]) -> None:
    window, reader = looked
    window.do("navigate", "images", {"image": "nginx"}, "layers")
    items = names(reader.everything(), "list item")
    assert any("MiB" in words or "KiB" in words for words in items)
    window.do("navigate", "disk")
    assert any(words.startswith("Images ") for words in names(reader.everything(), "list item"))


def test_a_message_is_announced(looked: tuple[Window, Reader]) -> None:
    window, reader = looked
    told = reader.heard("Announcement", lambda: window.do("toast", "Stopped shop-web-1"))
    assert "Stopped shop-web-1" in str(told)
