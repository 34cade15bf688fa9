"""What a compose made, so that two of them can be compared: containers, networks and volumes without what is chance."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from engine.compose import labels

if TYPE_CHECKING:
    from engine.facade import Engine

_CHANCE = {labels.VERSION, labels.IMAGE, labels.REPLACE, labels.ENV_FILE}
"""Labels that say when or by whom: the version of the program, the image's id, whom it replaced."""
_EMPTY: tuple[Any, ...] = (None, "", 0, False, [], {}, ())


async def made(engine: Engine, project: str) -> dict[str, Any]:
    """Everything that has the project's label, by name."""
    found: dict[str, Any] = {}
    images = {one.id: (one.tags or ("",))[0] for one in await engine.images.list()}
    for container in await engine.containers.list():
        if container.spec.labels.get(labels.PROJECT) == project:
            found[f"container {container.name}"] = shown(container, images)
    for network in await engine.networks.list():
        if network.labels.get(labels.PROJECT) == project:
            found[f"network {network.name}"] = {"internal": network.internal, "labels": _labels(network.labels)}
    for volume in await engine.volumes.list():
        if volume.labels.get(labels.PROJECT) == project:
            found[f"volume {volume.name}"] = {"labels": _labels(volume.labels)}
    return found


def shown(container: Any, images: dict[str, str]) -> dict[str, Any]:
    import msgspec

    spec = msgspec.to_builtins(container.spec)
    spec["labels"] = _labels(spec["labels"])
    if str(spec.get("network", "")).startswith("container:") or spec.get("volumes_from"):
        spec["labels"].pop(labels.HASH, None)  # made from the id of another
    if _is_id(spec.get("hostname", "")):  # of those nobody named
        spec["hostname"] = ""
    for key in ("network", "pid_mode", "ipc_mode"):
        spec[key] = re.sub(r"[0-9a-f]{64}", "ID", str(spec.get(key) or ""))
    spec["volumes_from"] = [re.sub(r"[0-9a-f]{64}", "ID", each) for each in spec.get("volumes_from") or ()]
    spec["image"] = images.get(container.image_id, spec["image"])
    spec["mounts"] = sorted(
        ({key: _plain(value) for key, value in each.items() if value not in _EMPTY} for each in spec["mounts"]),
        key=lambda each: str(each.get("target")),
    )
    spec["network_aliases"] = sorted(name for name in spec.get("network_aliases", ()) if not _is_id(name))
    spec["ulimits"] = sorted(spec.get("ulimits") or (), key=lambda each: str(each["name"]))
    spec["env"] = dict(sorted(spec.get("env", {}).items()))
    return {
        "state": container.state.value,
        "exit": container.exit.code if container.exit else None,
        **{key: value for key, value in spec.items() if value not in _EMPTY and key != "name"},
    }


def _labels(said: dict[str, str]) -> dict[str, str]:
    """The order of what is waited for is chance."""
    kept = {key: value for key, value in sorted(said.items()) if key not in _CHANCE}
    if waits := kept.get(labels.DEPENDS_ON):
        kept[labels.DEPENDS_ON] = ",".join(sorted(waits.split(",")))
    return kept


def _plain(value: Any) -> Any:
    """An anonymous volume's name is chance."""
    return "anonymous" if isinstance(value, str) and re.fullmatch(r"[0-9a-f]{64}", value) else value


def _is_id(name: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{12,64}", name) is not None


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Every field that is not the same, a line each."""
    found = []
    for name in sorted({*one, *other}):
        if name not in one or name not in other:
            found.append(f"{name} is only in the {'first' if name in one else 'second'}")
            continue
        mine, theirs = one[name], other[name]
        for key in sorted({*mine, *theirs}):
            if mine.get(key) != theirs.get(key):
                found.append(f"{name}: {key}: {json.dumps(mine.get(key))} | {json.dumps(theirs.get(key))}")
    return found
