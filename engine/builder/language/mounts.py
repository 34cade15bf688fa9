"""The `--mount=type=…,…` of a RUN: comma-separated fields with many spellings, read into one record."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, Any

from engine.builder.language.errors import did_you_mean
from engine.builder.language.types import RunMount

if TYPE_CHECKING:
    from engine.builder.language.source import RawInstruction

_KINDS = ("bind", "cache", "tmpfs", "secret", "ssh")
_SAME = {"src": "source", "dst": "target", "destination": "target", "ro": "readonly", "rw": "readwrite"}
_FIELDS = {
    "bind": ("type", "source", "target", "from", "readonly", "readwrite"),
    "cache": ("type", "source", "target", "from", "id", "sharing", "readonly", "readwrite", "mode", "uid", "gid"),
    "tmpfs": ("type", "target", "size"),
    "secret": ("type", "id", "source", "target", "required", "mode", "uid", "gid", "env"),
    "ssh": ("type", "id", "target", "required", "mode", "uid", "gid"),
}
_UNITS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def read_mount(raw: RawInstruction, text: str) -> RunMount:
    """One mount; raises where a field is unknown for its kind or its value is no such thing."""

    def wrong(problem: str, hint: str = "") -> Exception:
        return raw.error(problem, column=raw.column_of("--mount"), hint=hint)

    fields: dict[str, str] = {}
    for entry in next(csv.reader([text]), []):
        name, equals, value = entry.strip().partition("=")
        name = _SAME.get(name.lower(), name.lower())
        if not equals and name not in ("readonly", "readwrite", "required"):
            raise wrong(f"The mount field {entry!r} has no value", "Write field=value, fields divided by commas.")
        fields[name] = value if equals else "true"
    kind = fields.get("type", "bind")
    if kind not in _KINDS:
        raise wrong(f"Unknown kind of mount: {kind}", did_you_mean(kind, _KINDS))
    for name in fields:
        if name not in _FIELDS[kind]:
            raise wrong(f"A {kind} mount has no field {name!r}", did_you_mean(name, _FIELDS[kind]))
    try:
        return _build(kind, fields)
    except ValueError as error:
        raise wrong(str(error)) from None


def _build(kind: str, fields: dict[str, str]) -> RunMount:
    target = fields.get("target", "")
    if kind in ("bind", "cache", "tmpfs") and not target:
        raise ValueError(f"A {kind} mount needs a target")
    sharing = fields.get("sharing", "shared")
    if sharing not in ("shared", "private", "locked"):
        raise ValueError(f"A cache is shared, private or locked, not {sharing!r}")
    values: dict[str, Any] = {
        "kind": kind,
        "target": target,
        "source": fields.get("source", ""),
        "origin": fields.get("from", ""),
        "cache_id": fields.get("id", ""),
        "sharing": sharing,
        "required": _truth(fields.get("required", "false")),
        "env": fields.get("env", ""),
        "mode": _number("mode", fields["mode"], 8) if "mode" in fields else None,
        "uid": _number("uid", fields.get("uid", "0")),
        "gid": _number("gid", fields.get("gid", "0")),
        "size": _bytes(fields.get("size", "0")),
        "read_only": _read_only(fields),
    }
    return RunMount(**values)


def _read_only(fields: dict[str, str]) -> bool | None:
    if "readonly" in fields:
        return _truth(fields["readonly"])
    if "readwrite" in fields:
        return not _truth(fields["readwrite"])
    return None


def _number(name: str, text: str, base: int = 10) -> int:
    try:
        return int(text, base)
    except ValueError:
        raise ValueError(f"The field {name} of a mount is a number, not {text!r}") from None


def _truth(text: str) -> bool:
    if text.lower() in ("true", "1", ""):
        return True
    if text.lower() in ("false", "0"):
        return False
    raise ValueError(f"{text!r} is neither true nor false")


def _bytes(text: str) -> int:
    match = re.fullmatch(r"(\d+)([bkmg]?)b?", text.lower())
    if match is None:
        raise ValueError(f"{text!r} is no size")
    return int(match.group(1)) * _UNITS[match.group(2)]
