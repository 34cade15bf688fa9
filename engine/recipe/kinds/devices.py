"""Devices: by their paths, by their makers' names (CDI), graphics cards by number, and rules about their numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from engine.recipe.faults import Unreadable, marked
from engine.recipe.kinds.amounts import read_number
from engine.recipe.kinds.plain import Text, Words, expected

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.recipe.words.here import Here

_CDI_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9][A-Za-z0-9_.-]*=[A-Za-z0-9_.:-]+")
_DEVICE_RULE = re.compile(r"[acb] (?:\d{1,7}|\*):(?:\d{1,7}|\*) [rwm]{1,3}")


class Devices(Words):
    """HOST[:INSIDE][:RIGHTS]."""

    def read(self, so_far: Any, texts: Sequence[str], name: str, here: Here) -> Any:
        return [*(so_far or ()), *map(read_device, texts)]

    def write(self, value: Any) -> list[str]:
        return [device_words(item) for item in value]

    def load(self, so_far: Any, value: Any, name: str) -> Any:
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise expected(name, "a list")
        text = Text()
        found = list(so_far or ())
        for item in value:
            on_host = text.load(None, item.get("PathOnHost") or "", name)
            inside = text.load(None, item.get("PathInContainer") or on_host, name)
            rights = text.load(None, item.get("CgroupPermissions") or "rwm", name)
            found.append({"host_path": on_host, "container_path": inside, "permissions": rights})
        return found

    def dump(self, value: Any) -> Any:
        return [
            {
                "PathOnHost": item["host_path"],
                "PathInContainer": item["container_path"],
                "CgroupPermissions": item["permissions"],
            }
            for item in value
            if not _is_named(item)
        ]


class DeviceRequests(Devices):
    """Devices by their makers' names (CDI), and graphics cards by number: `all`, `2`, `device=0,1`."""

    takes = "list"

    def read(self, so_far: Any, texts: Sequence[str], name: str, here: Here) -> Any:
        return [*(so_far or ()), *(device for text in texts for device in _graphics(text))]

    def write(self, value: Any) -> list[str]:
        return []  # `--device` says them too

    def load(self, so_far: Any, value: Any, name: str) -> Any:
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise expected(name, "a list")
        return [*(so_far or ()), *(device for item in value for device in _requested(item))]

    def dump(self, value: Any) -> Any:
        names = [item["host_path"] for item in value if _is_named(item)]
        request = {"Driver": "cdi", "Count": 0, "DeviceIDs": names, "Capabilities": None, "Options": None}
        return [request] if names else []


def _is_named(item: Mapping[str, Any]) -> bool:
    return not item["host_path"].startswith("/") and "=" in item["host_path"]


def _named(name: str) -> dict[str, Any]:
    return {"host_path": name, "container_path": "", "permissions": "rwm"}


def _graphics(text: str) -> list[dict[str, Any]]:
    """`--gpus` as Docker reads it: comma-separated, a list of devices in quotes."""
    import csv

    request: dict[str, Any] = {"Capabilities": [["gpu"]]}
    for field in next(iter(csv.reader([text])), []):
        key, equals, value = field.partition("=")
        if not equals or key == "count":
            count = value if equals else key
            request["Count"] = -1 if count == "all" else read_number(count, "gpus")
        elif key == "device":
            request["DeviceIDs"] = value.split(",")
        elif key == "driver":
            request["Driver"] = value
        elif key not in ("capabilities", "options"):
            raise Unreadable(marked("Recipe", "unexpected key '{0}' in '{1}'"), key[:40], text[:80])
    return _requested(request)


def _requested(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    driver, names, count = request.get("Driver") or "", request.get("DeviceIDs") or [], request.get("Count") or 0
    capabilities = request.get("Capabilities") or []
    if driver == "cdi":
        return [_named(str(name)) for name in names]
    wants_graphics = any("gpu" in group for group in capabilities if isinstance(group, list))
    vendor = {"": "nvidia.com", "nvidia": "nvidia.com", "amd": "amd.com", "intel": "intel.com"}.get(driver)
    if vendor is None or not (wants_graphics or driver):
        raise Unreadable(
            marked("Recipe", 'could not select device driver "{0}" with capabilities: {1}'),
            str(driver)[:40],
            str(capabilities).replace("'", "").replace(",", "")[:80],
        )
    if not names:
        names = ["all"] if count < 0 or not count else list(range(count))
    return [_named(f"{vendor}/gpu={name}") for name in names]


class DeviceRules(Words):
    """What Docker's daemon lets a container do with devices by their numbers."""

    def one(self, text: str, name: str) -> str:
        if not _DEVICE_RULE.fullmatch(text):
            raise Unreadable(marked("Recipe", "invalid device cgroup format '{0}'"), text[:80])
        return text


def read_device(text: str) -> dict[str, Any]:
    if _CDI_NAME.fullmatch(text):
        return _named(text)
    parts, rights = text.split(":"), "rwm"
    if len(parts) > 1 and parts[-1] and set(parts[-1]) <= set("rwm"):
        rights = parts.pop()
    if len(parts) > 2 or not all(part.startswith("/") for part in parts):
        raise Unreadable(marked("Recipe", "invalid device “{0}”: write /dev/fuse or /dev/a:/dev/b:rwm"), text[:80])
    return {"host_path": parts[0], "container_path": parts[-1], "permissions": rights}


def device_words(item: Mapping[str, Any]) -> str:
    if _is_named(item):
        return str(item["host_path"])
    return f"{item['host_path']}:{item['container_path']}:{item['permissions']}"
