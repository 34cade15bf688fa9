"""What is unpacked: counts, modes, times, what is replaced and what is not, and nothing outside the directory.

What the command says of it is in `tests/unit/cli/test_unpacking.py`.
"""

from __future__ import annotations

import io
import os
import stat
import tarfile
from typing import TYPE_CHECKING

import pytest

from engine.tars.unpacking import UnpackingFault, unpack
from tests.support.images import File, directory, hardlink, layer_tar, symlink

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def unpacked(base: Path, *files: File, rename: str | None = None) -> int:
    return unpack(iter([layer_tar(files)]), str(base), rename)


def test_files_and_hard_links_are_counted_and_nothing_else(tmp_path: Path) -> None:
    files = [
        directory("d"), File("d/f", b"text"), hardlink("d/h", "d/f"), symlink("d/s", "f"),
        File("d/null", kind=tarfile.CHRTYPE), File("d/pipe", kind=tarfile.FIFOTYPE),
    ]  # fmt: skip
    assert unpacked(tmp_path, *files) == 2
    assert sorted(each.name for each in (tmp_path / "d").iterdir()) == ["f", "h", "s"]
    assert unpacked(tmp_path / "d", directory("e"), symlink("t", "f")) == 0


def test_modes_and_times_are_those_of_the_archive(tmp_path: Path) -> None:
    files = [directory("d", 0o1550), File("d/f", b"x", 0o4640, mtime=1_500_000_000), directory("d/e", 0o500)]
    unpacked(tmp_path, *files)

    # Who unpacks gets no program that runs as somebody else.
    assert stat.S_IMODE((tmp_path / "d/f").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "d").stat().st_mode) == 0o550
    assert stat.S_IMODE((tmp_path / "d/e").stat().st_mode) == 0o500
    assert (tmp_path / "d/f").stat().st_mtime == 1_500_000_000
    assert (tmp_path / "d").stat().st_mtime == 1_700_000_000


def test_a_file_comes_in_whatever_pieces(tmp_path: Path) -> None:
    data = layer_tar([File("f", bytes(range(256)) * 40), File("g", b"end")])
    unpack((data[at : at + 700] for at in range(0, len(data), 700)), str(tmp_path), None)
    assert (tmp_path / "f").read_bytes() == bytes(range(256)) * 40
    assert (tmp_path / "g").read_bytes() == b"end"


def test_a_cut_stream_is_told(tmp_path: Path) -> None:
    data = layer_tar([File("f", b"x" * 5000)])
    with pytest.raises(UnpackingFault, match="is no tar"):
        unpack(iter([data[:2000]]), str(tmp_path), None)


@pytest.mark.parametrize(
    ("name", "rename", "found"),
    [
        ("top/f", None, "top/f"),
        ("top/f", "new", "new/f"),
        ("top/f", "", "f"),
        ("top", "new", "new"),
        ("/top//deep/../f", None, "top/f"),
        ("./f", "new", "new/f"),
        ("./f", "", "f"),
        ("./f", None, "f"),
        (".hidden", "new", "new"),
    ],
)
def test_the_first_name_is_replaced_dropped_or_kept(tmp_path: Path, name: str, rename: str | None, found: str) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = 1
        archive.addfile(member, io.BytesIO(b"x"))
    unpack(iter([buffer.getvalue()]), str(tmp_path), rename)
    assert [str(each.relative_to(tmp_path)) for each in tmp_path.rglob("*") if each.is_file()] == [found]


def test_the_top_itself_is_no_entry(tmp_path: Path) -> None:
    base = tmp_path / "base"
    base.mkdir(0o755)
    unpacked(base, directory("top", 0o700), File("top/f", b"x"), rename="")
    assert [each.name for each in base.iterdir()] == ["f"]
    assert stat.S_IMODE(base.stat().st_mode) == 0o755


@pytest.mark.parametrize("rename", [None, ""])
def test_the_dot_at_the_top_leaves_the_directory_as_it_is(tmp_path: Path, rename: str | None) -> None:
    base = tmp_path / "base"
    base.mkdir(0o755)
    unpacked(base, directory(".", 0o700), File("./f", b"x"), rename=rename)
    assert [each.name for each in base.iterdir()] == ["f"]
    assert stat.S_IMODE(base.stat().st_mode) == 0o755


