"""The first tab: the facts of a container, where it answers, what it has mounted, what it may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from engine.types.containers import ALIVE_STATES
from gui.pages.container.tab import DetailTab
from gui.pages.left_behind import LeftBehind
from gui.presentation.containers import words
from gui.presentation.containers.security import abilities
from gui.presentation.networks.door import address_of, shown_url
from gui.presentation.networks.words import network_word
from gui.presentation.units import clock_text, memory_text, short_id
from gui.theme import Role, Size, Space, Tone, icon
from gui.widgets.banner import Banner
from gui.widgets.buttons import Variant, button
from gui.widgets.card import Card
from gui.widgets.facts import Fact, FactGrid
from gui.widgets.labels import label
from gui.widgets.layouts import scrolling
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.containers import Container
    from gui.shell import Shell

_SECRET_WORDS = ("PASSWORD", "SECRET", "TOKEN", "KEY", "CREDENTIAL")
_HIDDEN = "••••••••"


class OverviewTab(DetailTab):
    """Cards in two columns; only what changed is redrawn."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._reveal = False
        self._container: Container | None = None
        self._seen_spec: object = None
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        inside = QWidget()
        outer.addWidget(scrolling(inside))
        column = QVBoxLayout(inside)
        column.setContentsMargins(Space.XL, Space.L, Space.XL, Space.XL)
        column.setSpacing(Space.L)
        self.banner = Banner(Tone.DANGER)
        self.banner.hide()
        column.addWidget(self.banner)
        self.left_behind = LeftBehind(shell)
        column.addWidget(self.left_behind)
        grid = QGridLayout()
        grid.setSpacing(Space.L)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        column.addLayout(grid)
        column.addStretch(1)
        self._facts = FactGrid()
        self._facts.activated.connect(lambda link: self.shell.navigate("images", link))
        self._ports, self._mounts, self._env, self._limits = FactGrid(), FactGrid(), FactGrid(), FactGrid()
        self._ports.activated.connect(lambda url: QDesktopServices.openUrl(QUrl(url)))
        self._mounts.activated.connect(lambda name: self.shell.navigate("volumes", name))
        self._security = QVBoxLayout()
        self._security.setSpacing(Space.XS)
        self._lay_out_cards(grid)

    def _lay_out_cards(self, grid: QGridLayout) -> None:
        left, right = QVBoxLayout(), QVBoxLayout()
        for side in (left, right):
            side.setSpacing(Space.L)
        grid.addLayout(left, 0, 0)
        grid.addLayout(right, 0, 1)
        self._env_card = self._card(translate("Overview", "Environment"), self._env)
        self._eye = button(translate("Overview", "Show secrets"), "eye", Variant.LINK, self._toggle_secrets)
        self._env_card.action_row.addWidget(self._eye)
        left.addWidget(self._card(translate("Overview", "About"), self._facts))
        left.addWidget(self._env_card)
        left.addStretch(1)
        self._ports_card = self._card(translate("Overview", "Ports"), self._ports)
        edit = translate("Overview", "Change")
        self._ports_card.action_row.addWidget(button(edit, "", Variant.LINK, lambda: self._edit("ports")))
        self._mounts_card = self._card(translate("Overview", "Mounts"), self._mounts)
        self._warnings = Banner(Tone.WARNING)
        self._mounts_card.body.addWidget(self._warnings)
        limits = self._card(translate("Overview", "Limits"), self._limits)
        limits.action_row.addWidget(button(edit, "", Variant.LINK, lambda: self._edit("limits")))
        security = Card(translate("Overview", "What it can and cannot do"))
        security.body.addLayout(self._security)
        for card in (self._ports_card, self._mounts_card, limits, security):
            right.addWidget(card)
        right.addStretch(1)

    @staticmethod
    def _card(title: str, grid: FactGrid) -> Card:
        card = Card(title)
        card.body.addWidget(grid)
        return card

    # --- DetailTab ---

    def resume(self, container: Container) -> None:
        self.refresh(container)

    def forget(self) -> None:
        self._reveal = False

    def refresh(self, container: Container) -> None:
        self._container = container
        self._facts.set_facts(self._about(container))
        self._ports.set_facts(self._port_facts(container))
        self._mounts.set_facts(self._mount_facts(container))
        self._limits.set_facts(self._limit_facts(container))
        self._fill_env(container)
        if container.spec != self._seen_spec:
            self._seen_spec = container.spec
            self._fill_warnings(container.warnings)
            self._fill_security(container)
        self._fill_banner(container)
        self.left_behind.look_at([] if container.state in ALIVE_STATES else [container.id])

    # --- filling ---

    def _about(self, c: Container) -> list[Fact]:
        facts = [
            Fact(translate("Overview", "Image"), words.image_text(c.image), link=c.image_id),
            Fact(translate("Overview", "Command"), words.command_text(c.command_line), code=True, copy=True),
            Fact(translate("Overview", "Id"), short_id(c.id), code=True, copy=True),
            Fact(translate("Overview", "Created"), clock_text(c.created)),
            Fact(translate("Overview", "Started"), clock_text(c.started)),
        ]
        if c.ip_address:
            facts.append(Fact(translate("Overview", "Address"), c.ip_address, code=True, copy=True))
        facts.append(Fact(translate("Overview", "Network"), network_word(c.spec.network)))
        facts.append(Fact(translate("Overview", "Restart"), self._restart_words(c)))
        if c.spec.user:
            facts.append(Fact(translate("Overview", "User"), c.spec.user))
        if c.spec.workdir:
            facts.append(Fact(translate("Overview", "Directory"), c.spec.workdir, code=True))
        if project := words.project_of(c):
            facts.append(Fact(translate("Overview", "Project"), project))
        if c.pid:
            facts.append(Fact(translate("Overview", "Process id"), str(c.pid)))
        facts.append(Fact(translate("Overview", "Storage"), c.driver))
        return facts

    @staticmethod
    def _restart_words(c: Container) -> str:
        names = {
            "no": translate("Overview", "never by itself"),
            "on-failure": translate("Overview", "when it fails"),
            "always": translate("Overview", "always"),
            "unless-stopped": translate("Overview", "unless stopped by hand"),
        }
        text = names[c.spec.restart.name]
        if c.restart_count:
            text += translate("Overview", " · {0} so far").format(c.restart_count)
        return text

    def _port_facts(self, c: Container) -> list[Fact]:
        facts = []
        address = address_of(self.client.mirror.doors, c.id)
        if address is not None:
            name = translate("Overview", "Address for browsers")
            facts.append(Fact(name, shown_url(address), link=address.url, copy=True))
        for port in words.shown_ports(c):
            url = words.port_url(port) if c.ports else ""
            text = url.removesuffix("/") if url else words.port_mapping_text(port)
            facts.append(Fact(f"{port.container_port}/{port.protocol}", text, link=url, copy=not url))
        self._ports_card.subtitle.setText("" if words.shown_ports(c) else translate("Overview", "none published"))
        return facts

    def _mount_facts(self, c: Container) -> list[Fact]:
        facts = []
        for mount in c.mounts:
            text = words.mount_text(mount)
            if mount.read_only:
                text += translate("Overview", "  (read only)")
            facts.append(Fact(mount.target, text, link=mount.source if mount.kind == "volume" else ""))
        self._mounts_card.subtitle.setText("" if facts else translate("Overview", "none"))
        return facts

    def _fill_warnings(self, warnings: Sequence[str]) -> None:
        self._warnings.setVisible(bool(warnings))
        if warnings:
            title = translate("Overview", "It cannot write here")
            self._warnings.show_message(Tone.WARNING, title, "\n".join(warnings))
            self._warnings.add_action(translate("Overview", "Change"), lambda: self._edit("mounts"))

    def _limit_facts(self, c: Container) -> list[Fact]:
        limits, none = c.spec.resources, translate("Overview", "no limit")
        facts = [
            Fact(translate("Overview", "Memory"), memory_text(limits.memory) if limits.memory else none),
            Fact(translate("Overview", "CPUs"), f"{limits.cpus:g}" if limits.cpus else none),
            Fact(translate("Overview", "Processes"), str(limits.pids) if limits.pids else none),
        ]
        if limits.cpuset_cpus:
            facts.append(Fact(translate("Overview", "On processors"), limits.cpuset_cpus))
        facts += [Fact(translate("Overview", "Not enforced"), text, tone=Tone.WARNING) for text in c.unenforced]
        return facts

    def _fill_env(self, c: Container) -> None:
        image = self.client.mirror.images.get(c.image_id)
        own = dict(c.spec.env)
        inherited = dict(entry.partition("=")[::2] for entry in image.config.env) if image is not None else {}
        merged = {**inherited, **own}
        secret = {key for key in merged if any(word in key.upper() for word in _SECRET_WORDS)}
        facts = []
        for key in sorted(merged, key=lambda key: (key not in own, key)):
            hide = key in secret and not self._reveal
            facts.append(Fact(key, _HIDDEN if hide else merged[key], code=True, copy=not hide))
        self._env.set_facts(facts)
        self._eye.setVisible(bool(secret))

    def _fill_security(self, c: Container) -> None:
        while (item := self._security.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for ability in abilities(c):
            box = QWidget()
            row = QHBoxLayout(box)
            row.setContentsMargins(0, Space.HAIR, 0, Space.HAIR)
            row.setSpacing(Space.S)
            sign = label()
            role = {Tone.SUCCESS: Role.SUCCESS, Tone.WARNING: Role.WARNING}.get(ability.tone, Role.INFO)
            sign.setPixmap(icon(ability.icon, role).pixmap(Size.ICON, Size.ICON))
            row.addWidget(sign)
            row.addWidget(label(ability.text, wrap=True), 1)
            self._security.addWidget(box)

    def _fill_banner(self, c: Container) -> None:
        bad = words.ended_badly(c)
        offline = c.offline and c.state in ALIVE_STATES
        self.banner.setVisible(bad or offline)
        if offline:
            self.banner.show_message(
                Tone.WARNING,
                translate("Overview", "It has no way out now"),
                translate(
                    "Overview",
                    "This computer had no network when it started. It reaches its neighbours, published ports answer, "
                    "and it gets its way out as soon as the network is back.",
                ),
            )
            return
        if not bad or c.exit is None:
            return
        why = c.exit.error or translate("Overview", "The History tab has the whole report.")
        self.banner.show_message(Tone.DANGER, words.status_text(c), why)
        self.banner.add_action(
            translate("Overview", "Why did it end?"), lambda: self.shell.navigate("containers", c.id, "history")
        )
        self.banner.add_action(translate("Overview", "Start again"), lambda: self.shell.trigger("container.start", [c]))

    # --- doing ---

    def _toggle_secrets(self) -> None:
        self._reveal = not self._reveal
        self._eye.setText(
            translate("Overview", "Hide secrets") if self._reveal else translate("Overview", "Show secrets")
        )
        if self._container is not None:
            self._fill_env(self._container)

    def _edit(self, section: str) -> None:
        if self._container is not None:
            self.shell.open_dialog("edit", container=self._container.id, section=section)
