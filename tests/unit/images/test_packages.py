"""Which packages a tree has, read off databases that are written here as the package managers write them."""

from __future__ import annotations

import sqlite3
import struct
from typing import TYPE_CHECKING

import pytest

from engine.images.look.packages import read_apk, read_dpkg, read_rpm
from tests.support.images import File, docker_archive, layer_tar
from tests.unit.images.test_images_in_memory import load

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.embedded import EmbeddedEngine

NAME, VERSION, RELEASE, EPOCH, SIZE = 1000, 1001, 1002, 1003, 1009
TEXT, NUMBER = 6, 4


def header(*tags: tuple[int, str | int], first: int = 0) -> bytes:
    """A package header: how many tags and how long their values, a line for each, then the values."""
    lines, values = b"", b"\xee" * first
    for tag, value in tags:
        kind = TEXT if isinstance(value, str) else NUMBER
        lines += struct.pack(">IIII", tag, kind, len(values), 1)
        values += value.encode() + b"\0" if isinstance(value, str) else struct.pack(">I", value)
    return struct.pack(">II", len(tags), len(values)) + lines + values


def database(path: Path, *blobs: bytes) -> Path:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB)")
    connection.executemany("INSERT INTO Packages (blob) VALUES (?)", [(each,) for each in blobs])
    connection.commit()
    connection.close()
    return path


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ([(NAME, "bash"), (VERSION, "5.2"), (RELEASE, "9.fc40")], {"bash": "5.2-9.fc40"}),
        ([(RELEASE, "1"), (EPOCH, 2), (VERSION, "1.0"), (SIZE, 77), (NAME, "vim")], {"vim": "2:1.0-1"}),
        ([(NAME, "zero"), (EPOCH, 0), (VERSION, "1"), (RELEASE, "2")], {"zero": "1-2"}),
        ([(VERSION, "1"), (RELEASE, "2")], {}),
        ([(NAME, 7), (VERSION, "1")], {}),
        ([(NAME, "odd"), (EPOCH, "three")], {"odd": "-"}),
        ([], {}),
    ],
)
def test_what_a_package_header_says(
    tmp_path: Path, tags: Sequence[tuple[int, str | int]], found: dict[str, str]
) -> None:
    assert read_rpm(str(database(tmp_path / "db", header(*tags)))) == found
    assert read_rpm(str(database(tmp_path / "db2", header(*tags, first=5)))) == found


def test_all_packages_are_read_up_to_what_is_damaged(tmp_path: Path) -> None:
    good = [header((NAME, name), (VERSION, "1"), (RELEASE, "1")) for name in ("a", "b")]
    whole = header((NAME, "c"), (VERSION, "1"))
    assert read_rpm(str(database(tmp_path / "whole", *good, whole))) == {"a": "1-1", "b": "1-1", "c": "1-"}
    for number, bad in enumerate((whole[:-1], b"", b"\0\0", struct.pack(">II", 200_000, 0) + bytes(3_300_000))):
        assert read_rpm(str(database(tmp_path / str(number), *good, bad, whole))) == {"a": "1-1", "b": "1-1"}


@pytest.mark.parametrize("data", [b"", b"no database at all" * 100], ids=["empty", "other"])
def test_what_is_no_database_has_no_packages(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "db").write_bytes(data)
    assert read_rpm(str(tmp_path / "db")) == {}
    assert read_rpm(str(tmp_path / "none")) == {}


def test_looking_changes_nothing(tmp_path: Path) -> None:
    place = database(tmp_path / "db", header((NAME, "a"), (VERSION, "1"), (RELEASE, "1")))
    before = place.read_bytes()
    assert read_rpm(str(place)) == {"a": "1-1"}
    assert (place.read_bytes(), [each.name for each in tmp_path.iterdir()]) == (before, ["db"])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("C:Q1\nP:musl\nV:1.2.4-r2\nA:x86_64\n\nP:zlib\nV:1:3\n\n", {"musl": "1.2.4-r2", "zlib": "1:3"}),
        ("P:bare\n\nV:1\n\n", {"bare": ""}),
        ("F:lib\nPP:no\nV:1\n", {}),
        ("", {}),
    ],
)
def test_what_an_apk_database_says(text: str, found: dict[str, str]) -> None:
    assert read_apk(text.encode()) == found
    assert read_apk(b"P:\xff\nV:1\n") == {"\N{REPLACEMENT CHARACTER}": "1"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Package: a\nStatus: install ok installed\nVersion: 1:2-3\n", {"a": "1:2-3"}),
        ("Package: a\nStatus: deinstall ok config-files\nVersion: 1\n\nPackage: b\nVersion: 2\n", {"b": "2"}),
        ("Package: a\nDescription: x\n Version: of a line that goes on\n\tStatus: gone\n", {"a": ""}),
        ("Version: 1\nStatus: install ok installed\n", {}),
        ("Package: a\nStatus: install ok half-installed\n", {"a": ""}),
    ],
)
def test_what_a_dpkg_database_says(text: str, found: dict[str, str]) -> None:
    assert read_dpkg(text.encode()) == found
    assert read_dpkg(b"Package: \xff\nVersion: 1\n") == {"\N{REPLACEMENT CHARACTER}": "1"}


async def test_an_image_tells_the_packages_of_every_manager(played_engine: EmbeddedEngine, tmp_path: Path) -> None:
    rpm = database(
        tmp_path / "db", *(header((NAME, name), (VERSION, "1"), (RELEASE, "1")) for name in ("zsh", "bash"))
    ).read_bytes()
    below = [File("usr/lib/sysimage/rpm/rpmdb.sqlite", rpm), File("var/lib/dpkg/status", b"Package: gone\n")]
    above = [
        File("var/lib/dpkg/status", b"Package: a\nVersion: 1\n"),
        File("var/lib/dpkg/status.d/tzdata", b"Package: tzdata\nVersion: 2\n"),
        File("var/lib/dpkg/status.d/tzdata.md5sums", b"Package: sums\n"),
        File("lib/apk/db/installed", b"P:musl\nV:3\n"),
    ]
    layers = [layer_tar(each) for each in (below, above)]
    await load(played_engine, docker_archive(layers, reference="localhost/all:1"))
    await load(played_engine, docker_archive(layers[:1], reference="localhost/less:1"))

    assert await played_engine.images.packages("localhost/all:1") == [
        ("apk", "musl", "3"), ("deb", "a", "1"), ("deb", "tzdata", "2"),
        ("rpm", "bash", "1-1"), ("rpm", "zsh", "1-1"),
    ]  # fmt: skip
    compared = await played_engine.images.compare("localhost/less:1", "localhost/all:1")
    assert compared.packages == (("a", "", "1"), ("gone", "", ""), ("musl", "", "3"), ("tzdata", "", "2"))
