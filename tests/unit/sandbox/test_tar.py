"""The two halves of the keeper's tar, against Python's own and against each other."""

from __future__ import annotations

import io
import os
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.sandbox.keeper.layers import tar_reader, tar_writer
from engine.sandbox.keeper.layers.entry_places import normalised
from engine.sandbox.keeper.requests import BadInput

NAMES = st.binary(min_size=1, max_size=300).filter(lambda name: b"\0" not in name and not name.endswith(b"/"))


def parsed(data: bytes) -> list[tuple[tar_reader.Member, bytes]]:
    read = os.memfd_create("tar")
    os.write(read, data)
    os.lseek(read, 0, os.SEEK_SET)
    try:
        source = tar_reader.Source(read, 1 << 30, None, lambda _done: None)
        reader = tar_reader.TarReader(source)
        return [(member, b"".join(bytes(piece) for piece in reader.data(member))) for member in reader]
    finally:
        os.close(read)


@given(
    name=NAMES,
    link=st.binary(max_size=300).filter(lambda link: b"\0" not in link),
    uid=st.integers(0, 2**32 - 2),
    mtime=st.integers(-(2**40), 2**62),
    mode=st.integers(0, 0o7777),
    data=st.binary(max_size=2000),
    attribute=st.binary(max_size=200),
)
def test_what_is_written_is_read(
    name: bytes, link: bytes, uid: int, mtime: int, mode: int, data: bytes, attribute: bytes
) -> None:
    file = tar_writer.Entry(name, b"0", mode, uid, uid, len(data), mtime)
    soft = tar_writer.Entry(name, b"2", mode, uid, uid, 0, mtime, link)
    stream = tar_writer.header(file, {b"SCHILY.xattr.user.x": attribute}) + tar_writer.padded(data)
    stream += tar_writer.header(soft, {}) + tar_writer.END

    (one, contents), (two, _) = parsed(stream)
    assert (one.name, one.mode, one.uid, one.gid, one.mtime_ns, contents) == (name, mode, uid, uid, mtime, data)
    assert one.attributes == {b"user.x": attribute}
    assert (two.name, two.link, two.kind) == (name, link, tar_reader.SYMLINK)


@given(name=st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), min_size=1, max_size=200))
@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_what_python_writes_is_read(name: str, form: int) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
        info = tarfile.TarInfo(name)
        info.size, info.uid = 3, 3_000_000
        tar.addfile(info, io.BytesIO(b"abc"))

    ((member, data),) = parsed(buffer.getvalue())
    assert (member.name.rstrip(b"/"), data, member.uid) == (name.encode().rstrip(b"/"), b"abc", 3_000_000)


@given(name=NAMES, data=st.binary(max_size=600), seconds=st.integers(0, 2**33))
def test_python_reads_what_is_written(name: bytes, data: bytes, seconds: int) -> None:
    entry = tar_writer.Entry(name, b"0", 0o640, 7, 8, len(data), seconds * 10**9)
    stream = tar_writer.header(entry, {}) + tar_writer.padded(data) + tar_writer.END

    with tarfile.open(fileobj=io.BytesIO(stream)) as tar:
        (info,) = tar.getmembers()
        read = tar.extractfile(info)
        assert read is not None
        assert (os.fsencode(info.name), read.read(), info.mtime) == (name, data, seconds)


@pytest.mark.parametrize(
    ("name", "expected"),
    [(b"./a//b/./c/", b"a/b/c"), (b"/", b""), (b"/abs", b"abs"), (b"a/../b", b"b"), (b".", b""), (b"a/..", b"")],
)
def test_paths_are_normalised(name: bytes, expected: bytes) -> None:
    assert normalised(name) == expected


@pytest.mark.parametrize("name", [b"..", b"a/../..", b"../a", b"/../a", b"a\0b", b"x" * 5000])
def test_paths_that_lead_out_are_refused(name: bytes) -> None:
    with pytest.raises(BadInput):
        normalised(name)


@pytest.mark.parametrize("wrong_by", [0, 1, -1, 256])
@pytest.mark.parametrize("filler", [b"a", b"\xff"])
def test_the_checksum_is_checked_however_large_it_is(filler: bytes, wrong_by: int) -> None:
    block = bytearray(filler * 100 + b"\0".join([b"0000644", *[b"0" * 7] * 2, *[b"0" * 11] * 2, b""]))
    block += b" " * 8 + b"0" + filler * 100 + b"ustar\0" + b"00" + bytes(80) + filler * 155 + bytes(12)
    block[148:156] = b"%06o\0 " % (sum(block) + wrong_by)

    if wrong_by:
        with pytest.raises(BadInput, match="checksum"):
            parsed(bytes(block) + tar_writer.END)
    else:
        ((member, _),) = parsed(bytes(block) + tar_writer.END)
        assert member.name == filler * 155 + b"/" + filler * 100


def test_a_record_of_no_length_ends() -> None:
    """Found by `tests.fuzz`: a length of nought went round for ever."""
    records = b"0 a=b\n"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        front = tarfile.TarInfo("pax")
        front.type, front.size = tarfile.XHDTYPE, len(records)
        tar.addfile(front, io.BytesIO(b"\n" + records[:-1]))
    with pytest.raises(BadInput, match="damaged"):
        parsed(buffer.getvalue())
