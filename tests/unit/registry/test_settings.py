"""How a registry is reached: mirrors, plain HTTP, certificates, proxies; and errors of the way there."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import aiohttp
import pytest
import trustme

from engine.errors import Code, InvalidRequest, RegistryError, WherryError
from engine.registry import faults
from engine.registry.challenge import choose, parse_challenges
from engine.registry.settings import (
    Endpoint,
    RegistryBook,
    _certificate_files,
    is_bypassed,
    is_loopback,
    proxy_for,
    tls_context,
)
from engine.types.images import ProxySettings, RegistrySettings
from tests.support.nasty_registry import answer, client_for, serve_nastily

if TYPE_CHECKING:
    from pathlib import Path


def test_docker_hub_lives_elsewhere_and_mirrors_come_first() -> None:
    book = RegistryBook([RegistrySettings(host="docker.io", mirrors=("https://mirror.example/hub", "cache:5000"))])
    first, second, last = book.for_pull("docker.io")

    assert (first.host, first.prefix, first.schemes) == ("mirror.example", "hub", ("https",))
    assert (second.host, second.schemes, second.login_key) == ("cache:5000", ("https",), "cache:5000")
    assert (last.host, last.login_key, last.mirror) == ("registry-1.docker.io", "docker.io", False)


def test_plain_http_only_where_it_is_allowed() -> None:
    book = RegistryBook([RegistrySettings(host="inside.lan:5000", insecure=True)])

    assert book.primary("inside.lan:5000").schemes == ("https", "http")
    assert book.primary("ghcr.io").schemes == ("https",)
    assert book.primary("localhost:5000").schemes == ("https", "http")
    assert is_loopback("[::1]:80")
    assert not is_loopback("localhost.example.com")


@pytest.mark.parametrize("settings", [
    RegistrySettings(host=""), RegistrySettings(host="a b"), RegistrySettings(host="https://x"),
    RegistrySettings(host="x", mirrors=("ftp://y",)), RegistrySettings(host="x", mirrors=("https://u:p@y",)),
    RegistrySettings(host="x", client_certificate="/c"),
])  # fmt: skip
def test_settings_that_cannot_work_are_refused(settings: RegistrySettings) -> None:
    with pytest.raises(InvalidRequest):
        RegistryBook([settings])


def test_proxies() -> None:
    environment = {"https": "http://proxy:3128", "no": "inside.lan,.corp.example,10.0.0.0/8,other:5000"}

    assert proxy_for("https", "ghcr.io", environment) == "http://proxy:3128"
    assert proxy_for("http", "ghcr.io", environment) == ""
    assert proxy_for("https", "localhost:5000", environment) == ""
    for host in ("inside.lan", "a.inside.lan", "x.corp.example:5000", "10.1.2.3:5000", "other:5000"):
        assert is_bypassed(host, environment["no"]), host
    for host in ("notinside.lan", "11.1.2.3", "other:5001", "corp.example.org"):
        assert not is_bypassed(host, environment["no"]), host
    assert is_bypassed("anything", "*")


def test_challenges_are_read() -> None:
    header = 'Basic realm="a, \\"b\\"", Bearer realm="https://auth/token",service="reg",scope="repository:x:pull,push"'
    basic, bearer = parse_challenges([header])

    assert basic.parameters == {"realm": 'a, "b"'}
    assert bearer.parameters["scope"] == "repository:x:pull,push"
    assert choose([basic, bearer]) is bearer
    assert choose(parse_challenges(["Negotiate", "Digest realm=x"])) is None


def test_every_error_of_the_http_library_is_known() -> None:
    """No exception that aiohttp can raise comes out as an unknown one."""
    waiting: list[type[BaseException]] = [aiohttp.ClientError]
    known = tuple(kind for kinds, _ in faults._CLASSES for kind in kinds)
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind not in (aiohttp.ClientError, aiohttp.ClientConnectionError):
            assert issubclass(kind, known), kind


# --- TLS ---


def server_context(authority: trustme.CA, name: str = "127.0.0.1", **options: object) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, **options).configure_cert(context)  # type: ignore[arg-type]
    return context


async def tags(place: Path, context: ssl.SSLContext, settings: dict[str, object]) -> list[str]:
    async with serve_nastily(tls=context) as registry:
        registry.routes["/v2/app/tags/list"] = answer(b'{"tags": ["1"]}')
        async with client_for(place, [RegistrySettings(host=registry.host, **settings)]) as client:  # type: ignore[arg-type]
            return await client.tags(registry.host, "app")


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return authority


async def test_an_unknown_authority_is_not_trusted(tmp_path: Path, authority: trustme.CA) -> None:
    with pytest.raises(WherryError) as caught:
        await tags(tmp_path, server_context(authority), {})

    assert caught.value.code is Code.TLS
    assert "certificate" in caught.value.title


async def test_the_users_authority_is_trusted(tmp_path: Path, authority: trustme.CA) -> None:
    assert await tags(tmp_path, server_context(authority), {"ca_file": str(tmp_path / "ca.pem")}) == ["1"]


async def test_a_certificate_put_in_its_place_counts_at_once(
    tmp_path: Path, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    async with serve_nastily(tls=server_context(authority)) as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/tags/list"] = answer(b'{"tags": ["1"]}')
        with pytest.raises(WherryError):
            await client.tags(registry.host, "app")
        place = tmp_path / "containers" / "certs.d" / registry.host
        place.mkdir(parents=True)
        authority.cert_pem.write_to_path(str(place / "ca.crt"))

        assert await client.tags(registry.host, "app") == ["1"]


async def test_insecure_means_unchecked(tmp_path: Path, authority: trustme.CA) -> None:
    assert await tags(tmp_path, server_context(authority, "elsewhere.example"), {"insecure": True}) == ["1"]


async def test_the_wrong_name_is_not_trusted(tmp_path: Path, authority: trustme.CA) -> None:
    with pytest.raises(WherryError) as caught:
        await tags(tmp_path, server_context(authority, "elsewhere.example"), {"ca_file": str(tmp_path / "ca.pem")})

    assert caught.value.code is Code.TLS


async def test_an_expired_certificate_says_so(tmp_path: Path, authority: trustme.CA) -> None:
    from datetime import UTC, datetime

    context = server_context(authority, not_after=datetime(2020, 1, 1, tzinfo=UTC))
    with pytest.raises(WherryError) as caught:
        await tags(tmp_path, context, {"ca_file": str(tmp_path / "ca.pem")})

    assert caught.value.code is Code.TLS
    assert "expired" in caught.value.explanation


async def test_a_client_certificate_is_shown(tmp_path: Path, authority: trustme.CA) -> None:
    context = server_context(authority)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    mine = authority.issue_cert("me@example.org")
    mine.cert_chain_pems[0].write_to_path(str(tmp_path / "me.pem"))
    mine.private_key_pem.write_to_path(str(tmp_path / "me.key"))
    settings: dict[str, object] = {
        "ca_file": str(tmp_path / "ca.pem"),
        "client_certificate": str(tmp_path / "me.pem"),
        "client_key": str(tmp_path / "me.key"),
    }

    assert await tags(tmp_path, context, settings) == ["1"]


def test_a_missing_client_certificate_is_said_to_be_missing() -> None:
    """Only OpenSSL's word tells, and it may come as late as the first answer, wrapped by aiohttp."""
    word = ssl.SSLError(1, "[SSL: SSLV3_ALERT_BAD_CERTIFICATE] sslv3 alert bad certificate")
    word.reason = "SSLV3_ALERT_BAD_CERTIFICATE"
    wrapped = aiohttp.ClientOSError(1, str(word))
    wrapped.__cause__ = word

    for error in (word, wrapped):
        found = faults.classify(error, "r.example")
        assert found.code is Code.TLS
        assert found.title == "r.example wants to see a certificate of yours"
    assert faults.classify(aiohttp.ClientOSError(104, "reset"), "r.example").code is Code.CONNECT


