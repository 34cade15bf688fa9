"""Kubernetes clusters: which one and which namespace, the faces with what is there now, and one object behind each row.

The engine's part for clusters is loaded when this page is first shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer

from engine.errors import WherryError
from engine.types.clusters import ClusterPlace
from gui.bridge.changes import KindChange
from gui.models.clusters import AGE, USED
from gui.pages.cluster.details import ClusterObject
from gui.pages.cluster.faces import FaceList, faces
from gui.pages.cluster.following import EVERY, FORBIDDEN, NAMESPACES, Follower
from gui.pages.cluster.ports import PortsList
from gui.pages.lists.faces import Faces
from gui.pages.lists.list_page import ListPage
from gui.plain_text import tip
from gui.presentation.errors import words_of
from gui.shell import TextQuestion
from gui.theme import Tone
from gui.widgets.buttons import Variant, button, tool_button
from gui.widgets.elided_combo import ElidedCombo
from gui.widgets.empty_state import EmptyState
from gui.widgets.page_header import PageHeader
from gui.widgets.painted.skeleton import SkeletonRows
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.types.clusters import ClusterContext, PodUsage
    from gui.bridge import ChangeSet
    from gui.pages.cluster.following import Told
    from gui.presentation.remote.clusters import ClusterRow
    from gui.shell import Shell

_USAGE_MS = 15_000
_AGES_MS = 30_000
_OTHER = "\0other"
_WHOLE = 200
"""More changed rows than that are shown as a new table at once."""
_PORTS = "ports"


class ClustersPage(ListPage):
    """A stack of three: no cluster, the faces of one, and one object."""

    page_id = "clusters"

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self.contexts: Sequence[ClusterContext] = ()
        self.usage: dict[str, PodUsage] = {}
        self._wanted = ("", "")
        """The object to open when its row is known, and its tab."""
        self.forbidden: dict[str, str] = {}
        self.follower = Follower(self.client, self)
        self.follower.changed.connect(self._on_changed_rows)
        self.follower.told.connect(self._on_told)
        self.faces = faces()
        self.lists = {face.id: FaceList(shell, face, lambda: self.usage, self) for face in self.faces}
        self.ports = PortsList(shell)
        self._of_kind = {kind: self.lists[face.id] for face in self.faces for kind in face.kinds}
        self.details = ClusterObject(shell)
        self._nothing = self._make_nothing()
        self._faces = self._make_front()
        self.stand(self._faces)
        self.put_behind(self.details, self.details.left)
        self._stack.addWidget(self._nothing)
        self.bring(self._nothing)
        self._looks = QTimer(self, interval=_USAGE_MS)
        self._looks.timeout.connect(self._look_at_usage)
        self._ages = QTimer(self, interval=_AGES_MS)
        self._ages.timeout.connect(lambda: self.listed().model.refresh((AGE,)))

    # --- building ---

    def _make_nothing(self) -> EmptyState:
        hint = translate(
            "ClustersPage",
            "Wherry reads what kubectl reads: the files named in KUBECONFIG, or .kube/config in your home folder. "
            "Without a cluster, “wherry kube play” runs the same manifests here.",
        )
        made = EmptyState("globe", translate("ClustersPage", "No cluster is known"), hint)
        made.add_button(button(translate("ClustersPage", "Look again"), "restart", Variant.PRIMARY, self.look_again))
        return made

    def _make_front(self) -> Faces:
        self.header = PageHeader(translate("ClustersPage", "Clusters"))
        self.context = ElidedCombo(translate("ClustersPage", "Cluster"), Qt.TextElideMode.ElideMiddle)
        self.namespace = ElidedCombo(translate("ClustersPage", "Namespace"))
        for picker in (self.context, self.namespace):
            picker.setMinimumWidth(170)
            self.header.add(picker)
        self.context.activated.connect(self._on_context)
        self.namespace.activated.connect(self._on_namespace)
        self.header.add(tool_button("restart", translate("ClustersPage", "Look again"), self.look_again))
        deploy = self.shell.verbs["clusters.deploy"]
        words = translate("ClustersPage", "Deploy")
        self.header.add(button(words, deploy.icon, Variant.PRIMARY, lambda: self.shell.trigger(deploy.id)))
        choices = [(face.id, face.title) for face in self.faces]
        choices.append((_PORTS, translate("ClustersPage", "Ports")))
        front = Faces(self.header, choices, translate("ClustersPage", "Show"))
        for listed in self.lists.values():
            listed.table.activated_key.connect(lambda key: self.shell.navigate("clusters", key))
            front.add(listed, listed.search)
        front.add(self.ports)
        self.chosen, self.banner, self._above = front.chosen, front.banner, front.above
        self.chosen.changed.connect(self.show_face)
        return front

    # --- life ---

    def apply(self, changes: ChangeSet) -> None:
        """Nothing of the engine's own state is shown here; it is awake, so clusters can be asked."""
        del changes

    def shown(self) -> None:
        self._ages.start()
        self.shell.run(self._open())

    def hidden(self) -> None:
        self._ages.stop()
        self._looks.stop()
        self.ports.rest()
        self.details.rest()
        self.follower.rest()

    def open_object(self, object_id: str, detail: str = "") -> None:
        """By a row's key; "" and a face's id shows that face."""
        if not object_id:
            if detail:
                self.chosen.set_current(detail)
            self.show_list()
            return
        self._wanted = (object_id, detail)
        self._open_wanted()

    def show_list(self) -> None:
        self._wanted = ("", "")
        self.details.forget()
        self.bring(self._faces if self.contexts else self._nothing)
        self.show_face(self.chosen.current())
        self.listed().table.setFocus()

    def show_face(self, face: str) -> None:
        self.chosen.set_current(face)
        number = [*self.lists, _PORTS].index(face)
        self._faces.show_number(number)
        if face == _PORTS:
            self.ports.resume()
        else:
            self.ports.rest()
            self._explain(self.lists[face])
        self._follow()

    def listed(self) -> FaceList:
        return self.lists.get(self.chosen.current()) or next(iter(self.lists.values()))

    # --- which cluster ---

    def look_again(self) -> None:
        self.follower.rest()
        self.shell.run(self._open())

    async def _open(self) -> None:
        """The kubeconfig is read each time: files of it change while the window stays."""
        try:
            self.contexts = await self.client.call(lambda engine: engine.clusters.contexts(ClusterPlace()))
        except WherryError as error:
            words = words_of(error)
            self._nothing.set("warning", words.title, words.text)
            self.contexts = ()
        if not self.contexts:
            self.bring(self._nothing)
            return
        if self.sees(self._nothing):
            self.bring(self._faces)
        self._fill_contexts()
        await self._show_context(str(self.context.currentData()))

    def _fill_contexts(self) -> None:
        kept = self.follower.context or self.shell.settings.text("cluster-context")
        names = [each.name for each in self.contexts]
        current = next((each.name for each in self.contexts if each.current), names[0])
        self.context.clear()
        for number, each in enumerate(self.contexts):
            self.context.addItem(each.name, each.name)
            self.context.setItemData(number, tip(each.problem or each.server), Qt.ItemDataRole.ToolTipRole)
        self.context.setCurrentIndex(names.index(kept if kept in names else current))

    def _on_context(self, _index: int) -> None:
        name = str(self.context.currentData())
        self.shell.settings.set_text("cluster-context", name)
        self.shell.run(self._show_context(name))

    async def _show_context(self, name: str) -> None:
        context = next(each for each in self.contexts if each.name == name)
        if self.follower.context != name:
            self._show_place(name, self.shell.settings.text(f"cluster-namespace/{name}", context.namespace))
        else:
            self._follow()
        await self._ask_what_is_forbidden()

    def _show_place(self, context: str, namespace: str) -> None:
        """Another cluster or namespace is shown."""
        self.usage.clear()
        self.forbidden = {}
        self._above.hide()
        self.follower.show(context, namespace)
        for listed in self.lists.values():
            listed.model.set_items(())
            listed.table.set_cover(SkeletonRows(()))
        self._fill_namespaces()
        self._follow()

    def _fill_namespaces(self) -> None:
        own = next((each.namespace for each in self.contexts if each.name == self.follower.context), "default")
        known = {row.name for row in self.follower.rows.get(NAMESPACES, {}).values()}
        shown = self.follower.namespace
        names = sorted(known | {own} | ({shown} - {EVERY}))
        entries = [(translate("ClustersPage", "All namespaces"), EVERY), *((name, name) for name in names)]
        if NAMESPACES in self.follower.refused:
            entries.append((translate("ClustersPage", "Another namespace…"), _OTHER))
        if [(self.namespace.itemText(i), self.namespace.itemData(i)) for i in range(self.namespace.count())] != entries:
            self.namespace.clear()
            for words, name in entries:
                self.namespace.addItem(words, name)
        self.namespace.setCurrentIndex(self.namespace.findData(shown))

    def _on_namespace(self, _index: int) -> None:
        chosen = str(self.namespace.currentData())
        self.shell.run(self._ask_namespace() if chosen == _OTHER else self._show_namespace(chosen))

    async def _ask_namespace(self) -> None:
        self._fill_namespaces()
        name = await self.shell.ask_text(
            TextQuestion(
                title=translate("ClustersPage", "Another namespace"),
                label=translate("ClustersPage", "Name"),
                accept=translate("ClustersPage", "Show"),
            )
        )
        if name:
            await self._show_namespace(name.strip())

    async def _show_namespace(self, namespace: str) -> None:
        context = self.follower.context
        self.shell.settings.set_text(f"cluster-namespace/{context}", namespace)
        self._show_place(context, namespace)
        await self._ask_what_is_forbidden()

    # --- what is there ---

    def _follow(self) -> None:
        """Only what is looked at is watched, and the names of the namespaces."""
        if not self.follower.context or not self.isVisible():
            return
        face = next((each for each in self.faces if each.id == self.chosen.current()), None)
        shown = {self.details.row.plural} if self.details.row is not None else set()
        self.follower.want({NAMESPACES, *(face.kinds if face is not None else ()), *shown})
        if face is not None and face.id == "pods":
            self._look_at_usage()
            self._looks.start()
        else:
            self._looks.stop()

    async def _ask_what_is_forbidden(self) -> None:
        place = ClusterPlace(context=self.follower.context, namespace=self.follower.namespace)
        kinds = [kind for face in self.faces for kind in face.kinds]
        try:
            found = await self.client.call(lambda engine: engine.clusters.forbidden(place, "list", kinds))
        except WherryError:
            return  # the watches tell it
        if (place.context, place.namespace) == (self.follower.context, self.follower.namespace):
            self.forbidden = found
            self._dim()

    def _dim(self) -> None:
        """Faces of which nothing may be seen are greyed, with the reason."""
        refused = self._refusals()
        reasons = {
            face.id: refused[face.kinds[0]] for face in self.faces if all(kind in refused for kind in face.kinds)
        }
        self.chosen.set_dimmed(reasons)

    def _refusals(self) -> dict[str, str]:
        """Kinds that are refused, by the watch itself or by what the cluster said one may do."""
        told = {kind: one.message for kind, one in self.follower.refused.items() if one.code == FORBIDDEN[0]}
        return self.forbidden | told

    def _on_changed_rows(self, plural: str, put: Mapping[str, ClusterRow], gone: frozenset[str]) -> None:
        if plural == NAMESPACES:
            self._fill_namespaces()
            return
        listed = self._of_kind.get(plural)
        if listed is not None:
            self._bring(listed, put, gone)
            listed.refresh()
        shown = self.details.row
        if shown is not None and shown.key in put:
            self.details.refresh(put[shown.key])
        elif shown is not None and shown.key in gone:
            self.details.refresh(shown)
        self._open_wanted()

    def _bring(self, listed: FaceList, put: Mapping[str, ClusterRow], gone: frozenset[str]) -> None:
        if len(put) + len(gone) > _WHOLE:
            every = (self.follower.rows.get(kind, {}) for kind in listed.face.kinds)
            listed.model.set_items(pair for rows in every for pair in rows.items())
        elif put or gone:
            listed.model.apply(KindChange(put, gone))

    def _on_told(self, plural: str) -> None:
        """A kind is seen, or told why not: what is only of this kind on its face, what is the cluster's above all."""
        if plural == NAMESPACES:
            self._fill_namespaces()
        listed = self._of_kind.get(plural)
        if listed is not None:
            listed.table.set_cover(None)
            self._explain(listed)
        self._dim()
        troubles = [one for one in self.follower.refused.values() if one.code not in FORBIDDEN]
        if troubles:
            self._tell_trouble(troubles[0])
        else:
            self._above.hide()

    def _tell_trouble(self, trouble: Told) -> None:
        if any(self.follower.rows.values()):
            stale = translate("ClustersPage", "What you see is how it was last. Wherry tries again by itself.")
        else:
            stale = translate("ClustersPage", "Wherry tries again by itself.")
        self.banner.show_message(Tone.WARNING, trouble.message, stale)
        self.banner.add_action(translate("ClustersPage", "Try now"), self.look_again)
        self._above.show()

    def _explain(self, listed: FaceList) -> None:
        """Why a face is empty, or lacks a kind."""
        refused = self._refusals()
        reasons = [refused[kind] for kind in listed.face.kinds if kind in refused]
        if len(reasons) == len(listed.face.kinds):
            listed.set_empty("lock", translate("ClustersPage", "You may not see these here"), reasons[0])
        else:
            listed.set_empty(*listed.face.nothing, "\n".join(reasons))

    def _open_wanted(self) -> None:
        key, tab = self._wanted
        plural = key.partition("/")[0]
        row = self.follower.rows.get(plural, {}).get(key)
        if row is not None:
            self._wanted = ("", "")
            self.bring(self.details)
            self.details.show_row(row, tab)

    # --- what pods use ---

    def _look_at_usage(self) -> None:
        self.shell.run(self._read_usage())

    async def _read_usage(self) -> None:
        place = ClusterPlace(context=self.follower.context, namespace=self.follower.namespace)
        try:
            found = await self.client.call(lambda engine: engine.clusters.usage(place))
        except WherryError:
            found = ()  # the metrics API is an extra: the columns go, and what is wrong with the cluster is told above
        if (place.context, place.namespace) != (self.follower.context, self.follower.namespace):
            return
        self.usage.clear()
        self.usage.update({f"pods/{each.namespace}/{each.pod}": each for each in found})
        pods = self.lists["pods"]
        for number, column in enumerate(pods.model.columns):
            if column.id in USED:
                pods.table.want_column(number, on=bool(self.usage))
        pods.model.refresh(USED)
