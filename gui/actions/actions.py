"""The shape of an action, the set of all of them, and their binding to buttons and menus.

ACTION = Action(id="container.stop", text=…, icon="stop", subject="container", enabled=…, run=…)
actions.bind("container.stop", parent, lambda: page.selected())     → a QAction that greys itself on `refresh()`
shell.trigger("container.stop", [container])                         → the same, without a widget
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QAction, QKeySequence

from gui.plain_text import set_tip
from gui.theme import Role, icon

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence

    from PySide6.QtCore import QObject

    from gui.shell import Shell


def any_number(subjects: Sequence[Any]) -> bool:
    """Enabled whatever is selected."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing a user can do to some objects (or to none)."""

    id: str
    text: str
    icon: str
    run: Callable[[Shell, Sequence[Any]], Coroutine[Any, Any, None]]
    enabled: Callable[[Sequence[Any]], bool] = any_number
    subject: str = ""
    """The kind of object it is about ("container", "image", …); "" acts on nothing in particular."""
    shortcut: str = ""
    danger: bool = False
    hint: str = ""
    """One sentence for tooltips and the palette."""
    why_not: Callable[[Sequence[Any]], str] | None = None
    """Why it is greyed, in words."""
    needs: tuple[str, ...] = ()
    """Methods of the facade it takes: what the shown engine cannot do is greyed, with the reason."""
    window_wide: bool = False
    """Its shortcut works wherever the focus is."""


class BoundAction(QAction):
    """A QAction for one place, which reads its subjects when it is triggered."""

    def __init__(self, action: Action, shell: Shell, parent: QObject, subjects: Callable[[], Sequence[Any]]) -> None:
        super().__init__(icon(action.icon, Role.DANGER if action.danger else Role.TEXT_SECONDARY), action.text, parent)
        self.action = action
        self._shell = shell
        self._subjects = subjects
        self.setObjectName(action.id)
        self.possible = False
        """Whether it can be done: `isEnabled` says no of everything that is hidden, too."""
        self.words = ""
        """What its tooltip says, for buttons that stand for it."""
        self.triggered.connect(self._on_triggered)
        self.refresh()

    def refresh(self) -> None:
        """Grey or not, from the subjects as they are now."""
        subjects = self._subjects()
        lacking = self._shell.client.capabilities.why_not(*self.action.needs)
        self.possible = possible = not lacking and self.action.enabled(subjects)
        self.setEnabled(possible)
        words = lacking or self.action.hint or self.action.text
        if not possible and not lacking and self.action.why_not is not None:
            words = self.action.why_not(subjects) or words
        if self.action.shortcut:
            native = QKeySequence(self.action.shortcut).toString(QKeySequence.SequenceFormat.NativeText)
            words = f"{words} ({native})"
        self.words = words
        set_tip(self, words)

    def _on_triggered(self) -> None:
        self._shell.trigger(self.action.id, list(self._subjects()))


class ActionSet:
    """All actions by id."""

    def __init__(self, actions: Iterable[Action]) -> None:
        self._actions: dict[str, Action] = {}
        for action in actions:
            self.add(action)

    def add(self, action: Action) -> None:
        if action.id in self._actions:
            raise ValueError(f"two actions are called {action.id}")
        self._actions[action.id] = action

    def __getitem__(self, action_id: str) -> Action:
        return self._actions[action_id]

    def __contains__(self, action_id: str) -> bool:
        return action_id in self._actions

    def __iter__(self) -> Iterator[Action]:
        return iter(self._actions.values())

    def for_subject(self, subject: str) -> list[Action]:
        return [action for action in self if action.subject == subject]

    def bind(self, shell: Shell, action_id: str, parent: QObject, subjects: Callable[[], Sequence[Any]]) -> BoundAction:
        return BoundAction(self[action_id], shell, parent, subjects)
