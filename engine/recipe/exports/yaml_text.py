"""Plain values as YAML text that any reader takes for the same: mappings, lists, texts over several lines."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@+-]*(?: [A-Za-z0-9_./@+-]+)*")
_NOT_PLAIN = frozenset("y n yes no true false on off null".split())


def yaml_text(value: Mapping[str, Any]) -> str:
    """One document."""
    return "\n".join(_mapping(value, "")) + "\n"


def _mapping(value: Mapping[str, Any], indent: str) -> Iterable[str]:
    for key, item in value.items():
        yield from _entry(f"{indent}{scalar(key)}:", item, indent)


def _entry(head: str, item: Any, indent: str) -> Iterable[str]:
    if isinstance(item, dict) and item:
        yield head
        yield from _mapping(item, indent + "  ")
    elif isinstance(item, list | tuple) and item:
        yield head
        yield from _list(item, indent)
    elif isinstance(item, str) and _fits_block(item):
        yield f"{head} |{'' if item.endswith(chr(10)) else '-'}"
        yield from (f"{indent}  {line}" if line else "" for line in item.rstrip("\n").split("\n"))
    else:
        yield f"{head} {scalar(item)}"


def _list(items: Iterable[Any], indent: str) -> Iterable[str]:
    for item in items:
        if isinstance(item, dict) and item:
            first, *rest = _mapping(item, indent + "  ")
            yield f"{indent}- {first.lstrip(' ')}"
            yield from rest
        else:
            yield f"{indent}- {scalar(item)}"


def _fits_block(text: str) -> bool:
    """Several lines, none of which a block could spoil."""
    lines = text.split("\n")
    return (
        len(lines) > 1
        and bool(text.strip())
        and not text.startswith((" ", "\n", "\t"))
        and not text.endswith("\n\n")
        and all(line.isprintable() and line == line.rstrip() for line in lines)
    )


def scalar(value: Any) -> str:
    """Plain where no reader of YAML could take it for anything but a text; else as JSON, which is YAML, too."""
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _NOT_PLAIN:
        return value
    return json.dumps(value, ensure_ascii=False)
