"""The first page: six ways to begin, all of which work at once, the first of them without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from gui.pages.page import Page
from gui.theme import Radius, Role, Size, Space, Text, Tone, color, icon, paint_icon, theme
from gui.widgets.buttons import Variant, button
from gui.widgets.labels import label
from gui.widgets.layouts import scrolling
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable

    from gui.shell import Shell

_WIDTH = 760
_TILE_HEIGHT = 88


class Tile(QPushButton):
    """A large button: picture, what it does, what that means."""

    def __init__(
        self, picture: str, title: str, text: str, act: Callable[[], object], *, primary: bool = False
    ) -> None:
        super().__init__()
        self._picture, self._primary = picture, primary
        self.setFixedHeight(_TILE_HEIGHT)
        self.setProperty("variant", "tile")
        self.setAccessibleName(title)
        self.setAccessibleDescription(text)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XL + Size.ICON_HERO + Space.L, Space.L, Space.L, Space.L)
        column.setSpacing(Space.XS)
        words = (label(title, Text.TITLE), label(text, Text.BODY, Tone.NEUTRAL, wrap=True))
        column.addStretch(1)
        for word in words:
            word.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            column.addWidget(word)
        column.addStretch(1)
        self.clicked.connect(lambda _checked=False: act())
        theme().changed.connect(self.update)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = self.rect().adjusted(1, 1, -1, -1)
        lit = self.underMouse() or self.hasFocus()
        painter.setPen(color(Role.ACCENT if lit or self._primary else Role.BORDER))
        painter.setBrush(color(Role.PRESSED if self.isDown() else Role.HOVER if self.underMouse() else Role.SURFACE))
        painter.drawRoundedRect(frame, Radius.LARGE, Radius.LARGE)
        disc = frame.adjusted(Space.L, 0, 0, 0)
        disc.setSize(disc.size().expandedTo(disc.size()))
        side = Size.ICON_HERO + Space.S
        disc.setRect(frame.left() + Space.L, frame.center().y() - side // 2, side, side)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color(Role.ACCENT if self._primary else Role.ACCENT_SOFT))
        painter.drawEllipse(disc)
        edge = Space.M
        ink = color(Role.ON_ACCENT if self._primary else Role.ACCENT)
        paint_icon(painter, disc.adjusted(edge, edge, -edge, -edge), self._picture, ink)

    def enterEvent(self, event: QEvent) -> None:
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self.update()


class WelcomePage(Page):
    """Six tiles, and the keys worth knowing."""

    page_id = "welcome"

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self.client.ready.connect(lambda: self.shell.run(self._look_for_engines()))
        whole = QWidget()
        outer = QHBoxLayout(whole)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addStretch(1)
        middle = QWidget()
        middle.setMaximumWidth(_WIDTH)
        outer.addWidget(middle, 100)
        outer.addStretch(1)
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(scrolling(whole))  # a small window, or large letters
        column = QVBoxLayout(middle)
        column.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        column.setSpacing(Space.S)
        column.addStretch(2)
        head = QHBoxLayout()
        head.setSpacing(Space.M)
        sign = label()
        sign.setPixmap(icon("wherry", Role.ACCENT).pixmap(48, 48))
        head.addWidget(sign)
        head.addWidget(label(translate("Welcome", "Welcome to Wherry"), Text.DISPLAY), 1)
        column.addLayout(head)
        text = translate(
            "Welcome",
            "Run services in containers on this computer: no daemon, no root, no virtual machine, no account.",
        )
        column.addWidget(label(text, Text.BODY, Tone.NEUTRAL, wrap=True))
        column.addSpacing(Space.S)
        column.addLayout(self._tiles())
        column.addSpacing(Space.S)
        column.addLayout(self._foot())
        column.addStretch(3)

    def _tiles(self) -> QGridLayout:
        shell = self.shell
        grid = QGridLayout()
        grid.setSpacing(Space.M)
        self.demo = Tile(
            "play",
            translate("Welcome", "Run the demo service"),
            translate("Welcome", "A small web page, made here and now. Needs no network."),
            lambda: shell.trigger("program.demo"),
            primary=True,
        )
        pull = Tile(
            "download",
            translate("Welcome", "Pull an image"),
            translate("Welcome", "From Docker Hub or any registry, then press Run."),
            lambda: shell.open_dialog("pull"),
        )
        build = Tile(
            "build",
            translate("Welcome", "Build from a folder"),
            translate("Welcome", "A Dockerfile and what lies beside it."),
            lambda: shell.open_dialog("build"),
        )
        archive = Tile(
            "archive",
            translate("Welcome", "Open an archive"),
            translate("Welcome", "Images saved with docker save, or drop a file here."),
            lambda: shell.trigger("program.open-archive"),
        )
        service = Tile(
            "grid",
            translate("Welcome", "Pick a service"),
            translate("Welcome", "A database, a broker, a web server: a short form, and it runs."),
            lambda: shell.trigger("projects.gallery"),
        )
        project = Tile(
            "layers",
            translate("Welcome", "Open a project"),
            translate("Welcome", "A compose file, or drop its folder here."),
            lambda: shell.trigger("projects.open"),
        )
        for number, tile in enumerate((self.demo, service, pull, build, project, archive)):
            grid.addWidget(tile, number // 2, number % 2)
        return grid

    def _foot(self) -> QHBoxLayout:
        row = QHBoxLayout()
        keys = translate("Welcome", "Ctrl+K finds anything · F1 shows all keys")
        row.addWidget(label(keys, Text.SMALL, Tone.MUTED))
        row.addStretch(1)
        words = translate("Welcome", "Bring over from Docker and Podman…")
        self.bring_over = button(words, "", Variant.LINK, lambda: self.shell.trigger("machines.bring-over"))
        self.bring_over.hide()
        row.addWidget(self.bring_over)
        row.addSpacing(Space.M)
        row.addWidget(button(translate("Welcome", "Skip to the containers"), "", Variant.LINK, self._skip))
        return row

    def shown(self) -> None:
        self.demo.setFocus(Qt.FocusReason.OtherFocusReason)
        if self.client.is_ready:
            self.shell.run(self._look_for_engines())

    async def _look_for_engines(self) -> None:
        """Offered where another engine's socket or store is."""
        found = await self.client.at_home(lambda engine: engine.machines.suggestions())
        self.bring_over.setVisible(any(each.source in ("here", "store") for each in found))

    def _skip(self) -> None:
        self.shell.settings.welcomed = True
        self.shell.navigate("containers")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._skip()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus()
        super().mousePressEvent(event)
