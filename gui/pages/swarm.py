"""The swarm that the shown machine's Docker manages: services, tasks, nodes, stacks, configs, secrets, as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import WherryError
from engine.types.swarm import Swarm
from gui.models.swarm import key_of
from gui.pages.lists.faces import Faces
from gui.pages.lists.list_page import ListPage
from gui.pages.swarms.faces import FaceList, faces
from gui.pages.swarms.service import ServiceDetails
from gui.presentation.errors import words_of
from gui.theme import Tone
from gui.widgets.buttons import Variant, button
from gui.widgets.page_header import PageHeader
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gui.bridge import ChangeSet, Lease
    from gui.shell import Shell


class SwarmPage(ListPage):
    """A stack of two: the faces, and one service."""

    page_id = "swarm"

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self.swarm = Swarm()
        self._wanted = ("", "")
        """The service to open when it is known, and its face."""
        self._lease: Lease | None = None
        self.faces = faces()
        self.lists = {face.id: FaceList(shell, face, self) for face in self.faces}
        self.lists["services"].table.activated_key.connect(lambda key: shell.navigate("swarm", key))
        self.details = ServiceDetails(shell)
        self._faces = self._make_front()
        self.stand(self._faces)
        self.put_behind(self.details, self.details.left)
        self.client.switched.connect(self._forget)

    def _make_front(self) -> Faces:
        self.header = PageHeader(translate("SwarmPage", "Swarm"))
        deploy = self.shell.verbs["swarm.deploy"]
        new = self.shell.verbs["swarm.new-service"]
        words = translate("SwarmPage", "New service")
        self.header.add(button(words, new.icon, Variant.DEFAULT, lambda: self.shell.trigger(new.id)))
        words = translate("SwarmPage", "Deploy")
        self.header.add(button(words, deploy.icon, Variant.PRIMARY, lambda: self.shell.trigger(deploy.id)))
        choices = [(face.id, face.title) for face in self.faces]
        front = Faces(self.header, choices, translate("SwarmPage", "Show"))
        for listed in self.lists.values():
            front.add(listed, listed.search)
        self.chosen, self.banner, self._above = front.chosen, front.banner, front.above
        self.chosen.changed.connect(self.show_face)
        return front

    # --- life ---

    def apply(self, changes: ChangeSet) -> None:
        """Nothing of the engine's own state is shown here."""
        del changes

    def shown(self) -> None:
        self._follow()

    def hidden(self) -> None:
        self._lease = None
        self.details.log.suspend()

    def _follow(self) -> None:
        if self.client.is_ready and self._lease is None:
            self._lease = self.client.latest(lambda engine: engine.swarm.watch(), self._on_swarm, self._on_end)
            self.hold(self._lease)

    def _on_swarm(self, swarm: Swarm) -> None:
        self.swarm = swarm
        self._above.hide()
        for face, items in self._items().items():
            listed = self.lists[face]
            listed.model.set_items((key_of(face, each), each) for each in items)
            listed.refresh()
        services = translate("SwarmPage", "%n services", None, len(swarm.services))
        nodes = translate("SwarmPage", "%n nodes", None, len(swarm.nodes))
        self.header.set_subtitle(f"{services} · {nodes}")
        if self._wanted[0]:
            self._open_wanted()
        elif self.details.service is not None:
            self._refresh_details(self.details.service.id)

    def _items(self) -> dict[str, Sequence[Any]]:
        swarm = self.swarm
        files = (*swarm.configs, *swarm.secrets)
        return {"services": swarm.services, "tasks": swarm.tasks, "nodes": swarm.nodes, "stacks": swarm.stacks,
                "files": files}  # fmt: skip

    def _on_end(self, error: BaseException | None) -> None:
        """It is asked for again when somebody wants it."""
        self._lease = None
        if isinstance(error, WherryError):
            words = words_of(error)
            self.banner.show_message(Tone.WARNING, words.title, words.text)
            self.banner.add_action(translate("SwarmPage", "Try now"), self._follow)
            self._above.show()

    def _forget(self) -> None:
        """Another machine is shown."""
        self._wanted = ("", "")
        self.details.forget()
        if self._lease is not None:
            self._lease.end()
            self._lease = None
        self._on_swarm(Swarm())
        if self.isVisible():
            self._follow()

    # --- what is shown ---

    def open_object(self, object_id: str, detail: str = "") -> None:
        """A service by its id, and "tasks" or "log" of it; "" and a face's id shows that face."""
        if not object_id:
            if detail:
                self.chosen.set_current(detail)
            self.show_list()
            return
        self._wanted = (object_id, detail)
        self._open_wanted()

    def _open_wanted(self) -> None:
        key, face = self._wanted
        service = next((each for each in self.swarm.services if key in (each.id, each.name)), None)
        if service is not None:
            self._wanted = ("", "")
            self.bring(self.details)
            self.details.show_service(service, self.swarm, face)

    def _refresh_details(self, service_id: str) -> None:
        service = next((each for each in self.swarm.services if each.id == service_id), None)
        if service is None:
            self.show_list()
        else:
            self.details.show_service(service, self.swarm)

    def listed(self) -> FaceList:
        return self.lists[self.chosen.current()]

    def show_list(self) -> None:
        self._wanted = ("", "")
        self.details.forget()
        super().show_list()
        self.show_face(self.chosen.current())

    def show_face(self, face: str) -> None:
        self.chosen.set_current(face)
        number = list(self.lists).index(face)
        self._faces.show_number(number)
        self.lists[face].table.setFocus()
