"""What Docker has and this engine has not: each answers as a Docker daemon without it would, so that clients go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.api.http.statuses import Refusal

if TYPE_CHECKING:
    from aiohttp import web

    from engine.api.call import Call

_NO_SWARM = "This node is not a swarm manager. Swarm is not supported by Wherry."


async def no_swarm(call: Call) -> web.StreamResponse:
    """503, as from a daemon that never joined one."""
    raise Refusal(503, _NO_SWARM)


async def no_plugins(call: Call) -> web.StreamResponse:
    return call.answer([])


async def no_such_plugin(call: Call) -> web.StreamResponse:
    raise Refusal(404, f'plugin "{call.words["name"][:200]}" not found')


async def no_plugin_changes(call: Call) -> web.StreamResponse:
    raise Refusal(501, "plugins are not supported by Wherry")


async def no_checkpoints(call: Call) -> web.StreamResponse:
    raise Refusal(501, "checkpoints are not supported by Wherry: a rootless process cannot be frozen to disk")


async def no_volume_updates(call: Call) -> web.StreamResponse:
    """Docker's daemon updates the volumes of a swarm alone; without one it says so with this status."""
    raise Refusal(503, "volume update only valid for cluster volumes, but swarm is unavailable")
