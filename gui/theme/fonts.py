"""Fonts: the system's own, at the sizes of the type scale. Nothing is bundled."""

from __future__ import annotations

from PySide6.QtGui import QFont, QFontDatabase, QFontInfo
from PySide6.QtWidgets import QApplication

from gui.theme.tokens import Text

_USUAL_PIXELS = 15.0


class _Fonts:
    """Fonts made from the system's, for as long as that stays the same: every cell of a table asks for one."""

    def __init__(self) -> None:
        self.mono_family = ""
        self._system: QFont | None = None
        self._made: dict[tuple[Text, bool], QFont] = {}

    def get(self, text: Text, *, tabular: bool) -> QFont:
        system = QApplication.font()
        if system != self._system:
            self._system = system
            self._made.clear()
        found = self._made.get((text, tabular))
        if found is None:
            found = self._made[text, tabular] = _scaled(system, text, tabular=tabular)
        return QFont(found)


_fonts = _Fonts()


def font(text: Text = Text.BODY, *, tabular: bool = False) -> QFont:
    """The system's font at a step of the type scale. `tabular` keeps digits in columns where the font can."""
    return _fonts.get(text, tabular=tabular)


def letters() -> float:
    """How much larger the system's letters are than those the distances are made for; 1 for all up to those."""
    return max(1.0, QFontInfo(QApplication.font()).pixelSize() / _USUAL_PIXELS)


def grown(distance: float) -> int:
    """A width or a height that holds words: it grows with their letters."""
    return round(distance * letters())


def _scaled(system: QFont, text: Text, *, tabular: bool) -> QFont:
    result = QFont(system)
    _scale(result, text.factor)
    result.setWeight(QFont.Weight(text.weight))
    if tabular:
        result.setFeature(QFont.Tag("tnum"), 1)
    return result


def mono(text: Text = Text.SMALL, *, zoom: float = 1.0) -> QFont:
    """The system's fixed-pitch font at a step of the type scale."""
    result = QFont(QApplication.font())
    result.setFamilies([_fonts.mono_family or QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont).family()])
    result.setStyleHint(QFont.StyleHint.Monospace)
    result.setFixedPitch(True)
    _scale(result, text.factor * zoom)
    result.setWeight(QFont.Weight(text.weight))
    return result


def set_mono_family(family: str) -> None:
    """Use this family for fixed pitch (a setting of the user; tests pin it). Empty means the system's."""
    _fonts.mono_family = family


def _scale(target: QFont, factor: float) -> None:
    if target.pointSizeF() > 0:
        target.setPointSizeF(target.pointSizeF() * factor)
    else:
        target.setPixelSize(max(1, round(target.pixelSize() * factor)))
