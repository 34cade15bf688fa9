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


class Clock:
    """Sleeping ends at once, and is remembered; after so many times it does not end."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, times: int, now: float = 1_000_000_000.0) -> None:
        self.slept: list[float] = []
        self.over = asyncio.Event()
        self._left = times
        monkeypatch.setattr(scrub.asyncio, "sleep", self._sleep)
        monkeypatch.setattr(scrub.time, "time", lambda: now)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._left -= 1
        if self._left < 0:
            self.over.set()
            await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("ago", "rests"),
    [
        (0.0, [600.0, 3600.0, 3600.0]),
        (7 * 86400 - 100.0, [600.0, 100.0, 100.0]),
        (7 * 86400.0, [600.0, 5.0, 5.0]),
        (-100.0, [600.0, 5.0, 5.0]),
    ],
)
async def test_a_week_lies_between_two_rounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ago: float, rests: list[float]
) -> None:
    """Of a clock that was put back nobody waits for the end."""
    clock = Clock(monkeypatch, times=2)
    (tmp_path / "scrub").write_bytes(b'{"finished": %f}' % (1_000_000_000.0 - ago))
    reader = Reader()
    one = Scrub(tmp_path / "scrub", layers=lambda: LAYERS, damage=reader, mains=lambda: True)
    monkeypatch.setattr(scrub.time, "monotonic", lambda: 5.0)
    await one.open()
    await clock.over.wait()
    await one.close()

    assert clock.slept == rests
    assert bool(reader.read) is (rests[1] == 5.0)


async def test_a_round_that_was_begun_goes_on_whenever_the_last_one_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch, times=1)
    (tmp_path / "scrub").write_bytes(b'{"finished": 999999999.0, "position": "sha256:b"}')
    reader = Reader()
    one = Scrub(tmp_path / "scrub", layers=lambda: LAYERS, damage=reader, mains=lambda: True)
    await one.open()
    await clock.over.wait()
    await one.close()
    assert reader.read == ["sha256:c"]


async def test_batteries_are_looked_at_again_in_a_minute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch, times=1)
    one = Scrub(tmp_path / "scrub", layers=lambda: LAYERS, damage=Reader(), mains=lambda: False)
    await one.open()
    await clock.over.wait()
    await one.close()
    assert clock.slept == [600.0, 60.0]
    assert Scrub(tmp_path / "x", layers=list, damage=Reader(), shortest_rest=90.0)._shortest_rest == 90.0


async def test_the_end_of_a_round_is_noted_and_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Clock(monkeypatch, times=0)
    (tmp_path / "scrub").write_bytes(b'{"position": "sha256:c", "damaged": ["sha256:b", "sha256:gone"]}')
    one = made(tmp_path, Reader())
    assert await one._step() == 0.0

    kept = read_record(tmp_path / "scrub")
    assert (kept.position, kept.finished, kept.damaged) == ("", 1_000_000_000.0, ["sha256:b"])
    assert (tmp_path / "scrub").stat().st_mode & 0o777 == 0o600


async def test_a_layer_that_cannot_be_read_is_not_called_damaged(tmp_path: Path) -> None:
    async def fail(_: str) -> str:
        raise OSError(5, "Input/output error")

    one = Scrub(tmp_path / "scrub", layers=lambda: LAYERS, damage=fail)
    await one._step()
    assert (one.record.position, one.record.damaged, one.warnings) == ("sha256:a", [], ())


async def test_a_place_that_takes_no_note_is_no_reason_to_stop(tmp_path: Path) -> None:
    one = Scrub(tmp_path / "gone" / "scrub", layers=lambda: LAYERS, damage=Reader("sha256:a"))
    await one._step()
    assert one.record.damaged == ["sha256:a"]


@pytest.mark.parametrize("text", [None, b"", b"{", b"[]", b'{"position": 5}'])
def test_rubbish_in_its_note_is_nothing_known(text: bytes | None) -> None:
    assert scrub.record_of(text) == scrub.ScrubRecord()
    assert scrub.record_of(text).finished == 0.0
