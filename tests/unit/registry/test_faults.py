"""What can go wrong with a registry and on the way to it, and all that is said of it."""

from __future__ import annotations

import errno
import inspect
import os
import socket
import ssl
from datetime import timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from yarl import URL

from engine.errors import Code, NotFound, RegistryError, StorageError, WherryError
from engine.registry import faults
from engine.registry.faults import (
    TransportFault,
    classify,
    is_passing,
    not_a_registry,
    refused,
    retry_after,
    wrong_login,
)
from engine.types.data import now

HOST = "registry.example"
_CHECK = "Check the address, the network connection and any proxy."


def key(port: int = 443) -> ConnectionKey:
    names = inspect.signature(ConnectionKey).parameters
    known = {"host": HOST, "port": port, "is_ssl": True, "ssl": True}
    return ConnectionKey(**{name: known.get(name) for name in names})  # type: ignore[arg-type]


def connector(number: int, port: int = 443) -> aiohttp.ClientConnectorError:
    return aiohttp.ClientConnectorError(key(port), OSError(number, os.strerror(number)))


def alert(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, reason)
    error.reason = reason
    return error


UNTRUSTED = ssl.SSLCertVerificationError(1, "self-signed certificate")
UNTRUSTED.verify_message = "self-signed certificate"
CASES: list[tuple[BaseException, str, str, Code, str, bool]] = [
    (
        aiohttp.ClientConnectorDNSError(key(), socket.gaierror(socket.EAI_NONAME, "unknown")),
        f"The name {HOST} was not found", "No address belongs to this name.", Code.DNS,
        "Check the spelling and the network connection.", False,
    ),
    (
        socket.gaierror(socket.EAI_AGAIN, "again"),
        f"The name {HOST} was not found", "The name server did not answer.", Code.DNS,
        "Check the spelling and the network connection.", True,
    ),
    (
        aiohttp.ClientConnectorCertificateError(key(), UNTRUSTED),
        f"The certificate of {HOST} cannot be trusted", "Self-signed certificate.", Code.TLS,
        "Add the authority that signed it under Settings › Registries, or check the computer's clock.", False,
    ),
    (
        UNTRUSTED,
        f"The certificate of {HOST} cannot be trusted", "Self-signed certificate.", Code.TLS,
        "Add the authority that signed it under Settings › Registries, or check the computer's clock.", False,
    ),
    (
        ssl.SSLError(1, "wrong version number"),
        f"No secure connection to {HOST}", "The TLS handshake failed; it may speak plain HTTP only.", Code.TLS,
        "If this registry is meant to be without encryption, mark it insecure under Settings › Registries.", False,
    ),
    (
        alert("TLSV13_ALERT_CERTIFICATE_REQUIRED"),
        f"{HOST} wants to see a certificate of yours",
        "It hung up because it was shown none, or none that it accepts.", Code.TLS,
        "Name a client certificate and its key under Settings › Registries.", False,
    ),
    (
        aiohttp.ClientProxyConnectionError(key(), OSError(errno.ECONNREFUSED, "no")),
        "The proxy failed", f"It did not let us through to {HOST}.", Code.CONNECT,
        "Look at “wherry registry proxy”, or else at HTTP_PROXY and HTTPS_PROXY.", False,
    ),
    (TimeoutError(), f"{HOST} does not answer", "It was silent for too long.", Code.TIMEOUT, "", True),
    (connector(errno.ECONNREFUSED), f"Cannot connect to {HOST}", "Nothing listens there.", Code.CONNECT, _CHECK, False),
    (
        connector(errno.ECONNREFUSED, 5000),
        f"Cannot connect to {HOST}:5000", "Nothing listens there.", Code.CONNECT, _CHECK, False,
    ),
    (
        connector(errno.ENETUNREACH),
        f"Cannot connect to {HOST}", "The network cannot be reached.", Code.CONNECT, _CHECK, False,
    ),
    (
        connector(errno.EHOSTUNREACH),
        f"Cannot connect to {HOST}", "No route leads to this host.", Code.CONNECT, _CHECK, True,
    ),
    (
        connector(errno.ECONNRESET),
        f"Cannot connect to {HOST}", "It closed the connection.", Code.CONNECT, _CHECK, True,
    ),
    (
        connector(errno.ETIMEDOUT),
        f"Cannot connect to {HOST}", "It did not answer in time.", Code.TIMEOUT, _CHECK, True,
    ),
    (
        OSError(errno.EPERM, "not permitted"),
        f"Cannot connect to {HOST}", "[Errno 1] not permitted", Code.CONNECT, _CHECK, False,
    ),
    (
        aiohttp.ClientPayloadError("cut"),
        f"The connection to {HOST} broke", "It ended in the middle of an answer.", Code.CONNECT, "", True,
    ),
    (
        ConnectionResetError(),
        f"The connection to {HOST} broke", "It ended in the middle of an answer.", Code.CONNECT, "", True,
    ),
    (
        aiohttp.InvalidURL("http://["),
        f"{HOST} sent us to an impossible address", "http://[", Code.BAD_RESPONSE, "", False,
    ),
    (
        RuntimeError("odd"),
        "The connection failed", f"Talking to {HOST} ended in an unexpected way.", Code.CONNECT, "", False,
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[f"{type(case[0]).__name__} {case[2]}" for case in CASES])
def test_each_way_to_fail_has_its_words(case: tuple[BaseException, str, str, Code, str, bool]) -> None:
    error, title, explanation, code, hint, passing = case

    fault = classify(error, HOST, "https://there/v2/")

    assert (fault.title, fault.explanation, fault.code, fault.hint) == (title, explanation, code, hint)
    assert is_passing(fault) is passing
    assert fault.details == f"{type(error).__name__}: {error}\nhttps://there/v2/"
    assert fault.subject == (HOST if not isinstance(error, RuntimeError) else "")


def test_what_is_ours_already_stays_as_it_is() -> None:
    ours = NotFound("gone")
    assert classify(ours, HOST) is ours
    assert not is_passing(ours)


def test_nothing_of_the_library_is_left_without_words() -> None:
    """Each class of aiohttp's tree meets one of ours before it comes to the last resort."""
    kinds = [kind for kind in vars(aiohttp.client_exceptions).values() if isinstance(kind, type)]
    met = tuple(each for classes, _ in faults._CLASSES for each in classes)
    lonely = {
        kind.__name__
        for kind in kinds
        if issubclass(kind, aiohttp.ClientError) and not issubclass(kind, met) and kind is not aiohttp.ClientError
    }
    assert not lonely - {"ClientConnectionError", "SocketTimeoutError"}


def test_an_alert_is_found_however_it_comes_wrapped() -> None:
    outer = aiohttp.ClientOSError(1, "write failed")
    outer.__cause__ = ConnectionError()
    outer.__cause__.__context__ = alert("SSLV3_ALERT_BAD_CERTIFICATE")

    assert classify(outer, HOST).title == f"{HOST} wants to see a certificate of yours"
    other = aiohttp.ClientOSError(1, "write failed")
    other.__cause__ = alert("TLSV1_ALERT_INTERNAL_ERROR")
    assert classify(other, HOST).title == f"The connection to {HOST} broke"


_SAID = b'{"errors": [{"code": "DENIED", "message": "not you"}, {"code": "MORE"}, {}], "message": "at all"}'
REFUSALS: list[tuple[int, bytes, dict[str, str], type[WherryError], Code, str, str, str]] = [
    (
        401, _SAID, {}, RegistryError, Code.UNAUTHORIZED, f"{HOST} wants a login for app:1", "not you; MORE; at all",
        "Log in to this registry, or check the user name and password. The name may also be misspelt: registries answer"
        " the same for what does not exist.",
    ),
    (
        403, b'{"details": "closed"}', {}, RegistryError, Code.FORBIDDEN, f"{HOST} refuses access to app:1", "closed",
        "The login is known, but may not do this.",
    ),
    (404, b"{}", {}, NotFound, Code.NOT_FOUND, f"{HOST} has no app:1", "", "Check the name and the tag."),
    (
        429, b"", {}, RegistryError, Code.RATE_LIMITED, f"{HOST} limits how often it may be asked",
        "The limit is used up for now.", "A login usually raises the limit.",
    ),
    (
        429, b"slow   down\nplease", {"Retry-After": "30"}, RegistryError, Code.RATE_LIMITED,
        f"{HOST} limits how often it may be asked", "The limit is used up for now.",
        "It asks to wait 30 seconds. A login usually raises the limit.",
    ),
    (507, b"no room", {}, StorageError, Code.DISK_FULL, f"{HOST} is full", "no room", ""),
    (500, b"", {}, RegistryError, Code.BAD_RESPONSE, f"{HOST} answered 500", "It has trouble of its own.", ""),
    (418, b"", {}, RegistryError, Code.BAD_RESPONSE, f"{HOST} answered 418", "This was not expected.", ""),
    (
        502, b"<html>", {"Content-Type": "text/html"}, RegistryError, Code.BAD_RESPONSE, f"{HOST} answered 502",
        "It answered with a web page.", "",
    ),
    (400, b"x" * 400, {}, RegistryError, Code.BAD_RESPONSE, f"{HOST} answered 400", "x" * 300, ""),
    (400, b"[" * 100_000, {}, RegistryError, Code.BAD_RESPONSE, f"{HOST} answered 400", "[" * 300, ""),
    (400, b"\x1b[31mred", {}, RegistryError, Code.BAD_RESPONSE, f"{HOST} answered 400", "This was not expected.", ""),
]  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS, ids=[f"{case[0]} {case[6][:20]}" for case in REFUSALS])
def test_each_refusal_has_its_words(case: tuple[int, bytes, dict[str, str], type[Any], Code, str, str, str]) -> None:
    status, body, headers, kind, code, title, explanation, hint = case

    error = refused(status, body, headers, host=HOST, what=f"{HOST}/app:1", url="https://there/")

    assert type(error) is kind
    assert (error.code, error.title, error.explanation, error.hint) == (code, title, explanation, hint)
    assert error.details.splitlines()[0] == f"HTTP {status} from https://there/"
    assert error.subject == ("app:1" if status == 404 else HOST)
    assert refused(status, b"", {}, host=HOST, what="x").details == f"HTTP {status} from {HOST}"


