"""One message per container that died or is unwell, folded: how often, in how long, and what helps."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from engine.types.containers import Action as Verb
from gui.presentation.units import duration_text
from gui.theme import Tone
from gui.widgets.toast import Deed, Lasting
from gui.words import translate

if TYPE_CHECKING:
    from gui.bridge import ChangeSet
    from gui.feedback.messages import MessageLog
    from gui.frame.notices import Notice
    from gui.shell import Shell
    from gui.widgets.toast import ToastStack

SECONDS = 60.0
"""How long after the last of them; each new one begins the time anew."""


@dataclass(slots=True)
class _Streak:
    began: float
    count: int = 0


class Deaths(QObject):
    """Puts notices on the shelf; `tell` says whether it is the first of its container for a while."""

    def __init__(self, shell: Shell, shelf: ToastStack, log: MessageLog) -> None:
        super().__init__(shell.dialog_parent)
        self._shell, self._shelf, self._log = shell, shelf, log
        self._streaks: dict[str, _Streak] = {}
        shell.client.changed.connect(self._on_changes)

    def tell(self, notice: Notice) -> bool:
        self._log.add(notice.title, Tone.DANGER, detail=notice.text, container_id=notice.container_id)
        first = notice.container_id not in self._streaks
        streak = self._streaks.setdefault(notice.container_id, _Streak(time.monotonic()))
        streak.count += 1 if notice.is_death else 0
        toast = self._shelf.show_message(
            self._words(notice, streak),
            Tone.DANGER if notice.is_death else Tone.WARNING,
            detail=notice.text,
            deeds=self._deeds(notice.container_id),
            seconds=SECONDS,
            lasting=Lasting.STANDING,
            key=notice.container_id,
        )
        if first:
            toast.over.connect(lambda: self._streaks.pop(notice.container_id, None))
        return first

    @staticmethod
    def _words(notice: Notice, streak: _Streak) -> str:
        if streak.count < 2 or not notice.is_death:
            return notice.title
        span = duration_text(max(1.0, time.monotonic() - streak.began))
        return translate("Deaths", "{0} died {1} times in {2}", None, streak.count).format(
            notice.name, streak.count, span
        )

    def _deeds(self, key: str) -> tuple[Deed, ...]:
        shell = self._shell

        def trigger(action_id: str) -> None:
            if (container := shell.client.mirror.containers.get(key)) is not None:
                shell.trigger(action_id, [container])

        why = Deed(translate("Deaths", "Why?"), lambda: shell.navigate("containers", key, "history"), stays=True)
        edit = Deed(translate("Deaths", "Edit"), lambda: trigger("container.edit"), stays=True)
        container = shell.client.mirror.containers.get(key)
        if container is not None and Verb.STOP in container.legal_actions:
            return why, Deed(translate("Deaths", "Stop it"), lambda: trigger("container.stop")), edit
        return why, edit

    def _on_changes(self, changes: ChangeSet) -> None:
        """Who is gone needs no message."""
        if not self._streaks or not changes.touches("container"):
            return
        for key in [key for key in self._streaks if key not in self._shell.client.mirror.containers]:
            if (toast := self._shelf.toast(key)) is not None:
                toast.dismiss()
