"""How Docker says that a container's state forbids what is asked: clients look for these very words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.types.containers import Action, State

if TYPE_CHECKING:
    from engine.types.containers import Container


def refused(container: Container, action: Action) -> str:
    """ "" where Docker has no words of its own."""
    state, name, whole = container.state, container.name, container.id
    if action is Action.REMOVE:
        reason = _REMOVE.get(state)
        return f'cannot remove container "{name}": {reason}' if reason else ""
    if action is Action.FORCE_REMOVE or state is State.REMOVING:
        return f"removal of container {name} is already in progress"
    if action is Action.KILL:
        return f"cannot kill container: {name}: container {whole} is not running"
    if action is Action.UNPAUSE:
        return f"Container {whole} is not paused"
    if action is Action.START and state is State.PAUSED:
        return "cannot start a paused container, try unpause instead"
    if action is Action.PAUSE and state is State.PAUSED:
        return f"Container {whole} is already paused"
    if action in (Action.PAUSE, Action.EXEC, Action.ATTACH) and state is State.RESTARTING:
        return f"Container {whole} is restarting, wait until the container is running"
    if action in (Action.PAUSE, Action.EXEC) and state is not State.PAUSED:
        return f"container {whole} is not running"
    return ""


_REMOVE = {
    State.RUNNING: "container is running: stop the container before removing or force remove",
    State.STOPPING: "container is running: stop the container before removing or force remove",
    State.RESTARTING: "container is restarting: stop the container before removing or force remove",
    State.PAUSED: "container is paused and must be unpaused first",
}


def name_taken(name: str, holder: str) -> str:
    return (
        f'Conflict. The container name "/{name}" is already in use by container "{holder}". '
        "You have to remove (or rename) that container to be able to reuse that name."
    )
