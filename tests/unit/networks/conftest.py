"""The networks room on a played ground (`world.py`), and a host whose programs and routes the test says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.networks.host import resolvers, routes
from engine.networks.names import sockets
from engine.networks.way_out import attachment, stand_ins
from tests.unit.networks.town import Town

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.support.stores import ShortTmp
    from tests.unit.networks.world import World


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Programs that the host has."""
    found = {"pasta"}

    def find_program(name: str) -> str | None:
        return f"/usr/bin/{name}" if name in found else None

    monkeypatch.setattr(attachment, "find_program", find_program)
    monkeypatch.setattr(stand_ins, "find_program", find_program)
    return found


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Its files: `route` and `ipv6_route`, which are not there, and `resolv.conf`."""
    monkeypatch.setattr(routes, "_PROC", tmp_path)
    monkeypatch.setattr(routes, "leads_out", lambda: not (tmp_path / "offline").exists())
    monkeypatch.setattr(resolvers, "HOST_FILE", tmp_path / "resolv.conf")
    (tmp_path / "resolv.conf").write_text("nameserver 192.0.2.53\n")
    return tmp_path


@pytest.fixture
async def world(short_tmp: ShortTmp, installed: set[str], host: Path) -> AsyncIterator[World]:
    # Not at the top: most tests of this room need no more of the engine.
    from tests.unit.networks.world import World

    made = await World.open(short_tmp)
    yield made
    await made.close()


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    made = Town(tmp_path)
    monkeypatch.setattr(sockets, "open_in", made.open_in)
    made.server.open()
    yield made
    made.close()
