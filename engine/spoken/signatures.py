"""The facade's methods, read from the facade itself: what each takes, what it gives, and in which manner."""

from __future__ import annotations

import collections.abc
import inspect
import pkgutil
import types
import typing
from functools import cache
from importlib import import_module
from typing import Any, Literal, NamedTuple

from engine import facade, facade_lent
from engine import types as types_package
from engine.types.data import Freed, LabelRule

Manner = Literal["answer", "stream", "bytes", "operation"]
""""answer" awaits a value, "stream" and "bytes" give items, "operation" a handle."""

ROOMS: dict[str, type] = {
    "containers": facade.Containers,
    "images": facade.Images,
    "volumes": facade.Volumes,
    "networks": facade.Networks,
    "logs": facade.Logs,
    "stats": facade.Stats,
    "files": facade.Files,
    "builds": facade.Builds,
    "disk": facade.Disk,
    "pods": facade.Pods,
    "door": facade.FrontDoor,
    "operations": facade.Operations,
    "host": facade.Host,
}
"""Projects and the gallery are where their files are: with whoever asks, over the other rooms."""
_LEFT_OUT = frozenset(
    {
        "containers.exec",  # a line to a process goes by Docker's hijacked stream
        "containers.attach",
        "builds.context_place",  # a directory of the engine's own machine
        "images.save_to",  # files of the machine where somebody sits
        "volumes.backup",
        "volumes.restore",
        "logs.export",
    }
)


class Method(NamedTuple):
    """One method. `upload` is the parameter that is a stream of bytes, "" where none is."""

    name: str
    manner: Manner
    parameters: dict[str, Any]
    upload: str
    gives: Any


@cache
def methods() -> dict[str, Method]:
    """All that are spoken, as "room.method"."""
    found: dict[str, Method] = {}
    for room, contract in ROOMS.items():
        for name, function in vars(contract).items():
            whole = f"{room}.{name}"
            if inspect.isfunction(function) and not name.startswith("_") and whole not in _LEFT_OUT:
                found[whole] = _method(whole, function)
    return found


def _method(name: str, function: types.FunctionType) -> Method:
    hints = typing.get_type_hints(function, _names())
    gives = hints.pop("return")
    upload = next((key for key, hint in hints.items() if _is_upload(hint)), "")
    parameters = {key: hint for key, hint in hints.items() if key != upload}
    if gives is facade.OperationHandle:
        return Method(name, "operation", parameters, upload, None)
    if typing.get_origin(gives) is collections.abc.AsyncIterator:
        [item] = typing.get_args(gives)
        return Method(name, "bytes" if item is bytes else "stream", parameters, upload, item)
    return Method(name, "answer", parameters, upload, gives)


def _is_upload(hint: Any) -> bool:
    parts = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    return any(typing.get_origin(part) is collections.abc.AsyncIterator for part in parts)


def _names() -> dict[str, Any]:
    """What the facade imports for the type checker alone."""
    kinds = {each.name for each in pkgutil.iter_modules(types_package.__path__)} - {"data"}
    return {
        **vars(facade),
        **vars(facade_lent),
        **{kind: import_module(f"engine.types.{kind}") for kind in kinds},
        "AsyncIterator": collections.abc.AsyncIterator,
        "Sequence": collections.abc.Sequence,
        "Freed": Freed,
        "LabelRule": LabelRule,
    }
