"""Fields of a form: each holds one value of the recipe, can be set from one, and says what is wrong with it."""

from __future__ import annotations

import shlex
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from engine.recipe.kinds.amounts import decimal_words, read_seconds, read_size, seconds_words, size_words
from gui.plain_text import set_tip
from gui.presentation.containers.run_line import fault_text
from gui.theme import Space, mono
from gui.widgets.buttons import Variant, button
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class Field(QWidget):
    """Base: `value()` may raise ValueError with a sentence; `problem()` turns that into text."""

    changed = Signal()
    wide = False

    @abstractmethod
    def value(self) -> Any:
        """What is in it. Raises ValueError with a sentence."""

    @abstractmethod
    def set_value(self, value: Any) -> None:
        """Show this one."""

    def problem(self) -> str:
        try:
            self.value()
        except ValueError as error:
            return fault_text(error)
        return ""

    def _hold(self, widget: QWidget) -> None:
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(Space.XS)
        self.body.addWidget(widget)
        self.setFocusProxy(widget)


class TextField(Field):
    """One line. `parse` makes the value, `show` the text; "" gives `empty`."""

    def __init__(
        self,
        placeholder: str = "",
        *,
        empty: Any = "",
        parse: Callable[[str], Any] = str,
        show: Callable[[Any], str] = str,
        code: bool = False,
    ) -> None:
        super().__init__()
        self._empty, self._parse, self._show = empty, parse, show
        self.line = QLineEdit()
        self.line.setPlaceholderText(placeholder)
        if code:
            self.line.setFont(mono())
        self.line.textChanged.connect(lambda _text: self.changed.emit())
        self._hold(self.line)

    def value(self) -> Any:
        text = self.line.text().strip()
        return self._parse(text) if text else self._empty

    def set_value(self, value: Any) -> None:
        self.line.setText("" if value == self._empty or value is None else self._show(value))

    def set_placeholder(self, text: str) -> None:
        self.line.setPlaceholderText(text)


class LinesField(Field):
    """Several values, one a line; blank lines do not count."""

    wide = True

    def __init__(
        self, placeholder: str = "", *, parse: Callable[[str], Any] = str, show: Callable[[Any], str] = str
    ) -> None:
        super().__init__()
        self._parse, self._show = parse, show
        self.edit = QPlainTextEdit()
        self.edit.setPlaceholderText(placeholder)
        self.edit.setFont(mono())
        self.edit.setFixedHeight(66)
        self.edit.setTabChangesFocus(True)
        self.edit.textChanged.connect(self.changed.emit)
        self._hold(self.edit)

    def value(self) -> tuple[Any, ...]:
        return tuple(self._parse(line.strip()) for line in self.edit.toPlainText().splitlines() if line.strip())

    def set_value(self, value: Sequence[Any]) -> None:
        self.edit.setPlainText("\n".join(self._show(item) for item in value))


class PairsField(LinesField):
    """NAME=value lines as a dict; `choose_file` is asked for more of them when its button is pressed."""

    def __init__(self, placeholder: str = "", choose_file: Callable[[PairsField], None] | None = None) -> None:
        super().__init__(placeholder)
        if choose_file is not None:
            words = translate("Form", "Add those of a file…")
            self.file_button = button(words, "file", Variant.GHOST, lambda: choose_file(self))
            self.body.addWidget(self.file_button, 0, Qt.AlignmentFlag.AlignLeft)

    def add(self, pairs: Mapping[str, str]) -> None:
        """Write these below what is there; a name that is there already gets the new value."""
        written = [line for line in self.edit.toPlainText().splitlines() if line.strip()]
        kept = [line for line in written if line.partition("=")[0].strip() not in pairs]
        self.edit.setPlainText("\n".join([*kept, *(f"{name}={text}" for name, text in pairs.items())]))

    def value(self) -> Any:
        pairs: dict[str, str] = {}
        for line in super().value():
            name, sign, text = line.partition("=")
            if not sign or not name.strip():
                raise ValueError(translate("Form", "“{0}”: write NAME=value").format(line))
            pairs[name.strip()] = text
        return pairs

    def set_value(self, value: Any) -> None:
        super().set_value([f"{name}={text}" for name, text in value.items()])


