"""Push an image under one of its names, or under a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QComboBox

from engine.types.images import PushImage
from gui.actions.images import check_reference
from gui.dialogs.images.transfer import TransferDialog, server_of
from gui.theme import Text, Tone
from gui.widgets.labels import label
from gui.words import translate

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from gui.bridge import Engine, OperationHandle
    from gui.shell import Shell


class PushDialog(TransferDialog):
    """`reference` is the name chosen first."""

    def __init__(self, shell: Shell, reference: str) -> None:
        super().__init__(shell, translate("PushDialog", "Push {0}").format(reference), translate("PushDialog", "Push"))
        self.setObjectName("dialog.push")
        self._source = reference
        self._target = reference
        self.name = QComboBox()
        self.name.setEditable(True)
        self.name.setAccessibleName(translate("PushDialog", "Name to push to"))
        image = next((i for i in shell.client.mirror.images.values() if reference in i.tags), None)
        self.name.addItems(list(image.tags) if image is not None else [reference])
        self.name.setCurrentText(reference)
        self._where = label("", Text.SMALL, Tone.MUTED)
        self.name.currentTextChanged.connect(self._tell_server)
        self.form.addWidget(self.name)
        self.form.addWidget(self._where)
        self._tell_server(reference)

    def prepare(self) -> str:
        self._target = self.name.currentText().strip()
        return check_reference(self._target)

    def make_operation(self, engine: Engine) -> OperationHandle:
        return engine.images.push(PushImage(reference=self._target))

    def begin(self) -> None:
        """A new name is first made a tag of the same image."""
        wanted = self.name.currentText().strip()
        image = next((i for i in self._shell.client.mirror.images.values() if self._source in i.tags), None)
        if image is None or wanted in image.tags or check_reference(wanted):
            super().begin()
        else:
            self._shell.run(self._tag_and_begin(image.id, wanted))

    async def _tag_and_begin(self, image: str, name: str) -> None:
        await self._shell.client.call(lambda engine: engine.images.tag(image, name))
        super().begin()

    def form_fields(self) -> list[QWidget]:
        return [self.name]

    def server(self) -> str:
        return server_of(self.name.currentText().strip())

    def succeeded(self, result: str) -> None:
        self.banner.show_message(Tone.SUCCESS, translate("PushDialog", "Pushed {0}").format(self._target), result)
        self.banner.show()
        self.status.hide()

    def told(self) -> str:
        return translate("PushDialog", "Pushed {0}").format(self._target)

    def _tell_server(self, text: str) -> None:
        self._where.setText(translate("PushDialog", "Goes to {0}").format(server_of(text.strip())))
