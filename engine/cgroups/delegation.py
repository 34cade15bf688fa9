"""A subtree of our own from systemd: one scope per store, asked for once over D-Bus, in which containers cost a mkdir.

The scope lives as long as a process is in it, so it outlives the engine together with the containers. A later engine
finds it by name and puts its own helper into it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jeepney import DBusAddress, MatchRule, MessageType, new_method_call
from jeepney.bus_messages import message_bus
from jeepney.io.asyncio import Proxy, open_dbus_router

from engine.cgroups.making import make_group

if TYPE_CHECKING:
    from collections.abc import Sequence

_log = logging.getLogger(__name__)
_MANAGER = DBusAddress(
    "/org/freedesktop/systemd1", bus_name="org.freedesktop.systemd1", interface="org.freedesktop.systemd1.Manager"
)
_SYSTEM_BUS = Path("/run/dbus/system_bus_socket")
_ANSWER_SECONDS = 10.0


def scope_name(root: Path) -> str:
    """One scope per store, so that two stores of one user do not meet in one tree."""
    return f"wherry-{hashlib.sha256(os.fsencode(root)).hexdigest()[:12]}.scope"


def find_bus() -> str:
    """Where the systemd listens that may give us a scope: for root the machine's, else the user's own; "" for none."""
    if os.getuid() == 0:
        return "SYSTEM" if Path("/run/systemd/system").is_dir() and _SYSTEM_BUS.exists() else ""
    if (address := os.environ.get("DBUS_SESSION_BUS_ADDRESS", "")) and not address.startswith("disabled:"):
        return address
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    return f"unix:path={runtime}/bus" if runtime and Path(runtime, "bus").exists() else ""


async def move_into_scope(name: str, pids: Sequence[int]) -> bool:
    """Put processes into the delegated scope, made if it is not there. False: this host has no such thing."""
    bus = find_bus()
    if not bus:
        return False
    try:
        async with asyncio.timeout(_ANSWER_SECONDS), open_dbus_router(bus) as router:
            if await _attach(router, name, pids):
                return True
            await _start_scope(router, name, pids)
            return True
    except (OSError, TimeoutError, _Refused, KeyError, ValueError) as error:
        _log.info("no delegated scope from systemd: %s", error)
        return False


class _Refused(Exception):
    """systemd answered with an error."""


async def _call(router: Any, method: str, signature: str, body: Sequence[Any]) -> Any:
    reply = await router.send_and_get_reply(new_method_call(_MANAGER, method, signature, tuple(body)))
    if reply.header.message_type is MessageType.error:
        raise _Refused(f"{method}: {reply.body}")
    return reply.body


async def _attach(router: Any, name: str, pids: Sequence[int]) -> bool:
    """Join a scope that is already there."""
    try:
        await _call(router, "AttachProcessesToUnit", "ssau", (name, "/supervisors", list(pids)))
    except _Refused:
        return False
    return True


async def _start_scope(router: Any, name: str, pids: Sequence[int]) -> None:
    properties = [
        ("Description", ("s", "Containers of Wherry")),
        ("PIDs", ("au", list(pids))),
        ("Delegate", ("b", True)),
        # Asked for one by one: a session hands out only the controllers that some unit wants.
        ("CPUAccounting", ("b", True)),
        ("MemoryAccounting", ("b", True)),
        ("TasksAccounting", ("b", True)),
        ("IOAccounting", ("b", True)),
        ("CollectMode", ("s", "inactive-or-failed")),
        # The containers have limits of their own; the scope itself must not end because one of them ran out of memory.
        ("OOMPolicy", ("s", "continue")),
    ]
    rule = MatchRule(type="signal", interface=_MANAGER.interface, member="JobRemoved", path=_MANAGER.object_path)
    await Proxy(message_bus, router).AddMatch(rule)
    with router.filter(rule) as jobs:
        try:
            (job,) = await _call(router, "StartTransientUnit", "ssa(sv)a(sa(sv))", (name, "fail", properties, []))
        except _Refused:
            # Before systemd 253 scopes know no OOMPolicy.
            (job,) = await _call(router, "StartTransientUnit", "ssa(sv)a(sa(sv))", (name, "fail", properties[:-1], []))
        await _job_done(jobs, job)


async def _job_done(jobs: asyncio.Queue[Any], job: str) -> None:
    while True:
        message = await jobs.get()
        _, path, unit, result = message.body
        if path == job:
            if result != "done":
                raise _Refused(f"{unit}: {result}")
            return


def open_subtree(directory: Path, supervisors: str = "supervisors", movers: Sequence[int] = ()) -> frozenset[str]:
    """Make a delegated directory ready: processes into a leaf, controllers handed on. Gives the controllers."""
    leaf = directory / supervisors
    make_group(leaf)
    inside = (directory / "cgroup.procs").read_text().split()
    for pid in (*inside, *(str(mover) for mover in movers)):
        with contextlib.suppress(OSError):
            (leaf / "cgroup.procs").write_text(pid)
    offered = (directory / "cgroup.controllers").read_text().split()
    for controller in offered:
        # Each by itself: one that cannot be handed on must not take the others with it.
        with contextlib.suppress(OSError):
            (directory / "cgroup.subtree_control").write_text(f"+{controller}")
    return frozenset((directory / "cgroup.subtree_control").read_text().split())
