"""What pages and actions may ask of the window around them. The window implements it; tests have their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from gui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence

    from PySide6.QtWidgets import QWidget

    from engine.types.events import Kind
    from gui.actions.actions import ActionSet
    from gui.bridge import Engine, EngineClient
    from gui.feedback.messages import MessageLog
    from gui.pages.files.drafts import Drafts
    from gui.settings import WindowSettings


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A question before something that frees or loses. `options` are tick boxes: (id, text, ticked)."""

    title: str
    text: str
    accept: str
    danger: bool = True
    options: tuple[tuple[str, str, bool], ...] = ()
    details: tuple[str, ...] = ()
    """Names of what it concerns, listed below the text."""


@dataclass(frozen=True, slots=True)
class TextQuestion:
    """A question answered by one line of text. `check` says what is wrong with it, or ""."""

    title: str
    label: str
    accept: str
    text: str = ""
    check: Callable[[str], str] | None = None


@dataclass(frozen=True, slots=True)
class Removal:
    """Objects to be hidden now and removed when the time for undo is over."""

    title: str
    """What the bar says: "Removed web"."""
    hidden: Mapping[Kind, tuple[str, ...]]
    """All that will be gone, by kind."""
    work: Callable[[Engine], Awaitable[Any]]
    """What the engine is asked then."""
    gain: Callable[[Engine], Awaitable[int]] | None = None
    """The bytes it will free."""
    back: Callable[[Engine], Awaitable[Any]] | None = None
    """What the engine is asked when it is taken back, where showing the objects again is not enough."""


class Shell(Protocol):
    """The window, as seen from inside."""

    @property
    def client(self) -> EngineClient: ...
    @property
    def verbs(self) -> ActionSet: ...
    @property
    def settings(self) -> WindowSettings: ...
    @property
    def dialog_parent(self) -> QWidget: ...
    @property
    def messages(self) -> MessageLog: ...
    @property
    def drafts(self) -> Drafts: ...

    def run(self, work: Coroutine[Any, Any, Any]) -> None:
        """Start a coroutine; a WherryError it raises becomes an error panel, anything else the crash dialog."""
        ...

    async def confirm(self, question: Confirmation) -> frozenset[str] | None:
        """Ids of the ticked options, or None for "no"."""
        ...

    async def ask_text(self, question: TextQuestion) -> str | None: ...
    async def choose_open_file(self, title: str, filters: str = "") -> str: ...
    async def choose_save_file(self, title: str, suggested: str, filters: str = "") -> str: ...
    async def choose_folder(self, title: str) -> str: ...

    def toast(
        self,
        text: str,
        tone: Tone = Tone.NEUTRAL,
        *,
        button: str = "",
        on_button: Callable[[], None] | None = None,
    ) -> None:
        """A short word at the lower edge, with at most one button ("Undo", "Show")."""
        ...

    def remove(self, removal: Removal) -> None:
        """Hide the objects at once, offer undo, and remove them after that."""
        ...

    async def make_room(self, kind: Kind, keys: Iterable[str]) -> None:
        """Before something of these names is made or used: remove those that only wait for it."""
        ...

    def show_error(self, error: BaseException, *, retry: Callable[[], None] | None = None) -> None: ...
    def navigate(self, page_id: str, object_id: str = "", detail: str = "") -> None:
        """Show a page, and on it an object, and in that a tab: `navigate("containers", cid, "logs")`."""
        ...

    async def show_machine(self, name: str) -> None:
        """Show another machine's engine in all pages; "" is this computer."""
        ...

    def open_dialog(self, dialog_id: str, **arguments: Any) -> None:
        """Open a dialog by name: "run" (image=…), "edit" (container=…), "pull" (reference=…), "build" (folder=…)."""
        ...

    def trigger(self, action_id: str, subjects: Sequence[Any] = ()) -> None:
        """Run an action by id on these objects."""
        ...