async def test_a_missing_certificate_file_is_named(tmp_path: Path, authority: trustme.CA) -> None:
    with pytest.raises(WherryError) as caught:
        await tags(tmp_path, server_context(authority), {"ca_file": str(tmp_path / "nothing.pem")})

    assert caught.value.code is Code.TLS
    assert "cannot be used" in caught.value.title


def test_a_mirrors_address_is_host_and_path() -> None:
    addresses = ("https://m.example/v2/", "http://m.example:5000/v2/hub/", "m.example/a/b")
    book = RegistryBook(
        [RegistrySettings(host="r", mirrors=addresses), RegistrySettings(host="m.example", ca_file="/ca")]
    )
    *mirrors, last = book.for_pull("r")
    assert [(one.schemes, one.host, one.prefix, one.ca_file, one.registry, one.mirror) for one in mirrors] == [
        (("https",), "m.example", "", "/ca", "r", True),
        (("http",), "m.example:5000", "hub", "", "r", True),
        (("https",), "m.example", "a/b", "/ca", "r", True),
    ]
    assert (last.host, last.mirror, last.ca_file) == ("r", False, "")
    settings = [
        RegistrySettings(host="r", mirrors=("http://m.example",)),
        RegistrySettings(host="m.example", ca_file="/ca"),
    ]
    assert RegistryBook(settings).for_pull("r")[0].schemes == ("http",)


