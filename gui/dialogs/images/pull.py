"""Pull an image: its name with suggestions, tags and platform to choose, progress per layer, failures with remedies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QStringListModel, Qt, QTimer
from PySide6.QtWidgets import QComboBox, QCompleter, QHBoxLayout, QListWidget, QListWidgetItem
from shiboken6 import isValid

from engine.errors import Code, WherryError
from engine.types.images import PullImage
from gui.dialogs.images.transfer import TransferDialog, reference_field, server_of
from gui.theme import Space, Text, Tone, mono
from gui.widgets.buttons import Variant, button
from gui.widgets.labels import label
from gui.words import translate

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from engine.types.images import SearchResult
    from gui.bridge import Engine, OperationHandle
    from gui.shell import Shell

PLATFORMS = ("", "linux/amd64", "linux/arm64", "linux/arm/v7", "linux/386", "linux/ppc64le", "linux/s390x")
_MOST_TAGS = 500
_TAGS_SHOWN = 8
_SEARCH_AFTER_MS = 350


class PullDialog(TransferDialog):
    """`reference` fills the form; `start` begins at once."""

    def __init__(self, shell: Shell, reference: str = "", *, start: bool = False, platform: str = "") -> None:
        super().__init__(shell, translate("PullDialog", "Pull an image"), translate("PullDialog", "Pull"))
        self.setObjectName("dialog.pull")
        self._request = PullImage(reference="")
        self.name = reference_field(translate("PullDialog", "nginx:1.27  or  ghcr.io/team/app:main"), reference)
        self.platform = QComboBox()
        self.platform.setAccessibleName(translate("PullDialog", "Platform"))
        self.platform.setEditable(True)
        for choice in PLATFORMS:
            self.platform.addItem(choice or translate("PullDialog", "This computer's"), choice)
        if platform:
            self.platform.setCurrentText(platform)
        self.tags = QListWidget()
        self.tags.setAccessibleName(translate("PullDialog", "Tags"))
        self.tags.setFont(mono())
        self.tags.setProperty("role", "field")
        self.tags.hide()
        self.tags.itemActivated.connect(self._take_tag)
        self.tags.itemClicked.connect(self._take_tag)
        self._choose = button(translate("PullDialog", "Choose a tag…"), "tag", Variant.DEFAULT, self._list_tags)
        self._suggestions = QStringListModel(self)
        self._build()
        self._search = QTimer(self, singleShot=True, interval=_SEARCH_AFTER_MS)
        self._search.timeout.connect(self._suggest)
        self.name.textEdited.connect(lambda _text: self._search.start())
        self.name.returnPressed.connect(self.begin)
        self.name.setFocus()
        if start:
            QTimer.singleShot(0, self.begin)

    def _build(self) -> None:
        completer = QCompleter(self._suggestions, self)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.name.setCompleter(completer)
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addWidget(self.name, 1)
        row.addWidget(self._choose)
        self.form.addLayout(row)
        self.form.addWidget(self.tags)
        second = QHBoxLayout()
        second.setSpacing(Space.S)
        second.addWidget(label(translate("PullDialog", "Platform"), Text.BODY, Tone.NEUTRAL))
        second.addWidget(self.platform)
        second.addStretch(1)
        self.form.addLayout(second)

    # --- what the frame asks ---

    def prepare(self) -> str:
        text = self.name.text().strip()
        if not text:
            return translate("PullDialog", "Which image? A name such as nginx:1.27 is enough.")
        chosen = self.platform.currentText().strip()
        first = self.platform.itemText(0)
        self._request = PullImage(reference=text, platform="" if chosen == first else chosen)
        self.tags.hide()
        return ""

    def make_operation(self, engine: Engine) -> OperationHandle:
        return engine.images.pull(self._request)

    def form_fields(self) -> list[QWidget]:
        return [self.name, self.platform, self._choose]

    def server(self) -> str:
        return server_of(self.name.text().strip())

    def succeeded(self, result: str) -> None:
        image = self._shell.client.mirror.images.get(result)
        name = image.tags[0] if image is not None and image.tags else self._request.reference
        self.banner.show_message(Tone.SUCCESS, translate("PullDialog", "{0} is here").format(name))
        self.banner.add_action(translate("PullDialog", "Run it…"), lambda: self._go("run", name), Variant.PRIMARY)
        self.banner.add_action(translate("PullDialog", "Look inside"), lambda: self._go("layers", result or name))
        self.banner.show()
        self.status.hide()

    def told(self) -> str:
        return translate("PullDialog", "Pulled {0}").format(self._request.reference)

    def add_remedies(self, error: WherryError) -> None:
        if error.code in (Code.NOT_FOUND, Code.INVALID_REFERENCE):
            self.banner.add_action(translate("PullDialog", "Choose a tag…"), self._list_tags)
        if error.code is Code.NO_PLATFORM:
            self.banner.add_action(translate("PullDialog", "Choose a platform…"), self._choose_platform)

    # --- tags, platforms, suggestions ---

    def _choose_platform(self) -> None:
        self.platform.setFocus()
        self.platform.showPopup()

    def _list_tags(self) -> None:
        name = self.name.text().strip()
        if name:
            self._shell.run(self._load_tags(_repository(name)))

    async def _load_tags(self, repository: str) -> None:
        self.tags.clear()
        self.tags.show()
        self.tags.addItem(translate("PullDialog", "Asking for the tags…"))
        self._fit_tags()
        try:
            tags = await self._shell.client.call(lambda engine: engine.images.remote_tags(repository))
        except WherryError as error:
            if isValid(self):
                self.tags.hide()
                self._show_failure(error)
            return
        if not isValid(self):
            return  # closed while we asked
        self.tags.clear()
        for tag in list(tags)[:_MOST_TAGS]:
            item = QListWidgetItem(tag)
            item.setData(Qt.ItemDataRole.UserRole, f"{repository}:{tag}")
            self.tags.addItem(item)
        self._fit_tags()
        self.tags.setFocus()
        self.adjustSize()

    def _fit_tags(self) -> None:
        """As high as the tags are, and no higher than a few of them."""
        row = max(1, self.tags.sizeHintForRow(0))
        self.tags.setFixedHeight(row * max(1, min(self.tags.count(), _TAGS_SHOWN)) + 2 * Space.S)

    def _take_tag(self, item: QListWidgetItem) -> None:
        reference = item.data(Qt.ItemDataRole.UserRole)
        if reference:
            self.name.setText(reference)
            self.tags.hide()
            self.banner.hide()
            self.start.setFocus()

    def _suggest(self) -> None:
        text = self.name.text().strip()
        if len(text) >= 3 and ":" not in text:
            self._shell.run(self._load_suggestions(text))

    async def _load_suggestions(self, text: str) -> None:
        try:
            found: list[SearchResult] = list(await self._shell.client.call(lambda engine: engine.images.search(text)))
        except WherryError:
            return  # a registry without search: typing on works as well
        if isValid(self) and text == self.name.text().strip():
            self._suggestions.setStringList([result.name for result in found])

    def _go(self, where: str, name: str) -> None:
        self.accept()
        if where == "run":
            self._shell.open_dialog("run", image=name)
        else:
            self._shell.navigate("images", name, "layers")


def _repository(reference: str) -> str:
    """A reference without its tag or digest."""
    name = reference.partition("@")[0]
    head, slash, tail = name.rpartition("/")
    return f"{head}{slash}{tail.partition(':')[0]}"
