"""`wherry serve`: the engine without a window, on its socket; and starting it in the background.

It ends by itself after a quiet time in which nobody asked anything and nothing was left to supervise, or at once when
the window, or a `wherry serve` that is meant to stay, takes over. Containers go on in every case.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING

from engine.cli.options import Command, Given, UsageError
from engine.cli.printed.paper import say

if TYPE_CHECKING:
    from pathlib import Path

    from engine.api.server import ApiServer
    from engine.embedded import EmbeddedEngine
    from engine.facade import Engine

_IDLE_SECONDS = 300
_LOOKS_PER_QUIET_TIME = 10

_OPTIONS = """
--idle number   Seconds without anything to do after which it ends; 0 stays for ever (default 0)
-q --quiet flag Say nothing when it is ready
"""


def start_in_background(log_path: str) -> int:
    """A headless engine that ends itself when it is no longer needed; gives its process id."""
    from engine.processes.headless import start_headless

    return start_headless(["--quiet", "--idle", os.environ.get("WHERRY_IDLE_SECONDS", str(_IDLE_SECONDS))], log_path)


def serve(given: Given) -> int:
    idle = given.number("idle") or 0
    if idle < 0:
        raise UsageError("--idle cannot be negative")
    return asyncio.run(_serve(idle, quiet=given.flag("quiet")))


async def _serve(idle_seconds: int, *, quiet: bool) -> int:
    from engine.api.server import ApiServer
    from engine.errors import WherryError
    from engine.storage.paths import Paths

    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, ending.set)
    paths = Paths.default()
    try:
        engine = await _open(paths.socket, stays=not idle_seconds)
    except WherryError as error:
        say(f"wherry serve: {error}", file=sys.stderr)
        return 1
    server = ApiServer(engine, paths.socket, on_release=ending.set, passing=bool(idle_seconds))
    try:
        await server.start()
        if not quiet:
            _announce(paths.socket)
        await _until_done(engine, server, ending, idle_seconds)
    except WherryError as error:
        say(f"wherry serve: {error}", file=sys.stderr)
        return 1
    finally:
        await server.close()
        await engine.close()
    return 0


async def _open(socket: Path, *, stays: bool) -> EmbeddedEngine:
    """The engine; one that is meant to stay (a unit of systemd) replaces one that a command started in passing."""
    from engine.embedded import open_engine
    from engine.errors import Code, Conflict

    try:
        return await open_engine()
    except Conflict as error:
        from engine.api.takeover import take_over  # rarely needed

        if error.code is not Code.STORE_LOCKED or not stays or not await take_over(socket, passing_only=True):
            raise
        return await open_engine()


def _announce(socket: Path) -> None:
    say(f"Serving the Docker API on unix://{socket}", flush=True)


async def _until_done(engine: Engine, server: ApiServer, ending: asyncio.Event, idle_seconds: int) -> None:
    if not idle_seconds:
        await ending.wait()
        return
    while not ending.is_set():
        try:
            async with asyncio.timeout(max(0.05, idle_seconds / _LOOKS_PER_QUIET_TIME)):
                await ending.wait()
        except TimeoutError:
            if server.idle_seconds >= idle_seconds and not await needs_supervision(engine):
                return


async def needs_supervision(engine: Engine) -> bool:
    """Something runs: a container whose health, log and restarts want watching, or an operation."""
    from engine.types.containers import ALIVE_STATES, State
    from engine.types.operations import OperationState

    busy = ALIVE_STATES | {State.STARTING, State.RESTARTING, State.REMOVING}
    if any(container.state in busy for container in await engine.containers.list()):
        return True
    return any(each.state is OperationState.RUNNING for each in await engine.operations.list())


COMMANDS = {
    "serve": Command(serve, "[OPTIONS]", "Run the engine without a window, on its socket", _OPTIONS, most=0),
}