class BoolField(Field):
    wide = True

    def __init__(self, words: str, hint: str = "") -> None:
        super().__init__()
        self.box = QCheckBox(words)
        set_tip(self.box, hint)
        self.box.toggled.connect(lambda _on: self.changed.emit())
        self._hold(self.box)

    def value(self) -> bool:
        return self.box.isChecked()

    def set_value(self, value: Any) -> None:
        self.box.setChecked(bool(value))


class ChoiceField(Field):
    """One of a few; editable ones take any text too."""

    def __init__(self, choices: Sequence[tuple[Any, str]], *, editable: bool = False) -> None:
        super().__init__()
        self.combo = QComboBox()
        self._editable = editable
        self.combo.setEditable(editable)
        self.set_choices(choices)
        self.combo.currentTextChanged.connect(lambda _text: self.changed.emit())
        self._hold(self.combo)

    def set_choices(self, choices: Sequence[tuple[Any, str]]) -> None:
        current = self.value() if self.combo.count() else None
        self.combo.blockSignals(True)  # noqa: FBT003
        self.combo.clear()
        for value, words in choices:
            self.combo.addItem(words, value)
        self.combo.blockSignals(False)  # noqa: FBT003
        if current is not None:
            self.set_value(current)

    def value(self) -> Any:
        if self._editable:
            text = self.combo.currentText().strip()
            index = self.combo.findText(text)
            return self.combo.itemData(index) if index >= 0 else text
        return self.combo.currentData()

    def set_value(self, value: Any) -> None:
        index = self.combo.findData(value)
        if index >= 0:
            self.combo.setCurrentIndex(index)
        elif self._editable:
            self.combo.setEditText(str(value))
        if (line := self.combo.lineEdit()) is not None:
            line.setCursorPosition(0)  # a text longer than the field shows its beginning


# --- common kinds of text ---


def size_field(placeholder: str = "") -> TextField:
    return TextField(placeholder or "512m", empty=0, parse=read_size, show=size_words)


def swap_field() -> TextField:
    parse = lambda text: -1 if text in ("-1", "unlimited") else read_size(text)  # noqa: E731
    show = lambda value: "-1" if value < 0 else size_words(value)  # noqa: E731
    return TextField(translate("Form", "memory plus swap; -1 for no limit"), empty=0, parse=parse, show=show)


def integer_field(placeholder: str = "", *, least: int = 0, most: int = 2**31, empty: Any = 0) -> TextField:
    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise ValueError(translate("Form", "“{0}” is no whole number").format(text)) from None
        if not least <= number <= most:
            raise ValueError(translate("Form", "from {0} to {1}").format(least, most))
        return number

    return TextField(placeholder, empty=empty, parse=parse)


def decimal_field(placeholder: str = "", *, most: float = 4096.0) -> TextField:
    def parse(text: str) -> float:
        try:
            number = float(text.replace(",", "."))
        except ValueError:
            raise ValueError(translate("Form", "“{0}” is no number").format(text)) from None
        if not 0 < number <= most:
            raise ValueError(translate("Form", "more than 0, at most {0}").format(f"{most:g}"))
        return number

    return TextField(placeholder, empty=0.0, parse=parse, show=decimal_words)


def seconds_field(placeholder: str = "", *, empty: Any = 0.0) -> TextField:
    parse = lambda text: read_seconds(text, bare=True)  # noqa: E731
    return TextField(placeholder or "30s", empty=empty, parse=parse, show=seconds_words)


def command_field(placeholder: str = "") -> TextField:
    """A command line; None is "as the image says"."""

    def parse(text: str) -> tuple[str, ...]:
        try:
            return tuple(shlex.split(text))
        except ValueError:
            raise ValueError(translate("Form", "A quote is not closed")) from None

    return TextField(placeholder, empty=None, parse=parse, show=shlex.join, code=True)


def words_field(placeholder: str = "", *, upper: bool = False) -> TextField:
    """Words with commas or spaces between."""

    def parse(text: str) -> tuple[str, ...]:
        words = text.replace(",", " ").split()
        return tuple(word.upper().removeprefix("CAP_") if upper else word for word in words)

    return TextField(placeholder, empty=(), parse=parse, show=", ".join)
