"""The swarm of another machine below `/wherry/swarm`: each call says in its body whose engine is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from engine.api.http.statuses import Refusal
from engine.api.wherry.projects import followed
from engine.types.data import Data
from engine.types.swarm import Availability, ChangeService, CreateService, DeployStack

if TYPE_CHECKING:
    from aiohttp import web

    from engine.api.call import Call
    from engine.facade_afar import SwarmRoom

_CONNECT_SECONDS = 20.0


class Asked(Data, frozen=True, kw_only=True):
    """What any of the calls may need beside the machine."""

    machine: str = ""
    """Its name in a list, or its address; "" is this computer, whose engine refuses."""
    name: str = ""
    kind: str = ""
    replicas: int = 0
    change: ChangeService = ChangeService()
    availability: Availability | None = None
    role: str = ""
    stack: DeployStack | None = None
    service: CreateService | None = None


async def _asked(call: Call) -> tuple[Asked, SwarmRoom]:
    asked = await call.json(Asked)
    engine = await call.engine.machines.ready(asked.machine, _CONNECT_SECONDS)
    return asked, engine.swarm


def _plain(call: Call, value: Any) -> web.StreamResponse:
    return call.answer(msgspec.to_builtins(value))


async def look(call: Call) -> web.StreamResponse:
    _, swarm = await _asked(call)
    return _plain(call, await swarm.look())


async def create(call: Call) -> web.StreamResponse:
    asked, swarm = await _asked(call)
    if asked.service is None:
        raise Refusal(400, "which service is missing")
    return _plain(call, await swarm.create(asked.service))


async def scale(call: Call) -> web.StreamResponse:
    asked, swarm = await _asked(call)
    return _plain(call, await swarm.scale(asked.name, asked.replicas))


async def update(call: Call) -> web.StreamResponse:
    asked, swarm = await _asked(call)
    return _plain(call, await swarm.update(asked.name, asked.change))


async def roll_back(call: Call) -> web.StreamResponse:
    asked, swarm = await _asked(call)
    return _plain(call, await swarm.roll_back(asked.name))


async def remove(call: Call) -> web.StreamResponse:
    """A service, a config, a secret, or a stack with all that is its."""
    asked, swarm = await _asked(call)
    removed = [f"{asked.kind} {asked.name}"]
    if asked.kind == "stack":
        removed = list(await swarm.remove_stack(asked.name))
    elif asked.kind == "service":
        await swarm.remove_service(asked.name)
    else:
        await swarm.remove_file(asked.kind, asked.name)
    return _plain(call, removed)


async def node(call: Call) -> web.StreamResponse:
    asked, swarm = await _asked(call)
    await swarm.change_node(asked.name, availability=asked.availability, role=asked.role)
    return call.empty()


async def plan(call: Call) -> web.StreamResponse:
    asked, swarm = await _asked(call)
    return _plain(call, await swarm.plan(_stack(asked)))


async def deploy(call: Call) -> web.StreamResponse:
    asked, swarm = await _asked(call)
    return await followed(call, swarm.deploy(_stack(asked)))


def _stack(asked: Asked) -> DeployStack:
    if asked.stack is None:
        raise Refusal(400, "which stack is missing")
    return asked.stack
