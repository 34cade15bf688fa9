"""Images: list rows, inspections, history, and what a removal did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.api.shapes.containers import healthcheck
from engine.api.shapes.names import familiar
from engine.api.shapes.times import rfc3339, unix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.images import HistoryStep, Image, ImageConfig, Removed, SearchResult


def summary(image: Image, *, containers: int = -1) -> dict[str, Any]:
    return {
        "Id": image.id,
        "ParentId": image.parent,
        "RepoTags": [familiar(tag) for tag in image.tags],
        "RepoDigests": [familiar(digest) for digest in image.digests],
        "Created": unix(image.created),
        "Size": image.size,
        "SharedSize": image.shared_size,
        "VirtualSize": image.size,
        "Labels": dict(image.config.labels) or None,
        "Containers": containers,
    }


def inspection(image: Image, *, driver: str, version: tuple[int, int]) -> dict[str, Any]:
    """With `ContainerConfig`, which Docker showed up to 1.44: docker-compose 1.29, which speaks any version, reads it
    without looking whether it is there."""
    record: dict[str, Any] = {
        "Id": image.id,
        "RepoTags": [familiar(tag) for tag in image.tags],
        "RepoDigests": [familiar(digest) for digest in image.digests],
        "Parent": image.parent,
        "Comment": image.comment,
        "Created": rfc3339(image.created),
        "DockerVersion": "",
        "Author": image.author,
        "Config": config(image.config, version),
        "ContainerConfig": config(image.config, (1, 44)),
        "Architecture": image.platform.architecture,
        "Os": image.platform.os,
        "Size": image.size,
        "GraphDriver": {"Name": driver, "Data": None},
        "RootFS": {"Type": "layers", "Layers": list(image.layers)},
        "Metadata": {"LastTagTime": rfc3339(image.pulled)},
    }
    if image.platform.variant:
        record["Variant"] = image.platform.variant
    if version < (1, 44):
        record["VirtualSize"] = image.size
    if version >= (1, 52):
        for name in ("Parent", "Comment", "DockerVersion", "Author"):
            if not record[name]:
                del record[name]
    return record


_OF_CONTAINERS: dict[str, Any] = {
    "Hostname": "",
    "Domainname": "",
    "AttachStdin": False,
    "AttachStdout": False,
    "AttachStderr": False,
    "Tty": False,
    "OpenStdin": False,
    "StdinOnce": False,
    "Image": "",
}
"""What an image's configuration showed up to 1.49, always empty."""


def config(given: ImageConfig, version: tuple[int, int]) -> dict[str, Any]:
    named: dict[str, Any] = {
        "User": given.user,
        "Env": list(given.env),
        "Cmd": list(given.command) or None,
        "Volumes": {path: {} for path in given.volumes} or None,
        "WorkingDir": given.workdir,
        "Entrypoint": list(given.entrypoint) or None,
        "OnBuild": list(given.on_build) or None,
        "Labels": dict(given.labels) or None,
    }
    optional: dict[str, Any] = {
        "ExposedPorts": {port: {} for port in given.exposed_ports},
        "StopSignal": given.stop_signal,
        "Shell": list(given.shell),
        "Healthcheck": healthcheck(given.health),
    }
    if version >= (1, 52):
        named = {key: value for key, value in named.items() if value}
    record = {**_OF_CONTAINERS, **named} if version < (1, 50) else named
    return record | {key: value for key, value in optional.items() if value}


def history(image: Image, steps: Sequence[HistoryStep]) -> list[dict[str, Any]]:
    """Newest first, as Docker has it. The facade gives the order of building."""
    rows: list[dict[str, Any]] = [
        {
            "Id": "<missing>",
            "Created": unix(step.created),
            "CreatedBy": step.created_by,
            "Tags": None,
            "Size": step.size,
            "Comment": step.comment,
        }
        for step in reversed(steps)
    ]
    if rows:
        rows[0]["Id"] = image.id
        rows[0]["Tags"] = [familiar(tag) for tag in image.tags] or None
    return rows


def removed(result: Removed) -> list[dict[str, str]]:
    return [{"Untagged": familiar(name)} for name in result.untagged] + [{"Deleted": name} for name in result.deleted]


def search_row(result: SearchResult) -> dict[str, Any]:
    return {
        "star_count": result.stars,
        "is_official": result.official,
        "name": result.name,
        "is_automated": False,
        "description": result.description,
    }