def test_the_dot_at_the_top_takes_the_new_name(tmp_path: Path) -> None:
    assert unpacked(tmp_path, directory(".", 0o710), File("./f ", b"x"), rename="new") == 1
    assert [each.name for each in (tmp_path / "new").iterdir()] == ["f "]
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o710


def test_nobody_else_reads_a_file_while_it_is_unpacked(tmp_path: Path) -> None:
    data = layer_tar([directory("d", 0o777), File("d/f", b"x" * 20_000, 0o666)])
    seen: list[int] = []

    def pieces() -> Iterator[bytes]:
        yield data[:12_000]
        seen.extend(stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("d", "d/f"))
        yield data[12_000:]

    unpack(pieces(), str(tmp_path), None)
    assert seen == [0o700, 0o600]


def test_what_is_there_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("old")
    (tmp_path / "f").chmod(0o400)
    (tmp_path / "s").symlink_to("f")
    (tmp_path / "l").symlink_to(tmp_path)
    (tmp_path / "x").write_text("a file where a directory comes")
    unpacked(
        tmp_path,
        File("f", b"new", 0o600),
        symlink("s", "elsewhere"),
        directory("l"),
        File("l/in", b"1"),
        directory("x"),
    )
    assert (tmp_path / "f").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "f").stat().st_mode) == 0o600
    assert os.readlink(tmp_path / "s") == "elsewhere"
    assert (tmp_path / "l").is_dir()
    assert not (tmp_path / "l").is_symlink()
    assert (tmp_path / "l/in").read_bytes() == b"1"
    assert (tmp_path / "x").is_dir()


def test_a_directory_that_is_there_keeps_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d/mine").write_text("1")
    unpacked(tmp_path, directory("d", 0o711), File("d/theirs", b"2"))
    assert sorted(each.name for each in (tmp_path / "d").iterdir()) == ["mine", "theirs"]
    assert stat.S_IMODE((tmp_path / "d").stat().st_mode) == 0o711


@pytest.mark.parametrize("coming", [File("d", b"x"), symlink("d", "x")], ids=["file", "link"])
def test_a_directory_is_not_replaced_by_something_else(tmp_path: Path, coming: File) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d/mine").write_text("1")
    with pytest.raises(UnpackingFault, match="cannot overwrite the directory"):
        unpacked(tmp_path, coming)
    assert (tmp_path / "d/mine").read_text() == "1"


def test_missing_directories_are_made(tmp_path: Path) -> None:
    unpacked(tmp_path, File("a/b/c", b"x"))
    assert (tmp_path / "a/b/c").read_bytes() == b"x"


def test_a_link_to_a_link_stays_one(tmp_path: Path) -> None:
    unpacked(tmp_path, File("f", b"x"), symlink("s", "f"), hardlink("t", "s"))
    assert os.readlink(tmp_path / "t") == "f"


def test_hard_links_follow_the_new_name(tmp_path: Path) -> None:
    unpacked(tmp_path, File("top/f", b"x"), hardlink("top/h", "top/f"), rename="new")
    assert (tmp_path / "new/f").stat().st_ino == (tmp_path / "new/h").stat().st_ino


@pytest.mark.parametrize(
    "files",
    [
        [File("../evil", b"x")],
        [File("..", b"x")],
        [File("a/../../evil", b"x")],
        [symlink("s", ".."), File("s/evil", b"x")],
        [symlink("s", "../base2"), File("s/evil", b"x")],
        [hardlink("h", "../outside")],
    ],
)
def test_nothing_leaves_the_directory(tmp_path: Path, files: list[File]) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base2").mkdir()  # begins with the same letters
    (tmp_path / "outside").write_text("mine")
    with pytest.raises(UnpackingFault, match="would leave the directory"):
        unpacked(tmp_path / "base", *files)
    assert sorted(each.name for each in tmp_path.rglob("*")) == sorted(
        ["base", "base2", "outside", *(["s"] if len(files) > 1 else [])]
    )


def test_the_directory_may_itself_be_reached_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "way").symlink_to("real")
    unpacked(tmp_path / "way", File("f", b"x"), symlink("s", "."), File("s/g", b"y"))
    assert (tmp_path / "real/f").read_bytes() == b"x"
    assert (tmp_path / "real/g").read_bytes() == b"y"
