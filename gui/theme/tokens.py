"""The design tokens: one spacing scale, one type scale, one accent colour, and colour roles for light and dark.

Everything that is drawn takes its sizes and colours from here; a number or a hex value elsewhere is a mistake.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import Enum, IntEnum, StrEnum


class Space(IntEnum):
    """Distances in device-independent pixels; every margin and gap is one of these."""

    NONE = 0
    HAIR = 2
    XS = 4
    S = 8
    M = 12
    L = 16
    XL = 24
    XXL = 32
    HUGE = 48


class Radius(IntEnum):
    """Corner radii."""

    SMALL = 4
    MEDIUM = 6
    LARGE = 10
    PILL = 999


class Size(IntEnum):
    """Heights of the things that line up with one another."""

    ICON_SMALL = 14
    ICON = 16
    ICON_LARGE = 20
    ICON_HERO = 40
    CONTROL = 30
    ROW = 40
    ROW_COMPACT = 28
    HEADER = 32
    SIDEBAR = 208
    TOPBAR = 52


class Text(Enum):
    """The type scale: factor of the system's font size, and weight."""

    CAPTION = (0.86, 400)
    SMALL = (0.93, 400)
    BODY = (1.0, 400)
    STRONG = (1.0, 600)
    TITLE = (1.2, 600)
    HEADING = (1.5, 600)
    DISPLAY = (2.0, 600)

    @property
    def factor(self) -> float:
        return self.value[0]

    @property
    def weight(self) -> int:
        return self.value[1]


class Tone(StrEnum):
    """What a colour means; badges, buttons, toasts, banners and labels take one."""

    NEUTRAL = "neutral"
    ACCENT = "accent"
    SUCCESS = "success"
    WARNING = "warning"
    DANGER = "danger"
    INFO = "info"
    MUTED = "muted"


class Role(StrEnum):
    """Every colour there is, by what it is for."""

    CANVAS = "canvas"
    SIDEBAR = "sidebar"
    SURFACE = "surface"
    RAISED = "raised"
    SUNKEN = "sunken"
    HOVER = "hover"
    PRESSED = "pressed"
    SELECTED = "selected"
    BORDER = "border"
    BORDER_STRONG = "border_strong"
    FIELD_BORDER = "field_border"
    TRACK = "track"
    SCROLLBAR = "scrollbar"
    TEXT = "text"
    TEXT_SECONDARY = "text_secondary"
    TEXT_MUTED = "text_muted"
    TEXT_DISABLED = "text_disabled"
    ACCENT = "accent"
    ACCENT_HOVER = "accent_hover"
    ACCENT_PRESSED = "accent_pressed"
    ACCENT_SOFT = "accent_soft"
    ON_ACCENT = "on_accent"
    SUCCESS = "success"
    SUCCESS_SOFT = "success_soft"
    WARNING = "warning"
    WARNING_SOFT = "warning_soft"
    DANGER = "danger"
    DANGER_SOFT = "danger_soft"
    SUCCESS_FILL = "success_fill"
    WARNING_FILL = "warning_fill"
    DANGER_FILL = "danger_fill"
    ON_DANGER = "on_danger"
    INFO = "info"
    INFO_SOFT = "info_soft"
    NEUTRAL_SOFT = "neutral_soft"
    MATCH = "match"
    MATCH_CURRENT = "match_current"
    SELECTION = "selection"
    SHADOW = "shadow"


@dataclass(frozen=True, kw_only=True)
class Palette:
    """One colour per role (`#rrggbb` or `#aarrggbb`), the chart series, and the sixteen terminal colours."""

    dark: bool
    canvas: str
    sidebar: str
    surface: str
    raised: str
    sunken: str
    hover: str
    pressed: str
    selected: str
    border: str
    border_strong: str
    field_border: str
    track: str
    scrollbar: str
    text: str
    text_secondary: str
    text_muted: str
    text_disabled: str
    accent: str
    accent_hover: str
    accent_pressed: str
    accent_soft: str
    on_accent: str
    success: str
    success_soft: str
    warning: str
    warning_soft: str
    danger: str
    danger_soft: str
    success_fill: str
    warning_fill: str
    danger_fill: str
    on_danger: str
    info: str
    info_soft: str
    neutral_soft: str
    match: str
    match_current: str
    selection: str
    shadow: str
    series: tuple[str, ...]
    ansi: tuple[str, ...]

    def __getitem__(self, role: Role) -> str:
        value = getattr(self, role.value)
        assert isinstance(value, str)
        return value


