"""Every way a registry, or the road to it, can fail, turned into one typed error that says where it failed.

`classify` takes what aiohttp raises, `refused` what a registry answers. Nothing is
guessed: a 401 is not a 404, and a name that does not resolve is not a refusal.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
from typing import TYPE_CHECKING, Final

import aiohttp
import msgspec

from engine.errors import Code, NotFound, RegistryError, StorageError, WherryError

if TYPE_CHECKING:
    from collections.abc import Mapping

LARGEST_ERROR_BODY: Final = 64 * 1024
RETRIED_STATUSES: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


class _Problem(msgspec.Struct):
    code: str | None = None
    message: str | None = None


class _Problems(msgspec.Struct):
    errors: list[_Problem] | None = None
    details: str | None = None
    message: str | None = None


class TransportFault(RegistryError):
    """The connection failed before an answer was complete. `retry` says if the same request may succeed soon."""

    retry = False


def classify(error: BaseException, host: str, url: str = "") -> WherryError:
    """What aiohttp or the socket raised, as ours."""
    if isinstance(error, WherryError):
        return error
    details = f"{type(error).__name__}: {error}" + (f"\n{url}" if url else "")
    for kinds, build in _CLASSES:
        if isinstance(error, kinds):
            fault = _unwelcome(host) if "CERTIFICATE" in _alert(error) else build(error, host)
            fault.details = details
            fault.subject = host
            return fault
    return _fault(
        "The connection failed", f"Talking to {host} ended in an unexpected way.", Code.CONNECT, details=details
    )


def _fault(
    title: str, explanation: str, code: Code, *, hint: str = "", details: str = "", retry: bool = False
) -> TransportFault:
    fault = TransportFault(title, explanation, code=code, hint=hint, details=details)
    fault.retry = retry
    return fault


def _dns(error: BaseException, host: str) -> TransportFault:
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    passing = isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_AGAIN
    return _fault(
        f"The name {host} was not found",
        "The name server did not answer." if passing else "No address belongs to this name.",
        Code.DNS,
        hint="Check the spelling and the network connection.",
        retry=passing,
    )


def _certificate(error: BaseException, host: str) -> TransportFault:
    cause = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    reason = getattr(cause, "verify_message", "") or str(cause)
    return _fault(
        f"The certificate of {host} cannot be trusted",
        f"{reason[:1].upper()}{reason[1:]}.",
        Code.TLS,
        hint="Add the authority that signed it under Settings › Registries, or check the computer's clock.",
    )


def _tls(error: BaseException, host: str) -> TransportFault:
    return _fault(
        f"No secure connection to {host}",
        "The TLS handshake failed; it may speak plain HTTP only.",
        Code.TLS,
        hint="If this registry is meant to be without encryption, mark it insecure under Settings › Registries.",
    )


def _alert(error: BaseException | None) -> str:
    """What the other side said in TLS before it hung up; it may come wrapped, and as late as the first answer."""
    while error is not None:
        if isinstance(error, ssl.SSLError) and "ALERT" in (reason := str(getattr(error, "reason", "") or "")):
            return reason
        error = error.__cause__ or error.__context__
    return ""


def _unwelcome(host: str) -> TransportFault:
    return _fault(
        f"{host} wants to see a certificate of yours",
        "It hung up because it was shown none, or none that it accepts.",
        Code.TLS,
        hint="Name a client certificate and its key under Settings › Registries.",
    )


def _connect(error: BaseException, host: str) -> TransportFault:
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    number = cause.errno if isinstance(cause, OSError) else None
    reasons = {
        errno.ECONNREFUSED: "Nothing listens there.",
        errno.ENETUNREACH: "The network cannot be reached.",
        errno.EHOSTUNREACH: "No route leads to this host.",
        errno.ECONNRESET: "It closed the connection.",
        errno.ETIMEDOUT: "It did not answer in time.",
    }
    if isinstance(error, aiohttp.ClientConnectorError) and error.port not in (80, 443, None) and ":" not in host:
        host = f"{host}:{error.port}"  # it is often the port that is wrong
    return _fault(
        f"Cannot connect to {host}",
        reasons.get(number or 0, str(cause)),
        Code.TIMEOUT if number == errno.ETIMEDOUT else Code.CONNECT,
        hint="Check the address, the network connection and any proxy.",
        retry=number in (errno.ECONNRESET, errno.ETIMEDOUT, errno.EHOSTUNREACH),
    )


def _proxy(error: BaseException, host: str) -> TransportFault:
    return _fault(
        "The proxy failed",
        f"It did not let us through to {host}.",
        Code.CONNECT,
        hint="Look at “wherry registry proxy”, or else at HTTP_PROXY and HTTPS_PROXY.",
    )


def _timeout(error: BaseException, host: str) -> TransportFault:
    return _fault(f"{host} does not answer", "It was silent for too long.", Code.TIMEOUT, retry=True)


def _broken(error: BaseException, host: str) -> TransportFault:
    return _fault(f"The connection to {host} broke", "It ended in the middle of an answer.", Code.CONNECT, retry=True)


def _nonsense(error: BaseException, host: str) -> TransportFault:
    return _fault(f"{host} does not speak HTTP", "Its answer makes no sense.", Code.BAD_RESPONSE)


def _bad_url(error: BaseException, host: str) -> TransportFault:
    return _fault(f"{host} sent us to an impossible address", str(error), Code.BAD_RESPONSE)


# Only newer versions of the library have it.
_UPLOAD_ABORTED: Final = getattr(aiohttp.client_exceptions, "UploadAbortedError", aiohttp.ClientPayloadError)
_CLASSES: Final = (
    ((aiohttp.ClientConnectorDNSError, socket.gaierror), _dns),
    ((aiohttp.ClientConnectorCertificateError, ssl.SSLCertVerificationError), _certificate),
    ((aiohttp.ClientSSLError, ssl.SSLError), _tls),
    ((aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError), _proxy),
    ((asyncio.TimeoutError, TimeoutError), _timeout),
    ((aiohttp.ClientConnectorError,), _connect),
    ((aiohttp.ClientPayloadError, aiohttp.ServerConnectionError, _UPLOAD_ABORTED), _broken),
    ((aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError, aiohttp.RedirectClientError), _bad_url),
    ((aiohttp.ClientResponseError,), _nonsense),
    ((ConnectionError, aiohttp.ClientOSError), _broken),
    ((OSError,), _connect),
)
"""Most particular first. `tests/unit/registry/test_faults.py` walks aiohttp's whole tree against it."""


