"""A way out where there is none, or another one: no route, no device, and a host that moves to another network."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import psutil
import pytest

from engine.errors import HostError
from engine.networks.host import resolvers
from engine.networks.way_out import attachment
from engine.processes.programs import find_program
from engine.types.containers import PortMapping, State
from engine.types.files import Place
from tests.system.containers.conftest import run

if TYPE_CHECKING:
    from pathlib import Path

    from engine.embedded import EmbeddedEngine


def put_in_front(monkeypatch: pytest.MonkeyPatch, place: Path, script: str) -> None:
    """A pasta that is started by a script of the test's."""
    program = place / "pasta"
    program.write_text(f"#!/bin/sh\nreal={find_program('pasta')}\n{script}\n")
    program.chmod(0o755)
    place.chmod(0o755)
    monkeypatch.setattr(attachment, "find_program", lambda _name: str(program))


async def test_a_container_starts_where_the_host_has_no_route(
    loaded: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put_in_front(
        monkeypatch, tmp_path, """exec unshare --net sh -c 'ip link set lo up; exec "$0" "$@"' "$real" "$@" """
    )
    container = await run(
        loaded, "sleep", "1000", name="offline", ports=(PortMapping(container_port=80),), network="pasta"
    )
    assert container.state is State.RUNNING
    assert loaded.networks.attachments.running(container.id)
    await loaded.containers.remove("offline", force=True)


async def test_only_what_publishes_ports_needs_the_tun_device(
    loaded: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put_in_front(monkeypatch, tmp_path, "echo Failed to open tun socket in namespace >&2; exit 1")
    container = await run(loaded, "sleep", "1000", name="alone", network="pasta")
    assert container.state is State.RUNNING
    with pytest.raises(HostError, match="modprobe tun"):
        await run(loaded, "sleep", "1000", name="published", ports=(PortMapping(container_port=80),), network="pasta")
    for name in ("alone", "published"):
        await loaded.containers.remove(name, force=True)


def test_who_has_no_tun_device_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    monkeypatch.setattr(os, "access", lambda *_: False)
    (told,) = attachment.missing_network("pasta")
    assert "sudo chmod 666 /dev/net/tun" in told
    assert attachment.missing_network("none") == []


async def test_another_network_of_the_host_reaches_running_containers(
    loaded: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    host = tmp_path / "resolv.conf"
    monkeypatch.setattr(resolvers, "HOST_FILE", host)
    host.write_text("nameserver 192.0.2.1\n")
    moved = await run(loaded, "sleep", "1000", name="moved", network="pasta")
    await run(loaded, "sleep", "1000", name="own", network="pasta", dns=("192.0.2.9",))

    async def shows(name: str, text: str) -> None:
        place = Place(kind="container", id=name)
        async with asyncio.timeout(30):
            while True:
                if (await loaded.files.read(place, "/etc/resolv.conf")).decode() == text:
                    return
                await asyncio.sleep(0.05)

    await shows("moved", "nameserver 192.0.2.1\n")
    host.write_text("nameserver 192.0.2.2\nsearch cafe\n")
    await shows("moved", "nameserver 192.0.2.2\nsearch cafe\n")
    before = loaded.networks.attachments.running(moved.id)
    host.write_text("nameserver 127.0.0.53\n")
    await shows("moved", "nameserver 169.254.1.1\n")
    async with asyncio.timeout(30):
        while True:
            if (now := loaded.networks.attachments.running(moved.id)) not in (0, before):
                break
            await asyncio.sleep(0.05)
    assert "--dns-forward" in psutil.Process(now).cmdline()
    await shows("own", "nameserver 192.0.2.9\n")
    for name in ("moved", "own"):
        await loaded.containers.remove(name, force=True)
