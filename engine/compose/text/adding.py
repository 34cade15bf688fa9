"""Services put into a compose file that is there: as text, so that comments, order and spelling of the file stay."""

from __future__ import annotations

import re

from engine.compose.faults import ComposeError, Problem
from engine.compose.text import document

_BLOCKS = ("services", "volumes", "networks", "configs", "secrets")
_TOP = re.compile(r"([A-Za-z][\w-]*)\s*:\s*(.*?)\s*(#.*)?$")


def with_services(text: str, addition: str, name: str = "compose.yaml") -> str:
    """A file with the services, volumes, networks, configs and secrets of another one besides its own.

    Raises ComposeError where one of the same name is there, or where a block is written in a way that text cannot be
    put into (`services: {…}` with something in it).
    """
    _refuse_doubles(text, addition, name)
    lines = text.rstrip("\n").split("\n") if text.strip() else []
    for key, block in _blocks(addition).items():
        if key in _BLOCKS:
            lines = _put(lines, key, block, name)
    return "\n".join(lines) + "\n"


def _refuse_doubles(text: str, addition: str, name: str) -> None:
    before, after = _top(text, name), _top(addition, "the addition")
    for service in _names(after, "services"):
        if service in _names(before, "services"):
            raise ComposeError(Problem(("services", service), f"a service “{service}” is there already"))
    for kind in ("configs", "secrets"):
        for each in _names(after, kind):
            if each in _names(before, kind):
                raise ComposeError(Problem((kind, each), f"“{each}” is there already"))


def _top(text: str, name: str) -> dict[str, object]:
    documents = document.read(text, name)
    value = documents[0].value if documents else {}
    return value if isinstance(value, dict) else {}


def _names(top: dict[str, object], kind: str) -> list[str]:
    block = top.get(kind)
    return list(block) if isinstance(block, dict) else []


def _blocks(text: str) -> dict[str, list[str]]:
    """The lines below each key that stands at the left edge."""
    found: dict[str, list[str]] = {}
    key = ""
    for line in text.rstrip("\n").split("\n"):
        top = _TOP.match(line) if line[:1].strip() else None
        if top:
            key = top[1]
            found[key] = []
        elif key and (line.startswith(" ") or not line.strip()):
            found[key].append(line)
    return found


def _put(lines: list[str], key: str, block: list[str], name: str) -> list[str]:
    at = next((at for at, line in enumerate(lines) if (top := _TOP.match(line)) and top[1] == key), None)
    if at is None:
        return [*lines, f"{key}:", *_indented(block, 2)]
    top = _TOP.match(lines[at])
    if top is not None and top[2] not in ("", "{}"):
        raise ComposeError(Problem((key,), f"“{key}” of {name} stands on one line: write it as a block first"))
    end = _end_of_block(lines, at)
    inside = lines[at + 1 : end]
    width = next((len(line) - len(line.lstrip()) for line in inside if line.strip()), 2)
    new = _indented(block, width)
    if key in ("volumes", "networks"):  # one of the same name is the same one
        there = {line.strip().partition(":")[0] for line in inside}
        new = [line for line in new if line[width:].partition(":")[0] not in there]
    return [*lines[:at], f"{key}:", *inside, *new, *lines[end:]]


def _end_of_block(lines: list[str], at: int) -> int:
    """Where the block of a top-level key ends: comments and empty lines after it belong to what follows."""
    end = at + 1
    while end < len(lines) and (not lines[end][:1].strip() or lines[end].startswith("#")):
        end += 1
    while end > at + 1 and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
        end -= 1
    return end


def _indented(block: list[str], width: int) -> list[str]:
    """As far in as the entries that stand beside them."""
    own = next((len(line) - len(line.lstrip()) for line in block if line.strip()), width)
    if width >= own:
        return [" " * (width - own) + line if line.strip() else line for line in block]
    return [line[own - width :] for line in block]
