"""Which machine a command is for: said on its line, in its environment, or chosen before. Light: read at every start.

In this order, as with docker: `-H ADDRESS`, `--context NAME`, WHERRY_HOST, WHERRY_CONTEXT, `wherry context use`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.machines.machine_list import Entry

_HOST, _CONTEXT = "WHERRY_HOST", "WHERRY_CONTEXT"


class Unknown(Exception):
    """No such machine, or its address makes no sense."""


def say_host(address: str) -> None:
    """`-H ADDRESS` of this command: it reaches everything else by the environment."""
    os.environ[_HOST] = address
    os.environ.pop(_CONTEXT, None)


def say_context(name: str) -> None:
    os.environ[_CONTEXT] = name
    os.environ.pop(_HOST, None)


def chosen_machine() -> Entry | None:
    """None is this computer. Raises `Unknown`."""
    if address := os.environ.get(_HOST):
        return _at(address)
    name = os.environ.get(_CONTEXT, "")
    if not name:
        from engine.machines.machine_list import chosen

        name = chosen()
    return named(name) if name else None


def chosen_name() -> str:
    """By what the engine of this computer knows the machine: its address, or its name; "" is this computer."""
    if address := os.environ.get(_HOST):
        return _at(address).address
    entry = chosen_machine()
    return entry.name if entry else ""


def named(name: str) -> Entry | None:
    """A machine by its name in our list, or in docker's or podman's; None is this computer."""
    from engine.machines import machine_list

    if name == machine_list.HERE:
        return None
    try:
        listed = machine_list.read()
    except machine_list.ListUnusable as error:
        raise Unknown(str(error)) from None
    if name in listed:
        return listed[name]
    from engine.machines.known_elsewhere import everywhere

    found = everywhere().get(name)
    if found is None:
        raise Unknown(f"there is no machine “{name}”; `wherry context ls` shows those there are")
    return found


def _at(text: str) -> Entry:
    from engine.machines.address import BadAddress, parse
    from engine.machines.machine_list import Entry

    try:
        address = parse(text)
    except BadAddress as error:
        raise Unknown(str(error)) from None
    return Entry(address.place, str(address))
