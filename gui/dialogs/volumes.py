"""Make a volume: empty, as a copy of another, or from a backup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QWidget

from engine.errors import WherryError
from engine.types.volumes import CreateVolume
from gui.actions.volumes import backup_filter
from gui.dialogs.containers.form.fields import PairsField
from gui.dialogs.short_form import ShortForm
from gui.models.volumes import volume_name
from gui.presentation.names import name_problem
from gui.theme import Space
from gui.widgets.buttons import tool_button
from gui.widgets.labels import form_label
from gui.words import translate

if TYPE_CHECKING:
    from gui.shell import Shell

_EMPTY, _BACKUP, _COPY = "empty", "backup", "copy:"


class CreateVolumeDialog(ShortForm):
    """Name, what is in it at first, and labels."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(
            shell, translate("CreateVolumeDialog", "New volume"), translate("CreateVolumeDialog", "Create")
        )
        self.setObjectName("dialog.create-volume")
        self.name = QLineEdit()
        self.content = QComboBox()
        self.content.addItem(translate("CreateVolumeDialog", "Nothing"), _EMPTY)
        self.content.addItem(translate("CreateVolumeDialog", "What is in a backup"), _BACKUP)
        for volume in sorted(shell.client.mirror.volumes.values(), key=lambda v: (v.anonymous, v.name)):
            words = translate("CreateVolumeDialog", "A copy of {0}").format(volume_name(volume))
            self.content.addItem(words, _COPY + volume.name)
        self.labels = PairsField("name=value")
        self._backup_label = form_label(translate("CreateVolumeDialog", "Backup"))
        self._backup_box = self._make_backup_field()
        for words, field in (
            (translate("CreateVolumeDialog", "Name"), self.name),
            (translate("CreateVolumeDialog", "In it at first"), self.content),
        ):
            field.setAccessibleName(words)
            self.form.addRow(form_label(words), field)
        self.form.addRow(self._backup_label, self._backup_box)
        self._labels_label = form_label(translate("CreateVolumeDialog", "Labels"))
        self.labels.edit.setAccessibleName(self._labels_label.text())
        self.form.addRow(self._labels_label, self.labels)
        self.content.currentIndexChanged.connect(lambda _index: self._on_content())
        self._on_content()
        self.name.setFocus()

    def _make_backup_field(self) -> QWidget:
        self.backup = QLineEdit()
        self.backup.setAccessibleName(self._backup_label.text())
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.S)
        row.addWidget(self.backup, 1)
        words = translate("CreateVolumeDialog", "Choose a backup")
        row.addWidget(tool_button("folder-open", words, lambda: self._shell.run(self._choose_backup())))
        return box

    def _on_content(self) -> None:
        content = self.content.currentData()
        for widget in (self._backup_label, self._backup_box):
            widget.setVisible(content == _BACKUP)
        for widget in (self._labels_label, self.labels):
            widget.setVisible(not content.startswith(_COPY))  # a copy has the labels of what it is a copy of
        self.adjustSize()

    async def _choose_backup(self) -> None:
        path = await self._shell.choose_open_file(translate("CreateVolumeDialog", "Which backup?"), backup_filter())
        if path:
            self.backup.setText(path)

    def problem(self) -> str:
        """What is wrong with the form, or ""."""
        name = self.name.text().strip()
        if name in self._shell.client.mirror.volumes:
            return translate("CreateVolumeDialog", "There is a volume of this name already")
        if self.content.currentData() == _BACKUP and not self.backup.text().strip():
            return translate("CreateVolumeDialog", "Which backup?")
        return name_problem(name) or self.labels.problem()

    def submit(self) -> None:
        if words := self.problem():
            self.warn(words)
            return
        told = translate("CreateVolumeDialog", "Made the volume {0}").format(self.name.text().strip())
        self._shell.run(self.attempt(self._make(self.name.text().strip(), self.content.currentData()), told))

    async def _make(self, name: str, content: str) -> None:
        client = self._shell.client
        await self._shell.make_room("volume", [name])
        if content.startswith(_COPY):
            original = content.removeprefix(_COPY)
            await client.operate(lambda engine: engine.volumes.clone(original, name))
        else:
            request, path = CreateVolume(name=name, labels=self.labels.value()), self.backup.text().strip()
            await client.call(lambda engine: engine.volumes.create(request))
            if content == _BACKUP:
                await self._fill(name, path)
        self._shell.navigate("volumes", name)

    async def _fill(self, name: str, path: str) -> None:
        """From the backup; where that fails the volume goes again, so that the next try finds its name free."""
        client = self._shell.client
        try:
            await client.operate(lambda engine: engine.volumes.restore(name, path))
        except WherryError:
            await client.call(lambda engine: engine.volumes.remove(name))
            raise
