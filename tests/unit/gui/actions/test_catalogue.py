"""All that can be done: what each is called, its icon and shortcut, what it is about and takes of an engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QObject

from engine.types.machines import Capabilities
from gui.actions import Action, ActionSet
from gui.actions.catalogue import all_actions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.support.played_window import PlayedWindow

EXPECTED = Path(__file__).with_name("actions.txt")


def line_of(action: Action) -> str:
    marks = [
        f"({action.shortcut})" if action.shortcut else "",
        "danger" if action.danger else "",
        "window-wide" if action.window_wide else "",
        f"needs {' '.join(action.needs)}" if action.needs else "",
        f"– {action.hint}" if action.hint else "",
    ]
    about = f"{action.subject}: " if action.subject else ""
    return " ".join([f"{about}{action.id} “{action.text}” {action.icon}", *filter(None, marks)])


def test_all_that_can_be_done() -> None:
    assert "".join(f"{line_of(each)}\n" for each in all_actions()) == EXPECTED.read_text()


def test_every_icon_is_there() -> None:
    assert [each.icon for each in all_actions() if not Path(f"resources/icons/{each.icon}.svg").exists()] == []


def test_what_needs_nothing_is_always_possible() -> None:
    about_nothing = [each for each in all_actions() if not each.subject]
    assert about_nothing
    assert all(each.enabled([]) for each in about_nothing)


# --- the set, and a place for one of it ---


async def nothing(_shell: Any, _subjects: Sequence[Any]) -> None: ...


def an_action(**fields: Any) -> Action:
    known: dict[str, Any] = {"id": "x.do", "text": "Do it", "icon": "play", "run": nothing}
    return Action(**known | fields)


def test_no_two_have_the_same_name() -> None:
    made = ActionSet([an_action(), an_action(id="x.other", subject="x")])
    assert [each.id for each in made.for_subject("x")] == ["x.other"]
    assert ("x.do" in made, "y.do" in made) == (True, False)
    with pytest.raises(ValueError, match=r"x\.do"):
        made.add(an_action())


@pytest.fixture
def parent(qapp: object) -> Iterator[QObject]:
    made = QObject()
    yield made
    made.deleteLater()


@pytest.mark.parametrize(
    ("fields", "subjects", "lacks", "possible", "words"),
    [
        ({}, [], {}, True, "Do it"),
        ({"hint": "At once"}, [], {}, True, "At once"),
        ({"hint": "At once", "shortcut": "Ctrl+N"}, [], {}, True, "At once (Ctrl+N)"),
        ({"enabled": bool}, [], {}, False, "Do it"),
        ({"enabled": bool, "why_not": lambda _: "Nothing is there"}, [], {}, False, "Nothing is there"),
        ({"enabled": bool, "why_not": lambda _: ""}, [], {}, False, "Do it"),
        ({"enabled": bool, "why_not": lambda _: "Nothing is there"}, [1], {}, True, "Do it"),
        ({"needs": ("pods.start",)}, [], {"pods.start": "It has no pods"}, False, "It has no pods"),
        ({"needs": ("pods.start",), "hint": "At once"}, [], {"pods.stop": "no"}, True, "At once"),
        (
            {"needs": ("a.b",), "enabled": bool, "why_not": lambda _: "Nothing is there"},
            [],
            {"a.b": "It cannot"},
            False,
            "It cannot",
        ),
    ],
)
def test_an_action_is_greyed_and_says_why(
    window: PlayedWindow,
    parent: QObject,
    fields: dict[str, Any],
    subjects: list[Any],
    lacks: dict[str, str],
    words: str,
    *,
    possible: bool,
) -> None:
    window.client.capabilities = Capabilities(lacks=lacks)
    bound = ActionSet([an_action(**fields)]).bind(window, "x.do", parent, lambda: subjects)  # type: ignore[arg-type]
    assert (bound.isEnabled(), bound.words, bound.objectName(), bound.text()) == (possible, words, "x.do", "Do it")
    assert words in bound.toolTip()


def test_an_action_reads_its_subjects_when_it_is_triggered(window: PlayedWindow, parent: QObject) -> None:
    marked = ["a"]
    bound = ActionSet([an_action(enabled=bool)]).bind(window, "x.do", parent, lambda: marked)  # type: ignore[arg-type]
    marked.append("b")
    bound.trigger()
    assert window.shown == [("action", "x.do", "a", "b")]
    marked.clear()
    bound.refresh()
    assert not bound.isEnabled()
