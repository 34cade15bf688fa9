"""Archives from strangers, entry by entry: what is read of them, and what no archive of images would hold."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from engine.errors import Code, StorageError
from engine.images.streams import tar_stream
from engine.images.streams.tar_stream import END, Member, TarStream, directory_header, header, padding
from tests.support.images import File, directory, layer_tar, symlink

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LONG = "deep/" * 40 + "file"
FILES = [
    File("one", b"first", mode=0o4755, uid=1000, gid=7),
    directory("folder", 0o700),
    File("folder/empty"),
    File("block", b"b" * 512),
    symlink("link", "folder/empty"),
    File("hard", link="one", kind=tarfile.LNKTYPE),
    File("pipe", kind=tarfile.FIFOTYPE),
    File(LONG, b"far down"),
    symlink("long link", LONG),
    File("umlaut-ä", b"x" * 1000),
]


async def in_pieces(data: bytes, size: int = 700) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]
        yield b""  # a pause of the sender is not an end


async def read(data: bytes, size: int = 700) -> list[tuple[Member, bytes]]:
    stream = TarStream(in_pieces(data, size))
    found = [(member, await stream.read(1 << 20)) async for member in stream.members()]
    return [(replace(member, name=member.name.rstrip("/")), data) for member, data in found]


async def refusal(data: bytes) -> str:
    with pytest.raises(StorageError) as caught:
        await read(data)
    assert (caught.value.code, caught.value.title) == (
        Code.BAD_ARCHIVE, "This is not an image archive that can be read",
    )  # fmt: skip
    assert "docker save" in caught.value.hint
    return caught.value.explanation


def as_written(style: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=style) as archive:
        for file in FILES:
            info = tarfile.TarInfo(file.path)
            info.type, info.linkname, info.mode, info.mtime = file.kind, file.link, file.mode, file.mtime
            info.uid, info.gid = file.uid, file.gid
            info.size = len(file.data)
            archive.addfile(info, io.BytesIO(file.data))
    return buffer.getvalue()


@pytest.mark.parametrize("style", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT], ids=["pax", "gnu"])
@pytest.mark.parametrize("size", [1, 511, 4096])
async def test_every_entry_is_what_was_written(style: int, size: int) -> None:
    found = await read(as_written(style), size)

    assert [(member.name, data) for member, data in found] == [(file.path, file.data) for file in FILES]
    for (member, _), file in zip(found, FILES, strict=True):
        said = (member.kind, member.link, member.mode, member.uid, member.gid, member.mtime, member.size)
        assert said == (file.kind, file.link, file.mode, file.uid, file.gid, file.mtime, len(file.data))
        assert (member.is_file, member.hard) == (file.kind == tarfile.REGTYPE, file.kind == tarfile.LNKTYPE)


async def test_a_long_name_of_old_is_put_together_of_its_two_halves() -> None:
    info = tarfile.TarInfo("d" * 90 + "/" + "f" * 90)
    assert [member.name for member, _ in await read(info.tobuf(tarfile.USTAR_FORMAT) + END)] == [info.name]


async def test_who_does_not_read_an_entry_still_finds_the_next() -> None:
    stream = TarStream(in_pieces(layer_tar(FILES)))
    assert [member.name.rstrip("/") async for member in stream.members()] == [file.path for file in FILES]


async def test_what_is_written_here_can_be_read_here_and_by_others() -> None:
    data = directory_header("d") + header("d/f", 5) + b"12345" + padding(5) + header("e", 512) + bytes(512) + END

    assert [(member.name, len(body)) for member, body in await read(data)] == [("d", 0), ("d/f", 5), ("e", 512)]
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        seen = [(each.name.rstrip("/"), each.mode, each.mtime, each.uid, each.uname) for each in archive]
    assert seen == [("d", 0o755, 0, 0, ""), ("d/f", 0o644, 0, 0, ""), ("e", 0o644, 0, 0, "")]


@pytest.mark.parametrize("ending", [b"", bytes(512), END, END + b"x" * 9000], ids=["none", "one", "two", "padded"])
async def test_an_archive_may_end_in_several_ways(ending: bytes) -> None:
    assert [body for _, body in await read(header("f", 3) + b"abc" + padding(3) + ending)] == [b"abc"]


@pytest.mark.parametrize("at", [0, 100, 156, 511])
async def test_a_flipped_bit_in_a_header_is_noticed(at: int) -> None:
    damaged = bytearray(header("f", 3))
    damaged[at] ^= 1
    assert "checksum" in await refusal(bytes(damaged) + b"abc" + padding(3) + END)


@pytest.mark.parametrize("cut", [100, 513, 700])
async def test_an_archive_that_is_cut_is_noticed(cut: int) -> None:
    assert "ends in the middle" in await refusal((header("f", 600) + b"x" * 600 + padding(600) + END)[:cut])


async def test_a_large_entry_where_a_document_belongs_is_not_read() -> None:
    stream = TarStream(in_pieces(header("manifest.json", 11) + b"x" * 11 + padding(11) + END))
    async for _ in stream.members():
        with pytest.raises(StorageError, match="11 bytes"):
            await stream.read(10)
        assert await stream.read(11) == b"x" * 11


def with_fields(**fields: bytes) -> bytes:
    """A header whose fields say something else, with the right checksum."""
    places = {"mode": 100, "uid": 108, "size": 124, "mtime": 136, "kind": 156}
    raw = bytearray(header("f", 0))
    for name, text in fields.items():
        raw[places[name] : places[name] + len(text)] = text
    raw[148:156] = b" " * 8
    raw[148:156] = b"%06o\0 " % sum(raw)
    return bytes(raw)


async def test_numbers_too_large_for_octal_are_read_and_impossible_ones_refused() -> None:
    ((member, _),) = await read(with_fields(uid=b"\x80" + (1 << 40).to_bytes(7, "big")) + END)
    assert member.uid == 1 << 40
    assert "impossible size" in await refusal(with_fields(size=b"\x80" + (1 << 50).to_bytes(11, "big")) + END)
    assert "negative" in await refusal(with_fields(size=b"\xff" * 12) + END)
    assert "no number" in await refusal(with_fields(size=b"99999999999\0") + END)


async def test_a_field_of_blanks_is_nothing() -> None:
    ((member, body),) = await read(with_fields(size=b" " * 11 + b"\0", uid=b"\0" * 8) + END)
    assert (member.size, member.uid, body) == (0, 0, b"")


async def test_a_time_before_1970_is_no_reason_to_refuse_an_archive() -> None:
    ((member, _),) = await read(with_fields(mtime=b"\xff" * 12, uid=b"rubbish\0", mode=b"       \0") + END)
    assert (member.mtime, member.uid, member.mode) == (0.0, 0, 0)


async def test_an_entry_of_an_unknown_kind_is_passed_over_with_its_contents() -> None:
    data = with_fields(kind=b"S", size=b"00000000003\0") + b"abc" + padding(3) + header("g", 0) + END
    found = await read(data)
    assert [(member.name, member.is_file) for member, _ in found] == [("f", False), ("g", True)]


def pax(records: bytes, kind: bytes = b"x") -> bytes:
    size = b"%011o\0" % len(records)
    return with_fields(kind=kind, size=size) + records + padding(len(records))


async def test_pax_records_speak_for_the_next_entry_only() -> None:
    records = b"14 path=other\n13 size=0512\n20 linkpath=ignored\n"
    data = pax(records) + header("f", 0) + b"z" * 512 + header("g", 0) + END
    # The contents lie behind the header although its own field says 0.
    assert [(member.name, body) for member, body in await read(data)] == [("other", b"z" * 512), ("g", b"")]
    everybody = pax(b"14 path=other\n", b"g") + header("f", 0) + END
    assert [member.name for member, _ in await read(everybody)] == ["f"]


@pytest.mark.parametrize(
    "records",
    [
        b"path=x\n", b"x path=y\n", b"99 path", b"9 path\n\n\n", b"10 path=xy", b"3 \n\n",
        b"26 size=1234567890123456\n", b"-9 path=x\n",
    ],
)  # fmt: skip
async def test_records_that_are_none_are_refused(records: bytes) -> None:
    await refusal(pax(records) + header("f", 0) + END)


async def test_extensions_and_names_have_an_end() -> None:
    assert "larger than any name" in await refusal(with_fields(kind=b"x", size=b"%011o\0" % ((1 << 20) + 1)) + END)
    name = b"n" * 4097
    assert "longer than any path" in await refusal(pax(b"%d path=%s\n" % (4097 + 12, name)) + header("f", 0) + END)
    found = await read(pax(b"%d path=%s\n" % (4096 + 12, name[:-1])) + header("f", 0) + END)
    assert len(found[0][0].name) == 4096


async def test_there_are_never_too_many_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tar_stream, "_MOST_MEMBERS", 3)
    assert len(await read(header("f", 0) * 3 + END)) == 3
    assert "more entries" in await refusal(header("f", 0) * 4 + END)


async def test_names_are_bytes_and_may_have_signs_in_them() -> None:
    files = [File("a=b=c \udcff", b"1"), symlink("l\udcfe", "t=\udcfd")]
    for style in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=style, errors="surrogateescape") as archive:
            for each in files:
                info = tarfile.TarInfo(each.path)
                info.type, info.linkname, info.size = each.kind, each.link, len(each.data)
                info.pax_headers = {"path": each.path.encode(errors="replace").decode() + "=1"} if style == 1 else {}
                archive.addfile(info, io.BytesIO(each.data))
        found = [member.name for member, _ in await read(buffer.getvalue())]
        assert found[0].startswith("a=b=c ")
        assert style == tarfile.PAX_FORMAT or (found[0], found[1]) == (files[0].path, files[1].path)


async def test_what_stands_behind_the_fields_of_an_older_form_is_no_name() -> None:
    block = bytearray(header("f", 0))
    block[257:265] = bytes(8)
    block[345:350] = b"other"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    assert [member.name for member, _ in await read(bytes(block) + END)] == ["f"]


async def test_an_extension_of_the_largest_size_is_read() -> None:
    name = "n/" * 2000 + "x"
    info = tarfile.TarInfo(name)
    assert [member.name for member, _ in await read(info.tobuf(tarfile.PAX_FORMAT) + END)] == [name]
    assert [member.name for member, _ in await read(info.tobuf(tarfile.GNU_FORMAT) + END)] == [name]
