"""What a container sends is unpacked below the directory and nowhere else."""

from __future__ import annotations

import io
import os
import tarfile
from typing import TYPE_CHECKING

import pytest

from engine.cli.reach.wire import Failed
from engine.cli.streams.unpacking import unpack
from engine.tars.packing import pack

if TYPE_CHECKING:
    from pathlib import Path

Entry = tuple[str, bytes, str]


def archive(*entries: Entry) -> bytes:
    """(name, data, link): a file, or a link where the data is b"L" (symbolic) or b"H" (hard), or a folder for b"D"."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as made:
        for name, data, link in entries:
            member = tarfile.TarInfo(name)
            member.linkname = link
            member.type = {
                b"L": tarfile.SYMTYPE,
                b"H": tarfile.LNKTYPE,
                b"D": tarfile.DIRTYPE,
                b"C": tarfile.CHRTYPE,
            }.get(data, tarfile.REGTYPE)
            member.size = len(data) if member.isreg() else 0
            member.mode = 0o755
            made.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def test_files_links_and_names(tmp_path: Path) -> None:
    data = archive(
        ("d", b"D", ""), ("d/f", b"text", ""), ("d/s", b"L", "f"), ("d/h", b"H", "d/f"), ("d/null", b"C", "")
    )
    unpack(iter([data]), str(tmp_path), "renamed")
    assert (tmp_path / "renamed/f").read_bytes() == b"text"
    assert os.readlink(tmp_path / "renamed/s") == "f"
    assert (tmp_path / "renamed/h").read_bytes() == b"text"
    assert not (tmp_path / "renamed/null").exists()


def test_contents_only(tmp_path: Path) -> None:
    unpack(iter([archive(("d", b"D", ""), ("d/f", b"x", ""))]), str(tmp_path), "")
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


@pytest.mark.parametrize(
    ("rename", "found"), [("whole", ["whole/d/f", "whole/d/h"]), ("", ["d/f", "d/h"]), (None, ["d/f", "d/h"])]
)
def test_a_whole_tree_keeps_its_directories(tmp_path: Path, rename: str | None, found: list[str]) -> None:
    data = archive((".", b"D", ""), ("./d", b"D", ""), ("./d/f", b"x", ""), ("./d/h", b"H", "./d/f"))
    unpack(iter([data]), str(tmp_path), rename)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == found


@pytest.mark.parametrize(
    "entries",
    [
        (("../evil", b"x", ""),),
        (("a/../../evil", b"x", ""),),
        (("s", b"L", "/"), ("s/tmp/wherry-evil", b"x", "")),
        (("s", b"L", ".."), ("s/evil", b"x", "")),
        (("h", b"H", "../../etc/passwd"),),
    ],
)
def test_nothing_leaves_the_directory(tmp_path: Path, entries: tuple[Entry, ...]) -> None:
    base = tmp_path / "base"
    base.mkdir()
    with pytest.raises(Failed):
        unpack(iter([archive(*entries)]), str(base), None)
    assert not (tmp_path / "evil").exists()
    assert not os.path.exists("/tmp/wherry-evil")


def test_an_absolute_name_lands_inside(tmp_path: Path) -> None:
    unpack(iter([archive(("/etc/x", b"1", ""))]), str(tmp_path), None)
    assert (tmp_path / "etc/x").read_bytes() == b"1"


def test_a_link_is_replaced_and_not_written_through(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("mine")
    base = tmp_path / "base"
    base.mkdir()
    (base / "f").symlink_to(outside)
    unpack(iter([archive(("f", b"new", ""))]), str(base), None)
    assert outside.read_text() == "mine"
    assert (base / "f").read_bytes() == b"new"


def test_no_tar_is_said(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="no tar"):
        unpack(iter([b"nonsense" * 200]), str(tmp_path), None)


def test_what_is_packed_unpacks_to_the_same(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    (source / "deep/file").write_bytes(os.urandom(300_000))
    (source / "link").symlink_to("deep/file")
    os.link(source / "deep/file", source / "twin")
    (source / "ü").write_text("name")
    entries = [
        (str(source), "source"),
        *((str(p), f"source/{p.relative_to(source)}") for p in sorted(source.rglob("*"))),
    ]
    data = b"".join(pack(iter(entries)))
    target = tmp_path / "target"
    target.mkdir()
    unpack(iter([data[:1000], data[1000:]]), str(target), None)
    assert (target / "source/deep/file").read_bytes() == (source / "deep/file").read_bytes()
    assert (target / "source/twin").stat().st_nlink == 2
    assert os.readlink(target / "source/link") == "deep/file"
    assert (target / "source/ü").read_text() == "name"
