"""The theme: contrasts, icons that exist, light and dark following the system."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QPalette
from PySide6.QtWidgets import QLabel

from gui.theme import Mode, Role, Text, Theme, Tone, font, icon, mono, pixmap, theme
from gui.theme.stylesheet import style_sheet
from gui.theme.tokens import CONTRAST_DARK, CONTRAST_LIGHT, DARK, LIGHT, TONE_ROLES, Palette, contrast
from resources import resource

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

GUI = Path(__file__).parents[3] / "gui"
SURFACES = (Role.CANVAS, Role.SURFACE, Role.SUNKEN, Role.RAISED, Role.SIDEBAR)


PALETTES = {"light": LIGHT, "dark": DARK, "contrast-light": CONTRAST_LIGHT, "contrast-dark": CONTRAST_DARK}
BACKGROUNDS = (*SURFACES, Role.HOVER, Role.PRESSED, Role.SELECTED, Role.TRACK, Role.NEUTRAL_SOFT, Role.SELECTION)
"""Whatever text is drawn on. Marked finds have text of the first rank on them, whatever was there before."""
WORDS = (Role.TEXT, Role.TEXT_SECONDARY, Role.TEXT_MUTED, *(ink for ink, _soft in TONE_ROLES.values()))


@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES)
class TestContrast:
    def test_every_text_on_every_background(self, palette: Palette) -> None:
        least = 7 if palette in (CONTRAST_LIGHT, CONTRAST_DARK) else 4.5
        pairs = [(ink, back) for ink in WORDS for back in BACKGROUNDS]
        pairs += [*TONE_ROLES.values(), (Role.TEXT, Role.MATCH), (Role.TEXT, Role.MATCH_CURRENT)]
        low = {(a, b): round(contrast(palette[a], palette[b]), 2) for a, b in pairs}
        assert not {pair: ratio for pair, ratio in low.items() if ratio < least}

    def test_what_cannot_be_used_can_still_be_read(self, palette: Palette) -> None:
        for surface in (Role.CANVAS, Role.SURFACE, Role.TRACK):
            assert contrast(palette[Role.TEXT_DISABLED], palette[surface]) >= 3

    def test_edges_of_fields_boxes_and_buttons_can_be_seen(self, palette: Palette) -> None:
        for surface in SURFACES:
            assert contrast(palette[Role.FIELD_BORDER], palette[surface]) >= 3, surface
            assert contrast(palette[Role.ACCENT], palette[surface]) >= 3, surface  # the ring of what has the focus

    def test_words_on_filled_buttons(self, palette: Palette) -> None:
        for back in (Role.ACCENT, Role.ACCENT_HOVER, Role.ACCENT_PRESSED):
            assert contrast(palette[Role.ON_ACCENT], palette[back]) >= 4.5
        assert contrast(palette[Role.ON_DANGER], palette[Role.DANGER_FILL]) >= 4.5

    def test_series_and_terminal_colours_can_be_seen(self, palette: Palette) -> None:
        for shade in palette.series:
            assert contrast(shade, palette[Role.SURFACE]) >= 3
        for number, shade in enumerate(palette.ansi):
            if number not in (0, 8):  # black is meant to be dark
                assert contrast(shade, palette[Role.SUNKEN]) >= 3, number

    def test_the_style_sheet_is_complete(self, palette: Palette) -> None:
        sheet = style_sheet(palette)
        assert "${" not in sheet
        for art in re.findall(r"url\(([^)]*)\)", sheet):
            assert Path(art).is_file()


def test_every_icon_named_in_the_source_exists() -> None:
    names = {path.stem for path in resource("icons").glob("*.svg")}
    called = set()
    for path in GUI.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        called |= set(re.findall(r"\bicon=\"([a-z-]+)\"", source))
        called |= set(re.findall(r"\b(?:icon|tool_button|EmptyState)\(\s*\"([a-z-]+)\"", source))
    assert called
    assert called <= names


def test_an_unknown_icon_is_told_at_once(qapp: QApplication) -> None:
    with pytest.raises(FileNotFoundError):
        icon("no-such-icon")


def test_icons_follow_the_theme_and_the_scale(qapp: QApplication) -> None:
    sign = icon("stop", Role.TEXT)
    shades = []
    for mode in (Mode.LIGHT, Mode.DARK):
        theme().set_mode(mode)
        picture = sign.pixmap(QSize(24, 24), 2.0, QIcon.Mode.Normal, QIcon.State.Off)
        assert picture.size() == QSize(48, 48)
        assert picture.devicePixelRatio() == 2.0
        image = picture.toImage()
        colors = {image.pixelColor(x, 24).name() for x in range(48) if image.pixelColor(x, 24).alpha() == 255}
        shades.append(colors)
    assert shades[0] == {LIGHT.text}
    assert shades[1] == {DARK.text}
    assert pixmap("play", size=20, ratio=2.0).width() == 40


def test_all_icons_are_one_family(qapp: QApplication) -> None:
    for path in resource("icons").glob("*.svg"):
        source = path.read_text(encoding="utf-8")
        assert 'viewBox="0 0 24 24"' in source
        assert 'stroke-width="1.7"' in source
        assert not re.search(r"#[0-9a-fA-F]{3,6}", source), f"{path.name} has a colour of its own"
        assert not pixmap(path.stem).isNull()


def test_high_contrast_follows_the_desktop_or_is_chosen(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted, dark = False, False
    monkeypatch.setattr(Theme, "_system_wants_contrast", lambda _self: wanted)
    monkeypatch.setattr(Theme, "_system_is_dark", lambda _self: dark)
    own = Theme()
    own.install(qapp, Mode.SYSTEM)
    assert own._access is not None
    try:
        assert own.palette is LIGHT
        wanted = True
        own._access.contrastPreferenceChanged.emit(Qt.ContrastPreference.HighContrast)
        assert own.palette is CONTRAST_LIGHT
        dark = True
        qapp.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Dark)
        assert own.palette is CONTRAST_DARK
        own.set_mode(Mode.LIGHT)
        assert own.palette is LIGHT
        wanted = dark = False
        own.set_mode(Mode.CONTRAST)
        assert own.palette is CONTRAST_LIGHT
    finally:
        qapp.styleHints().colorSchemeChanged.disconnect(own._follow_system)
        own._access.contrastPreferenceChanged.disconnect(own._follow_system)
        own.deleteLater()
        for mode in (Mode.DARK, Mode.LIGHT):
            theme().set_mode(mode)


def test_the_look_follows_the_system_only_when_asked(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    # A screenless Qt has no desktop to hear from: the desktop's word is put in its mouth.
    dark = False
    monkeypatch.setattr(Theme, "_system_is_dark", lambda _self: dark)
    own = Theme()
    own.install(qapp, Mode.SYSTEM)
    told: list[bool] = []
    own.changed.connect(lambda: told.append(own.dark))
    say = qapp.styleHints().colorSchemeChanged.emit
    try:
        dark = True
        say(Qt.ColorScheme.Dark)
        assert told == [True]
        assert qapp.palette().color(QPalette.ColorRole.Window) == QColor(DARK.canvas)
        say(Qt.ColorScheme.Dark)
        assert told == [True]
        own.set_mode(Mode.LIGHT)
        say(Qt.ColorScheme.Dark)
        assert told == [True, False]
        own.set_mode(Mode.SYSTEM)
        assert told == [True, False, True]
    finally:
        qapp.styleHints().colorSchemeChanged.disconnect(own._follow_system)
        own.deleteLater()
        for mode in (Mode.DARK, Mode.LIGHT):  # the other one's sheet is on the application: put ours back
            theme().set_mode(mode)


def test_one_type_scale(qapp: QApplication) -> None:
    sizes = [font(step).pointSizeF() for step in (Text.CAPTION, Text.SMALL, Text.BODY, Text.TITLE, Text.HEADING)]
    assert sizes == sorted(sizes)
    assert font(Text.BODY).pointSizeF() == qapp.font().pointSizeF()
    assert mono().fixedPitch()


def test_labels_change_their_tone(qtbot: QtBot) -> None:
    from gui.widgets.labels import label, set_tone

    words = label("text", tone=Tone.DANGER)
    qtbot.addWidget(words)
    words.ensurePolished()
    assert words.palette().color(QLabel().foregroundRole()) == QColor(LIGHT.danger)
    set_tone(words, Tone.SUCCESS)
    assert words.palette().color(QLabel().foregroundRole()) == QColor(LIGHT.success)


def test_fonts_follow_the_system_and_belong_to_who_asked(qapp: QApplication) -> None:
    before = qapp.font()
    mine = font(Text.TITLE)
    mine.setPointSizeF(77)
    assert font(Text.TITLE).pointSizeF() != 77
    larger = QFont(before)
    larger.setPointSizeF(before.pointSizeF() * 2)
    small = font(Text.BODY).pointSizeF()
    qapp.setFont(larger)
    try:
        assert font(Text.BODY).pointSizeF() == pytest.approx(2 * small)
    finally:
        qapp.setFont(before)
    assert font(Text.BODY).pointSizeF() == pytest.approx(small)
