"""The line at the bottom: what the engine is, what runs, how the host is doing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout

from engine.errors import WherryError
from engine.types.machines import Link
from engine.types.operations import OperationState
from gui.plain_text import set_tip
from gui.presentation.remote.machines import link_tone, link_words, machine_tip, machine_title
from gui.presentation.units import bytes_text, memory_text, percent_text
from gui.theme import Space, Text, Tone, font, grown
from gui.widgets.buttons import Variant, button
from gui.widgets.labels import label
from gui.widgets.painted.badge import StateDot
from gui.widgets.painted.meter import Meter
from gui.words import translate

if TYPE_CHECKING:
    from engine.types.host import EngineFacts
    from engine.types.stats import HostSample
    from gui.bridge import ChangeSet
    from gui.shell import Shell

HEIGHT = 28
HOST_SECONDS = 2.0


class StatusBar(QFrame):
    """Facts at the left, jobs and host figures at the right."""

    facts_known = Signal(object)

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self._asking = False
        self._link = Link.NONE
        self.setProperty("role", "statusbar")
        self.setFixedHeight(grown(HEIGHT))
        self.setAccessibleName(translate("StatusBar", "Status"))
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.M, 0, Space.M, 0)
        row.setSpacing(Space.S)
        self._dot = StateDot(Tone.INFO, translate("StatusBar", "Engine is starting"))
        self._engine = label(translate("StatusBar", "Starting the engine…"), Text.SMALL, Tone.NEUTRAL)
        self._warning = button("", "warning", Variant.LINK, lambda: shell.navigate("settings", "", "doctor"))
        self._warning.setFont(font(Text.SMALL))
        self._warning.hide()
        self._jobs = button("", "", Variant.LINK, lambda: shell.navigate("activity"))
        self._jobs.setFont(font(Text.SMALL))
        self._jobs.hide()
        self._job_meter = Meter(translate("StatusBar", "Progress"), height=4)
        self._job_meter.setFixedWidth(80)
        self._job_meter.hide()
        self._cpu = label("", Text.SMALL, Tone.MUTED)
        self._memory = label("", Text.SMALL, Tone.MUTED)
        self._disk = label("", Text.SMALL, Tone.MUTED)
        row.addWidget(self._dot)
        row.addWidget(self._engine)
        row.addWidget(self._warning)
        row.addStretch(1)
        row.addWidget(self._job_meter)
        row.addWidget(self._jobs)
        row.addSpacing(Space.M)
        for figure in (self._cpu, self._memory, self._disk):
            figure.setFont(font(Text.SMALL, tabular=True))
            row.addWidget(figure)
            row.addSpacing(Space.S)
        self._timer = QTimer(self, interval=int(HOST_SECONDS * 1000))
        self._timer.timeout.connect(self._ask_host)
        shell.client.ready.connect(self._on_ready)
        shell.client.failed.connect(self._on_failed)
        shell.client.changed.connect(self._on_changes)
        shell.client.switched.connect(self._on_switched)
        shell.client.machines_changed.connect(self._on_machines)

    def set_active(self, *, active: bool) -> None:
        """Ask the host only while somebody looks."""
        if active and self._shell.client.is_ready:
            self._timer.start()
            self._ask_host()
        else:
            self._timer.stop()

    def _on_ready(self) -> None:
        self._shell.run(self._load_facts())
        self.set_active(active=self.isVisible())

    def _on_failed(self, error: BaseException) -> None:
        self._dot.set(Tone.DANGER, translate("StatusBar", "Engine is not running"))
        self._engine.setText(translate("StatusBar", "Engine is not running"))
        self._timer.stop()

    def _on_switched(self) -> None:
        for figure in (self._cpu, self._memory, self._disk):
            figure.setText("")
        self._engine.setText(machine_title(self._shell.client.machine))
        self._warning.hide()
        self._on_machines()
        self._shell.run(self._load_facts())

    def _on_machines(self) -> None:
        """How the machine that is shown is; when it has come back, what it is."""
        client = self._shell.client
        machine = next((each for each in client.machines if each.name == client.machine), None)
        if machine is None or not client.machine:
            return
        came_back = machine.link is Link.CONNECTED and self._link is not Link.CONNECTED
        self._link = machine.link
        self._dot.set(link_tone(machine), link_words(machine))
        if machine.link is not Link.CONNECTED:
            words = machine.problem.title if machine.problem is not None else ""
            self._engine.setText("  ·  ".join(each for each in (machine.name, link_words(machine), words) if each))
            set_tip(self._engine, machine_tip(machine))
        elif came_back:
            self._shell.run(self._load_facts())

    async def _load_facts(self) -> None:
        try:
            await self._tell_facts()
        except WherryError:
            # A machine that does not answer is told of by its link; this one's engine has nothing to hide.
            if not self._shell.client.machine:
                raise

    async def _tell_facts(self) -> None:
        facts: EngineFacts = await self._shell.client.call(lambda engine: engine.host.facts())
        self._dot.set(Tone.SUCCESS, translate("StatusBar", "Engine is running"))
        cgroups = translate("StatusBar", "cgroup {0}").format(facts.cgroup_mode)
        if facts.cgroup_mode == "none":
            cgroups = translate("StatusBar", "no cgroups")
        machine = self._shell.client.machine
        version = facts.version if " " in facts.version else f"Wherry {facts.version}"
        self._engine.setText("  ·  ".join(each for each in (machine, version, facts.driver, cgroups) if each))
        lines = [facts.driver_reason, ", ".join(facts.controllers), facts.socket, *facts.warnings]
        set_tip(self._engine, "\n".join(line for line in lines if line))
        self._warning.setVisible(bool(facts.warnings))
        self._warning.setText(
            translate("StatusBar", "Warnings: {0}").format(len(facts.warnings)) if facts.warnings else ""
        )
        self.facts_known.emit(facts)

    def _ask_host(self) -> None:
        if not self._asking:
            self._asking = True
            self._shell.run(self._load_host())

    async def _load_host(self) -> None:
        try:
            sample: HostSample = await self._shell.client.call(lambda engine: engine.stats.host())
        except WherryError:
            if not self._shell.client.machine:
                raise
            return  # Docker does not tell how its machine is
        finally:
            self._asking = False
        self._cpu.setText(
            translate("StatusBar", "CPU {0}").format(percent_text(sample.cpu_percent / max(1, sample.processors)))
        )
        self._memory.setText(
            translate("StatusBar", "Memory {0} of {1}").format(
                memory_text(sample.memory_used), memory_text(sample.memory_total)
            )
        )
        self._disk.setText(translate("StatusBar", "{0} free").format(bytes_text(sample.disk_free)))

    def _on_changes(self, changes: ChangeSet) -> None:
        if not changes.touches("operation"):
            return
        operations = self._shell.client.mirror.operations.values()
        running = [one for one in operations if one.state is OperationState.RUNNING]
        self._jobs.setVisible(bool(running))
        self._job_meter.setVisible(any(one.total for one in running))
        if len(running) == 1:
            self._jobs.setText(running[0].title)
        elif running:
            self._jobs.setText(translate("StatusBar", "%n jobs running", None, len(running)))
        self._job_meter.set(sum(one.done for one in running), sum(one.total for one in running), tone=Tone.ACCENT)
