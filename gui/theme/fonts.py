"""Fonts: the system's own, at the sizes of the type scale. Nothing is bundled."""

from __future__ import annotations

from PySide6.QtGui import QFont, QFontDatabase
from PySide6.QtWidgets import QApplication

from gui.theme.tokens import Text

_mono_family = ""


def font(text: Text = Text.BODY, *, tabular: bool = False) -> QFont:
    """The system's font at a step of the type scale. `tabular` keeps digits in columns where the font can."""
    result = QFont(QApplication.font())
    _scale(result, text.factor)
    result.setWeight(QFont.Weight(text.weight))
    if tabular:
        result.setFeature(QFont.Tag("tnum"), 1)
    return result


def mono(text: Text = Text.SMALL, *, zoom: float = 1.0) -> QFont:
    """The system's fixed-pitch font at a step of the type scale."""
    result = QFont(QApplication.font())
    result.setFamilies([_mono_family or QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont).family()])
    result.setStyleHint(QFont.StyleHint.Monospace)
    result.setFixedPitch(True)
    _scale(result, text.factor * zoom)
    result.setWeight(QFont.Weight(text.weight))
    return result


def set_mono_family(family: str) -> None:
    """Use this family for fixed pitch (a setting of the user; tests pin it). Empty means the system's."""
    global _mono_family
    _mono_family = family


def _scale(target: QFont, factor: float) -> None:
    if target.pointSizeF() > 0:
        target.setPointSizeF(target.pointSizeF() * factor)
    else:
        target.setPixelSize(max(1, round(target.pixelSize() * factor)))
