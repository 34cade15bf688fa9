"""A window without a window: what actions ask of it and of the engine is noted, and answered as a test says.

    window = PlayedWindow()
    window.says = frozenset()                       # to every question; None is "no"
    await window.act("container.kill", [web])
    assert window.asked == [("containers.kill", web.id)]

Only what the facade has can be asked, with the arguments it takes: a call that would not fit is an error here too.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, cast

from engine import facade, facade_afar
from engine.types.machines import LOCAL
from gui.actions.catalogue import all_actions
from gui.bridge import OperationTicket
from gui.bridge.changes import Mirror
from gui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence

    from engine.types.machines import Capabilities
    from gui.settings import WindowSettings
    from gui.shell import Confirmation, Removal, TextQuestion


class NotingEngine:
    """Implements `facade.Engine` as far as it goes: notes each call, and gives the answer that was laid out for it."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        """Method, then what it was given, each option as (name, value)."""
        self.answers: dict[str, Any] = {}
        """By method; an error is raised, a function is asked with the arguments."""

    def __getattr__(self, room: str) -> _Room:
        found = inspect.getattr_static(facade.Engine, room)
        name = found.fget.__annotations__["return"]
        return _Room(self, room, getattr(facade, name, None) or getattr(facade_afar, name))

    def note(self, method: str, given: inspect.BoundArguments) -> Any:
        _, *plain = given.args
        self.asked.append((method, *plain, *given.kwargs.items()))
        answer = self.answers.get(method)
        if isinstance(answer, BaseException):
            raise answer
        return answer(*plain, **given.kwargs) if callable(answer) else answer


class _Room:
    def __init__(self, engine: NotingEngine, name: str, contract: Any) -> None:
        self._engine, self._name, self._contract = engine, name, contract

    def __getattr__(self, method: str) -> Callable[..., Any]:
        contract = getattr(self._contract, method)
        signature = inspect.signature(contract)

        def ask(*plain: Any, **options: Any) -> Any:
            given = signature.bind(self, *plain, **options)
            if inspect.iscoroutinefunction(contract):
                return _later(self._engine, f"{self._name}.{method}", given)
            answer = self._engine.note(f"{self._name}.{method}", given)
            if signature.return_annotation == "OperationHandle":
                return _Handle(answer)
            return _stream(answer or ())

        return ask


async def _later(engine: NotingEngine, method: str, given: inspect.BoundArguments) -> Any:
    return engine.note(method, given)


async def _stream(parts: Iterable[Any]) -> AsyncIterator[Any]:
    for part in parts:
        yield part


class _Handle:
    """An operation that is over: with its result, or with what it failed with."""

    id = "operation"

    def __init__(self, result: Any) -> None:
        self._result = result

    async def result(self) -> str:
        if isinstance(self._result, BaseException):
            raise self._result
        return str(self._result or "")


class _Client:
    """As `EngineClient`, without a thread."""

    def __init__(self, engine: NotingEngine) -> None:
        self.engine = engine
        self.mirror = Mirror()
        self.capabilities: Capabilities = LOCAL
        self.machine = ""

    async def call(self, work: Callable[[Any], Awaitable[Any]]) -> Any:
        return await work(self.engine)

    at_home = call

    async def begin(self, work: Callable[[Any], Any]) -> OperationTicket:
        return OperationTicket(cast("Any", self), work(self.engine))

    async def operate(self, work: Callable[[Any], Any]) -> str:
        return await (await self.begin(work)).result()


class PlayedWindow:
    """Implements `gui.shell.Shell` as far as actions use it."""

    def __init__(self, settings: WindowSettings | None = None) -> None:
        self.engine: Any = NotingEngine()
        self.client: Any = _Client(self.engine)
        self.mirror: Mirror = self.client.mirror
        self.verbs = all_actions()
        self.settings = cast("WindowSettings", settings)
        self.says: frozenset[str] | None = frozenset()
        """To a question: the options that are ticked, or None for "no"."""
        self.writes: str | None = None
        """Where a line of text is asked for."""
        self.chooses = ""
        """Where a file or a folder is."""
        self.questions: list[Confirmation] = []
        self.texts: list[TextQuestion] = []
        self.files: list[tuple[str, ...]] = []
        self.toasts: list[tuple[str, ...]] = []
        """Words, tone where it is not the usual one, button where there is one."""
        self.buttons: list[Callable[[], None]] = []
        self.shown: list[tuple[Any, ...]] = []
        """Pages, dialogs and actions that were led to."""
        self.removals: list[Removal] = []
        self.started: list[Coroutine[Any, Any, Any]] = []

    @property
    def asked(self) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self.engine.asked
        return found

    async def act(self, action_id: str, subjects: Sequence[Any] = ()) -> None:
        await self.verbs[action_id].run(cast("Any", self), subjects)

    async def press(self) -> None:
        """The button of the last message."""
        self.buttons[-1]()
        while self.started:
            await self.started.pop(0)

    # --- the Shell ---

    def run(self, work: Coroutine[Any, Any, Any]) -> None:
        self.started.append(work)

    async def confirm(self, question: Confirmation) -> frozenset[str] | None:
        self.questions.append(question)
        return self.says

    async def ask_text(self, question: TextQuestion) -> str | None:
        self.texts.append(question)
        return self.writes

    async def choose_open_file(self, title: str, filters: str = "") -> str:
        self.files.append(("open", title, filters))
        return self.chooses

    async def choose_save_file(self, title: str, suggested: str, filters: str = "") -> str:
        self.files.append(("save", title, suggested, filters))
        return self.chooses

    async def choose_folder(self, title: str) -> str:
        self.files.append(("folder", title))
        return self.chooses

    def toast(
        self, text: str, tone: Tone = Tone.NEUTRAL, *, button: str = "", on_button: Callable[[], None] | None = None
    ) -> None:
        self.toasts.append((text, *((tone,) if tone is not Tone.NEUTRAL else ()), *((button,) if button else ())))
        if button:
            assert on_button is not None, "a button that does nothing"
            self.buttons.append(on_button)

    def remove(self, removal: Removal) -> None:
        self.removals.append(removal)

    async def make_room(self, kind: str, keys: Iterable[str]) -> None:
        self.shown.append(("make room", kind, *keys))

    def navigate(self, page_id: str, object_id: str = "", detail: str = "") -> None:
        self.shown.append(tuple(filter(None, ("page", page_id, object_id, detail))))

    async def show_machine(self, name: str) -> None:
        self.shown.append(("machine", name))

    def open_dialog(self, dialog_id: str, **arguments: Any) -> None:
        self.shown.append(("dialog", dialog_id, *arguments.items()))

    def trigger(self, action_id: str, subjects: Sequence[Any] = ()) -> None:
        self.shown.append(("action", action_id, *subjects))
