"""Words on the desktop when a service dies or turns unhealthy, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject, Signal

from gui.presentation.containers.words import ended_badly
from gui.words import translate

if TYPE_CHECKING:
    from engine.types.events import Event
    from gui.bridge import ChangeSet
    from gui.shell import Shell


class Notice(NamedTuple):
    """What is told, and about whom."""

    title: str
    text: str
    container_id: str
    name: str
    is_death: bool


class Notices(QObject):
    """Watches events; `told` carries each notice. One for the same container and cause until it is well again."""

    told = Signal(object)

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell.dialog_parent)
        self._shell = shell
        self._unwell: set[str] = set()
        shell.client.changed.connect(self._on_changes)

    def _on_changes(self, changes: ChangeSet) -> None:
        for event in changes.events:
            if event.kind != "container":
                continue
            if event.action in ("start", "health_status: healthy", "destroy"):
                self._unwell.discard(event.id)
            notice = self._notice(event)
            if notice is not None and self._shell.settings.notifications:
                self.told.emit(notice)

    def _notice(self, event: Event) -> Notice | None:
        container = self._shell.client.mirror.containers.get(event.id)
        name = event.attributes.get("name") or event.name
        if event.action == "health_status: unhealthy" and event.id not in self._unwell:
            self._unwell.add(event.id)
            text = translate("Notices", "Its health check fails. The log may say why.")
            return Notice(translate("Notices", "{0} is unhealthy").format(name), text, event.id, name, is_death=False)
        if event.action != "die" or container is None or not ended_badly(container):
            return None
        end = container.exit
        if end is not None and end.oom_killed:
            text = translate("Notices", "It was killed because it used all the memory it may have.")
        else:
            text = translate("Notices", "Its command ended with code {0}.").format(end.code if end else "?")
        return Notice(translate("Notices", "{0} has died").format(name), text, event.id, name, is_death=True)
