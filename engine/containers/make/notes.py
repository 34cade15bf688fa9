"""What is taken from a request and means less here than with Docker: said at the creation."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.types.containers import ContainerSpec


def notes(spec: ContainerSpec) -> Iterator[str]:
    if spec.cgroup_parent:
        yield f"The control group {spec.cgroup_parent} is only shown: containers are in the engine's own tree."
    if spec.device_rules:
        yield "Device rules change nothing: no device is kept from a container by its number, but by its file's rights."
