"""Mounts that Docker refuses, in the three spellings a body has for them, and volumes of other containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.api.http.statuses import Refusal
from engine.recipe.checks import is_place_for_mounts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.api.shapes.bodies import HostConfigBody, MountBody

_ACCESS = frozenset({"rw", "ro"})
_PROPAGATION = frozenset({"private", "rprivate", "shared", "rshared", "slave", "rslave"})
_LABELS = frozenset({"z", "Z"})
_CONSISTENCY = frozenset({"consistent", "cached", "delegated", "default"})
_OWN_WORDS = frozenset({"U", "idmap"})
"""Beyond Docker's: who owns the files of the mount."""
_TYPES = ("bind", "volume", "tmpfs", "image", "npipe", "cluster")


def check_mounts(host: HostConfigBody) -> None:
    """Raises the first refusal."""
    for complaint in _complaints(host):
        raise Refusal(400, complaint)


def _complaints(host: HostConfigBody) -> Iterator[str]:
    for text in host.binds or ():
        yield from _about_bind(text)
    for mount in host.mounts or ():
        yield from _about_mount(mount)
    for target in host.tmpfs or ():
        yield from _about_target(target)
    for other in host.volumes_from or ():
        yield from _about_volumes_from(other)


def _about_bind(text: str) -> Iterator[str]:
    parts = text.split(":")
    shown = f"invalid volume specification: '{text[:200]}'"
    if len(parts) > 3 or not parts[0] or (len(parts) > 1 and not parts[1]):
        yield shown
        return
    source, target = (parts[0], parts[1]) if len(parts) > 1 else ("", parts[0])
    kind = "bind" if source.startswith("/") else "volume"
    for complaint in _about_target(target):
        yield f'{shown}: invalid mount config for type "{kind}": {complaint}'
    if len(parts) == 3 and not _is_mode(parts[2], kind):
        yield f"invalid mode: {parts[2][:80]}"


def _is_mode(text: str, kind: str) -> bool:
    """Each sort of word at most once."""
    seen: set[str] = set()
    for word in text.split(",") if text else ():
        sorts = {
            "access": word in _ACCESS,
            "label": word in _LABELS,
            "propagation": word in _PROPAGATION and kind == "bind",
            "copy": word == "nocopy" and kind == "volume",
            "consistency": word in _CONSISTENCY,
            "owner": word in _OWN_WORDS,
        }
        sort = next((name for name, fits in sorts.items() if fits), "")
        if not sort or sort in seen:
            return False
        seen.add(sort)
    return True


def _about_target(target: str) -> Iterator[str]:
    if not target.startswith("/"):
        yield f"invalid mount path: '{target[:200]}' mount path must be absolute"
    elif not is_place_for_mounts(target):
        yield "invalid specification: destination can't be '/'"


def _about_mount(mount: MountBody) -> Iterator[str]:
    prefix = f'invalid mount config for type "{mount.type[:40]}"'
    if mount.type not in _TYPES:
        yield f"{prefix}: mount type unknown"
        return
    if not mount.target:
        yield f"{prefix}: field Target must not be empty"
        return
    for complaint in _about_target(mount.target):
        yield f"{prefix}: {complaint}"
    options = (
        ("BindOptions", mount.bind_options, "bind"),
        ("VolumeOptions", mount.volume_options, "volume"),
        ("TmpfsOptions", mount.tmpfs_options, "tmpfs"),
    )
    for name, given, kind in options:
        if given is not None and mount.type != kind:
            yield f'{name} must not be specified on mount type "{mount.type}"'
    yield from _about_source(mount, prefix)


def _about_source(mount: MountBody, prefix: str) -> Iterator[str]:
    source = mount.source or ""
    if mount.type == "tmpfs" and source:
        yield f"{prefix}: field Source must not be specified"
    if mount.type == "bind":
        if not source:
            yield f"{prefix}: field Source must not be empty"
        elif not source.startswith("/"):
            yield f"{prefix}: invalid mount path: '{source[:200]}' mount path must be absolute"
        propagation = (mount.bind_options.propagation if mount.bind_options else "") or ""
        if propagation and propagation not in _PROPAGATION:
            yield f"{prefix}: invalid propagation mode: {propagation[:40]}"
    if mount.type == "volume" and not source and mount.volume_options is not None and mount.volume_options.subpath:
        yield f"{prefix}: must not set Subpath when using anonymous volumes"


def _about_volumes_from(text: str) -> Iterator[str]:
    if not text:
        yield "volumes-from specification cannot be an empty string"
    mode = text.partition(":")[2]
    if mode and not _is_mode(mode, "of another container"):  # with neither copying nor propagation of its own
        yield f"invalid mode: {mode[:80]}"
