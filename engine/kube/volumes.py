"""A pod's volumes: what has to be there of each, and how a container has it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from engine.compose.faults import near_miss
from engine.kube.amounts import quantity
from engine.kube.environment import looked_up
from engine.kube.labels import EMPTY, FILES
from engine.types.containers import Device, Mount

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.kube.environment import Surroundings
    from engine.kube.node import Node

_KINDS = ("emptyDir", "hostPath", "configMap", "secret", "persistentVolumeClaim", "projected", "downwardAPI")
_CREATED = ("DirectoryOrCreate", "FileOrCreate")


@dataclass(frozen=True, slots=True)
class File:
    text: bytes
    mode: int


@dataclass(frozen=True, slots=True)
class WantedVolume:
    """A volume of the engine's that has to be there."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, File] | None = None
    """What is in it, where a manifest says so."""
    group: int = 0
    folders: frozenset[str] = frozenset()
    """Directories that are mounted out of it."""
    keeps: bool = False
    """It holds somebody's data: it goes only when that is asked for."""


@dataclass(slots=True)
class PodVolumes:
    """By the names they have in the pod."""

    volumes: dict[str, WantedVolume] = field(default_factory=dict)
    binds: dict[str, Mount] = field(default_factory=dict)
    devices: dict[str, str] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    """Optional ones of which there is nothing."""


def pod_volumes(spec: Node, place: Surroundings, title: str) -> PodVolumes:
    found = PodVolumes()
    group = spec.below("securityContext").whole("fsGroup")
    for entry in spec.each("volumes"):
        name = entry.need("name")
        entry.only(("name", *_KINDS), {"ephemeral": "is a cluster's own", "csi": "needs a driver of a cluster"})
        kind = next((kind for kind in _KINDS if kind in entry.value), "emptyDir")
        below = entry.below(kind)
        if kind == "hostPath":
            _host_path(name, below, found)
            continue
        if kind == "persistentVolumeClaim":
            claim = below.need("claimName")
            found.volumes[name] = WantedVolume(claim, keeps=True)
        elif kind == "emptyDir":
            below.only(("medium", "sizeLimit"))
            options = _in_memory(below) if below.text("medium") else {}
            found.volumes[name] = WantedVolume(f"{place.name}-{name}", {EMPTY: title}, options, group=group)
        else:
            files = _files(kind, below, place)
            labels = {EMPTY: title, FILES: "secret" if kind == "secret" else "configMap"}
            found.volumes[name] = WantedVolume(f"{place.name}-{name}", labels, files=files, group=group)
    return found


def _in_memory(node: Node) -> dict[str, str]:
    limit = quantity(node.any_text("sizeLimit") or "0")
    if limit is None:
        node.note("this is no amount", key="sizeLimit", hint="write it like 64Mi")
    words = ["mode=1777", *([f"size={int(limit)}"] if limit else [])]
    return {"type": "tmpfs", "device": "tmpfs", "o": ",".join(words)}


def _host_path(name: str, node: Node, found: PodVolumes) -> None:
    node.only(("path", "type"))
    path, kind = node.need("path"), node.text("type")
    if path and not path.startswith("/"):
        node.note(f"“{path}” is no absolute path", key="path")
        path = f"/{path}"
    if kind in ("CharDevice", "BlockDevice"):
        found.devices[name] = path
        return
    if kind == "FileOrCreate":
        node.note("a missing file is not made: a directory would be", key="type", warning=True)
    found.binds[name] = Mount(kind="bind", source=path, target="/", create_source=kind == _CREATED[0])


# --- files out of objects ---


def _files(kind: str, node: Node, place: Surroundings) -> dict[str, File]:
    mode = node.whole("defaultMode", 0o644)
    if kind == "projected":
        node.only(("sources", "defaultMode"))
        found: dict[str, File] = {}
        for source in node.each("sources"):
            source.only(
                ("configMap", "secret", "downwardAPI"),
                {"serviceAccountToken": "is a cluster's own", "clusterTrustBundle": "is a cluster's own"},
            )
            for each in ("configMap", "secret", "downwardAPI"):
                if source.has(each):
                    found |= _of(each, source.below(each), place, mode)
        return found
    return _of(kind, node, place, mode)


