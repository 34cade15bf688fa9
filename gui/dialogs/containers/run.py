"""Run a container, or change one: the form, what it means as a `docker run` line, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace
from PySide6.QtCore import QMimeData, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QComboBox,
    QCompleter,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
)

from engine.errors import Code, NotFound, WherryError
from engine.recipe.faults import Unreadable
from engine.recipe.rows import LIVE, RECREATE, RESTART
from engine.types.containers import (
    ALIVE_STATES,
    Container,
    ContainerSpec,
    CreateContainer,
    Mount,
    PortMapping,
)
from engine.types.images import PullImage
from gui.dialogs.containers.form.form import SpecForm
from gui.dialogs.containers.line_field import LineField
from gui.presentation.containers.run_line import (
    RunLine,
    chosen_by_people,
    docker_run_line,
    fault_text,
    looks_like_run_line,
    parse_run_line,
)
from gui.presentation.containers.spec_check import (
    Difference,
    Remark,
    check_spec,
    only_live,
    spec_differences,
    suggest_port,
)
from gui.presentation.containers.words import image_text
from gui.presentation.errors import words_of
from gui.presentation.names import is_figures, name_problem
from gui.shell import Confirmation
from gui.theme import Space, Text, Tone, grown, mono
from gui.widgets.banner import Banner
from gui.widgets.buttons import Variant, button
from gui.widgets.card import Card
from gui.widgets.labels import label, set_tone
from gui.widgets.layouts import dialog_column
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.images import Image
    from engine.types.networks import HostPort
    from gui.shell import Shell

_SIZE = (1080, 680)
_LINE_WIDTH = 320
_CHECK_MS = 120


class _FormDialog(QDialog):
    """What running and editing share: the form in the middle, the line at the right, remarks and buttons below."""

    def __init__(self, shell: Shell, title: str, spec: ContainerSpec) -> None:
        super().__init__(shell.dialog_parent)
        self.shell = shell
        self.client = shell.client
        self.host_ports: Sequence[HostPort] = ()
        self.own_id = ""
        self.setWindowTitle(title)
        screen = self.screen().availableSize()
        self.resize(min(grown(_SIZE[0]), screen.width() - 40), min(grown(_SIZE[1]), screen.height() - 40))
        self.form = SpecForm(shell, spec)
        self.line = QPlainTextEdit()
        self.line.setFont(mono())
        self.line.setAccessibleName(translate("RunDialog", "docker run line"))
        self.line.setReadOnly(True)
        self.line.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self.head = QGridLayout()
        self.head.setHorizontalSpacing(Space.M)
        self.head.setVerticalSpacing(Space.XS)
        self.remark = label("", Text.BODY, Tone.DANGER, wrap=True)
        self.banner = Banner(Tone.DANGER)
        self.banner.hide()
        column = dialog_column(self, title)
        column.addLayout(self.head)
        column.addWidget(self.banner)
        body = QHBoxLayout()
        body.setSpacing(Space.M)
        body.addWidget(self.form, 2)
        body.addWidget(self._make_side(), 1)
        column.addLayout(body, 1)
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(Space.S)
        self.buttons.addWidget(self.remark, 1)
        self.buttons.addWidget(button(translate("RunDialog", "Cancel"), on_click=self.reject))
        column.addLayout(self.buttons)
        self._timer = QTimer(self, singleShot=True, interval=_CHECK_MS)
        self._timer.timeout.connect(self.check)
        self.form.changed.connect(self._timer.start)
        shell.run(self._load_ports())

    def _make_side(self) -> Card:
        card = Card(translate("RunDialog", "As a command"), role="card")
        card.setMaximumWidth(grown(_LINE_WIDTH))
        copy = translate("RunDialog", "Copy")
        card.action_row.addWidget(button(copy, "copy", Variant.LINK, self._copy_line))
        self.line.setProperty("role", "plain")
        card.body.addWidget(self.line, 1)
        self.side = card
        return card

    async def _load_ports(self) -> None:
        self.host_ports = await self.client.call(lambda engine: engine.networks.host_ports())
        self.check()

    def _copy_line(self) -> None:
        QGuiApplication.clipboard().setText(self.line.toPlainText())

    # --- checking ---

    def full_spec(self) -> ContainerSpec:
        """The recipe with the image; ValueError where the form is wrong."""
        return self.form.spec()

    def name(self) -> str:
        return ""

    def check(self) -> bool:
        """Bring line, marks and buttons up to date; says whether all is well."""
        problems = self.form.problems()
        remarks: list[Remark] = []
        if not problems:
            spec = self.full_spec()
            self.line.setPlainText(docker_run_line(chosen_by_people(spec, self.own_id), self.name()))
            remarks = self.remarks(spec)
        marked = {**{r.section: r.text for r in remarks if r.tone is Tone.DANGER}, **problems}
        self.form.mark(marked)
        first = next(iter(problems.values()), "") or next((r.text for r in remarks if r.tone is Tone.DANGER), "")
        self.say(first or next((r.text for r in remarks), ""), Tone.DANGER if first else Tone.INFO)
        return not first

    def remarks(self, spec: ContainerSpec) -> list[Remark]:
        return check_spec(
            spec,
            own_id=self.own_id,
            host_ports=self.host_ports,
            containers=self.client.mirror.containers,
            path_exists=lambda path: Path(path).exists(),
        )

    async def may_give(self, mounts: Sequence[Mount]) -> bool:
        """Whether somebody's files may be given to the container's user; asked where there are any."""
        full = [mount.source for mount in mounts if mount.ownership == "chown" and has_files(mount)]
        if not full:
            return True
        question = Confirmation(
            title=translate("RunDialog", "Give these files to the container's user?"),
            text=translate("RunDialog", "Everything in there will belong to it from the first start on, for good."),
            accept=translate("RunDialog", "Give them"),
            details=tuple(full),
        )
        return await self.shell.confirm(question) is not None

    def say(self, words: str, tone: Tone) -> None:
        set_tone(self.remark, tone)
        self.remark.setText(words)

    def show_failure(self, error: WherryError) -> None:
        """Stay open with what went wrong: nothing typed is lost."""
        words = words_of(error)
        self.check()  # what was being done is done no more
        self.banner.show_message(Tone.DANGER, words.title, words.text, words.details)
        self.banner.show()
        section = {
            Code.PORT_IN_USE: "ports",
            Code.PORT_PRIVILEGED: "ports",
            Code.MOUNT_SOURCE_MISSING: "mounts",
            Code.COMMAND_NOT_FOUND: "command",
            Code.COMMAND_NOT_EXECUTABLE: "command",
            Code.BAD_USER: "env",
        }.get(error.code)
        if section:
            self.form.show_section(section)


def has_files(mount: Mount) -> bool:
    """Whether a folder of this computer has anything in it."""
    try:
        return mount.kind == "bind" and any(Path(mount.source).iterdir())
    except OSError:
        return False


class RunDialog(_FormDialog):
    """From an image to a running service. A pasted `docker run` line fills the form."""

    def __init__(
        self, shell: Shell, image: str = "", spec: ContainerSpec | None = None, name: str = "", line: str = ""
    ) -> None:
        super().__init__(shell, translate("RunDialog", "Run a container"), spec or ContainerSpec(image=image))
        self.setObjectName("dialog.run")
        self._prefilled_for = "" if spec is None else image_text(spec.image)
        self._inherited_env: dict[str, str] = {}
        self._unexpanded: tuple[str, ...] = ()
        self._created: Container | None = None
        self._suggested: tuple[PortMapping, ...] = ()
        self._make_head(image or (image_text(spec.image) if spec is not None else ""), name)
        self._make_side_for_paste()
        self.create_button = button(translate("RunDialog", "Create only"), on_click=lambda: self._go(start=False))
        self.run_button = button(translate("RunDialog", "Run"), "play", Variant.PRIMARY, lambda: self._go(start=True))
        self.run_button.setDefault(True)
        self.buttons.addWidget(self.create_button)
        self.buttons.addWidget(self.run_button)
        self.image.currentTextChanged.connect(lambda _text: self._on_image())
        self.name_field.textChanged.connect(lambda _text: self._timer.start())
        self._on_image()
        if line:
            self.fill_from_line(line)
        (self.image if not self.image.currentText() else self.name_field).setFocus()

    def _make_head(self, image: str, name: str) -> None:
        self.image = QComboBox()
        field = LineField(looks_like_run_line)
        field.setPlaceholderText(translate("RunDialog", "nginx:1.27 – or paste a whole docker run line"))
        field.line_given.connect(self.fill_from_line)
        self.image.setEditable(True)
        self.image.setLineEdit(field)
        self.image.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.image.setAccessibleName(translate("RunDialog", "Image"))
        tags = sorted({image_text(tag) for one in self.client.mirror.images.values() for tag in one.tags})
        self.image.addItems(tags)
        completer = self.image.completer()
        if completer is not None:
            completer.setFilterMode(Qt.MatchFlag.MatchContains)
            completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        self.image.setEditText(image)
        self.name_field = QLineEdit(name)
        self.name_field.setPlaceholderText(translate("RunDialog", "invented if left empty"))
        self.name_field.setAccessibleName(translate("RunDialog", "Name"))
        self.head.addWidget(label(translate("RunDialog", "Image"), Text.SMALL, Tone.MUTED), 0, 0)
        self.head.addWidget(label(translate("RunDialog", "Name"), Text.SMALL, Tone.MUTED), 0, 1)
        self.head.addWidget(self.image, 1, 0)
        self.head.addWidget(self.name_field, 1, 1)
        self.head.setColumnStretch(0, 3)
        self.head.setColumnStretch(1, 2)
        self._image_words = label("", Text.SMALL, Tone.MUTED)
        self.head.addWidget(self._image_words, 2, 0, 1, 2)

    def _make_side_for_paste(self) -> None:
        paste = button(translate("RunDialog", "Paste a docker run line"), "download", Variant.GHOST, self._paste)
        self.side.body.addWidget(paste)

    # --- the image ---

    async def _load_ports(self) -> None:
        """Ports suggested before it was known which are taken are suggested anew."""
        await super()._load_ports()
        image = self.found_image()
        if image is not None and self._suggested and self.form.rows("ports").value() == self._suggested:
            self._prefill(image)

    def found_image(self) -> Image | None:
        wanted = self.image.currentText().strip()
        for image in self.client.mirror.images.values():
            if any(wanted in (tag, image_text(tag), image_text(tag) + ":latest") for tag in image.tags):
                return image
            if (
                wanted
                and image.id.removeprefix("sha256:").startswith(wanted.removeprefix("sha256:"))
                and len(wanted) >= 12
            ):
                return image
        return None

    def _on_image(self) -> None:
        text = self.image.currentText().strip()
        found = self.found_image()
        if found is None:
            words = translate("RunDialog", "Not on this computer yet: it will be pulled first.") if text else ""
            self._image_words.setText(words)
        else:
            self._image_words.setText("")
            if text != self._prefilled_for:
                self._prefilled_for = text
                self._prefill(found)
        self._timer.start()

    def _prefill(self, image: Image) -> None:
        """Ports, volumes, variables and command as the image has them; what the user wrote stays."""
        config = image.config
        entries = self.form.entries
        show = " ".join
        entries["command"].field.set_placeholder(show(config.command))  # type: ignore[attr-defined]
        entries["entrypoint"].field.set_placeholder(show(config.entrypoint))  # type: ignore[attr-defined]
        entries["workdir"].field.set_placeholder(config.workdir)  # type: ignore[attr-defined]
        entries["user"].field.set_placeholder(config.user or "root")  # type: ignore[attr-defined]
        entries["stop_signal"].field.set_placeholder(config.stop_signal or "SIGTERM")  # type: ignore[attr-defined]
        try:
            spec = self.form.spec()
        except ValueError:
            return
        own = {key: value for key, value in spec.env.items() if self._inherited_env.get(key) != value}
        self._inherited_env = dict(entry.partition("=")[::2] for entry in config.env)
        untouched = spec.ports == self._suggested
        ports = () if untouched else spec.ports
        ports = ports or tuple(
            PortMapping(
                container_port=int(number),
                host_port=suggest_port(int(number), self.host_ports),
                protocol="udp" if protocol == "udp" else "tcp",
            )
            for number, _, protocol in (text.partition("/") for text in config.exposed_ports)
            if is_figures(number)
        )
        mounts = spec.mounts or tuple(Mount(kind="volume", target=path) for path in config.volumes)
        self._suggested = ports if untouched else ()
        self.form.set_spec(replace(spec, ports=ports, mounts=mounts, env={**self._inherited_env, **own}))

    # --- what comes out ---

    def full_spec(self) -> ContainerSpec:
        spec = self.form.spec()
        env = {key: value for key, value in spec.env.items() if self._inherited_env.get(key) != value}
        return replace(spec, image=self.image.currentText().strip(), env=env)

    def name(self) -> str:
        return self.name_field.text().strip()

    def check(self) -> bool:
        if not hasattr(self, "run_button"):
            return False
        well = super().check()
        name = self.name()
        problem = ""
        if not self.image.currentText().strip():
            problem = translate("RunDialog", "Which image?")
        elif name and any(
            c.name == name for c in self.client.mirror.containers.values() if c.id != self._own_created()
        ):
            problem = translate("RunDialog", "Another container is called {0}").format(name)
        elif name:
            problem = name_problem(name)
        if problem:
            self.say(problem, Tone.MUTED if not self.image.currentText().strip() else Tone.DANGER)
        for knob in (self.run_button, self.create_button):
            knob.setEnabled(well and not problem)
        return well and not problem

    def _own_created(self) -> str:
        return self._created.id if self._created is not None else ""

    # --- pasting ---

    def _paste(self) -> None:
        data: QMimeData | None = QGuiApplication.clipboard().mimeData()
        self.fill_from_line(data.text() if data is not None else "")

    def fill_from_line(self, text: str) -> bool:
        """Fill the whole form from a `docker run` line."""
        try:
            line = parse_run_line(text)
        except Unreadable as error:
            title = translate("RunDialog", "This is no docker run line Wherry can read")
            self.banner.show_message(Tone.WARNING, title, fault_text(error))
            self.banner.show()
            return False
        self._prefilled_for = line.spec.image
        self._inherited_env = {}
        self.form.set_spec(line.spec)
        self.image.setEditText(line.spec.image)
        self.name_field.setText(line.name)
        self._unexpanded = line.open
        self._tell_of(line)
        self.check()
        return True

    def _tell_of(self, line: RunLine) -> None:
        """What of the line did not become part of the form as it was written."""
        left_out = translate("RunDialog", "Left out: {0}").format(", ".join(line.ignored))
        why_left_out = translate("RunDialog", "Wherry does not need these, or a rootless engine cannot grant them.")
        to_fill = translate("RunDialog", "For you to fill in: {0}").format(", ".join(line.open))
        why_to_fill = translate("RunDialog", "A shell would have put something there; the form cannot know what.")
        if line.open:
            text = why_to_fill + (f" {left_out}. {why_left_out}" if line.ignored else "")
            self.banner.show_message(Tone.WARNING, to_fill, text)
        elif line.ignored:
            self.banner.show_message(Tone.INFO, left_out, why_left_out)
        self.banner.setVisible(bool(line.open or line.ignored))

    def remarks(self, spec: ContainerSpec) -> list[Remark]:
        """Also that something still stands there which a shell would have filled in."""
        said = docker_run_line(spec)
        still = [text for text in self._unexpanded if text in said]
        words = translate("RunDialog", "Still to fill in: {0}").format(", ".join(still))
        return [*([Remark("", Tone.WARNING, words)] if still else []), *super().remarks(spec)]

    # --- running ---

    def _go(self, *, start: bool) -> None:
        if self.check():
            self.shell.run(self._go_on(start=start))

    async def _go_on(self, *, start: bool) -> None:
        if await self.may_give(self.full_spec().mounts):
            await self._create(start=start)

    async def _create(self, *, start: bool) -> None:
        self.banner.hide()
        self._set_busy(busy=True)
        try:
            await self.shell.make_room("volume", volumes_of(self.full_spec()))
            container = await self._made()
            if start:
                key = container.id
                await self.client.call(lambda engine: engine.containers.start(key))
        except WherryError as error:
            self.show_failure(error)
            return
        finally:
            self._set_busy(busy=False)
        self.accept()
        self.shell.settings.welcomed = True
        self.shell.navigate("containers", container.id, "overview" if start else "")

    async def _made(self) -> Container:
        """The container, made once: a start that failed is tried again with the recipe as it is by then."""
        spec, name = self.full_spec(), self.name()
        if self._created is not None:
            key = self._created.id
            self._created = await self.client.call(lambda engine: engine.containers.edit(key, spec))
            if name and name != self._created.name:
                self._created = await self.client.call(lambda engine: engine.containers.rename(key, name))
            return self._created
        request = CreateContainer(spec=spec, name=name)
        try:
            self._created = await self.client.call(lambda engine: engine.containers.create(request))
        except NotFound:
            if self.found_image() is not None:
                raise
            self.say(translate("RunDialog", "Pulling {0}…").format(spec.image), Tone.INFO)
            pull = PullImage(reference=spec.image, platform=spec.platform)
            await self.client.operate(lambda engine: engine.images.pull(pull))
            self._created = await self.client.call(lambda engine: engine.containers.create(request))
        return self._created

    def _set_busy(self, *, busy: bool) -> None:
        for knob in (self.run_button, self.create_button):
            knob.setEnabled(not busy)
        self.run_button.setText(translate("RunDialog", "Starting…") if busy else translate("RunDialog", "Run"))


class EditDialog(_FormDialog):
    """The same form on a container that exists; says for each change what it takes, and keeps the files."""

    def __init__(self, shell: Shell, container: str, section: str = "") -> None:
        self._container = shell.client.mirror.containers[container]
        title = translate("EditDialog", "Edit {0}").format(self._container.name)
        super().__init__(shell, title, self._container.spec)
        self.setObjectName("dialog.edit")
        self.own_id = container
        self._differences: list[Difference] = []
        self._words = {e.key.partition(".")[0]: e.words or s.title for s in self.form.sections for e in s.entries}
        self._words |= {
            "resources": translate("EditDialog", "Limits"),
            "ports": translate("EditDialog", "Ports"),
            "mounts": translate("EditDialog", "Mounts"),
            "security": translate("EditDialog", "Security"),
        }
        self.changes = label("", Text.BODY, Tone.NEUTRAL, wrap=True)
        self.head.addWidget(self.changes, 0, 0)
        self.apply_button = button(translate("EditDialog", "Apply"), "check", Variant.PRIMARY, self._go)
        self.apply_button.setDefault(True)
        self.buttons.addWidget(self.apply_button)
        if section:
            self.form.show_section(section)
        self.check()

    def name(self) -> str:
        return self._container.name

    def remarks(self, spec: ContainerSpec) -> list[Remark]:
        """Only about what is edited: an old mount whose folder went away is no reason to forbid a new port."""
        known = {remark.text for remark in super().remarks(self._container.spec)}
        return [remark for remark in super().remarks(spec) if remark.text not in known]

    def check(self) -> bool:
        if not hasattr(self, "apply_button"):
            return False
        well = super().check()
        self._differences = []
        if well:
            self._differences = spec_differences(self._container.spec, self.full_spec(), self._words)
        self.changes.setText(self._describe())
        possible = all(difference.needs != RECREATE for difference in self._differences)
        self.apply_button.setEnabled(well and possible and bool(self._differences))
        return well

    def _describe(self) -> str:
        if not self._differences:
            return translate(
                "EditDialog", "Nothing changed yet. What it has written inside is kept, whatever you change."
            )
        alive = self._container.state in ALIVE_STATES
        groups = {
            LIVE: translate("EditDialog", "Applies at once"),
            RESTART: translate("EditDialog", "Needs a restart"),
            RECREATE: translate("EditDialog", "Needs a new container"),
        }
        parts = []
        for needs, words in groups.items():
            names = dict.fromkeys(d.words for d in self._differences if d.needs == needs)
            if names:
                parts.append(f"{words}: {', '.join(names)}")
        if alive and not only_live(self._differences):
            parts.append(translate("EditDialog", "It will be stopped and started."))
        return "   ·   ".join(parts)

    def _go(self) -> None:
        if self.check() and self._differences:
            self.shell.run(self._apply())

    async def _apply(self) -> None:
        key, old, new = self._container.id, self._container.spec, self.full_spec()
        if not await self.may_give([mount for mount in new.mounts if mount not in old.mounts]):
            return
        self.apply_button.setEnabled(False)
        try:
            await self._change(key, new)
        except WherryError as error:
            self.show_failure(error)
            self.apply_button.setEnabled(True)
            return
        self.accept()
        self.shell.toast(
            translate("EditDialog", "Changed {0}").format(self._container.name),
            Tone.SUCCESS,
            button=translate("EditDialog", "Undo"),
            on_button=lambda: self.shell.run(self._change(key, old)),
        )

    async def _change(self, key: str, spec: ContainerSpec) -> None:
        await self.shell.make_room("volume", volumes_of(spec))
        await self.client.call(lambda engine: engine.containers.edit(key, spec))


def volumes_of(spec: ContainerSpec) -> list[str]:
    """The volumes it names."""
    return [mount.source for mount in spec.mounts if mount.kind == "volume" and mount.source]
