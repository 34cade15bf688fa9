"""A scripted engine, and a place where nothing else says which one is meant."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from engine.cli.clusters import objects
from engine.cli.containers import watching
from engine.cli.swarms import services
from tests.unit.cli.scripted_peer import Peer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.stores import ShortTmp

_HOME = ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "DOCKER_CONFIG", "WHERRY_ROOT")
_SAID_ELSEWHERE = (
    "WHERRY_HOST", "WHERRY_CONTEXT", "COMPOSE_FILE", "COMPOSE_PROJECT_NAME", "COMPOSE_PROFILES", "KUBECONFIG",
)  # fmt: skip


@pytest.fixture
def _environment() -> Iterator[None]:
    """What stands before a verb goes by the environment, and would stay there."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def peer(short_tmp: ShortTmp, _environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Peer]:
    """In a directory of its own, at a home of its own, in the zone of Greenwich."""
    work = short_tmp.path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    for name in _SAID_ELSEWHERE:
        monkeypatch.delenv(name, raising=False)
    for name in _HOME:
        monkeypatch.setenv(name, str(short_tmp.path / "home"))
    monkeypatch.setenv("WHERRY_RUN", str(short_tmp.run))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(watching, "_SECONDS", 0.0)
    monkeypatch.setattr(objects, "_LOOK_SECONDS", 0.0)
    for name in ("_LOOK_SECONDS", "_STABLE_SECONDS"):
        monkeypatch.setattr(services, name, 0.0)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    peer = Peer(short_tmp.run / "docker.sock")
    yield peer
    peer.close()
    monkeypatch.undo()
    time.tzset()
