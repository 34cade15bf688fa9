"""The look: tokens, palettes, fonts, icons and the style sheet, applied once and following the system.

    theme().install(app)                 once, before the first window
    color(Role.TEXT), theme().tone(…)    while painting; connect `theme().changed` to `update`
    font(Text.TITLE), mono()             fonts of the type scale; grown(width) for what holds words
    icon("play"), paint_icon(…)          SVG icons that follow the theme by themselves
    Space.M, Radius.MEDIUM, Size.ROW     distances

Style sheet hooks (dynamic properties): QPushButton[variant=primary|danger|ghost|link], QLabel[tone=secondary|muted|…],
QFrame[role=card|panel|sunken].
"""

from gui.theme.fonts import font, grown, letters, mono, set_mono_family
from gui.theme.icons import icon, paint_icon, pixmap
from gui.theme.theme import Mode, Theme, color, theme
from gui.theme.tokens import Palette, Radius, Role, Size, Space, Text, Tone

__all__ = [
    "Mode",
    "Palette",
    "Radius",
    "Role",
    "Size",
    "Space",
    "Text",
    "Theme",
    "Tone",
    "color",
    "font",
    "grown",
    "icon",
    "letters",
    "mono",
    "paint_icon",
    "pixmap",
    "set_mono_family",
    "theme",
]
