"""The index file: what was written is what is read, and damage is noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Code, StorageError
from engine.sandbox.keeper.layers.indexing import DIRECTORY, FILE, HARDLINK, OPAQUE, WHITEOUT, IndexWriter, Row
from engine.storage.layer_index import LayerIndex
from engine.types.images import FileKind

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
