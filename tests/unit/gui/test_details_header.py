"""The top of the details of one thing: the way back, its deeds, and which of them are seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtWidgets import QMenu, QToolButton

from gui.pages.lists.details_header import DetailsHeader
from gui.widgets.buttons import Variant
from tests.support.played_window import PlayedWindow
from tests.unit.gui.made import a_row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QApplication


class Shown:
    """A header, and what it is about."""

    def __init__(self) -> None:
        self.window = PlayedWindow()
        self.subjects: list[Any] = []
        self.header = DetailsHeader(self.window, "Back to the list", lambda: self.subjects)  # type: ignore[arg-type]
        self.header.add_icons("cluster.scale")
        self.forward = self.header.add_button("cluster.forward", Variant.DEFAULT)
        self.header.add_more("More to do", ("cluster.scale", "cluster.undo"), ("cluster.delete",))
        (self.menu,) = self.header.findChildren(QMenu)
        self.back, self.scale = self.header.findChildren(QToolButton)[:2]

    def show(self, plural: str) -> None:
        self.subjects[:] = [a_row(plural, plural)]
        self.header.refresh()

    def in_menu(self) -> list[str]:
        return [each.text() for each in self.menu.actions() if each.isVisible() and not each.isSeparator()]


@pytest.fixture
def shown(qapp: QApplication) -> Iterator[Shown]:
    made = Shown()
    yield made
    made.header.deleteLater()
    qapp.processEvents()


def test_the_way_back_has_a_name(shown: Shown) -> None:
    left: list[bool] = []
    shown.header.left.connect(lambda: left.append(True))
    shown.back.click()
    assert (shown.back.accessibleName(), left) == ("Back to the list", [True])


def test_deeds_are_greyed_with_what_is_shown(shown: Shown) -> None:
    assert (shown.scale.isEnabled(), shown.forward.isEnabled()) == (False, False), "nothing is shown yet"
    shown.show("deployments")
    assert (shown.scale.isEnabled(), shown.forward.isEnabled()) == (True, True)
    shown.show("secrets")
    assert (shown.scale.isEnabled(), shown.forward.isEnabled()) == (False, False)
    assert (shown.scale.accessibleName(), shown.forward.text()) == ("Scale", "Forward a port")


def test_what_is_seldom_done_is_in_a_menu_by_groups(shown: Shown) -> None:
    shown.show("deployments")
    assert [each.text() for each in shown.menu.actions()] == ["Scale…", "Bring back…", "", "Delete…"]
    shown.subjects[:] = [a_row("events", "Event")]
    shown.menu.aboutToShow.emit()
    assert not any(each.isEnabled() for each in shown.menu.actions() if each.text())


def test_a_deed_leads_to_what_is_shown(shown: Shown) -> None:
    shown.show("pods")
    shown.forward.click()
    assert shown.window.shown == [("action", "cluster.forward", *shown.subjects)]


def test_what_was_hidden_for_one_thing_is_seen_for_the_next(shown: Shown) -> None:
    shown.show("configmaps")
    shown.header.hide_impossible()
    assert (shown.in_menu(), shown.forward.isHidden()) == (["Bring back…", "Delete…"], True)
    shown.show("deployments")
    shown.header.hide_impossible()
    assert (shown.in_menu(), shown.forward.isHidden()) == (["Scale…", "Bring back…", "Delete…"], False)