def _of(kind: str, node: Node, place: Surroundings, mode: int) -> dict[str, File]:
    if kind == "downwardAPI":
        return dict(_told(node, place, mode))
    key = "secretName" if kind == "secret" and node.has("secretName") else "name"
    node.only(("name", "secretName", "items", "defaultMode", "optional"))
    data = looked_up(
        node, "Secret" if kind == "secret" else "ConfigMap", node.need(key), place.objects,
        optional=node.flag("optional"),
    )  # fmt: skip
    if not node.has("items"):
        return {name: File(text, mode) for name, text in data.items()}
    found = {}
    for item in node.each("items"):
        item.only(("key", "path", "mode"))
        name, path = item.need("key"), item.need("path")
        if _leads_out(path):
            item.note(f"“{path}” leads out of the volume", key="path")
        elif name in data:
            found[path] = File(data[name], item.whole("mode", mode))
        elif data:
            item.note(f"there is no key “{name}” in it", key="key", hint=near_miss(name, data))
    return found


def _told(node: Node, place: Surroundings, mode: int) -> list[tuple[str, File]]:
    found = []
    for item in node.each("items"):
        item.only(("path", "fieldRef", "mode"), {"resourceFieldRef": "is not told in files here"})
        path = item.need("path")
        value = place.field(item.below("fieldRef").need("fieldPath")) if item.has("fieldRef") else ""
        if _leads_out(path):
            item.note(f"“{path}” leads out of the volume", key="path")
        elif value is None:
            item.note("this field cannot be told here", key="fieldRef")
        else:
            found.append((path, File(value.encode(), item.whole("mode", mode))))
    return found


def _leads_out(path: str) -> bool:
    return path.startswith("/") or ".." in path.split("/")


# --- in a container ---


def mounts(container: Node, volumes: PodVolumes) -> tuple[tuple[Mount, ...], tuple[Device, ...]]:
    """Of one container; what it has only a part of is noted with the volume."""
    found: list[Mount] = []
    devices: list[Device] = []
    known = {*volumes.volumes, *volumes.binds, *volumes.devices}
    for entry in container.each("volumeMounts"):
        entry.only(
            ("name", "mountPath", "readOnly", "subPath", "mountPropagation"),
            {"subPathExpr": "is not filled in here", "recursiveReadOnly": "goes without saying"},
        )
        name, target = entry.need("name"), entry.need("mountPath")
        if name not in known:
            entry.note(f"the pod has no volume “{name}”", key="name", hint=near_miss(name, known))
            continue
        mount = _mount(entry, name, target, volumes)
        if mount is None:
            devices.append(Device(host_path=volumes.devices[name], container_path=target))
        else:
            found.append(mount)
    return tuple(found), tuple(devices)


def _mount(entry: Node, name: str, target: str, volumes: PodVolumes) -> Mount | None:
    from msgspec.structs import replace as changed

    sub = entry.text("subPath")
    if _leads_out(sub):
        entry.note(f"“{sub}” leads out of the volume", key="subPath")
        sub = ""
    read_only = entry.flag("readOnly")
    if name in volumes.binds:
        bind = volumes.binds[name]
        source = f"{bind.source.rstrip('/')}/{sub}" if sub else bind.source
        words = {"HostToContainer": "rslave", "Bidirectional": "rshared"}
        propagation = words.get(entry.text("mountPropagation"), "rprivate")
        return changed(bind, source=source, target=target, read_only=read_only, propagation=propagation)
    if name not in volumes.volumes:
        return None
    volume = volumes.volumes[name]
    if sub and volume.files is None:
        volumes.volumes[name] = replace(volume, folders=volume.folders | {sub})
    if sub and volume.files is not None and not any(_is_below(path, sub) for path in volume.files):
        entry.note(f"there is no “{sub}” in the volume", key="subPath", hint=near_miss(sub, volume.files))
    return Mount(
        kind="volume", source=volume.name, target=target, subpath=sub,
        read_only=read_only or volume.files is not None, copy_up=False,
    )  # fmt: skip


def _is_below(path: str, place: str) -> bool:
    return path == place or path.startswith(f"{place.rstrip('/')}/")
