"""What must be true of a swarm that a real Docker manages: one of a single node, made for this and left at the end."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from engine.errors import Unsupported, WherryError
from engine.types.logs import ReadLogs
from engine.types.projects import ReadProject
from engine.types.swarm import ChangeService, DeployStack
from tests.peers.service_checks import services

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.remote.engine import RemoteEngine
    from engine.types.swarm import Swarm, SwarmService

_SECONDS = 50.0
_FILE = "/srv/shop/compose.yml"
_TEXT = """
services:
  web:
    image: localhost/busybox:latest
    command: ["sh", "-c", "trap 'exit 0' TERM; echo hello; while :; do sleep 0.2; done"]
    ports: ["8080:80"]
    configs: [conf]
    secrets: [word]
    deploy: {replicas: 2, update_config: {failure_action: rollback, monitor: 2s, order: stop-first}}
  each:
    image: localhost/busybox:latest
    command: ["sh", "-c", "trap 'exit 0' TERM; cat /conf /run/secrets/word; echo; while :; do sleep 0.2; done"]
    configs: [conf]
    secrets: [word]
    deploy: {mode: global}
configs: {conf: {content: "from a config\\n"}}
secrets: {word: {environment: WORD}}
"""


def _stack(text: str = _TEXT) -> DeployStack:
    source = ReadProject(files=(_FILE,), texts={_FILE: text}, environment={"WORD": "from a secret"})
    return DeployStack(name="shop", source=source, resolve_image="never", prune=True)


async def _until(engine: RemoteEngine, fits: Callable[[Swarm], bool]) -> Swarm:
    async with asyncio.timeout(_SECONDS), contextlib.aclosing(engine.swarm.watch()) as states:  # type: ignore[type-var]
        async for state in states:
            if fits(state):
                return state
    raise AssertionError("it ended")


def _service(state: Swarm, name: str) -> SwarmService:
    return next(each for each in state.services if each.name == name)


async def _lines(engine: RemoteEngine, service: str, least: int) -> list[str]:
    async with asyncio.timeout(_SECONDS):
        while True:
            lines = [line.text async for batch in engine.logs.read(service, ReadLogs()) for line in batch]
            if len(lines) >= least:
                return lines
            await asyncio.sleep(0.2)


async def swarm(engine: RemoteEngine) -> None:
    if engine.condition.kind == "podman":
        with contextlib.suppress(Unsupported):
            await engine.swarm.look()
            raise AssertionError("podman has no swarm")
        return
    with contextlib.suppress(WherryError):  # it is in none
        await engine.link.json("POST", "/swarm/leave", {"force": True})
    await engine.link.json("POST", "/swarm/init", body={"ListenAddr": "0.0.0.0:2377", "AdvertiseAddr": "127.0.0.1"})
    async with asyncio.timeout(_SECONDS):
        while engine.capabilities.why_not("swarm.look"):  # noqa: ASYNC110 - told to the window, and not to this loop
            await asyncio.sleep(0.05)
    try:
        await _deployed(engine)
        await _changed(engine)
        await services(engine)
    finally:
        await engine.link.json("POST", "/swarm/leave", {"force": True})


async def _deployed(engine: RemoteEngine) -> None:
    assert {each.action for each in (await engine.swarm.plan(_stack())).steps} == {"create"}
    assert await engine.swarm.deploy(_stack()).result() == "shop"
    state = await _until(engine, lambda state: len(state.services) == 2 and all(s.settled for s in state.services))
    assert state.stacks[0].services == ("shop_each", "shop_web")
    plan = await engine.swarm.plan(_stack())
    assert {each.action for each in plan.steps} == {"keep"}, plan
    assert sorted(await _lines(engine, "service:shop_web", 2)) == ["shop_web.1 | hello", "shop_web.2 | hello"]
    told = await _lines(engine, "service:shop_each", 2)
    assert [each.partition(" | ")[2] for each in told] == ["from a config", "from a secret"], told


async def _changed(engine: RemoteEngine) -> None:
    await engine.swarm.scale("shop_web", 3)
    await _until(engine, lambda state: _service(state, "shop_web").running == 3)
    await engine.swarm.update("shop_web", ChangeService(args=("sh", "-c", "exit 7")))
    state = await _until(engine, lambda state: _service(state, "shop_web").update.state == "rollback_completed")
    assert _service(state, "shop_web").command[2].startswith("trap"), state
    node = state.nodes[0]
    assert node.asked
    await engine.swarm.change_node(node.id, availability="drain")
    await _until(engine, lambda state: _service(state, "shop_web").running == 0)
    await engine.swarm.change_node(node.id, availability="active")
    await _until(engine, lambda state: _service(state, "shop_web").running == 3)
    removed = await engine.swarm.remove_stack("shop")
    assert removed[-1] == "network shop_default", removed
    assert not (await engine.swarm.look()).configs
