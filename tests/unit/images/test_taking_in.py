"""Layers on their way in: what is told of each, the compressed form kept of it, and what a failure leaves."""

from __future__ import annotations

import asyncio
import gzip
import os
import threading
from contextlib import ExitStack
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import Code, Conflict, StorageError, WherryError
from engine.images.layers import layer_progress
from engine.images.layers.intake import Added
from engine.images.layers.layer_archive import ArchiveSink
from engine.images.layers.layer_progress import LayerTeller
from engine.images.streams.piping import coalesced, file_pieces, through_thread
from engine.types.images import LayerPhase
from tests.support.images import File, layer_tar
from tests.support.nasty_registry import digest_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from engine.embedded import EmbeddedEngine

TAR = layer_tar([File("f", b"contents" * 500)])


async def pieces(data: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


def working(name: str) -> list[threading.Thread]:
    """Threads that are still at it."""
    return [each for each in threading.enumerate() if each.name == name]


# --- what is told of a layer ---


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Goes on as a test says."""
    now = SimpleNamespace(now=100.0)
    monkeypatch.setattr(layer_progress, "time", SimpleNamespace(monotonic=lambda: now.now))
    return now


def test_a_layers_progress_is_told_with_its_rate(clock: SimpleNamespace) -> None:
    told: list[tuple[Any, ...]] = []
    progress: Any = SimpleNamespace(layer=lambda *words: told.append(words))
    teller = LayerTeller(progress, "sha256:a", 9_000_000)

    teller.phase(LayerPhase.WAITING)
    clock.now += 0.99
    teller.moved(LayerPhase.DOWNLOADING, 1_000_000)
    clock.now += 0.01
    teller.moved(LayerPhase.DOWNLOADING, 3_000_000)
    clock.now += 0.5
    teller.moved(LayerPhase.DOWNLOADING, 4_000_000)
    clock.now += 0.5
    teller.moved(LayerPhase.DOWNLOADING, 3_500_000)
    clock.now += 0.5
    teller.moved(LayerPhase.DOWNLOADING, 1_000_000)  # it begins anew
    clock.now += 2.0
    teller.moved(LayerPhase.DOWNLOADING, 2_000_000)
    teller.retrying("trying again")
    teller.phase(LayerPhase.VERIFYING, done=0, note="going on")
    teller.whole(LayerPhase.DONE)

    assert told == [
        ("sha256:a", phase, done, 9_000_000, note)
        for phase, done, note in (
            (LayerPhase.WAITING, 0, ""),
            (LayerPhase.DOWNLOADING, 1_000_000, ""),
            (LayerPhase.DOWNLOADING, 3_000_000, "3.0 MB/s"),
            (LayerPhase.DOWNLOADING, 4_000_000, "3.0 MB/s"),
            (LayerPhase.DOWNLOADING, 3_500_000, "0.5 MB/s"),
            (LayerPhase.DOWNLOADING, 1_000_000, "0.5 MB/s"),
            (LayerPhase.DOWNLOADING, 2_000_000, "0.5 MB/s"),
            (LayerPhase.RETRYING, 2_000_000, "trying again"),
            (LayerPhase.VERIFYING, 0, "going on"),
            (LayerPhase.DONE, 9_000_000, ""),
        )
    ]


# --- the compressed form ---


@pytest.mark.parametrize(
    ("kind", "takes", "media_type"),
    [
        ("", False, "application/vnd.oci.image.layer.v1.tar+gzip"),
        ("xz", False, "application/vnd.oci.image.layer.v1.tar+gzip"),
        ("gzip", True, "application/vnd.oci.image.layer.v1.tar+gzip"),
        ("zstd", True, "application/vnd.oci.image.layer.v1.tar+zstd"),
    ],
)
def test_what_came_compressed_is_kept_as_it_came(tmp_path: Path, kind: str, takes: bool, media_type: str) -> None:
    sink = ArchiveSink(tmp_path / "a")
    assert sink.begin(kind) is takes
    for at in range(0, len(TAR), 700):
        sink.write(TAR[at : at + 700])
    sink.finish()
    data = (tmp_path / "a").read_bytes()
    assert (data if takes else gzip.decompress(data)) == TAR
    assert (sink.archive.digest, sink.archive.size, sink.archive.media_type) == (digest_of(data), len(data), media_type)
    again = ArchiveSink(tmp_path / "b")
    again.begin(kind)
    again.write(TAR)
    again.finish()
    assert (tmp_path / "b").read_bytes() == data or takes
    sink.discard()
    assert not (tmp_path / "a").exists()
    sink.discard()


def test_a_form_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        ArchiveSink(tmp_path / "none" / "a")
    assert str(tmp_path / "none" / "a") in str(caught.value)
    (tmp_path / "there").touch()
    with pytest.raises(StorageError):
        ArchiveSink(tmp_path / "there")
    with open("/dev/full", "wb") as full:  # what a full disk says
        sink = ArchiveSink(tmp_path / "a")
        os.dup2(full.fileno(), sink._file.fileno())
        sink.begin("gzip")
        with pytest.raises(StorageError) as caught:
            sink.write(bytes(1 << 20))
        assert caught.value.code is Code.DISK_FULL
        sink.write(b"x")
        with pytest.raises(StorageError) as caught:
            sink.finish()
        assert caught.value.code is Code.DISK_FULL
        sink.discard()
    assert not (tmp_path / "a").exists()


# --- taken in ---


async def test_a_layer_comes_in_with_its_form_and_is_held(played_engine: EmbeddedEngine) -> None:
    images, pins, told = played_engine.images, ExitStack(), list[int]()
    with pins:
        async with images.archives.sink() as sink:
            added = await images.intake.add(None, pieces(TAR), sink=sink, progress=told.append)
            record = await images.archives.recorded(added, sink, images.intake, pins)
        assert added == Added(digest_of(TAR), len(TAR))
        assert (record.diff_id, record.size, record.files, record.tar_size) == (digest_of(TAR), 4000, 1, len(TAR))
        assert images.archives.has(record)
        assert not images.archives.is_lost(record)
        assert gzip.decompress(images.archives.path(record).read_bytes()) == TAR
        assert digest_of(TAR) in images.intake.pins()
        await images.intake.drop([digest_of(TAR)], own_pins=0)
        assert played_engine.layers.has(digest_of(TAR)), "somebody holds it"
        await images.intake.drop([digest_of(TAR)])
        assert not played_engine.layers.has(digest_of(TAR))
    assert digest_of(TAR) not in images.intake.pins()
    assert not [each for each in os.listdir(played_engine.paths.partial_blobs) if each.startswith("new-")]


async def test_a_layer_that_went_meanwhile_is_told(played_engine: EmbeddedEngine) -> None:
    images, pins = played_engine.images, ExitStack()
    with pins:
        async with images.archives.sink() as sink:
            added = await images.intake.add(None, pieces(TAR), sink=sink)
            await played_engine.layers.remove(added.diff_id)
            with pytest.raises(Conflict, match="removed while it was being brought in") as caught:
                await images.archives.recorded(added, sink, images.intake, pins)
    assert caught.value.subject == digest_of(TAR)
    assert not images.intake.pins()


async def test_two_who_hold_a_layer_both_let_go(played_engine: EmbeddedEngine) -> None:
    intake = played_engine.images.intake
    with intake.pinned(["a", "b"]):
        with intake.pinned(["a"]):
            assert sorted(intake.pins()) == ["a", "b"]
        assert sorted(intake.pins()) == ["a", "b"]
    assert intake.pins() == []


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (TAR[:3000], Code.BAD_ARCHIVE),
        (gzip.compress(TAR)[:-9], Code.BAD_ARCHIVE),
        (gzip.compress(TAR) + b"rubbish", Code.BAD_ARCHIVE),
        (b"no tar" * 1000, Code.BAD_ARCHIVE),
    ],
    ids=["cut", "cut gzip", "rubbish behind", "no tar"],
)
@pytest.mark.parametrize("known", [True, False])
async def test_a_layer_that_is_damaged_leaves_nothing(
    played_engine: EmbeddedEngine, data: bytes, code: Code, known: bool
) -> None:
    images, before = played_engine.images, played_engine.layers.diff_ids()
    with pytest.raises(StorageError) as caught:
        await images.intake.add(digest_of(TAR) if known else None, pieces(data))
    assert caught.value.code is code
    assert played_engine.layers.diff_ids() == before
    assert os.listdir(played_engine.paths.staging) == []
    assert not working("decompress")


async def test_a_source_that_fails_is_told_as_what_it_is(played_engine: EmbeddedEngine) -> None:
    async def breaks() -> AsyncIterator[bytes]:
        yield TAR[:2000]
        raise WherryError("The registry went away")

    before = played_engine.layers.diff_ids()
    with pytest.raises(WherryError, match="went away"):
        await played_engine.images.intake.add(None, breaks())
    assert played_engine.layers.diff_ids() == before


async def test_who_stops_waiting_leaves_nothing(played_engine: EmbeddedEngine) -> None:
    reached, before = asyncio.Event(), played_engine.layers.diff_ids()

    async def waits() -> AsyncIterator[bytes]:
        yield TAR
        reached.set()
        await asyncio.Event().wait()

    taking = asyncio.create_task(played_engine.images.intake.add(None, waits()))
    await reached.wait()
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    assert played_engine.layers.diff_ids() == before


async def test_who_stops_while_a_form_is_opened_leaves_none(
    played_engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening, may_go_on, discarded = threading.Event(), threading.Event(), threading.Event()

    class Slow(ArchiveSink):
        def __init__(self, path: Path) -> None:
            opening.set()
            may_go_on.wait(20)
            super().__init__(path)

        def discard(self) -> None:
            super().discard()
            discarded.set()

    monkeypatch.setattr("engine.images.layers.layer_archive.ArchiveSink", Slow)

    async def take() -> None:
        async with played_engine.images.archives.sink():
            raise AssertionError("it was stopped before")

    taking = asyncio.create_task(take())
    await asyncio.to_thread(opening.wait, 20)
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    may_go_on.set()
    assert await asyncio.to_thread(discarded.wait, 20)
    assert os.listdir(played_engine.paths.partial_blobs) == []


async def test_what_a_crash_left_half_made_is_tidied_and_nothing_else(played_engine: EmbeddedEngine) -> None:
    partial = played_engine.paths.partial_blobs
    for name in ("new-1234", "new-", "0123abcd"):
        (partial / name).touch()
    played_engine.images.archives.tidy()
    assert os.listdir(partial) == ["0123abcd"]


async def test_whether_a_form_is_a_layers_is_read_to_its_end(played_engine: EmbeddedEngine) -> None:
    archives, blobs = played_engine.images.archives, played_engine.paths.blobs / "sha256"
    from engine.images.known.records import Archive

    async def is_of(data: bytes) -> bool:
        digest = digest_of(data)
        (blobs / digest.removeprefix("sha256:")).write_bytes(data)
        return await archives.is_of(digest_of(TAR), Archive(digest=digest, media_type="", size=len(data)))

    assert await is_of(gzip.compress(TAR))
    assert await is_of(TAR)
    assert not await is_of(gzip.compress(TAR + bytes(512)))
    assert not await is_of(gzip.compress(TAR)[:-5])


# --- streams ---


@pytest.mark.parametrize(
    ("limit", "found"),
    [(None, 2_500_000), (0, 0), (1, 1), (1 << 20, 1 << 20), ((1 << 20) + 1, (1 << 20) + 1), (9_000_000, 2_500_000)],
)
async def test_a_file_comes_in_pieces_up_to_where_it_is_wanted(tmp_path: Path, limit: int | None, found: int) -> None:
    data = bytes(range(250)) * 10_000
    (tmp_path / "f").write_bytes(data)
    got = [piece async for piece in file_pieces(tmp_path / "f", limit)]
    assert b"".join(got) == data[:found]
    assert max(map(len, got), default=0) <= 1 << 20


@pytest.mark.parametrize(
    ("sizes", "least", "given"),
    [([3, 3, 3], 5, [6, 3]), ([5, 1], 5, [5, 1]), ([1, 1], 5, [2]), ([], 5, []), ([9], 5, [9]), ([2, 3, 5], 5, [5, 5])],
)
async def test_small_pieces_are_gathered(sizes: list[int], least: int, given: list[int]) -> None:
    async def source() -> AsyncIterator[bytes]:
        for number, size in enumerate(sizes):
            yield bytes([number]) * size

    got = [piece async for piece in coalesced(source(), least)]
    assert [len(piece) for piece in got] == given
    assert b"".join(got) == b"".join(bytes([number]) * size for number, size in enumerate(sizes))


def _doubled(chunks: Iterator[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        yield chunk * 2


def _gives_up(chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield next(chunks)
    raise ValueError("given up")


async def test_work_is_done_beside_the_loop_in_order() -> None:
    source = [bytes([number]) * 3 for number in range(40)]

    async def given() -> AsyncIterator[bytes]:
        for each in source:
            yield each

    assert [piece async for piece in through_thread(given(), _doubled)] == [each * 2 for each in source]


@pytest.mark.parametrize("work", [_doubled, _gives_up])
async def test_whichever_side_fails_comes_out(work: Callable[[Iterator[bytes]], Iterator[bytes]]) -> None:
    async def breaks() -> AsyncIterator[bytes]:
        yield b"1"
        raise ValueError("broken off")

    with pytest.raises(ValueError, match="given up" if work is _gives_up else "broken off"):
        [piece async for piece in through_thread(breaks(), work)]
    assert not working("stream")


async def test_who_stops_reading_ends_the_thread() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"1"
            await asyncio.sleep(0)

    stream = through_thread(endless(), _doubled)
    assert await anext(stream) == b"11"
    await stream.aclose()
    assert not working("stream")
