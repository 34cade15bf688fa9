"""What a user can do to networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gui.actions.actions import Action
from gui.actions.removing import each, removed_words
from gui.shell import Confirmation, Removal
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.networks import Network
    from gui.shell import Shell


def one(networks: Sequence[Network]) -> bool:
    return len(networks) == 1


def removable(networks: Sequence[Network]) -> bool:
    return any(not network.builtin and not network.members for network in networks)


def why_not_removable(networks: Sequence[Network]) -> str:
    if networks and all(network.builtin for network in networks):
        return translate("NetworkActions", "It is always there")
    if any(network.members for network in networks):
        return translate("NetworkActions", "Containers are connected: disconnect them first")
    return ""


async def create(shell: Shell, _subjects: Sequence[Any]) -> None:
    shell.open_dialog("create-network")


async def details(shell: Shell, networks: Sequence[Network]) -> None:
    shell.navigate("networks", networks[0].id)


async def connect(shell: Shell, networks: Sequence[Network]) -> None:
    shell.open_dialog("connect-network", network=networks[0].id)


async def remove(shell: Shell, networks: Sequence[Network]) -> None:
    """Without a question: nothing is connected to it, and it can be undone."""
    going = [network for network in networks if not network.builtin and not network.members]
    if going:
        _remove_soon(shell, going)


def _remove_soon(shell: Shell, networks: Sequence[Network]) -> None:
    keys = tuple(network.id for network in networks)
    shell.remove(
        Removal(
            title=removed_words(
                [network.name for network in networks],
                translate("NetworkActions", "Removed %n networks", None, len(keys)),
            ),
            hidden={"network": keys},
            work=each(keys, lambda engine, key: engine.networks.remove(key)),
        )
    )


async def prune(shell: Shell, _subjects: Sequence[Any]) -> None:
    idle = [n for n in shell.client.mirror.networks.values() if not n.builtin and not n.members]
    if not idle:
        shell.toast(translate("NetworkActions", "Every network is in use: there is nothing to remove."))
        return
    question = Confirmation(
        title=translate("NetworkActions", "Remove unused networks?"),
        text=translate("NetworkActions", "%n networks have no container.", None, len(idle)),
        accept=translate("NetworkActions", "Remove"),
        details=tuple(network.name for network in idle),
    )
    if await shell.confirm(question) is not None:
        _remove_soon(shell, idle)


def actions() -> tuple[Action, ...]:
    return (
        Action(id="networks.create", text=translate("NetworkActions", "New network…"), icon="plus", run=create),
        Action(id="networks.prune", text=translate("NetworkActions", "Remove unused networks…"), icon="broom",
               run=prune),
        Action(id="network.details", text=translate("NetworkActions", "Details"), icon="info", subject="network",
               enabled=one, run=details),
        Action(id="network.connect", text=translate("NetworkActions", "Connect a container…"), icon="plug",
               subject="network", enabled=one, run=connect),
        Action(id="network.remove", text=translate("NetworkActions", "Remove"), icon="trash", subject="network",
               enabled=removable, run=remove, shortcut="Delete", danger=True, why_not=why_not_removable),
    )  # fmt: skip
