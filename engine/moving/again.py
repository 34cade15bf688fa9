"""Containers made again where they arrived: with all their networks, in the order in which they lean on each other."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import msgspec

from engine.compose import labels
from engine.errors import RuntimeFailure
from engine.types.containers import CreateContainer, Health, State
from engine.types.networks import CreateNetwork, Endpoint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.facade import Engine
    from engine.types.containers import Container, ContainerSpec, Mount
    from engine.types.networks import Network

_HEALTHY_SECONDS = 120.0
_SETTLED_SECONDS = 2.0
"""What has no health check must run so long to count as running."""
_LOOK_SECONDS = 0.1
_SHARING = ("network", "ipc_mode", "pid_mode")
_OTHERS = "container:"
_AS_IT_WAS = "where it came from all is as it was"


# --- making ---


async def make_networks(target: Engine, networks: Sequence[Network]) -> None:
    """Those that are not there. One's addresses are the target's to choose, unless a member asks for a fixed one."""
    there = {each.name for each in await target.networks.list()}
    for network in networks:
        if network.name not in there:
            await target.networks.create(_network(network))


def _network(network: Network) -> CreateNetwork:
    made = CreateNetwork(
        name=network.name, labels=network.labels, internal=network.internal, ipv6=network.ipv6,
        driver=network.driver, options=network.options,
    )  # fmt: skip
    fixed = network.ip_range or network.ip_range6 or network.reserved
    if not fixed and not any(member.asked.ip or member.asked.ip6 for member in network.members):
        return made
    return msgspec.structs.replace(
        made, subnet=network.subnet, gateway=network.gateway, ip_range=network.ip_range, subnet6=network.subnet6,
        gateway6=network.gateway6, ip_range6=network.ip_range6, reserved=network.reserved,
    )  # fmt: skip


async def make(
    target: Engine, container: Container, networks: Sequence[Network], now_called: Mapping[str, str], *,
    name: str = "", image: str = "",
) -> Container:  # fmt: skip
    """`now_called` gives the ids there of those made before it."""
    spec = _leaning_on(with_volumes(container), now_called)
    if image:
        spec = msgspec.structs.replace(spec, image=image)
    request = CreateContainer(spec=spec, name=name or container.name, networks=_further(container, networks))
    return await target.containers.create(request)


def _leaning_on(spec: ContainerSpec, now_called: Mapping[str, str]) -> ContainerSpec:
    changed = {
        field: f"{_OTHERS}{now_called.get(other, other)}"
        for field in _SHARING
        if (other := _other(getattr(spec, field)))
    }
    shared = tuple(now_called.get(each, each) for each in spec.volumes_from)
    return msgspec.structs.replace(spec, volumes_from=shared, **changed)


def _other(said: str) -> str:
    return said.removeprefix(_OTHERS) if said.startswith(_OTHERS) else ""


def _further(container: Container, networks: Sequence[Network]) -> dict[str, Endpoint]:
    """Its networks beyond that of its recipe. A service of a project is known by its name in each of them."""
    service = container.spec.labels.get(labels.SERVICE, "")
    found: dict[str, Endpoint] = {}
    for network in networks:
        if container.spec.network in (network.name, network.id):
            continue
        for member in network.members:
            if member.container_id == container.id:
                names = tuple(dict.fromkeys((*member.aliases, *filter(None, (service,)))))
                found[network.name] = msgspec.structs.replace(member.asked, aliases=names)
    return found


def volume_mounts(container: Container) -> list[Mount]:
    return [mount for mount in container.mounts if mount.kind == "volume" and mount.source]


def with_volumes(container: Container) -> ContainerSpec:
    """Its recipe with the names of the volumes that it really has, those without a name too."""
    known = {mount.target: mount for mount in volume_mounts(container)}
    mounts = [known.pop(mount.target, mount) if mount.kind == "volume" else mount for mount in container.spec.mounts]
    return msgspec.structs.replace(container.spec, mounts=(*mounts, *known.values()))


# --- the order ---


def in_order(containers: Sequence[Container]) -> list[Container]:
    """Those that others lean on first; otherwise by age."""
    waiting = sorted(containers, key=lambda each: each.created)
    ordered: list[Container] = []
    while waiting:
        first = next((each for each in waiting if not _before(each, waiting)), waiting[0])
        waiting.remove(first)
        ordered.append(first)
    return ordered


def _before(container: Container, others: Sequence[Container]) -> bool:
    """Whether one of the others must be there before it."""
    spec, services = container.spec, waits_for(container)
    wanted = {_other(getattr(spec, field)) for field in _SHARING} | set(spec.volumes_from)
    return any(
        each.id != container.id
        and ({each.id, each.name} & wanted or each.spec.labels.get(labels.SERVICE, "") in services)
        for each in others
    )


def waits_for(container: Container) -> dict[str, str]:
    """The services that its own depends on, each with the condition."""
    found: dict[str, str] = {}
    for each in container.spec.labels.get(labels.DEPENDS_ON, "").split(","):
        service, _, rest = each.partition(":")
        if service:
            found[service] = rest.partition(":")[0]
    return found


# --- running ---


async def start(target: Engine, containers: Sequence[Container]) -> None:
    """In their order; one that waits for the health of another starts when that is healthy."""
    for container in containers:
        conditions = waits_for(container)
        for other in containers:
            if conditions.get(other.spec.labels.get(labels.SERVICE, "")) == "service_healthy":
                await runs_well(target, other)
        await target.containers.start(container.id)


async def runs_well(target: Engine, container: Container) -> None:
    """Once it runs, and is healthy where it can say so. Raises RuntimeFailure if that does not come."""
    deadline, steady = time.monotonic() + _HEALTHY_SECONDS, time.monotonic() + _SETTLED_SECONDS
    while True:
        now = await target.containers.get(container.id)
        if now.state not in (State.RUNNING, State.STARTING, State.RESTARTING):
            code = now.exit.code if now.exit is not None else "?"
            raise RuntimeFailure(f"“{now.name}” does not run there", f"It ended with {code}; {_AS_IT_WAS}.")
        if now.health.status is Health.UNHEALTHY or time.monotonic() > deadline:
            raise RuntimeFailure(f"“{now.name}” is not healthy there", f"{_AS_IT_WAS.capitalize()}.")
        quiet = now.health.status is Health.NONE and time.monotonic() > steady
        if now.state is State.RUNNING and (now.health.status is Health.HEALTHY or quiet):
            return
        await asyncio.sleep(_LOOK_SECONDS)