def is_passing(error: WherryError) -> bool:
    """Worth another try in a moment."""
    return isinstance(error, TransportFault) and error.retry


def refused(
    status: int, body: bytes, headers: Mapping[str, str], *, host: str, what: str, url: str = ""
) -> WherryError:
    """A registry's answer that is no success. `what` may begin with the host, which is said only once."""
    what = what.removeprefix(f"{host}/")
    said = _what_it_said(body, headers)
    details = f"HTTP {status} from {url or host}" + (f"\n{said}" if said else "")
    if status == 401:
        return RegistryError(
            f"{host} wants a login for {what}",
            said,
            code=Code.UNAUTHORIZED,
            hint="Log in to this registry, or check the user name and password. The name may also be misspelt: "
            "registries answer the same for what does not exist.",
            details=details,
            subject=host,
        )
    if status == 403:
        return RegistryError(
            f"{host} refuses access to {what}",
            said,
            code=Code.FORBIDDEN,
            hint="The login is known, but may not do this.",
            details=details,
            subject=host,
        )
    if status == 404:
        return NotFound(
            f"{host} has no {what}", said, hint="Check the name and the tag.", details=details, subject=what
        )
    if status == 429:
        return RegistryError(
            f"{host} limits how often it may be asked",
            said or "The limit is used up for now.",
            code=Code.RATE_LIMITED,
            hint=_rate_hint(headers),
            details=details,
            subject=host,
        )
    if status == 507:
        return StorageError(f"{host} is full", said, code=Code.DISK_FULL, details=details, subject=host)
    explanation = said or ("It has trouble of its own." if status >= 500 else "This was not expected.")
    return RegistryError(f"{host} answered {status}", explanation, details=details, subject=host)


def wrong_login(error: WherryError) -> RegistryError:
    """What a registry's refusal means to somebody who has just typed a name and a password."""
    return RegistryError(
        f"{error.subject} does not take this user name and password",
        error.explanation,
        code=Code.WRONG_LOGIN,
        hint="Check both. Where a second factor is asked for, an access token takes the place of the password.",
        details=error.details,
        subject=error.subject,
    )


def not_a_registry(host: str, content_type: str, url: str) -> RegistryError:
    return RegistryError(
        f"{host} does not answer like a registry",
        "It sent a web page." if "html" in content_type else f"It sent “{content_type}”.",
        hint="A proxy or a login page of the network may stand in the way; or the address is that of a web site.",
        details=url,
        subject=host,
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds the server asks us to wait, if it says so in seconds or as a date."""
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    if value.isdecimal() and len(value) < 9:
        return float(value)
    from email.utils import parsedate_to_datetime

    from engine.types.data import now

    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, (parsedate_to_datetime(value) - now()).total_seconds())
    return None


def _rate_hint(headers: Mapping[str, str]) -> str:
    seconds = retry_after(headers)
    wait = f"It asks to wait {round(seconds)} seconds. " if seconds else ""
    return wait + "A login usually raises the limit."


def _what_it_said(body: bytes, headers: Mapping[str, str]) -> str:
    """The registry's own words, from the error document the specification asks for; nothing from a web page."""
    if "html" in headers.get("Content-Type", ""):
        return "It answered with a web page."
    try:
        problems = msgspec.json.decode(body, type=_Problems)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        text = body.decode(errors="replace").strip()
        return " ".join(text.split())[:300] if text.isprintable() else ""
    lines = [item.message or item.code or "" for item in problems.errors or ()]
    lines = [line for line in (*lines, problems.details or "", problems.message or "") if line]
    return "; ".join(lines)[:1000]
