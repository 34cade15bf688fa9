"""Every compression, in pieces of any length, damaged anywhere, and as a bomb."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
from typing import TYPE_CHECKING

import pytest
import zstandard

from engine.errors import Code, StorageError
from engine.images.streams.decompress import decompress, sniff
from engine.images.streams.zstd_frames import ZstdFrames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DATA = os.urandom(30_000) + b"abc" * 20_000
COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
    "zstd without sizes": zstandard.ZstdCompressor(level=10, write_content_size=False).compress,
    "xz": lzma.compress,
    "bzip2": bz2.compress,
    "plain": bytes,
}


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


@pytest.mark.parametrize("name", COMPRESSORS)
@pytest.mark.parametrize("size", [7, 1000, 1 << 20])
def test_one_and_two_members(name: str, size: int) -> None:
    compress = COMPRESSORS[name]

    assert b"".join(decompress(pieces(compress(DATA), size))) == DATA
    assert b"".join(decompress(pieces(compress(DATA[:5000]) + compress(DATA[5000:]), size))) == DATA


@pytest.mark.parametrize("name", [name for name in COMPRESSORS if name != "plain"])
@pytest.mark.parametrize("cut", [1, 4, 9, 1000])
def test_a_cut_end_is_noticed(name: str, cut: int) -> None:
    with pytest.raises(StorageError) as caught:
        b"".join(decompress(pieces(COMPRESSORS[name](DATA)[:-cut], 4096)))

    assert (caught.value.code, caught.value.title) == (Code.BAD_ARCHIVE, "A layer is damaged")
    assert caught.value.explanation.startswith(f"Its {name.partition(' ')[0]} data cannot be decompressed: ")
    assert "made" in caught.value.hint


def test_a_flipped_bit_is_noticed() -> None:
    damaged = bytearray(gzip.compress(DATA))
    damaged[len(damaged) // 2] ^= 4

    with pytest.raises(StorageError):
        b"".join(decompress([bytes(damaged)]))


def test_zeros_after_the_end_are_padding() -> None:
    assert b"".join(decompress([gzip.compress(DATA), bytes(512)])) == DATA


def test_nothing_is_nothing() -> None:
    assert b"".join(decompress([])) == b""
    assert sniff(b"") == ""


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_a_bomb_is_stopped_while_small(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.images.streams.decompress._HARMLESS", 1 << 24)  # of a GiB, which takes its time
    bomb = COMPRESSORS[name](bytes(1 << 22)) * 10
    lengths: list[int] = []
    with pytest.raises(StorageError, match="unfolds") as caught:
        lengths.extend(map(len, decompress([bomb])))

    assert caught.value.code is Code.BAD_ARCHIVE
    assert f"{len(bomb)} compressed bytes have already become" in caught.value.explanation
    assert "bomb" in caught.value.hint

    assert max(lengths) <= 1 << 20
    assert 1 << 24 <= sum(lengths) <= (1 << 24) + (1 << 20)


def test_what_is_only_very_regular_is_no_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.images.streams.decompress._HARMLESS", 1 << 20)
    plain = bytes(100) * 40_000 + os.urandom(17_000)  # not quite 250 times smaller
    packed = gzip.compress(plain)
    assert len(plain) / len(packed) > 150
    assert b"".join(decompress([packed])) == plain


def test_zstd_frames_end_where_they_end() -> None:
    data = DATA * 5 + bytes(300_000)  # several blocks, and one that only repeats a byte
    frame = zstandard.ZstdCompressor(write_checksum=True).compress(data)
    skippable = b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"hello"
    for whole in (frame, frame + frame, skippable + frame, frame + skippable):
        walk = ZstdFrames()
        walk.feed(whole)
        assert walk.at_end
        for cut in (1, 3, 5, 9, len(frame) // 2):
            walk = ZstdFrames()
            walk.feed(whole[:-cut])
            assert not walk.at_end


@pytest.mark.parametrize("size", [0, 1, 200, 256, 300, 70_000, 140_000])
@pytest.mark.parametrize("sizes", [True, False], ids=["with sizes", "without"])
def test_frames_of_any_size_end_where_they_end(size: int, sizes: bool) -> None:
    data = (DATA * 5)[:size]
    for checksum in (True, False):
        compressor = zstandard.ZstdCompressor(write_checksum=checksum, write_content_size=sizes)
        frame = compressor.compress(data)
        walk = ZstdFrames()
        ends = []
        for at, byte in enumerate(frame + frame):
            walk.feed(bytes([byte]))
            if walk.at_end:
                ends.append(at + 1)
        assert ends == [len(frame), 2 * len(frame)]