LIGHT = Palette(
    dark=False,
    canvas="#f7f7f8",
    sidebar="#eff0f2",
    surface="#ffffff",
    raised="#ffffff",
    sunken="#fbfbfc",
    hover="#eeeff2",
    pressed="#e3e5e9",
    selected="#e6eafc",
    border="#e3e4e8",
    border_strong="#c9cbd2",
    field_border="#87888d",
    track="#e6e7eb",
    scrollbar="#c4c6cd",
    text="#1a1c21",
    text_secondary="#50545e",
    text_muted="#61646e",
    text_disabled="#82848a",
    accent="#3a57d6",
    accent_hover="#3049c0",
    accent_pressed="#283ea6",
    accent_soft="#e6eafc",
    on_accent="#ffffff",
    success="#157347",
    success_soft="#e0f3e8",
    warning="#8a5300",
    warning_soft="#fcefd6",
    danger="#c02636",
    danger_soft="#fce6e8",
    success_fill="#22a565",
    warning_fill="#e29a1c",
    danger_fill="#c92c3c",
    on_danger="#ffffff",
    info="#1b659c",
    info_soft="#e1f0fb",
    neutral_soft="#ecedf0",
    match="#ffe58f",
    match_current="#ffb84d",
    selection="#d9e1fc",
    shadow="#22000000",
    series=("#3a57d6", "#0f8a80", "#c2600c", "#8a3fc4", "#b8286b", "#4d7c0f", "#0e7cb0", "#7a6a00"),
    ansi=(
        "#2b2e36", "#b3202f", "#1a7440", "#8a5a00", "#2d50c8", "#8c2fa0", "#0c7280", "#6b6f7a",
        "#585c66", "#d0303f", "#1f8a4c", "#a56a00", "#3f63e0", "#a33fb8", "#0e8595", "#1a1c21",
    ),
)  # fmt: skip

DARK = Palette(
    dark=True,
    canvas="#151619",
    sidebar="#111215",
    surface="#1b1c20",
    raised="#232429",
    sunken="#121316",
    hover="#25262b",
    pressed="#2e3036",
    selected="#262d4d",
    border="#2a2b31",
    border_strong="#42444c",
    field_border="#6d6f75",
    track="#2d2f35",
    scrollbar="#45474f",
    text="#ecedf0",
    text_secondary="#b0b3bc",
    text_muted="#a1a4ad",
    text_disabled="#757880",
    accent="#8ea2ff",
    accent_hover="#a3b4ff",
    accent_pressed="#7c90f0",
    accent_soft="#262d4d",
    on_accent="#0f1433",
    success="#52cc8b",
    success_soft="#173324",
    warning="#f0b04f",
    warning_soft="#3a2b12",
    danger="#ff7b86",
    danger_soft="#351b20",
    success_fill="#45c583",
    warning_fill="#eaa53c",
    danger_fill="#ff7b86",
    on_danger="#360b10",
    info="#6cb8f0",
    info_soft="#152d40",
    neutral_soft="#2a2c32",
    match="#5c4a12",
    match_current="#905f0e",
    selection="#2c3768",
    shadow="#80000000",
    series=("#8ea2ff", "#3cc7b8", "#f09a52", "#c28cf0", "#f07fb0", "#a3cc5c", "#5cbdea", "#d6c14a"),
    ansi=(
        "#41444d", "#ff7b86", "#62d196", "#e8b455", "#8ea2ff", "#d193ea", "#56c8d8", "#b9bcc5",
        "#7d818c", "#ff9aa3", "#84e0b0", "#f5cb7d", "#a9b8ff", "#e0b0f2", "#80dbe8", "#f4f5f7",
    ),
)  # fmt: skip