@pytest.mark.parametrize(
    ("settings", "subject", "words"),
    [
        (RegistrySettings(host="a/b"), "a/b", "not a registry host"),
        (RegistrySettings(host="a@b"), "a@b", "not a registry host"),
        (RegistrySettings(host="r", mirrors=("https://x?y=1",)), "https://x?y=1", "not a mirror's address"),
        (RegistrySettings(host="r", mirrors=("https:///x",)), "https:///x", "not a mirror's address"),
        (RegistrySettings(host="r", client_key="/k"), "r", "needs its key"),
    ],
)
def test_a_refusal_names_what_it_refuses(settings: RegistrySettings, subject: str, words: str) -> None:
    book = RegistryBook()
    with pytest.raises(InvalidRequest, match=words) as caught:
        book.replace([settings])
    assert caught.value.subject == subject
    assert book.all() == ()
    assert "needs" in words or caught.value.hint


@pytest.mark.parametrize("address", ["ftp://p", "http://", "p q", "socks5://p:1"])
def test_a_proxy_that_is_none_is_refused(address: str) -> None:
    for proxies in (ProxySettings(http=address), ProxySettings(https=address)):
        with pytest.raises(InvalidRequest, match="not a proxy's address") as caught:
            RegistryBook().replace(proxies=proxies)
        assert caught.value.subject == address
    for right in ("p:3128", "http://p", "https://u:pw@p:1"):
        RegistryBook().replace(proxies=ProxySettings(http=right))


def test_settings_and_proxies_are_replaced_one_without_the_other() -> None:
    book = RegistryBook([RegistrySettings(host="r")])
    book.replace(proxies=ProxySettings(http="p:1"))
    assert [one.host for one in book.all()] == ["r"]
    book.replace([])
    assert (book.all(), book.proxies.http) == ((), "p:1")
    assert book.proxy_for("http", "far.example") == "http://p:1"
    assert book.proxy_for("https", "far.example") == ""
    assert not book.refresh()


@pytest.mark.parametrize(
    ("host", "is_one"),
    [
        ("localhost", True), ("localhost:5000", True), ("a.localhost:80", True), ("127.0.0.1:5000", True),
        ("127.8.8.8", True), ("[::1]:5000", True), ("10.0.0.1", False), ("[::2]", False), ("notlocalhost", False),
    ],
)  # fmt: skip
def test_this_computer_has_several_names(host: str, is_one: bool) -> None:
    assert is_loopback(host) is is_one


def test_proxies_of_the_environment() -> None:
    assert proxy_for("https", "r", {"all": "p:1"}) == "http://p:1"
    assert proxy_for("https", "r", {"all": "p:1", "https": "https://q:2"}) == "https://q:2"
    assert proxy_for("https", "r", {}) == ""
    for bypass in ("x, R ,y", "*.example", ".example", "example"):
        assert is_bypassed("R" if "R" in bypass else "a.example", bypass), bypass
    for bypass in ("", ",", "r/8", "10.0.0.0/99", "xr"):
        assert not is_bypassed("r", bypass), bypass


def test_certificates_lie_where_dockers_and_podmans_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for tool in ("docker", "containers"):
        place = tmp_path / tool / "certs.d" / "r.example:5000"
        place.mkdir(parents=True)
        for name in ("b.crt", "a.crt", "me.cert", "me.key", "other.cert"):
            (place / name).touch()
    mine = Endpoint(host="r.example:5000", registry="r", ca_file="/ca", client_certificate="/c", client_key="/k")

    def at(tool: str, name: str) -> str:
        return str(tmp_path / tool / "certs.d" / "r.example:5000" / name)

    expected: list[tuple[str, list[tuple[str, str]]]] = [("/ca", [("/c", "/k")])]
    for tool in ("containers", "docker"):
        expected += [(at(tool, "a.crt"), []), (at(tool, "b.crt"), [])]
        expected += [("", [(at(tool, "me.cert"), at(tool, "me.key"))])]
    assert list(_certificate_files(mine)) == expected
    assert list(_certificate_files(Endpoint(host="elsewhere", registry="r"))) == []
    assert list(_certificate_files(Endpoint(host="elsewhere", registry="r", ca_file="/ca"))) == [("/ca", [])]


def test_a_certificate_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "ca").write_text("no certificate")
    for path in (tmp_path / "ca", tmp_path / "missing"):
        with pytest.raises(RegistryError, match="certificate file for r") as caught:
            tls_context(Endpoint(host="r", registry="r", ca_file=str(path)))
        assert (caught.value.code, caught.value.subject, caught.value.explanation != "") == (Code.TLS, "r", True)
        assert "Settings" in caught.value.hint
    strict, lax = (
        tls_context(Endpoint(host="r", registry="r")),
        tls_context(Endpoint(host="r", registry="r", insecure=True)),
    )
    assert (strict.check_hostname, strict.verify_mode) == (True, ssl.CERT_REQUIRED)
    assert (lax.check_hostname, lax.verify_mode) == (False, ssl.CERT_NONE)
