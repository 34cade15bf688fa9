"""Lists of a form that have a row of fields each: ports and mounts."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QCompleter, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from engine.recipe.kinds.amounts import read_size, size_words
from engine.types.containers import Mount, PortMapping
from gui.dialogs.containers.form.fields import Field
from gui.plain_text import set_tip
from gui.presentation.containers.run_line import fault_text
from gui.presentation.names import is_figures
from gui.theme import Space, Text, Tone
from gui.widgets.buttons import Variant, button, tool_button
from gui.widgets.labels import label
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Row(QWidget):
    """One row: its fields, what is wrong below them, and a button that takes it away."""

    changed = Signal()
    removed = Signal()

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.HAIR)
        self.fields = QHBoxLayout()
        self.fields.setSpacing(Space.S)
        column.addLayout(self.fields)
        self._words = label("", Text.SMALL, Tone.DANGER, wrap=True)
        self._words.hide()
        column.addWidget(self._words)

    def finish(self) -> None:
        self.fields.addWidget(tool_button("x", translate("Form", "Take this row away"), self.removed.emit))

    def line(self, name: str, placeholder: str, text: str, width: int = 0) -> QLineEdit:
        made = QLineEdit(text)
        made.setPlaceholderText(placeholder)
        made.setAccessibleName(name)
        set_tip(made, name)
        if width:
            made.setFixedWidth(width)
        made.textChanged.connect(lambda _text: self.changed.emit())
        return made

    def tell(self, words: str, tone: Tone = Tone.DANGER) -> None:
        from gui.widgets.labels import set_tone

        set_tone(self._words, tone)
        self._words.setText(words)
        self._words.setVisible(bool(words))

    @abstractmethod
    def value(self) -> Any:
        """What the row says. Raises ValueError with a sentence."""


class PortRow(Row):
    """Host port → container port, protocol, address."""

    def __init__(self, port: PortMapping | None = None) -> None:
        super().__init__()
        port = port or PortMapping(container_port=0)
        host = str(port.host_port) if port.host_port else ""
        host += f"-{port.host_port_last}" if port.host_port_last else ""
        inner = str(port.container_port) if port.container_port else ""
        self.host = self.line(translate("Form", "Port on this computer"), translate("Form", "auto"), host, 90)
        self.inner = self.line(translate("Form", "Port in the container"), "80", inner, 90)
        self.protocol = QComboBox()
        self.protocol.addItems(["tcp", "udp"])
        self.protocol.setCurrentText(port.protocol)
        self.protocol.setAccessibleName(translate("Form", "Protocol"))
        self.protocol.currentTextChanged.connect(lambda _text: self.changed.emit())
        self.address = self.line(translate("Form", "Address"), translate("Form", "every address"), port.host_ip)
        self.fields.addWidget(self.host)
        self.fields.addWidget(label("→", Text.BODY, Tone.MUTED))
        for widget in (self.inner, self.protocol):
            self.fields.addWidget(widget)
        self.fields.addWidget(self.address, 1)
        self.setFocusProxy(self.host)
        self.finish()

    def value(self) -> PortMapping:
        protocol: Any = self.protocol.currentText()
        first, dash, last = self.host.text().partition("-")
        here = translate("Form", "the port here")
        return PortMapping(
            container_port=_port(self.inner.text(), translate("Form", "the container's port")),
            host_port=_port(first, here, empty_is_auto=not dash),
            host_port_last=_port(last, here) if dash else 0,
            protocol=protocol,
            host_ip=self.address.text().strip(),
        )


class MountRow(Row):
    """A volume, a folder, memory or an image → a place in the container."""

    def __init__(self, mount: Mount | None, volumes: Sequence[str], choose_folder: Callable[[MountRow], None]) -> None:
        super().__init__()
        self._base = mount or Mount(kind="volume", target="")
        self.kind = QComboBox()
        for key, words in (
            ("volume", translate("Form", "Volume")),
            ("bind", translate("Form", "Folder")),
            ("tmpfs", translate("Form", "Memory")),
            ("image", translate("Form", "Image")),
        ):
            self.kind.addItem(words, key)
        self.kind.setCurrentIndex(self.kind.findData(self._base.kind))
        self.kind.setAccessibleName(translate("Form", "Kind of mount"))
        source = size_words(self._base.tmpfs_size) if self._base.kind == "tmpfs" else self._base.source
        self.source = self.line(translate("Form", "What is mounted"), "", "" if source == "0" else source)
        self._volumes = QCompleter(list(volumes), self.source)
        self._no_completion = QCompleter([], self.source)
        self.browse = tool_button("folder-open", translate("Form", "Choose a folder"), lambda: choose_folder(self))
        place = translate("Form", "Place in the container")
        self.target = self.line(place, translate("Form", "/place/in/container"), self._base.target)
        self.read_only = QCheckBox(translate("Form", "read only"))
        self.read_only.setChecked(self._base.read_only)
        self.read_only.toggled.connect(lambda _on: self.changed.emit())
        self.fields.addWidget(self.kind)
        self.fields.addWidget(self.source, 3)
        self.fields.addWidget(self.browse)
        self.fields.addWidget(label("→", Text.BODY, Tone.MUTED))
        self.fields.addWidget(self.target, 3)
        self.fields.addWidget(self.read_only)
        self.setFocusProxy(self.kind)
        self.finish()
        self.kind.currentIndexChanged.connect(lambda _index: self._on_kind())
        self._on_kind()

    def _on_kind(self) -> None:
        kind = self.kind.currentData()
        self.browse.setVisible(kind == "bind")
        self.source.setCompleter(self._volumes if kind == "volume" else self._no_completion)
        self.source.setPlaceholderText(
            {
                "volume": translate("Form", "name, or empty for an unnamed one"),
                "bind": translate("Form", "/folder/on/this/computer"),
                "tmpfs": translate("Form", "size, like 64m"),
                "image": translate("Form", "name:tag, to be read"),
            }[kind]
        )
        self.changed.emit()

    def value(self) -> Mount:
        from msgspec.structs import replace

        kind, source, target = self.kind.currentData(), self.source.text().strip(), self.target.text().strip()
        if not target.startswith("/"):
            raise ValueError(translate("Form", "The place in the container begins with “/”"))
        changes: dict[str, Any] = {"kind": kind, "target": target, "read_only": self.read_only.isChecked()}
        if kind == "tmpfs":
            changes |= {"source": "", "tmpfs_size": read_size(source) if source else 0}
        else:
            changes["source"] = source
        if kind == "bind":
            if not source:
                raise ValueError(translate("Form", "Which folder?"))
            if not source.startswith(("/", "~")):
                raise ValueError(translate("Form", "A folder begins with “/”; a volume has a plain name"))
            changes["source"] = str(Path(source).expanduser())
        if kind == "image" and not source:
            raise ValueError(translate("Form", "Which image?"))
        return replace(self._base, **changes)


class RowsField(Field):
    """Rows with a button that adds one."""

    wide = True

    def __init__(self, make_row: Callable[[Any], Row], add_words: str) -> None:
        super().__init__()
        self._make_row = make_row
        self.rows: list[Row] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(Space.S)
        self.add_button = button(add_words, "plus", Variant.GHOST, lambda: self.add(None).setFocus())
        foot = QHBoxLayout()
        foot.addWidget(self.add_button)
        foot.addStretch(1)
        self._column.addLayout(foot)

    def add(self, value: Any) -> Row:
        row = self._make_row(value)
        row.changed.connect(self.changed.emit)
        row.removed.connect(lambda: self._remove(row))
        self.rows.append(row)
        self._column.insertWidget(len(self.rows) - 1, row)
        if value is None:
            self.changed.emit()
        return row

    def value(self) -> tuple[Any, ...]:
        return tuple(row.value() for row in self.rows)

    def set_value(self, value: Sequence[Any]) -> None:
        for row in list(self.rows):
            self._drop(row)
        for item in value:
            self.add(item)
        self.changed.emit()

    def problem(self) -> str:
        first = ""
        for row in self.rows:
            try:
                row.value()
            except ValueError as error:
                row.tell(fault_text(error))
                first = first or fault_text(error)
            else:
                row.tell("")
        return first

    def _remove(self, row: Row) -> None:
        self._drop(row)
        self.changed.emit()

    def _drop(self, row: Row) -> None:
        self.rows.remove(row)
        self._column.removeWidget(row)
        row.hide()
        row.deleteLater()


def _port(text: str, what: str, *, empty_is_auto: bool = False) -> int:
    text = text.strip()
    if not text and empty_is_auto:
        return 0
    if not is_figures(text) or not 1 <= int(text) <= 65535:
        raise ValueError(translate("Form", "{0}: a number from 1 to 65535").format(what[:1].upper() + what[1:]))
    return int(text)
