"""What a user can do about machines: show one, add one, change or forget it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gui.actions.actions import Action
from gui.presentation.images.words import image_name
from gui.presentation.remote.machines import machine_title
from gui.shell import Confirmation
from gui.theme import Tone
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from engine.types.containers import Container
    from engine.types.images import Image
    from engine.types.machines import Machine
    from engine.types.volumes import Volume
    from gui.presentation.projects.words import ProjectRow
    from gui.shell import Shell


async def add(shell: Shell, _subjects: Sequence[Any]) -> None:
    shell.open_dialog("machine")


async def bring_over(shell: Shell, _subjects: Sequence[Any]) -> None:
    shell.open_dialog("bring-over")


async def change(shell: Shell, machines: Sequence[Machine]) -> None:
    shell.open_dialog("machine", machine=machines[0])


async def go_home(shell: Shell, _subjects: Sequence[Any]) -> None:
    await shell.show_machine("")


async def show(shell: Shell, machines: Sequence[Machine]) -> None:
    await shell.show_machine(machines[0].name)


async def forget(shell: Shell, machines: Sequence[Machine]) -> None:
    machine = machines[0]
    question = Confirmation(
        title=translate("MachineActions", "Forget {0}?").format(machine.name),
        text=translate("MachineActions", "Nothing on it changes; only its address is taken off the list."),
        accept=translate("MachineActions", "Forget"),
        danger=False,
    )
    if await shell.confirm(question) is None:
        return
    if shell.client.machine == machine.name:
        await shell.show_machine("")
    await shell.client.at_home(lambda engine: engine.machines.remove(machine.name))
    shell.toast(translate("MachineActions", "Forgot {0}").format(machine_title(machine.name)))


async def move_container(shell: Shell, containers: Sequence[Container]) -> None:
    shell.open_dialog("move", kind="container", name=containers[0].name)


async def move_image(shell: Shell, images: Sequence[Image]) -> None:
    shell.open_dialog("move", kind="image", name=image_name(images[0]))


async def move_volume(shell: Shell, volumes: Sequence[Volume]) -> None:
    shell.open_dialog("move", kind="volume", name=volumes[0].name)


async def move_project(shell: Shell, projects: Sequence[ProjectRow]) -> None:
    shell.open_dialog("move", kind="project", name=projects[0].project.name)


async def finish_move(shell: Shell, name: str, source: str) -> None:
    """Remove what a move left where it was; the engine looks first whether it runs where it went."""
    kept = await shell.client.at_home(lambda engine: engine.machines.finish(name, source=source))
    words = translate("MachineActions", "Removed {0} from {1}; it runs on {2}")
    shell.toast(words.format(name, machine_title(source), machine_title(kept.target)), Tone.SUCCESS)


def _one(subjects: Sequence[Any]) -> bool:
    return len(subjects) == 1


def _moves() -> tuple[Action, ...]:
    words = translate("MachineActions", "Move or copy to…")
    runs: dict[str, Callable[[Shell, Sequence[Any]], Coroutine[Any, Any, None]]] = {
        "container": move_container,
        "image": move_image,
        "volume": move_volume,
        "project": move_project,
    }
    return tuple(
        Action(id=f"{kind}.move", text=words, icon="external", subject=kind, run=run, enabled=_one)
        for kind, run in runs.items()
    )


def _own(machines: Sequence[Machine]) -> bool:
    return len(machines) == 1 and not machines[0].source


def actions() -> tuple[Action, ...]:
    return (
        Action(id="machines.add", text=translate("MachineActions", "Add a machine…"), icon="plus", run=add,
               hint=translate("MachineActions", "Docker, Podman or Wherry on another machine, over ssh")),
        Action(id="machines.bring-over", text=translate("MachineActions", "Bring over from Docker and Podman…"),
               icon="download", run=bring_over,
               hint=translate("MachineActions", "What their engines on this computer have, copied here")),
        Action(id="machines.home", text=translate("MachineActions", "Show this computer"), icon="home", run=go_home),
        Action(id="machine.show", text=translate("MachineActions", "Show"), icon="eye", subject="machine", run=show,
               enabled=lambda machines: len(machines) == 1),
        Action(id="machine.change", text=translate("MachineActions", "Change…"), icon="edit", subject="machine",
               run=change, enabled=_own),
        Action(id="machine.forget", text=translate("MachineActions", "Forget…"), icon="trash", subject="machine",
               run=forget, enabled=_own),
        *_moves(),
    )  # fmt: skip
