"""The index file: what was written is what is read, and damage is noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Code, StorageError
from engine.sandbox.keeper.layers.indexing import (
    DIRECTORY,
    FILE,
    HARDLINK,
    LONG_SPARSE,
    OPAQUE,
    SYMLINK,
    WHITEOUT,
    IndexWriter,
    Row,
)  # fmt: skip
from engine.storage.layer_index import LARGEST_HEADER, LayerIndex
from engine.types.images import FileEntry, FileKind

if TYPE_CHECKING:
    from pathlib import Path

NAME = st.binary(min_size=1, max_size=12).filter(lambda name: not set(name) & set(b"\0/") and name not in (b".", b".."))
PATH = st.lists(NAME, min_size=1, max_size=4).map(b"/".join)


def written(tmp_path: Path, rows: list[tuple[bytes, Row]], links: tuple[bytes, ...] = ()) -> LayerIndex:
    writer = IndexWriter()
    for link in links:
        writer.link(link)
    for path, row in rows:
        writer.add(path, row)
    writer.write(str(tmp_path / "index"), "sha256:x", ["a note"])
    return LayerIndex.open(tmp_path / "index")


def test_an_empty_layer(tmp_path: Path) -> None:
    index = written(tmp_path, [])

    assert (len(index), list(index.paths), index.total, index.notes) == (0, [], 0, ("a note",))
    assert list(index.children(b"")) == []
    assert index.find(b"x") == -1


def test_the_last_row_of_a_path_counts(tmp_path: Path) -> None:
    index = written(tmp_path, [(b"a", Row(FILE, size=1)), (b"b", Row(WHITEOUT)), (b"a", Row(FILE, size=2))])

    assert list(index.paths) == [b"a", b"b"]
    assert (index.sizes[0], index.total) == (2, 2)


def test_an_opaque_mark_stands_behind_its_directory(tmp_path: Path) -> None:
    index = written(tmp_path, [(b"d/x", Row(FILE)), (b"d", Row(OPAQUE)), (b"d", Row(DIRECTORY, mode=0o700))])

    assert [(index.paths[row], index.kinds[row]) for row in range(3)] == [
        (b"d", DIRECTORY), (b"d", OPAQUE), (b"d/x", FILE),
    ]  # fmt: skip
    assert index.find(b"d") == 0
    assert [index.paths[row] for row in index.below(b"d")] == [b"d/x"]
    assert index.entry(0).kind is FileKind.DIRECTORY


def test_hard_links_to_hard_links_find_the_file(tmp_path: Path) -> None:
    rows = [(b"one", Row(FILE, size=5, digest=-1)), (b"two", Row(HARDLINK, link=0)), (b"three", Row(HARDLINK, link=1)),
            (b"loop", Row(HARDLINK, link=2))]  # fmt: skip
    index = written(tmp_path, rows, (b"one", b"two", b"loop"))

    assert [index.sizes[index.find(name)] for name in (b"two", b"three", b"loop")] == [5, 5, 0]
    assert index.total == 5


@given(paths=st.lists(PATH, max_size=40, unique=True))
def test_any_paths_are_sorted_found_and_listed(tmp_path_factory: pytest.TempPathFactory, paths: list[bytes]) -> None:
    directory = tmp_path_factory.mktemp("index")
    everything = set(paths)
    for path in paths:
        parts = path.split(b"/")
        everything |= {b"/".join(parts[:n]) for n in range(1, len(parts))}
    parents = {path.rpartition(b"/")[0] for path in everything}
    index = written(directory, [(path, Row(DIRECTORY if path in parents else FILE)) for path in everything])

    assert set(index.paths) == everything
    assert all(index.paths[index.find(path)] == path for path in everything)
    for parent in {b"", *everything}:
        prefix = parent + b"/" if parent else b""
        below = {path for path in everything if path.startswith(prefix) and path != parent}
        assert {index.paths[row] for row in index.below(parent)} == below
        children = {path for path in below if b"/" not in path[len(prefix) :]}
        assert {index.paths[row] for row in index.children(parent)} == children


@pytest.mark.parametrize(
    "damage", [b"", b"x", b"WLIDX01\n", b"WLIDX01\n" + b"\xff" * 60, b"WLIDX01\n" + b"\x02" + bytes(7) + b"{}"]
)
def test_damage_is_called_so(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "index").write_bytes(damage)
    with pytest.raises(StorageError) as refused:
        LayerIndex.open(tmp_path / "index")
    assert refused.value.code is Code.CORRUPT


def test_a_truncated_file_is_damage(tmp_path: Path) -> None:
    written(tmp_path, [(b"%d" % number, Row(FILE)) for number in range(100)])
    whole = (tmp_path / "index").read_bytes()
    (tmp_path / "index").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StorageError):
        LayerIndex.open(tmp_path / "index")


def test_every_fact_of_an_entry_is_told(tmp_path: Path) -> None:
    one, other = bytes(range(32)), bytes(range(32, 64))
    writer = IndexWriter()
    first, second = writer.digest(one), writer.digest(other)
    target = writer.link("ziel-\udcff".encode(errors="surrogateescape"))
    long = Row(FILE, flags=LONG_SPARSE, mode=0o6755, uid=1, gid=2, size=3, mtime=1_500_000_000, digest=first)
    writer.add(b"a", long)
    writer.add(b"b", Row(FILE, mode=0o600, uid=4, gid=5, size=6, mtime=2_500_000_000, digest=second))
    writer.add(b"l-\xff", Row(SYMLINK, mode=0o777, link=target))
    writer.add(b"p", Row(DIRECTORY))
    writer.write(str(tmp_path / "index"), "sha256:x", [])
    index = LayerIndex.open(tmp_path / "index")

    assert index.entry(0) == FileEntry(
        path="/a",
        kind=FileKind.FILE,
        size=3,
        mode=0o6755,
        uid=1,
        gid=2,
        mtime=1.5,
        digest=f"sha256-of-blocks:{one.hex()}",
    )
    assert index.entry(1) == FileEntry(
        path="/b", kind=FileKind.FILE, size=6, mode=0o600, uid=4, gid=5, mtime=2.5, digest=f"sha256:{other.hex()}"
    )
    assert index.entry(2) == FileEntry(path="/l-\udcff", kind=FileKind.SYMLINK, mode=0o777, link="ziel-\udcff")
    assert [index.digest(row) for row in range(4)] == [one, other, b"", b""]
    assert [index.link(row) for row in range(4)] == [b"", b"", b"ziel-\xff", b""]
    assert (index.diff_id, list(index.rows()), index.total) == ("sha256:x", [0, 1, 2, 3], 9)


def test_bytes_are_summed_over_files_only_and_without_what_does_not_count(tmp_path: Path) -> None:
    rows = [(b"a", Row(FILE, size=5)), (b"d", Row(DIRECTORY, size=7)), (b"z", Row(FILE, size=11))]
    index = written(tmp_path, rows)

    assert list(index.file_sums()) == [0, 5, 5, 16]
    assert list(index.file_sums(bytearray([1, 0, 0]))) == [0, 0, 0, 11]
    assert list(index.file_sums(bytes(3))) == [0, 5, 5, 16]


def test_damage_names_the_file(tmp_path: Path) -> None:
    written(tmp_path, [(b"%d" % number, Row(FILE)) for number in range(100)])
    path = tmp_path / "index"
    whole = path.read_bytes()
    path.write_bytes(whole[:-8])
    with pytest.raises(StorageError) as refused:
        LayerIndex.open(path)
    assert (refused.value.code, refused.value.subject) == (Code.CORRUPT, str(path))
    assert refused.value.explanation.startswith(f"{path}: ")

    path.write_bytes(whole[:8] + (LARGEST_HEADER + 1).to_bytes(8, "little") + whole[16:])
    with pytest.raises(StorageError, match="no layer index"):
        LayerIndex.open(path)
