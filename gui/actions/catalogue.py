"""All actions of all rooms, in one set. A room has `gui/actions/<room>.py` with a function `actions()`."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from gui.actions.actions import ActionSet
from gui.actions.containers import container_actions
from gui.actions.program import program_actions

ROOMS = ("images", "volumes", "networks", "builds", "projects", "machines", "clusters", "swarm", "pods")


def all_actions() -> ActionSet:
    actions = ActionSet((*container_actions(), *program_actions()))
    for room in ROOMS:
        if find_spec(f"gui.actions.{room}") is None:
            continue
        module = import_module(f"gui.actions.{room}")
        for action in module.actions():
            actions.add(action)
    return actions
