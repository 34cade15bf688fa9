"""The store read through in the background: slowly, on mains power, going on where it was."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from engine.storage import scrub
from engine.storage.scrub import Scrub, on_mains, read_record
from tests.unit.api.serving import until

if TYPE_CHECKING:
    from pathlib import Path

LAYERS = ["sha256:a", "sha256:b", "sha256:c"]


class Reader:
    def __init__(self, *damaged: str) -> None:
        self.damaged = set(damaged)
        self.read: list[str] = []
        self.news = asyncio.Event()

    async def __call__(self, layer: str) -> str:
        self.read.append(layer)
        self.news.set()
        return "a file" if layer in self.damaged else ""

    async def until(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.read) < count:
                self.news.clear()
                await self.news.wait()


def made(path: Path, reader: Reader, *, mains: bool = True) -> Scrub:
    return Scrub(
        path / "scrub", layers=lambda: LAYERS, damage=reader, first_rest=0.0, shortest_rest=0.0, mains=lambda: mains
    )


async def test_every_layer_is_read_once_and_then_it_rests(tmp_path: Path) -> None:
    reader = Reader("sha256:b")
    one = made(tmp_path, reader)
    await one.open()
    await reader.until(3)
    await until(lambda: bool(read_record(tmp_path / "scrub").finished))
    await one.close()

    assert reader.read == LAYERS
    assert one.record.damaged == ["sha256:b"]
    assert "Damaged layers: 1" in one.warnings[0]


async def test_it_goes_on_where_it_was(tmp_path: Path) -> None:
    first, second = Reader(), Reader()
    one = made(tmp_path, first)
    await one.open()
    await first.until(1)
    await asyncio.sleep(0)
    await one.close()
    at = read_record(tmp_path / "scrub").position

    other = made(tmp_path, second)
    await other.open()
    await second.until(1)
    await other.close()
    assert second.read[0] == next(layer for layer in LAYERS if layer > at)


async def test_what_was_mended_is_no_longer_told(tmp_path: Path) -> None:
    reader = Reader("sha256:a")
    one = made(tmp_path, reader)
    await one._step()
    assert one.record.damaged == ["sha256:a"]
    reader.damaged.clear()
    one.record.position = ""
    await one._step()
    assert one.warnings == ()


async def test_it_rests_a_hundred_times_as_long_as_it_worked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = made(tmp_path, Reader())
    clock = iter([10.0, 12.5])
    monkeypatch.setattr(scrub.time, "monotonic", lambda: next(clock))
    worked = await one._step()
    monkeypatch.undo()
    assert one.rest_after(worked) == 250.0
    assert one.rest_after(0.0) == 0.0


async def test_nothing_is_read_on_batteries(tmp_path: Path) -> None:
    reader = Reader()
    one = made(tmp_path, reader, mains=False)
    await one.open()
    for _ in range(20):
        await asyncio.sleep(0)
    await one.close()
    assert reader.read == []


@pytest.mark.parametrize(
    ("supplies", "mains"),
    [({}, True), ({"AC": ("Mains", "1")}, True), ({"AC": ("Mains", "0"), "BAT": ("Battery", "")}, False)],
)
def test_what_feeds_the_computer_is_read_from_the_kernel(
    tmp_path: Path, supplies: dict[str, tuple[str, str]], *, mains: bool
) -> None:
    for name, (kind, online) in supplies.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "type").write_text(f"{kind}\n")
        (tmp_path / name / "online").write_text(f"{online}\n")
    assert on_mains(tmp_path) is mains
