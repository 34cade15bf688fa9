"""Programs of the test's own: small scripts in a directory that is all of PATH but for the shell's own tools."""

from __future__ import annotations

import asyncio
import shlex
from typing import TYPE_CHECKING, Any

import pytest

from engine.processes.programs import find_program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Programs:
    def __init__(self, place: Path) -> None:
        self.place = place

    def write(self, name: str, script: str) -> Path:
        path = self.place / name
        path.write_text(f'#!/bin/sh\nhere={shlex.quote(str(self.place))}\necho "$*" >> "$here/asked"\n{script}\n')
        path.chmod(0o755)
        return path

    @property
    def asked(self) -> list[str]:
        """The words they were called with."""
        found = self.place / "asked"
        return found.read_text().splitlines() if found.exists() else []

    def kept(self, name: str) -> str:
        """What one of them wrote into `$here`."""
        return (self.place / name).read_text()


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Programs]:
    place = tmp_path / "programs"
    place.mkdir()
    monkeypatch.setenv("PATH", f"{place}:/usr/bin:/bin")
    find_program.cache_clear()
    yield Programs(place)
    find_program.cache_clear()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[asyncio.subprocess.Process]:
    """Programs as they are started, once whoever started them has them."""
    found: list[asyncio.subprocess.Process] = []
    create = asyncio.create_subprocess_exec

    async def noted(*words: Any, **more: Any) -> asyncio.subprocess.Process:
        found.append(await create(*words, **more))
        return found[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", noted)
    return found
