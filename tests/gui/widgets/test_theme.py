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
from gui.theme.tokens import DARK, LIGHT, TONE_ROLES, Palette, contrast
from resources import resource

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

GUI = Path(__file__).parents[3] / "gui"
SURFACES = (Role.CANVAS, Role.SURFACE, Role.SUNKEN, Role.RAISED, Role.SIDEBAR)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
class TestContrast:
    def test_text_on_every_surface(self, palette: Palette) -> None:
        for surface in (*SURFACES, Role.HOVER, Role.SELECTED):
            assert contrast(palette[Role.TEXT], palette[surface]) >= 9
            assert contrast(palette[Role.TEXT_SECONDARY], palette[surface]) >= 5
        for surface in SURFACES:
            assert contrast(palette[Role.TEXT_MUTED], palette[surface]) >= 4.5

    def test_tones_on_surfaces_and_on_their_own_soft_shade(self, palette: Palette) -> None:
        for tone in set(Tone) - {Tone.MUTED}:
            ink, soft = TONE_ROLES[tone]
            for surface in (Role.SURFACE, Role.CANVAS, soft):
                assert contrast(palette[ink], palette[surface]) >= 4.5, (tone, surface)

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
