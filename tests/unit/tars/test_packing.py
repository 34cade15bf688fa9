"""A tree as it is sent: what becomes of each kind of file, and what of those that change meanwhile."""

from __future__ import annotations

import io
import os
import socket
import tarfile
from typing import TYPE_CHECKING

import pytest

from engine.tars.packing import pack, packed_size

if TYPE_CHECKING:
    from pathlib import Path


def read(*entries: tuple[Path | str, str]) -> tuple[tarfile.TarFile, bytes]:
    """What anybody's tar reads of it, and the bytes."""
    data = b"".join(pack([(str(path), name) for path, name in entries]))
    return tarfile.open(fileobj=io.BytesIO(data), mode="r:"), data


def contents(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file is not None
    return file.read()


def test_a_file_keeps_its_mode_time_and_owner(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"text")
    file.chmod(0o4751)
    os.utime(file, (1, 1_600_000_000.75))

    archive, _ = read((file, "there/f"))

    (member,) = archive.getmembers()
    assert (member.name, member.isreg(), member.size) == ("there/f", True, 4)
    assert (member.mode, member.mtime) == (0o4751, 1_600_000_000)
    assert (member.uid, member.gid) == (file.stat().st_uid, file.stat().st_gid)
    assert contents(archive, "there/f") == b"text"


def test_each_kind_is_sent_as_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir(0o750)
    (tmp_path / "s").symlink_to("nowhere")
    os.mkfifo(tmp_path / "p")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "sock"))
        archive, _ = read(*((tmp_path / name, name) for name in ("d", "s", "sock", "p")))

    assert {each.name: each.type for each in archive} == {
        "d": tarfile.DIRTYPE, "s": tarfile.SYMTYPE, "p": tarfile.FIFOTYPE,
    }  # fmt: skip
    assert archive.getmember("s").linkname == "nowhere"
    assert archive.getmember("d").mode == 0o750


def test_a_file_of_two_names_is_sent_once(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one")
    os.link(tmp_path / "a", tmp_path / "b")

    archive, _ = read((tmp_path / "a", "x/a"), (tmp_path / "b", "x/b"))

    first, second = archive.getmembers()
    assert (first.type, first.size) == (tarfile.REGTYPE, 3)
    assert (second.type, second.linkname, second.size) == (tarfile.LNKTYPE, "x/a", 0)


def test_one_file_sent_under_two_names_is_there_twice(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one")
    archive, _ = read((tmp_path / "a", "x"), (tmp_path / "a", "y"))
    assert (contents(archive, "x"), contents(archive, "y")) == (b"one", b"one")


def test_two_files_of_two_names_each_are_not_mixed_up(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
        os.link(tmp_path / name, tmp_path / f"{name}2")
    archive, _ = read(*((tmp_path / name, name) for name in ("a", "b", "b2", "a2")))
    assert [each.linkname for each in archive] == ["", "", "b", "a"]


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, (1 << 18) + 1])
def test_contents_fill_whole_blocks(tmp_path: Path, size: int) -> None:
    (tmp_path / "f").write_bytes(b"z" * size)
    (tmp_path / "g").write_bytes(b"after")

    archive, data = read((tmp_path / "f", "f"), (tmp_path / "g", "g"))

    assert (contents(archive, "f"), contents(archive, "g")) == (b"z" * size, b"after")
    assert len(data) == 512 + -(-size // 512) * 512 + 1024 + 1024
    assert data.endswith(bytes(1024))


def test_the_size_is_known_beforehand(tmp_path: Path) -> None:
    (tmp_path / "long").write_bytes(b"z" * 700)
    (tmp_path / "s").symlink_to("long")
    os.link(tmp_path / "long", tmp_path / "twin")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "sock"))
        entries = [(str(tmp_path / name), name) for name in ("long", "sock", "s", "twin")]
        entries.append((str(tmp_path), "ü" * 120))
        assert packed_size(entries) == len(b"".join(pack(entries)))
    assert packed_size([]) == 1024


def test_what_went_meanwhile_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "here").write_bytes(b"1")
    archive, _ = read((tmp_path / "gone", "gone"), (tmp_path / "here", "here"))
    assert archive.getnames() == ["here"]


@pytest.mark.parametrize("now", [b"", b"only ten b", b"x" * 900], ids=["emptied", "shorter", "longer"])
def test_a_file_that_changes_meanwhile_keeps_its_first_size(tmp_path: Path, now: bytes) -> None:
    file, after = tmp_path / "f", tmp_path / "g"
    file.write_bytes(b"y" * 600)
    after.write_bytes(b"after")
    sending = pack([(str(file), "f"), (str(after), "g")])
    head = next(sending)
    file.write_bytes(now)
    data = head + b"".join(sending)

    archive = tarfile.open(fileobj=io.BytesIO(data), mode="r:")
    assert contents(archive, "f") == now[:600].ljust(600, b"\0")
    assert contents(archive, "g") == b"after"


def test_a_large_file_is_never_held_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"z" * 1_000_000)
    assert max(map(len, pack([(str(tmp_path / "f"), "f")]))) <= 1 << 18
