"""`-v` and `--mount` on the command line. A relative source is relative to here, so it is made absolute here."""

from __future__ import annotations

import os
from typing import Any

from engine.cli.options import UsageError
from engine.cli.words import bytes_of

_FLAGS = frozenset({"readonly", "ro", "volume-nocopy", "bind-nonrecursive", "bind-create-src"})
_ALIASES = {"src": "source", "dst": "target", "destination": "target", "ro": "readonly"}


def volume_text(text: str) -> str:
    """`SOURCE:TARGET[:OPTIONS]` with an absolute source where it is a path."""
    source, colon, rest = text.partition(":")
    if colon and source.startswith((".", "~")):
        source = os.path.abspath(os.path.expanduser(source))
    return f"{source}{colon}{rest}"


def mount_body(text: str) -> dict[str, Any]:
    """`type=bind,source=…,target=…` and what goes with it."""
    values = _values(text)
    kind = values.pop("type", "volume")
    if "target" not in values:
        raise UsageError(f"invalid argument for --mount: target is required: {text}")
    body: dict[str, Any] = {"Type": kind, "Target": values.pop("target")}
    source = values.pop("source", "")
    if source:
        body["Source"] = os.path.abspath(os.path.expanduser(source)) if kind == "bind" else source
    if "readonly" in values:
        body["ReadOnly"] = values.pop("readonly") not in ("false", "0")
    values.pop("consistency", None)
    options = {"bind": _bind_options, "volume": _volume_options, "tmpfs": _tmpfs_options}.get(kind)
    if options is not None:
        name = {"bind": "BindOptions", "volume": "VolumeOptions", "tmpfs": "TmpfsOptions"}[kind]
        chosen = options(values, text)
        if chosen:
            body[name] = chosen
    if values:
        raise UsageError(f"invalid argument for --mount: unexpected key '{next(iter(values))}' in '{text}'")
    return body


def _values(text: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for part in text.split(","):
        key, equals, value = part.partition("=")
        key = key.strip().lower()
        if not equals:
            if key not in _FLAGS:
                raise UsageError(f"invalid argument for --mount: invalid field '{part}' must be a key=value pair")
            value = "true"
        key = _ALIASES.get(key, key)
        if key in ("volume-label", "volume-opt") and key in values:
            value = f"{values[key]}\n{value}"
        values[key] = value
    return values


def _bind_options(values: dict[str, str], text: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if "bind-propagation" in values:
        options["Propagation"] = values.pop("bind-propagation")
    if "bind-nonrecursive" in values:
        options["NonRecursive"] = values.pop("bind-nonrecursive") == "true"
    if "bind-create-src" in values:
        options["CreateMountpoint"] = values.pop("bind-create-src") == "true"
    return options


def _volume_options(values: dict[str, str], text: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if "volume-nocopy" in values:
        options["NoCopy"] = values.pop("volume-nocopy") == "true"
    if "volume-label" in values:
        options["Labels"] = dict(line.partition("=")[::2] for line in values.pop("volume-label").split("\n"))
    if "volume-subpath" in values:
        options["Subpath"] = values.pop("volume-subpath")
    driver = {"Name": values.pop("volume-driver", "")}
    given = values.pop("volume-opt", "")
    settings = dict(line.partition("=")[::2] for line in given.split("\n")) if given else {}
    if driver["Name"] or settings:
        options["DriverConfig"] = {**driver, "Options": settings}
    return options


def _tmpfs_options(values: dict[str, str], text: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    try:
        if "tmpfs-size" in values:
            options["SizeBytes"] = bytes_of(values.pop("tmpfs-size"))
        if "tmpfs-mode" in values:
            options["Mode"] = int(values.pop("tmpfs-mode"), 8)
    except ValueError:
        raise UsageError(f"invalid argument for --mount: a number is wrong in '{text}'") from None
    return options
