"""Repositories as build contexts: what an address names, and what of a repository becomes the context."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from engine.builder.context.repositories import (
    _Address,
    _read,
    _take_directory,
    fetch_repository,
    is_git,
    repository_of,
)
from engine.errors import Code, InvalidRequest, NotFound, RegistryError
from tests.support.git_server import serve_repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.git_server import Repository

URL = "https://h/p.git"


@pytest.mark.parametrize(
    ("word", "is_one"),
    [
        ("git@h:p", True), ("git://h/p", True), ("ssh://h/p", True), (URL, True), ("http://h/p.git#b:d", True),
        ("https://h/p.git?branch=b", True), ("https://h/p", False), ("https://h/p#x.git", False),
        ("https://h/p?x=.git", False), ("./p.git", False), ("/git@h", False),
    ],
)  # fmt: skip
def test_which_words_are_repositories(word: str, is_one: bool) -> None:
    assert is_git(word) is is_one


@pytest.mark.parametrize(
    ("address", "found"),
    [
        (URL, _Address(URL)),
        (f"{URL}#main", _Address(URL, "main")),
        (f"{URL}#main:docs/a", _Address(URL, "main", "docs/a")),
        (f"{URL}#:docs", _Address(URL, "", "docs")),
        ("git@h:p.git#v1", _Address("git@h:p.git", "v1")),
        ("github.com/a/b#v1", _Address("https://github.com/a/b", "v1")),
        ("github.com/a/b.git?tag=v1", _Address("https://github.com/a/b.git", "refs/tags/v1")),
        ("github.com/a/b?branch=c&subdir=d", _Address("https://github.com/a/b", "refs/heads/c", "d")),
        (f"{URL}?ref=v1", _Address(URL, "v1")),
        (f"{URL}?branch=b", _Address(URL, "refs/heads/b")),
        (f"{URL}?tag=t&subdir=d%2Fe", _Address(URL, "refs/tags/t", "d/e")),
        (f"{URL}?checksum=ABCD", _Address(URL, checksum="abcd")),
        (f"{URL}?commit=0123abc", _Address(URL, checksum="0123abc")),
        (f"{URL}?subdir=", _Address(URL)),
        ("https://h/p?x=y", _Address("https://h/p?x=y")),
    ],
)
def test_what_an_address_names(address: str, found: _Address) -> None:
    assert _read(address) == found
    assert repository_of(address) == found.repository


@pytest.mark.parametrize(
    "query",
    [
        "branch=a#b", "branch=a&tag=b", "ref=a&ref=b", "subdir=a&subdir=b", "depth=1", "checksum=abc", "checksum=xyz1",
        f"checksum={'a' * 65}",
    ],
)  # fmt: skip
def test_what_cannot_be_asked_of_a_repository(query: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        _read(f"{URL}?{query}")
    assert caught.value.subject == f"{URL}?{query}"


# --- what becomes the context ---


def checked_out(place: Path) -> Path:
    whole = place / "whole"
    (whole / "sub/deep").mkdir(parents=True)
    (whole / ".git").mkdir()
    (whole / ".git/HEAD").write_text("abc123\n")
    (whole / "sub/deep/file").write_text("x")
    (whole / "out").symlink_to("..")
    return whole


def test_a_directory_of_it_becomes_the_context(tmp_path: Path) -> None:
    assert _take_directory(checked_out(tmp_path), "/sub/", tmp_path / "into", keep_git=False) == "abc123"
    assert (tmp_path / "into/deep/file").read_text() == "x"


@pytest.mark.parametrize("keep", [True, False])
def test_git_s_own_files_stay_only_where_they_are_wanted(tmp_path: Path, keep: bool) -> None:
    _take_directory(checked_out(tmp_path), "", tmp_path / "into", keep_git=keep)
    assert (tmp_path / "into/.git/HEAD").exists() is keep
    assert (tmp_path / "into/sub").is_dir()


@pytest.mark.parametrize("directory", ["none", "..", "out", "sub/deep/file"])
def test_what_is_no_directory_within_it_is_refused(tmp_path: Path, directory: str) -> None:
    with pytest.raises(NotFound) as caught:
        _take_directory(checked_out(tmp_path), directory, tmp_path / "into", keep_git=False)
    assert (caught.value.code, caught.value.subject) == (Code.NOT_FOUND, directory)


# --- fetched ---


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    with serve_repository(tmp_path_factory.mktemp("git"), {"file": "x", "sub/file": "y"}) as made:
        yield made


def commit_of(repository: Repository) -> str:
    told = subprocess.run(["git", "rev-parse", "main"], cwd=repository.work, capture_output=True, text=True, check=True)
    return told.stdout.strip()


async def test_a_repository_is_fetched_whole_or_in_part(repository: Repository, tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"]}
    commit = commit_of(repository)
    address = f"{repository.address}?branch=main&subdir=sub&checksum={commit[:7]}"
    assert await fetch_repository(address, tmp_path / "new/part", environment) == commit
    assert sorted(os.listdir(tmp_path / "new/part")) == ["file"]
    assert (tmp_path / "new/part/file").read_text() == "y"
    with pytest.raises(RegistryError) as caught:
        await fetch_repository(f"{repository.address}?checksum=ffffffff", tmp_path / "whole", environment)
    assert caught.value.code is Code.DIGEST_MISMATCH
    assert commit in caught.value.explanation


async def test_a_branch_that_could_be_an_option_is_refused(tmp_path: Path) -> None:
    for reference in ("--upload-pack=x", "a b", "a" * 256):
        with pytest.raises(InvalidRequest) as caught:
            await fetch_repository(f"{URL}#{reference}", tmp_path / "into", {})
        assert caught.value.subject == f"{URL}#{reference}"
    assert os.listdir(tmp_path) == []
