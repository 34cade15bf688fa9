"""How a tree says that something below it is gone: whose marks are believed, and what is made where they cannot be."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

import pytest

from engine.sandbox.keeper.layers import marks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.sandbox.keeper.layers.marks import By


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[int]:
    opened = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    yield opened
    os.close(opened)


@pytest.mark.parametrize(
    ("by", "name", "device", "hidden"),
    [
        ("overlay", b".wh.x", False, b""),
        ("overlay", b"x", True, b"x"),
        ("overlay", b".wh.x", True, b".wh.x"),
        ("fuse-overlayfs", b".wh.x", False, b"x"),
        ("fuse-overlayfs", b"x", True, b"x"),
        ("fuse-overlayfs", b"x", False, b""),
        ("layer", b".wh.x", False, b"x"),
        ("layer", b"x", True, b"x"),
    ],
)
def test_what_an_entry_takes_away_depends_on_who_wrote_it(by: By, name: bytes, device: bool, hidden: bytes) -> None:
    assert marks.hidden_by(name, device=device, by=by) == hidden


@pytest.mark.parametrize(
    ("by", "opaque"), [("overlay", set()), ("fuse-overlayfs", {b".wh..wh..opq", b".wh..opq"}),
                       ("layer", {b".wh..wh..opq", b".wh..opq"})],
)  # fmt: skip
def test_a_name_says_that_a_directory_hides_all_only_where_names_are_marks(by: By, opaque: set[bytes]) -> None:
    names = (b".wh..wh..opq", b".wh..opq", b".wh.x", b"opq")
    assert {name for name in names if marks.is_name_of_opaque(name, by)} == opaque


@pytest.mark.parametrize(
    ("mark", "believers"),
    [
        ("user.overlay.opaque", {"overlay", "layer"}),
        ("user.fuseoverlayfs.opaque", {"fuse-overlayfs", "layer"}),
        ("user.other.opaque", set()),
        (".wh..wh..opq", {"fuse-overlayfs", "layer"}),
        (".wh..opq", set()),
    ],
)
def test_an_opaque_directory_is_seen_by_those_whose_mark_it_has(
    tmp_path: Path, directory: int, mark: str, believers: set[By]
) -> None:
    everybody: tuple[By, ...] = ("overlay", "fuse-overlayfs", "layer")
    assert not any(marks.is_opaque(directory, by) for by in everybody)
    if mark.startswith("user"):
        os.setxattr(tmp_path, mark, b"n")
        assert not any(marks.is_opaque(directory, by) for by in everybody)
        os.setxattr(tmp_path, mark, b"y")
    else:
        (tmp_path / mark).touch()
    assert {by for by in everybody if marks.is_opaque(directory, by)} == believers


def test_a_layer_carries_the_mark_that_neither_overlay_copies(tmp_path: Path, directory: int) -> None:
    marks.make_opaque(directory)
    assert os.listxattr(tmp_path) == ["user.overlay.opaque"]
    assert os.getxattr(tmp_path, "user.overlay.opaque") == b"y"
    assert list(tmp_path.iterdir()) == []


def test_where_one_attribute_is_not_to_be_had_the_other_is_and_else_a_name(
    tmp_path: Path, directory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.setxattr
    refused = {"user.overlay.opaque"}

    def setxattr(place: int, name: str, value: bytes) -> None:
        if name in refused:
            raise OSError(errno.EOPNOTSUPP, "Operation not supported")
        real(place, name, value)

    monkeypatch.setattr(os, "setxattr", setxattr)
    marks.make_opaque(directory)
    assert os.listxattr(tmp_path) == ["user.fuseoverlayfs.opaque"]
    os.removexattr(tmp_path, "user.fuseoverlayfs.opaque")
    refused.add("user.fuseoverlayfs.opaque")
    marks.make_opaque(directory)
    [made] = tmp_path.iterdir()
    assert (made.name, stat.S_IMODE(made.stat().st_mode)) == (".wh..wh..opq", 0)

    monkeypatch.setattr(os, "setxattr", lambda *_: None)  # it says yes and keeps nothing
    made.unlink()
    marks.make_opaque(directory)
    assert made.exists()


def test_a_whiteout_is_a_device_of_no_number(tmp_path: Path, directory: int) -> None:
    (tmp_path / "d").mkdir()
    assert marks.make_whiteout(directory, b"d/x")
    assert marks.is_whiteout_device((tmp_path / "d" / "x").lstat())
    assert not marks.is_whiteout_device(os.stat("/dev/null"))
    assert not marks.is_whiteout_device(tmp_path.stat())
    with pytest.raises(FileExistsError):
        marks.make_whiteout(directory, b"d")


def test_where_no_device_can_be_made_a_name_beside_says_it(
    tmp_path: Path, directory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = errno.EPERM

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "mknod", refuse)
    (tmp_path / "d").mkdir()
    assert not marks.make_whiteout(directory, b"d/x")
    assert not marks.make_whiteout(directory, b"y")
    assert {str(each.relative_to(tmp_path)) for each in tmp_path.rglob("*")} == {"d", "d/.wh.x", ".wh.y"}
    assert stat.S_IMODE((tmp_path / ".wh.y").stat().st_mode) == 0
    with pytest.raises(FileExistsError) as refused:
        marks.make_whiteout(directory, b"d")
    assert refused.value.filename == b"d"
    number = errno.EIO
    with pytest.raises(OSError, match="Input/output error"):
        marks.make_whiteout(directory, b"z")


@pytest.mark.parametrize(("path", "beside"), [(b"a/b/c", b"a/b/.wh.c"), (b"c", b".wh.c")])
def test_the_name_beside_a_path(path: bytes, beside: bytes) -> None:
    assert marks.name_beside(path) == beside


def test_a_mark_that_is_a_link_is_a_mark(tmp_path: Path, directory: int) -> None:
    (tmp_path / ".wh..wh..opq").symlink_to("/no/where")
    assert marks.is_opaque(directory, "fuse-overlayfs")
