"""Devices by the names that their makers give them (CDI): `nvidia.com/gpu=all` is whatever a file of theirs says it
takes: device nodes, libraries, variables and programs to run.

The files are the machine's or the user's own, in the places the specification names. They are read at each start, for
the driver of a graphics card changes under a container.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from engine.errors import HostError, InvalidRequest
from engine.types.containers import Device

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MOST_BYTES: Final = 8 << 20
_SUFFIXES: Final = (".json", ".yaml", ".yml")
_HOOKS: Final = frozenset({"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"})


class _Node(msgspec.Struct, rename="camel"):
    path: str
    host_path: str = ""
    permissions: str = ""


class _Mount(msgspec.Struct, rename="camel"):
    host_path: str
    container_path: str
    options: list[str] = []


class _Hook(msgspec.Struct, rename="camel"):
    hook_name: str
    path: str
    args: list[str] = []
    env: list[str] = []
    timeout: int | None = None


class Edits(msgspec.Struct, rename="camel"):
    """What a device takes; those of several devices are added up."""

    env: list[str] = []
    device_nodes: list[_Node] = []
    mounts: list[_Mount] = []
    hooks: list[_Hook] = []
    additional_gids: list[int] = msgspec.field(default_factory=list, name="additionalGids")

    def add(self, other: Edits) -> None:
        """What is there already is not taken twice: devices of one maker share their libraries."""
        for name in self.__struct_fields__:
            mine = getattr(self, name)
            mine += [each for each in getattr(other, name) if each not in mine]

    def devices(self) -> list[Device]:
        return [
            Device(
                host_path=each.host_path or each.path, container_path=each.path, permissions=each.permissions or "rwm"
            )
            for each in self.device_nodes
        ]

    def apply(self, document: dict[str, Any]) -> None:
        """To a runtime spec."""
        process = document["process"]
        process["env"] += self.env
        if self.additional_gids:
            known = process["user"].setdefault("additionalGids", [])
            known += [gid for gid in self.additional_gids if gid not in known]
        document["mounts"] += [
            {
                "destination": each.container_path,
                "type": "bind",
                "source": each.host_path,
                "options": ["rbind" if word == "bind" else word for word in each.options] or ["rbind", "ro"],
            }
            for each in self.mounts
        ]
        for hook in self.hooks:
            if hook.hook_name not in _HOOKS:
                raise InvalidRequest(f"A device's file names a hook that is not known: {hook.hook_name[:40]}")
            entry: dict[str, Any] = {"path": hook.path, "args": hook.args or [hook.path], "env": hook.env}
            if hook.timeout is not None:
                entry["timeout"] = hook.timeout
            document.setdefault("hooks", {}).setdefault(hook.hook_name, []).append(entry)


class _Device(msgspec.Struct, rename="camel"):
    name: str | int
    container_edits: Edits = msgspec.field(default_factory=Edits)


class _File(msgspec.Struct, rename="camel"):
    kind: str
    devices: list[_Device] = []
    container_edits: Edits = msgspec.field(default_factory=Edits)


def is_cdi_name(name: str) -> bool:
    """`vendor/class=name`; a path of a device begins with a slash."""
    return "=" in name and "/" in name and not name.startswith("/")


def edits_of(names: Sequence[str], places: Sequence[Path] | None = None) -> Edits:
    """Of all the devices that are named. Raises where one is not described on this machine."""
    whole = Edits()
    if not names:
        return whole
    files = list(_files(default_places() if places is None else places))
    for name in names:
        kind, _, device = name.partition("=")
        # The last file counts: those of the run-time directory come after the machine's.
        found = [
            (file, each) for file in files if file.kind == kind for each in file.devices if str(each.name) == device
        ]
        if not found:
            raise _not_described(name, kind, any(file.kind == kind for file in files))
        file, each = found[-1]
        whole.add(file.container_edits)
        whole.add(each.container_edits)
    return whole


def default_places() -> list[Path]:
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return [config / "cdi", Path("/etc/cdi"), Path("/var/run/cdi")]


def _files(places: Sequence[Path]) -> Iterator[_File]:
    for place in places:
        if place.is_dir():
            for path in sorted(place.iterdir()):
                if path.suffix in _SUFFIXES:
                    yield _read(path)


def _read(path: Path) -> _File:
    import yaml  # only who asks for such a device waits for it to load

    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES)
        told = msgspec.json.decode(text) if path.suffix == ".json" else yaml.load(text, Loader=yaml.CSafeLoader)
        return msgspec.convert(told, _File)
    except (OSError, msgspec.MsgspecError, yaml.YAMLError, RecursionError) as error:
        raise HostError(
            f"{path} cannot be read", f"It is to describe devices: {error}.", hint="Make it again, or remove it."
        ) from error


def _not_described(name: str, kind: str, known: bool) -> InvalidRequest:  # noqa: FBT001
    if kind == "nvidia.com/gpu" and not known:
        hint = (
            "Install NVIDIA's driver and its container toolkit, and have it describe the cards: "
            "sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml"
        )
    else:
        hint = "Such devices are described by files in /etc/cdi, /var/run/cdi or ~/.config/cdi."
    return InvalidRequest(
        f"There is no device {name} on this computer",
        f"Files of its maker know others of {kind}." if known else f"No file describes devices of {kind}.",
        hint=hint,
        subject=name,
    )
