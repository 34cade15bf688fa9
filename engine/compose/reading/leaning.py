"""Services that live in another one's container: its network, its processes, its volumes.

docker compose puts that container's id in the place of the service's name before it hashes and makes the service; so
one that leans on a container that was replaced is another service, and is made anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_MODES = ("network_mode", "ipc", "pid")
_SERVICE = "service:"


def leans_on(service: Mapping[str, Any]) -> set[str]:
    """The services whose containers this one names."""
    modes = [str(service.get(key) or "") for key in _MODES]
    found = {mode.removeprefix(_SERVICE) for mode in modes if mode.startswith(_SERVICE)}
    words = [word.split(":") for word in service.get("volumes_from") or []]
    return found | {word[0] for word in words if word[0] != "container"}


def resolved(service: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    """With the ids of containers where their services are known."""
    made = dict(service)
    for key in _MODES:
        other = str(made.get(key) or "")
        if other.startswith(_SERVICE) and other.removeprefix(_SERVICE) in ids:
            made[key] = f"container:{ids[other.removeprefix(_SERVICE)]}"
    if made.get("volumes_from"):
        made["volumes_from"] = [_volumes_from(word, ids) for word in made["volumes_from"]]
    return made


def _volumes_from(word: str, ids: Mapping[str, str]) -> str:
    """Without a mode, as docker compose does: it is the same volumes either way."""
    first, *rest = word.split(":")
    if first == "container":
        return rest[0]
    return ids.get(first, word)
