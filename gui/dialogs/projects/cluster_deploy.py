"""Something to a cluster: its manifests, what they would change there; then the images, the objects, the roll-out."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from engine.errors import Code, WherryError
from engine.types.clusters import ClusterPlace
from engine.types.images import PushImage
from engine.types.manifests import GenerateManifests
from gui.dialogs.images.transfer import server_of
from gui.models.clusters import DeployStep, changes_model, steps_model
from gui.presentation.errors import words_of
from gui.theme import Space, Text, Tone, mono
from gui.widgets.banner import Banner
from gui.widgets.buttons import Variant, button
from gui.widgets.elided_combo import ElidedCombo
from gui.widgets.labels import label
from gui.widgets.lists.cells import BadgeCell, TextCell
from gui.widgets.lists.table import Table
from gui.widgets.texts.diff_view import DiffView
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.types.clusters import ObjectChange
    from gui.shell import Shell

_LOOK_SECONDS = 1.0
_ROLLS = ("Deployment", "StatefulSet", "DaemonSet")
_FILE = "manifest.yaml"
_LARGEST = 16 << 20


class ClusterDeployDialog(QDialog):
    """`names` of containers, pods, projects or images are told as manifests first; without any, one opens a file."""

    def __init__(self, shell: Shell, names: Sequence[str] = (), title: str = "") -> None:
        super().__init__(shell.dialog_parent)
        self._shell, self._names = shell, tuple(names)
        self._texts: dict[str, str] = {}
        """As compared, and so as applied."""
        self._pushes: dict[str, str] = {}
        """Images that only this computer has, and what they are called at the registry."""
        self._place = ClusterPlace()
        self._gone = False
        self.setObjectName("dialog.cluster-deploy")
        heading = (
            translate("ClusterDeploy", "Deploy {0} to a cluster").format(title or ", ".join(self._names))
            if self._names else translate("ClusterDeploy", "Deploy to a cluster")
        )  # fmt: skip
        self.setWindowTitle(heading)
        self.resize(880, 620)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XL, Space.L, Space.XL, Space.L)
        column.setSpacing(Space.M)
        column.addWidget(label(heading, Text.TITLE, wrap=True))
        column.addLayout(self._make_place())
        column.addWidget(self._make_images())
        self.banner = Banner(Tone.DANGER)
        self.banner.hide()
        column.addWidget(self.banner)
        self.stack = QStackedWidget()
        for widget in (self._make_text(), self._make_changes(), self._make_steps()):
            self.stack.addWidget(widget)
        column.addWidget(self.stack, 1)
        column.addLayout(self._make_buttons())
        self.finished.connect(self._leave)
        self._show_stage(0)
        shell.run(self._begin())

    # --- building ---

    def _make_place(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        self.context = ElidedCombo(translate("ClusterDeploy", "Cluster"), Qt.TextElideMode.ElideMiddle)
        self.context.setMinimumWidth(220)
        self.context.activated.connect(lambda _index: self._on_context())
        self.namespace = QLineEdit()
        self.namespace.setPlaceholderText(translate("ClusterDeploy", "Namespace"))
        self.namespace.setAccessibleName(translate("ClusterDeploy", "Namespace"))
        row.addWidget(label(translate("ClusterDeploy", "Cluster")))
        row.addWidget(self.context, 1)
        row.addSpacing(Space.S)
        row.addWidget(label(translate("ClusterDeploy", "Namespace")))
        row.addWidget(self.namespace, 1)
        return row

    def _make_images(self) -> QWidget:
        self.images = QWidget()
        column = QVBoxLayout(self.images)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.XS)
        self.images_words = label("", Text.BODY, Tone.WARNING, wrap=True)
        self.registry = QLineEdit(self._shell.settings.text("cluster-registry"))
        self.registry.setPlaceholderText(translate("ClusterDeploy", "Push them to, such as registry.example.org/me"))
        self.registry.setAccessibleName(translate("ClusterDeploy", "Registry to push to"))
        self.registry.editingFinished.connect(self._on_registry)
        column.addWidget(self.images_words)
        column.addWidget(self.registry)
        self.images.hide()
        return self.images

    def _make_text(self) -> QWidget:
        self.text = QPlainTextEdit()
        self.text.setAccessibleName(translate("ClusterDeploy", "Manifests"))
        self.text.setFont(mono(Text.SMALL))
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setPlaceholderText(translate("ClusterDeploy", "Paste manifests here, or open a file."))
        return self.text

    def _make_changes(self) -> QWidget:
        self.changes = changes_model(self)
        self.table = Table(translate("ClusterDeploy", "What would change"), multi=False)
        self.table.set_inset()
        self.table.setModel(self.changes)
        self.table.setSortingEnabled(False)
        self.table.set_columns({0: BadgeCell(), 1: TextCell(strong=True)}, {0: 110}, stretch=1)
        self.table.keys_selected.connect(lambda _keys: self._show_difference())
        self.difference = DiffView(translate("ClusterDeploy", "Difference"))
        self.force = QCheckBox(translate("ClusterDeploy", "Take over fields that something else in the cluster sets"))
        self.force.toggled.connect(lambda _on: self._shell.run(self._compare()))
        self.force.hide()
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.table)
        splitter.addWidget(self.difference)
        splitter.setSizes([340, 480])
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(splitter, 1)
        column.addWidget(self.force)
        return box

    def _make_steps(self) -> QWidget:
        self.steps = steps_model(self)
        table = Table(translate("ClusterDeploy", "Steps"), multi=False)
        table.set_inset()
        table.setModel(self.steps)
        table.setSortingEnabled(False)
        table.set_columns({0: TextCell(strong=True), 1: TextCell(), 2: BadgeCell()}, {0: 300, 2: 110}, stretch=1)
        return table

    def _make_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        self.open_file = button(translate("ClusterDeploy", "Open a file…"), "folder-open", Variant.GHOST,
                                lambda: self._shell.run(self._open_file()))  # fmt: skip
        self.back = button(translate("ClusterDeploy", "Back"), "", Variant.GHOST, self._go_back)
        self.undo = button(translate("ClusterDeploy", "Undo"), "history", Variant.DEFAULT,
                           lambda: self._shell.run(self._undo()))  # fmt: skip
        self.close_button = button(translate("ClusterDeploy", "Close"), "", Variant.DEFAULT, self.reject)
        self.go = button("", "", Variant.PRIMARY, self.submit)
        self.go.setDefault(True)
        row.addWidget(self.open_file)
        row.addStretch(1)
        for knob in (self.back, self.undo, self.close_button, self.go):
            row.addWidget(knob)
        return row

    # --- stages ---

    def _show_stage(self, stage: int) -> None:
        """0 is the manifests, 1 what they would change, 2 what is done."""
        self.stack.setCurrentIndex(stage)
        self.open_file.setVisible(stage == 0)
        self.back.setVisible(stage == 1)
        self.undo.hide()
        self.go.setVisible(stage < 2)
        for widget in (self.context, self.namespace, self.registry):
            widget.setEnabled(stage < 2)
        if stage == 0:
            self.images.hide()
        self._name_button()

    def _go_back(self) -> None:
        self.banner.hide()
        self._show_stage(max(0, self.stack.currentIndex() - 1))

    def _name_button(self) -> None:
        pushes = self.images.isVisibleTo(self) and bool(self.registry.text().strip())
        words = (
            translate("ClusterDeploy", "Compare") if self.stack.currentIndex() == 0 else
            translate("ClusterDeploy", "Push and deploy") if pushes else translate("ClusterDeploy", "Deploy")
        )  # fmt: skip
        self.go.setText(words)
        self.go.setAccessibleName(words)

    def submit(self) -> None:
        self._shell.run(self._compare() if self.stack.currentIndex() == 0 else self._deploy())

    async def _begin(self) -> None:
        client = self._shell.client
        with self._told():
            for each in await client.call(lambda engine: engine.clusters.contexts(ClusterPlace())):
                self.context.addItem(each.name, each.namespace)
                if each.name == self._shell.settings.text("cluster-context") or (
                    each.current and not self._shell.settings.text("cluster-context")
                ):
                    self.context.setCurrentIndex(self.context.count() - 1)
            self._on_context()
            if not self.context.count():
                self._tell(translate("ClusterDeploy", "No cluster is known: there is no kubeconfig."))
            self.go.setEnabled(bool(self.context.count()))
            if self._names:
                request = GenerateManifests(names=self._names, kind="deployment", service=True)
                self.text.setPlainText(await client.call(lambda engine: engine.manifests.generate(request)))

    def _on_context(self) -> None:
        self.namespace.setText(str(self.context.currentData() or ""))

    def _on_registry(self) -> None:
        self._shell.settings.set_text("cluster-registry", self.registry.text().strip())
        self._name_button()
        if self.stack.currentIndex() == 1:
            self._shell.run(self._compare())

    async def _open_file(self) -> None:
        path = await self._shell.choose_open_file(
            translate("ClusterDeploy", "Open manifests"), translate("ClusterDeploy", "Manifests (*.yaml *.yml *.json)")
        )
        if not path:
            return
        try:
            text = await asyncio.to_thread(_read, path)
        except (OSError, UnicodeDecodeError) as error:
            self._tell(translate("ClusterDeploy", "{0} cannot be read").format(path), str(error))
            return
        self.text.setPlainText(text)

    async def _compare(self) -> None:
        """What the cluster itself says would change; the images by the names that it will get."""
        client = self._shell.client
        self._place = ClusterPlace(context=self.context.currentText(), namespace=self.namespace.text().strip())
        texts, force = {_FILE: self.text.toPlainText()}, self.force.isChecked()
        registry = self.registry.text().strip()
        with self._told():
            here = await client.call(lambda engine: engine.manifests.images_only_here(texts, registry))
            self._tell_images(here)
            if here and all(here.values()):
                texts = await client.call(lambda engine: engine.manifests.with_images(texts, here))
            found = await client.call(lambda engine: engine.clusters.differences(self._place, texts, force=force))
            self._texts, self._pushes = texts, here
            self._show_changes(found)

    def _tell_images(self, here: dict[str, str]) -> None:
        self.images.setVisible(bool(here))
        words = translate("ClusterDeploy", "Only this computer has {0}: the cluster cannot fetch it from here.")
        self.images_words.setText(words.format(", ".join(here)))

    def _show_changes(self, found: Sequence[ObjectChange]) -> None:
        self.changes.set_items((f"{one.namespace}/{one.title}", one) for one in found)
        self._show_stage(1)
        first = next((one for one in found if one.action != "same"), None)
        if first is not None:
            self.table.select_key(f"{first.namespace}/{first.title}")
        else:
            self._tell(translate("ClusterDeploy", "Everything is there as it is wanted."), tone=Tone.SUCCESS)
        self._show_difference()

    def _show_difference(self) -> None:
        chosen = [one for key in self.table.selected_keys() if (one := self.changes.item(key)) is not None]
        self.difference.set_diff(chosen[0].diff if chosen else "")

    # --- doing ---

    async def _deploy(self) -> None:
        self._show_stage(2)
        self.steps.set_items(())
        client, texts, force = self._shell.client, self._texts, self.force.isChecked()
        with self._told():
            for reference, name in self._pushes.items():
                if name:
                    await self._push(reference, name)
            made = await client.call(lambda engine: engine.clusters.apply(self._place, texts, force=force))
            done = translate("ClusterDeploy", "Applied")
            for title in made:
                self._step(title, done, Tone.SUCCESS)
            if not self._gone:
                self.undo.show()
            await self._watch_rollout([title for title in made if title.partition("/")[0] in _ROLLS])
        if not self._gone:
            self.back.setVisible(not self.undo.isVisibleTo(self))

    async def _push(self, reference: str, name: str) -> None:
        title, client = translate("ClusterDeploy", "Push {0}").format(name), self._shell.client
        self._step(title, translate("ClusterDeploy", "Pushing"), Tone.INFO)
        try:
            await client.call(lambda engine: engine.images.tag(reference, name))
            await client.operate(lambda engine: engine.images.push(PushImage(reference=name)))
        except WherryError as error:
            self._step(title, translate("ClusterDeploy", "Failed"), Tone.DANGER, words_of(error).title)
            raise
        self._step(title, translate("ClusterDeploy", "Pushed"), Tone.SUCCESS)

    async def _watch_rollout(self, titles: Sequence[str]) -> None:
        """Until all are done, one has failed, or nobody looks any more."""
        left = list(titles)
        while left and not self._gone:
            for title in tuple(left):
                found = await self._shell.client.call(
                    lambda engine, title=title: engine.clusters.rollout(self._place, title)  # type: ignore[misc]
                )
                words, tone = translate("ClusterDeploy", "Rolling out"), Tone.INFO
                if found.done or found.failed:
                    left.remove(title)
                    words, tone = (
                        (translate("ClusterDeploy", "Failed"), Tone.DANGER) if found.failed else
                        (translate("ClusterDeploy", "Running"), Tone.SUCCESS)
                    )  # fmt: skip
                self._step(title, words, tone, found.message)
            if left:
                await asyncio.sleep(_LOOK_SECONDS)

    async def _undo(self) -> None:
        self.undo.setEnabled(False)
        try:
            with self._told():
                titles = await self._shell.client.call(
                    lambda engine: engine.clusters.put_back(self._place, self._texts)
                )
                for title in titles:
                    self._step(title, translate("ClusterDeploy", "As before"), Tone.MUTED)
                if not self._gone:
                    self.undo.hide()
        finally:
            if not self._gone:
                self.undo.setEnabled(True)

    def _step(self, title: str, state: str, tone: Tone, told: str = "") -> None:
        if self._gone:
            return
        known = {one.title: one for one in self.steps.items()}
        known[title] = DeployStep(title, state, tone, told)
        self.steps.set_items(known.items())

    # --- telling ---

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """What is refused is said here, and nothing else happens."""
        if not self._gone:
            self.banner.hide()
        try:
            yield
        except WherryError as error:
            if self._gone:
                raise
            words = words_of(error)
            self._tell(words.title, words.text, words.details)
            self.force.setVisible(error.code is Code.IN_USE or self.force.isChecked())
            if error.code in (Code.UNAUTHORIZED, Code.WRONG_LOGIN) and self.registry.text().strip():
                server = server_of(self.registry.text().strip() + "/x")
                self.banner.add_action(
                    translate("ClusterDeploy", "Log in to {0}…").format(server),
                    lambda: self._shell.open_dialog("login", server=server),
                )

    def _tell(self, title: str, text: str = "", details: str = "", tone: Tone = Tone.DANGER) -> None:
        self.banner.show_message(tone, title, text, details)
        self.banner.show()

    def _leave(self, _result: int) -> None:
        self._gone = True


def _read(path: str) -> str:
    with Path(path).open(encoding="utf-8") as file:
        return file.read(_LARGEST)
