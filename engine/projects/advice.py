"""What will go wrong with a project that its files alone do not show: ports that are taken, paths that are missing,
secrets without a value or open to all. Said beside the plan, where one can still change it."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any

from engine.compose.faults import Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from engine.compose.reading.loading import Project
    from engine.types.networks import HostPort

_EVERYWHERE = ("", "0.0.0.0", "::", "*")


def advise(project: Project, listening: Sequence[HostPort], own: Collection[str]) -> list[Problem]:
    """Warnings with their places. `own` are the ids of the project's containers, whose ports are its own to keep."""
    found: list[Problem] = []
    for name, service in project.services.items():
        found += _ports(name, service, [each for each in listening if each.container_id not in own])
        found += _paths(name, service)
    found += _taken_twice(project)
    for kind in ("secrets", "configs"):
        for name, entry in project.model[kind].items():
            found += _file(kind, name, entry, project.environment)
    return [project.placed(each) for each in found]


def _ports(name: str, service: Mapping[str, Any], listening: Sequence[HostPort]) -> Iterator[Problem]:
    for at, port in enumerate(service.get("ports") or []):
        published = str(port.get("published") or "")
        if not published.isdigit():
            continue
        for each in listening:
            same = each.port == int(published) and each.protocol == port.get("protocol", "tcp")
            if same and _meet(each.address, port.get("host_ip") or ""):
                who = f" by {each.process}" if each.process else " by another container" if each.container_id else ""
                yield Problem(("services", name, "ports", at), f"port {published} is taken{who}", warning=True)
                break


def _meet(one: str, other: str) -> bool:
    return one == other or one in _EVERYWHERE or other in _EVERYWHERE


def _taken_twice(project: Project) -> Iterator[Problem]:
    users: dict[tuple[str, str, str], str] = {}
    for name, service in project.services.items():
        for at, port in enumerate(service.get("ports") or []):
            if not (published := str(port.get("published") or "")).isdigit():
                continue
            key = (port.get("host_ip") or "", published, port.get("protocol", "tcp"))
            if other := users.get(key):
                told = f"port {published} is published by {other} already"
                yield Problem(("services", name, "ports", at), told, warning=True)
            users.setdefault(key, name)


def _paths(name: str, service: Mapping[str, Any]) -> Iterator[Problem]:
    for at, mount in enumerate(service.get("volumes") or []):
        if mount["type"] != "bind" or os.path.lexists(mount["source"]):
            continue
        made = (mount.get("bind") or {}).get("create_host_path", True)
        then = "it will be made, as an empty directory" if made else "the service cannot start"
        yield Problem(("services", name, "volumes", at), f"{mount['source']} does not exist: {then}", warning=True)
    context = (service.get("build") or {}).get("context", "")
    if os.path.isabs(context) and not os.path.isdir(context):
        yield Problem(("services", name, "build", "context"), f"there is no directory {context}", warning=True)


def _file(kind: str, name: str, entry: Mapping[str, Any], environment: Mapping[str, str]) -> Iterator[Problem]:
    if variable := entry.get("environment"):
        if variable not in environment:
            yield Problem((kind, name, "environment"), f"the variable {variable} is not set", warning=True)
        return
    if not (path := entry.get("file")):
        return
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        yield Problem((kind, name, "file"), f"{path}: {(error.strerror or str(error)).lower()}", warning=True)
        return
    if kind == "secrets" and mode & stat.S_IROTH:
        yield Problem((kind, name, "file"), f"{path} can be read by everybody on this machine", warning=True)
