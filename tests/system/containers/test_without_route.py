"""A way out where there is none: pasta in a place without a route, and one that may not open its device."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from engine.errors import HostError
from engine.networks import attachment
from engine.processes.programs import find_program
from engine.types.containers import PortMapping, State
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