def test_a_login_that_was_just_typed_is_called_wrong() -> None:
    error = wrong_login(refused(401, _SAID, {}, host=HOST, what="x"))

    assert (error.code, error.title) == (Code.WRONG_LOGIN, f"{HOST} does not take this user name and password")
    assert (error.explanation, error.subject) == ("not you; MORE; at all", HOST)
    assert error.hint.startswith("Check both.")
    assert error.details.startswith("HTTP 401")


def test_a_web_page_is_no_registry() -> None:
    page, other = not_a_registry(HOST, "text/html", str(URL("http://x/"))), not_a_registry(HOST, "text/plain", "u")

    assert (page.title, page.explanation) == (f"{HOST} does not answer like a registry", "It sent a web page.")
    assert (other.explanation, other.details, other.subject) == ("It sent “text/plain”.", "u", HOST)


def test_how_long_to_wait() -> None:
    assert retry_after({}) is None
    assert retry_after({"Retry-After": " 7 "}) == 7.0
    assert retry_after({"Retry-After": "1" * 9}) is None
    assert retry_after({"Retry-After": "soon"}) is None
    assert retry_after({"Retry-After": format_datetime(now() - timedelta(hours=1))}) == 0.0
    later = retry_after({"Retry-After": format_datetime(now() + timedelta(hours=1))})
    assert later is not None
    assert 3500 < later <= 3600


def test_only_faults_of_the_way_are_tried_again() -> None:
    assert not TransportFault("x").retry
    assert not is_passing(refused(503, b"", {}, host=HOST, what="x"))


def test_an_answer_that_is_no_http_is_told_as_that() -> None:
    asked: Any = SimpleNamespace(real_url="https://there/")
    fault = classify(aiohttp.ClientResponseError(asked, (), message="bad"), HOST)
    assert (fault.title, fault.explanation, fault.code) == (
        f"{HOST} does not speak HTTP", "Its answer makes no sense.", Code.BAD_RESPONSE,
    )  # fmt: skip


def test_what_is_wrong_with_a_certificate_is_told_in_the_words_of_who_checked_it() -> None:
    error = ssl.SSLCertVerificationError(1, "a long line of the library's")
    error.verify_message = "certificate has expired"
    assert classify(error, HOST).explanation == "Certificate has expired."
