"""What a user can do to the program itself, and the first steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.types.containers import ContainerSpec, CreateContainer, PortMapping, State
from gui.actions.actions import Action
from gui.theme import Mode, Tone, theme
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.containers import Container
    from gui.shell import Shell

DEMO_NAME = "wherry-demo"
ARCHIVE_ENDINGS = (".tar", ".tar.gz", ".tgz", ".tar.zst", ".oci")


async def run_demo(shell: Shell, _subjects: Sequence[Any]) -> None:
    """Make the demo image if it is not there, run it on a free port, show its page. Works offline."""
    client = shell.client
    container = next((c for c in client.mirror.containers.values() if c.name == DEMO_NAME), None)
    if container is None:
        reference = await client.operate(lambda engine: engine.images.load_demo())
        container = await client.call(lambda engine: engine.containers.create(_demo_request(reference)))
    if container.state is not State.RUNNING:
        key = container.id
        container = await client.call(lambda engine: engine.containers.start(key))
    shell.settings.welcomed = True
    shell.navigate("containers", container.id, "overview")
    _tell_demo(shell, container)


def _demo_request(reference: str) -> CreateContainer:
    spec = ContainerSpec(image=reference.splitlines()[-1], ports=(PortMapping(container_port=8080),))
    return CreateContainer(spec=spec, name=DEMO_NAME)


def _tell_demo(shell: Shell, container: Container) -> None:
    shell.toast(
        translate("ProgramActions", "The demo service runs"),
        Tone.SUCCESS,
        button=translate("ProgramActions", "Open its page"),
        on_button=lambda: shell.trigger(
            "container.browse", [shell.client.mirror.containers.get(container.id, container)]
        ),
    )


async def open_archive(shell: Shell, _subjects: Sequence[Any]) -> None:
    patterns = " ".join(f"*{ending}" for ending in ARCHIVE_ENDINGS)
    path = await shell.choose_open_file(
        translate("ProgramActions", "Open an archive of images"),
        translate("ProgramActions", "Image archives ({0})").format(patterns),
    )
    if path:
        await load_archives(shell, [path])


async def load_archives(shell: Shell, paths: Sequence[str]) -> None:
    """Load the images in each, one after the other."""
    for path in paths:
        loaded = await shell.client.operate(lambda engine, path=path: engine.images.load(path))  # type: ignore[misc]
        names = ", ".join(loaded.splitlines())
        shell.toast(
            translate("ProgramActions", "Loaded {0}").format(names),
            Tone.SUCCESS,
            button=translate("ProgramActions", "Show"),
            on_button=lambda: shell.navigate("images"),
        )


async def show_welcome(shell: Shell, _subjects: Sequence[Any]) -> None:
    shell.navigate("welcome")


async def toggle_look(shell: Shell, _subjects: Sequence[Any]) -> None:
    mode = Mode.LIGHT if theme().dark else Mode.DARK
    theme().set_mode(mode)
    shell.settings.look = mode


async def clear_activity(shell: Shell, _subjects: Sequence[Any]) -> None:
    await shell.client.call(lambda engine: engine.operations.clear_finished())


async def show_doctor(shell: Shell, _subjects: Sequence[Any]) -> None:
    shell.navigate("settings", "", "doctor")


def program_actions() -> tuple[Action, ...]:
    return (
        Action(
            id="program.demo",
            text=translate("ProgramActions", "Run the demo service"),
            icon="play",
            run=run_demo,
            needs=("images.load_demo",),
            hint=translate("ProgramActions", "A small web page, made here; needs no network"),
        ),
        Action(
            id="program.open-archive",
            text=translate("ProgramActions", "Open an archive…"),
            icon="archive",
            run=open_archive,
            shortcut="Ctrl+O",
            window_wide=True,
            hint=translate("ProgramActions", "Load images from a file"),
        ),
        Action(
            id="program.welcome",
            text=translate("ProgramActions", "Welcome page"),
            icon="home",
            run=show_welcome,
        ),
        Action(
            id="program.look",
            text=translate("ProgramActions", "Switch light and dark"),
            icon="moon",
            run=toggle_look,
        ),
        Action(
            id="program.doctor",
            text=translate("ProgramActions", "Ask the doctor"),
            icon="doctor",
            run=show_doctor,
            needs=("host.report",),
        ),
        Action(
            id="operations.clear",
            text=translate("ProgramActions", "Clear finished activity"),
            icon="broom",
            run=clear_activity,
        ),
    )
