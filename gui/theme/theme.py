"""The living theme: which palette is in force, applied to the application, following the system at once."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QPalette

from gui.theme.stylesheet import style_sheet
from gui.theme.tokens import CONTRAST_DARK, CONTRAST_LIGHT, DARK, FILL_ROLES, LIGHT, TONE_ROLES, Palette, Role, Tone

if TYPE_CHECKING:
    from PySide6.QtGui import QAccessibilityHints, QStyleHints
    from PySide6.QtWidgets import QApplication


class Mode(StrEnum):
    """What the user asked for."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"
    CONTRAST = "contrast"
    """High contrast, light or dark as the system is. `SYSTEM` is so too where the system asks for it."""


class Theme(QObject):
    """Holds the palette. Widgets that paint ask `color()` while painting and repaint on `changed`."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.palette: Palette = LIGHT
        self.mode = Mode.SYSTEM
        self._colors: dict[tuple[Role, float], QColor] = {}
        self._app: QApplication | None = None
        self._hints: QStyleHints | None = None
        self._access: QAccessibilityHints | None = None
        self._palette_was_dark = False

    def install(self, app: QApplication, mode: Mode = Mode.SYSTEM) -> None:
        """Take over the look of `app`; call once, before the first window."""
        fresh = self._app is not app
        if fresh:
            app.setStyle("Fusion")
            # Both are held: the second is lost with Python's hold on the first.
            self._hints = app.styleHints()
            self._access = self._hints.accessibility()
            self._hints.colorSchemeChanged.connect(self._follow_system)
            self._access.contrastPreferenceChanged.connect(self._follow_system)
            self._palette_was_dark = app.palette().window().color().lightness() < 128
        self._app = app
        self._apply(force=fresh, mode=mode)

    def set_mode(self, mode: Mode) -> None:
        """Change between system, light, dark and high contrast; takes effect at once."""
        self._apply(mode=mode)

    @property
    def dark(self) -> bool:
        return self.palette.dark

    def color(self, role: Role, alpha: float = 1.0) -> QColor:
        """The colour of a role, optionally faded. Do not modify the result."""
        key = role, alpha
        found = self._colors.get(key)
        if found is None:
            found = QColor(self.palette[role])
            if alpha < 1.0:
                found.setAlphaF(found.alphaF() * alpha)
            self._colors[key] = found
        return found

    def tone(self, tone: Tone) -> QColor:
        """The foreground of a tone."""
        return self.color(TONE_ROLES[tone][0])

    def tone_fill(self, tone: Tone) -> QColor:
        """The shade of a tone for dots and bars."""
        return self.color(FILL_ROLES.get(tone, TONE_ROLES[tone][0]))

    def tone_soft(self, tone: Tone) -> QColor:
        """The soft background of a tone."""
        return self.color(TONE_ROLES[tone][1])

    def series(self, index: int) -> QColor:
        """The colour of the n-th series of a chart, or the n-th source of a log; repeats after the last."""
        return QColor(self.palette.series[index % len(self.palette.series)])

    def ansi(self, index: int) -> QColor:
        """One of the sixteen terminal colours."""
        return QColor(self.palette.ansi[index])

    def _follow_system(self, _told: Qt.ColorScheme | Qt.ContrastPreference) -> None:
        if self.mode in (Mode.SYSTEM, Mode.CONTRAST):
            self._apply(mode=self.mode)

    def _apply(self, *, mode: Mode, force: bool = False) -> None:
        self.mode = mode
        if self._wants_contrast():
            wanted = CONTRAST_DARK if self._wants_dark() else CONTRAST_LIGHT
        else:
            wanted = DARK if self._wants_dark() else LIGHT
        if wanted is self.palette and not force:
            return
        self.palette = wanted
        self._colors.clear()
        if self._app is not None:
            self._app.setPalette(qt_palette(wanted))
            self._app.setStyleSheet(style_sheet(wanted))
        self.changed.emit()

    def _wants_dark(self) -> bool:
        return self._system_is_dark() if self.mode in (Mode.SYSTEM, Mode.CONTRAST) else self.mode is Mode.DARK

    def _wants_contrast(self) -> bool:
        return self.mode is Mode.CONTRAST or (self.mode is Mode.SYSTEM and self._system_wants_contrast())

    def _system_wants_contrast(self) -> bool:
        """The desktop's switch for high contrast, by the portal or its theme."""
        return self._access is not None and self._access.contrastPreference() is Qt.ContrastPreference.HighContrast

    def _system_is_dark(self) -> bool:
        """What the desktop says; where it says nothing, what its palette looked like before it was ours."""
        if self._app is None:
            return False
        scheme = self._app.styleHints().colorScheme()
        return self._palette_was_dark if scheme is Qt.ColorScheme.Unknown else scheme is Qt.ColorScheme.Dark


def qt_palette(palette: Palette) -> QPalette:
    """The palette as Qt's own widgets want it."""
    group = QPalette.ColorRole
    table = {
        group.Window: Role.CANVAS,
        group.WindowText: Role.TEXT,
        group.Base: Role.SURFACE,
        group.AlternateBase: Role.SUNKEN,
        group.Text: Role.TEXT,
        group.Button: Role.SURFACE,
        group.ButtonText: Role.TEXT,
        group.BrightText: Role.DANGER,
        group.ToolTipBase: Role.RAISED,
        group.ToolTipText: Role.TEXT,
        group.PlaceholderText: Role.TEXT_MUTED,
        group.Highlight: Role.SELECTION,
        group.HighlightedText: Role.TEXT,
        group.Link: Role.ACCENT,
        group.LinkVisited: Role.ACCENT,
        group.Accent: Role.ACCENT,
        group.Light: Role.RAISED,
        group.Midlight: Role.HOVER,
        group.Mid: Role.BORDER_STRONG,
        group.Dark: Role.BORDER_STRONG,
        group.Shadow: Role.BORDER_STRONG,
    }
    result = QPalette()
    for role, ours in table.items():
        result.setColor(role, QColor(palette[ours]))
    for role in (group.WindowText, group.Text, group.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, role, QColor(palette.text_disabled))
    return result


_theme: Theme | None = None


def theme() -> Theme:
    """The one theme of this process."""
    global _theme
    if _theme is None:
        _theme = Theme()
    return _theme


def color(role: Role, alpha: float = 1.0) -> QColor:
    """Short for `theme().color(role)`."""
    return theme().color(role, alpha)
