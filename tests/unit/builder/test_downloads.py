"""What ADD and contexts bring from elsewhere: names, digests, what is an archive, and what is refused."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import os
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
import zstandard

from engine.builder.context.downloads import ArchiveFile, Downloads, _pack
from engine.builder.context.remote import fetch_context, fetch_named, is_remote
from engine.builder.context.sources import Sources
from engine.builder.language.errors import DockerfileError
from engine.builder.lent import Lent
from engine.errors import Code, InvalidRequest, RegistryError
from engine.registry.settings import RegistryBook
from engine.registry.web import Web
from engine.types.builds import BuildImage, BuildSecret
from tests.support.nasty_registry import answer, blob, serve_nastily

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.support.nasty_registry import NastyRegistry

DATA = bytes(range(256)) * 9000
DIGEST = f"sha256:{hashlib.sha256(DATA).hexdigest()}"
COMMIT = "0123456789abcdef"


@pytest.fixture
async def server() -> AsyncIterator[NastyRegistry]:
    async with serve_nastily() as server:
        yield server


def sources(**secrets: bytes) -> Sources:
    lent = tuple(BuildSecret(id=name, value=value) for name, value in secrets.items())
    return Sources(Web(RegistryBook()), Lent(BuildImage(context="/c", secrets=lent)))


def archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        info = tarfile.TarInfo("sub/file")
        info.size = 5
        tar.addfile(info, io.BytesIO(b"hello"))
    return buffer.getvalue()


# --- files ---


async def test_a_file_is_fetched_with_its_name_and_digest(server: NastyRegistry, tmp_path: Path) -> None:
    server.routes["/d/tool.bin"] = answer(DATA)
    url = f"http://{server.host}/d/tool.bin?version=1"
    downloads = Downloads(tmp_path / "new/place", sources())
    found = await downloads.fetch(url, checksum="", unpack=True)
    assert (found.name, found.digest, found.unpack, found.context) == ("tool.bin", DIGEST, True, None)
    assert found.path.read_bytes() == DATA
    assert found.path.stat().st_mode & 0o777 == 0o600
    assert found.path.parent == tmp_path / "new/place"
    server.routes["/d/tool.bin"] = answer(b"shorter")
    again = await downloads.fetch(url, checksum="", unpack=False)
    assert (again.path, again.path.read_bytes(), again.unpack) == (found.path, b"shorter", False)


async def test_a_checksum_must_be_met(server: NastyRegistry, tmp_path: Path) -> None:
    server.routes["/file"] = answer(DATA)
    url = f"http://{server.host}/file"
    downloads = Downloads(tmp_path, sources())
    assert (await downloads.fetch(url, checksum=DIGEST, unpack=False)).digest == DIGEST
    with pytest.raises(RegistryError) as caught:
        await downloads.fetch(url, checksum=f"sha256:{'0' * 64}", unpack=False)
    assert (caught.value.code, caught.value.subject) == (Code.DIGEST_MISMATCH, url)
    assert DIGEST in caught.value.explanation


async def test_a_download_follows_where_it_is_led_and_keeps_its_first_name(
    server: NastyRegistry, tmp_path: Path
) -> None:
    server.routes["/latest.tar"] = answer(status=302, Location="/there")
    server.routes["/there"] = answer(DATA)
    found = await Downloads(tmp_path, sources()).fetch(f"http://{server.host}/latest.tar", checksum="", unpack=False)
    assert (found.name, found.path.read_bytes()) == ("latest.tar", DATA)


async def test_a_download_that_is_cut_or_not_there_is_a_failure(server: NastyRegistry, tmp_path: Path) -> None:
    server.routes["/cut"] = blob(DATA, break_after=1000)
    downloads = Downloads(tmp_path, sources())
    for name, code in (("cut", None), ("gone", Code.NOT_FOUND)):
        url = f"http://{server.host}/{name}"
        with pytest.raises(RegistryError) as caught:
            await downloads.fetch(url, checksum="", unpack=False)
        assert caught.value.subject == url
        assert code is None or caught.value.code is code


async def test_an_address_without_a_file_name_is_refused(tmp_path: Path) -> None:
    for url in ("http://127.0.0.1:1", "http://127.0.0.1:1/d/", "http://127.0.0.1:1/?a=b"):
        with pytest.raises(DockerfileError):
            await Downloads(tmp_path, sources()).fetch(url, checksum="", unpack=False)


async def test_a_server_hears_the_secret_that_is_meant_for_it(server: NastyRegistry, tmp_path: Path) -> None:
    server.routes["/file"] = answer(DATA)
    some = sources(**{"HTTP_AUTH_TOKEN_127.0.0.1": b"mine"})
    await Downloads(tmp_path, some).fetch(f"http://{server.host}/file", checksum="", unpack=False)
    assert server.requests[0].headers["Authorization"] == "Bearer mine"


# --- repositories ---


class Repositories(Sources):
    """Every address is a repository of these files."""

    async def repository(self, address: str, into: Path, *, keep_git: bool = False) -> str:
        files = {"b/run": "run", "a": "text", ".git/HEAD": COMMIT} if keep_git else {"b/run": "run", "a": "text"}
        for name, text in files.items():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            (into / name).write_text(text)
        (into / "b/run").chmod(0o700)
        (into / "a").chmod(0o600)
        (into / "link").symlink_to("a")
        return COMMIT


async def test_a_repository_comes_as_root_s_archive(tmp_path: Path) -> None:
    downloads = Downloads(tmp_path, Repositories(Web(RegistryBook()), Lent(BuildImage(context="/c"))))
    found = await downloads.fetch_git("https://h/p.git", checksum="0123456789ABC", keep_git=False)
    assert (found.name, found.unpack) == ("p.git", True)
    with tarfile.open(found.path) as tar:
        members = {each.name: each for each in tar}
    assert list(members) == ["a", "b", "b/run", "link"]
    assert [members[name].mode for name in ("a", "b", "b/run")] == [0o644, 0o755, 0o755]
    assert {(each.uid, each.gid, each.uname, each.gname) for each in members.values()} == {(0, 0, "", "")}
    assert members["link"].linkname == "a"
    again = await downloads.fetch_git("https://h/p.git", checksum="", keep_git=False)
    assert (again.digest, again.path != found.path) == (found.digest, True)
    kept = await downloads.fetch_git("https://h/p.git", checksum="", keep_git=True)
    assert kept.digest == f"{found.digest.strip()} {COMMIT}"
    with pytest.raises(RegistryError) as caught:
        await downloads.fetch_git("https://h/p.git", checksum="ffff", keep_git=False)
    assert (caught.value.code, caught.value.subject) == (Code.DIGEST_MISMATCH, "https://h/p.git")
    assert COMMIT in caught.value.explanation


def _written(place: Path, **files: str) -> Path:
    place.mkdir(exist_ok=True)
    for name, text in files.items():
        (place / name).write_text(text)
    return place


@pytest.mark.parametrize(
    ("change", "is_another"),
    [
        (lambda place: (place / "a").write_text("twO"), True),
        (lambda place: (place / "a").rename(place / "c"), True),
        (lambda place: (place / "a").chmod(0o755), True),
        (lambda place: (place / "d").mkdir(), True),
        (lambda place: (place / "l").symlink_to("b"), True),
        (lambda place: (place / "a").chmod(0o640), False),
        (lambda place: os.utime(place / "a", (1, 1)), False),
        (lambda place: _written(place / ".git", HEAD="x"), False),
    ],
)
def test_a_digest_is_of_names_modes_and_contents(
    tmp_path: Path, change: Callable[[Path], Any], is_another: bool
) -> None:
    place = _written(tmp_path / "files", a="two", b="one")
    before = _pack(place, tmp_path / "one.tar")
    assert before.startswith("git:")
    change(place)
    assert (_pack(place, tmp_path / "two.tar") != before) is is_another


# --- archives ---


@pytest.mark.parametrize(
    "pressed",
    [bytes, gzip.compress, bz2.compress, lzma.compress, zstandard.ZstdCompressor().compress],
    ids=["plain", "gzip", "bzip2", "xz", "zstd"],
)
async def test_an_archive_is_told_and_written_plain(tmp_path: Path, pressed: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "x"
    path.write_bytes(pressed(archive()))
    file = ArchiveFile(path, "x")
    assert file.is_tar()
    out = tmp_path / "out"
    await file.write_tar_to(os.open(out, os.O_WRONLY | os.O_CREAT, 0o600))
    assert out.read_bytes() == archive()
    path.write_bytes(pressed(DATA))
    assert not file.is_tar()


@pytest.mark.parametrize("data", [b"", b"\x1f\x8b", b"\x1f\x8bnot gzip", b"BZh9", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd"])
def test_a_damaged_file_is_no_archive(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x").write_bytes(data)
    assert not ArchiveFile(tmp_path / "x", "x").is_tar()


# --- contexts ---


@pytest.mark.parametrize(
    ("context", "elsewhere"),
    [
        ("https://h/x.tar", True), ("git@h:p.git", True), ("github.com/a/b", True), ("/github.com/a", False),
        ("./x", False),
    ],
)  # fmt: skip
def test_which_contexts_are_elsewhere(context: str, elsewhere: bool) -> None:
    assert is_remote(context) is elsewhere


@pytest.mark.parametrize("pressed", [bytes, gzip.compress], ids=["plain", "gzip"])
async def test_an_archive_is_a_context(
    server: NastyRegistry, tmp_path: Path, pressed: Callable[[bytes], bytes]
) -> None:
    server.routes["/c"] = answer(pressed(archive()))
    assert await fetch_context(f"http://{server.host}/c", tmp_path / "into", sources()) is None
    assert (tmp_path / "into/sub/file").read_text() == "hello"
    await fetch_named(f"http://{server.host}/c", tmp_path / "named", sources())
    assert (tmp_path / "named/sub/file").read_text() == "hello"


@pytest.mark.parametrize("text", ["FROM x\n", "FROM x\n" + "# long\n" * 9000])
async def test_a_lone_dockerfile_is_a_text_and_an_empty_context(
    server: NastyRegistry, tmp_path: Path, text: str
) -> None:
    server.routes["/c"] = answer(text.encode())
    url = f"http://{server.host}/c"
    assert await fetch_context(url, tmp_path / "deep/into", sources()) == text
    assert list((tmp_path / "deep/into").iterdir()) == []
    with pytest.raises(InvalidRequest) as caught:
        await fetch_named(url, tmp_path / "named", sources())
    assert caught.value.subject == url


async def test_what_is_neither_is_refused(
    server: NastyRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"http://{server.host}/c"
    server.routes["/c"] = answer(b"FROM x\0")
    with pytest.raises(InvalidRequest) as caught:
        await fetch_context(url, tmp_path / "binary", sources())
    assert caught.value.subject == url
    monkeypatch.setattr("engine.builder.context.remote._MOST_DOCKERFILE_BYTES", 6)
    server.routes["/c"] = answer(b"FROM x")
    assert await fetch_context(url, tmp_path / "short", sources()) == "FROM x"
    server.routes["/c"] = answer(b"FROM xy")
    with pytest.raises(InvalidRequest):
        await fetch_context(url, tmp_path / "long", sources())


@pytest.mark.parametrize("address", ["https://h/p.git", "github.com/a/b"])
async def test_a_repository_is_a_context(tmp_path: Path, address: str) -> None:
    some = Repositories(Web(RegistryBook()), Lent(BuildImage(context="/c")))
    assert await fetch_context(address, tmp_path / "into", some) is None
    assert (tmp_path / "into/a").read_text() == "text"
