"""The file with the user's registries and proxies: what is written is read, an editor's changes count at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.errors import InvalidRequest
from engine.registry.settings import RegistryBook
from engine.registry.settings_file import SettingsFile
from engine.types.images import ProxySettings, RegistrySettings
from tests.support.nasty_registry import answer, serve_nastily

if TYPE_CHECKING:
    from pathlib import Path

EVERYTHING = [
    RegistrySettings(host="docker.io", mirrors=("https://mirror.example/hub", 'odd"\\\x7f\n.example')),
    RegistrySettings(host="r.example:5000", insecure=True),
    RegistrySettings(host="own.example", ca_file="/ca", client_certificate="/c", client_key="/k"),
    RegistrySettings(host="plain.example"),
]
PROXIES = ProxySettings(http="http://p:1", https="http://u:secret@p:2", no_proxy="localhost,.example.org")


@pytest.fixture
def file(tmp_path: Path) -> SettingsFile:
    return SettingsFile(tmp_path / "registries.toml")


def test_what_is_written_is_read_again(file: SettingsFile) -> None:
    assert file.read() == ((), ProxySettings())
    file.write(EVERYTHING, PROXIES)
    assert file.read() == (tuple(EVERYTHING), PROXIES)
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in file.path.parent.iterdir()] == ["registries.toml"]


def test_what_an_editor_changes_counts_at_once(file: SettingsFile) -> None:
    book = RegistryBook(file=file)
    file.path.write_text('[registry."docker.io"]\nmirrors = ["https://a.example"]\n[proxy]\nhttps = "http://p:1"\n')
    assert book.refresh()
    assert [one.host for one in book.for_pull("docker.io")] == ["a.example", "registry-1.docker.io"]
    assert book.proxy_for("https", "ghcr.io") == "http://p:1"
    assert book.proxy_environment()["https_proxy"] == "http://p:1"
    assert not book.refresh()
    file.path.unlink()
    assert book.refresh()
    assert book.all() == ()


def test_the_window_keeps_what_an_editor_wrote_beside(file: SettingsFile) -> None:
    book = RegistryBook(file=file)
    book.replace(EVERYTHING[1:2])
    file.path.write_text(file.path.read_text() + '[proxy]\nhttp = "http://p:1"\n')
    book.replace(EVERYTHING[1:3])
    assert file.read() == (tuple(EVERYTHING[1:3]), ProxySettings(http="http://p:1"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[registry", "Expected ']'"),
        ('[registry."x"]\nmirror = ["y"]\n', "mirror"),
        ('[registry."x"]\nmirrors = "y"\n', "registry"),
        ('[registry."x/y"]\n', "not a registry host"),
        ('[proxy]\nhttp = "socks5://x"\n', "not a proxy's address"),
        ("\x00", "registries.toml"),
    ],
)
def test_a_damaged_file_is_said_and_changes_nothing(file: SettingsFile, text: str, words: str) -> None:
    book = RegistryBook(file=file)
    book.replace(EVERYTHING)
    file.path.write_text(text)
    with pytest.raises(InvalidRequest) as caught:
        book.refresh()
    assert words in str(caught.value)
    assert book.all() == tuple(EVERYTHING)


async def test_downloads_go_through_the_proxy_that_was_set(file: SettingsFile, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.registry.web import Web

    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    async with serve_nastily() as proxy:
        proxy.routes["/"] = answer(b"by the proxy")
        book = RegistryBook(file=file)
        book.replace([], ProxySettings(http=proxy.host))
        assert [piece async for piece in Web(book).pieces("http://far.example/file")] == [b"by the proxy"]
        assert proxy.requests[0].headers["Host"] == "far.example"