CONTRAST_LIGHT = replace(
    LIGHT,
    canvas="#ffffff",
    sidebar="#ffffff",
    surface="#ffffff",
    sunken="#ffffff",
    hover="#e4e4e4",
    pressed="#d0d0d0",
    selected="#d6e4ff",
    border="#595959",
    border_strong="#000000",
    field_border="#000000",
    track="#dedede",
    scrollbar="#595959",
    text="#000000",
    text_secondary="#000000",
    text_muted="#262626",
    text_disabled="#595959",
    accent="#00209a",
    accent_hover="#00187a",
    accent_pressed="#00105a",
    accent_soft="#d6e4ff",
    success="#003d16",
    warning="#4a2b00",
    danger="#7a0010",
    info="#00335a",
    neutral_soft="#e4e4e4",
    success_fill="#00692a",
    warning_fill="#8a5200",
    danger_fill="#a30018",
    match="#ffef5c",
    match_current="#ffb000",
    selection="#c7d9ff",
    series=("#00209a", "#00564f", "#7a3600", "#561a8c", "#7d0b43", "#2a4a00", "#004a70", "#4a4200"),
    ansi=(
        "#000000", "#8c0014", "#00521f", "#5c3a00", "#00209a", "#66107a", "#005060", "#3d3d3d",
        "#333333", "#8c0014", "#00521f", "#5c3a00", "#00209a", "#66107a", "#005060", "#000000",
    ),
)  # fmt: skip

CONTRAST_DARK = replace(
    DARK,
    canvas="#000000",
    sidebar="#000000",
    surface="#000000",
    raised="#000000",
    sunken="#000000",
    hover="#2b2b2b",
    pressed="#333333",
    selected="#10205c",
    border="#8c8c8c",
    border_strong="#ffffff",
    field_border="#ffffff",
    track="#303030",
    scrollbar="#b0b0b0",
    text="#ffffff",
    text_secondary="#ffffff",
    text_muted="#e0e0e0",
    text_disabled="#a0a0a0",
    accent="#b8c6ff",
    accent_hover="#d0daff",
    accent_pressed="#a0b2ff",
    accent_soft="#10205c",
    on_accent="#000000",
    success="#80f0b0",
    warning="#ffd080",
    danger="#ffb0b6",
    info="#a0d8ff",
    neutral_soft="#2b2b2b",
    on_danger="#000000",
    match="#4a3a00",
    match_current="#6a4400",
    selection="#1c2e70",
    series=("#b8c6ff", "#6ff0e0", "#ffc080", "#dcb8ff", "#ffb0d4", "#c4f080", "#90dcff", "#ffe880"),
    ansi=(
        "#5c5c5c", "#ff9aa3", "#80e8b0", "#ffd080", "#b8c6ff", "#e6b8ff", "#80ecf8", "#ffffff",
        "#a0a0a0", "#ffb0b6", "#a0f0c4", "#ffe0a0", "#ccd6ff", "#f0d0ff", "#b0f4ff", "#ffffff",
    ),
)  # fmt: skip

TONE_ROLES: dict[Tone, tuple[Role, Role]] = {
    Tone.NEUTRAL: (Role.TEXT_SECONDARY, Role.NEUTRAL_SOFT),
    Tone.ACCENT: (Role.ACCENT, Role.ACCENT_SOFT),
    Tone.SUCCESS: (Role.SUCCESS, Role.SUCCESS_SOFT),
    Tone.WARNING: (Role.WARNING, Role.WARNING_SOFT),
    Tone.DANGER: (Role.DANGER, Role.DANGER_SOFT),
    Tone.INFO: (Role.INFO, Role.INFO_SOFT),
    Tone.MUTED: (Role.TEXT_MUTED, Role.NEUTRAL_SOFT),
}
"""Foreground and soft background of each tone."""

FILL_ROLES: dict[Tone, Role] = {
    Tone.SUCCESS: Role.SUCCESS_FILL,
    Tone.WARNING: Role.WARNING_FILL,
    Tone.DANGER: Role.DANGER_FILL,
}
"""Livelier shades for areas and dots, where no text has to be read; other tones fill with their foreground."""


def luminance(color: str) -> float:
    """Relative luminance as WCAG 2 defines it; an alpha byte in front is ignored."""
    digits = color[-6:]
    channels = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours, 1 to 21."""
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def roles_of(palette: Palette) -> dict[str, str]:
    """All single colours of a palette by role name, for the style sheet."""
    return {f.name: value for f in fields(palette) if isinstance(value := getattr(palette, f.name), str)}
