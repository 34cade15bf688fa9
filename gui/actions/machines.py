"""What a user can do about machines: show one, add one, change or forget it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gui.actions.actions import Action
from gui.presentation.machines import machine_title
from gui.shell import Confirmation
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.machines import Machine
    from gui.shell import Shell


async def add(shell: Shell, _subjects: Sequence[Any]) -> None:
    shell.open_dialog("machine")


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


def _own(machines: Sequence[Machine]) -> bool:
    return len(machines) == 1 and not machines[0].source


def actions() -> tuple[Action, ...]:
    return (
        Action(id="machines.add", text=translate("MachineActions", "Add a machine…"), icon="plus", run=add,
               hint=translate("MachineActions", "Docker, Podman or Wherry on another machine, over ssh")),
        Action(id="machines.home", text=translate("MachineActions", "Show this computer"), icon="home", run=go_home),
        Action(id="machine.show", text=translate("MachineActions", "Show"), icon="eye", subject="machine", run=show,
               enabled=lambda machines: len(machines) == 1),
        Action(id="machine.change", text=translate("MachineActions", "Change…"), icon="edit", subject="machine",
               run=change, enabled=_own),
        Action(id="machine.forget", text=translate("MachineActions", "Forget…"), icon="trash", subject="machine",
               run=forget, enabled=_own),
    )  # fmt: skip
