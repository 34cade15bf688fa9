"""Containers, networks and members as the tests of this room want them."""

from __future__ import annotations

from typing import Any

from engine.types.containers import Container, ContainerSpec, State
from engine.types.data import now
from engine.types.networks import Network, NetworkMember


def a_container(key: str, name: str = "", **others: Any) -> Container:
    spec = ContainerSpec(image="i", **others.pop("spec", {}))
    return Container(
        id=key,
        name=name or key,
        image_id="",
        image="i",
        spec=spec,
        command_line=(),
        state=State.RUNNING,
        created=now(),
        **others,
    )


def a_network(name: str = "front", **others: Any) -> Network:
    known: dict[str, Any] = {
        "id": "ab" * 32,
        "name": name,
        "driver": "bridge",
        "created": now(),
        "subnet": "10.1.0.0/29",
        "gateway": "10.1.0.1",
    }
    return Network(**known | others)


def member(key: str, ip: str = "", **others: Any) -> NetworkMember:
    return NetworkMember(container_id=key, name=key, ip_address=ip, **others)
