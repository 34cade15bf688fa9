"""The certificates of a machine that is reached by tcp:// with TLS, and why they were not taken, in sentences."""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from engine.machines.machine_list import Entry


class Told(NamedTuple):
    title: str
    explanation: str


class FileUnusable(OSError):
    """One of the files that the machine's entry names."""


def context_for(entry: Entry) -> ssl.SSLContext:
    """Raises `FileUnusable`."""
    with _Reading(entry.ca):
        context = ssl.create_default_context(cafile=entry.ca or None)
    if entry.unchecked:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if entry.certificate:
        for path in (entry.certificate, entry.key):
            with _Reading(path):
                if path:
                    os.close(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
        with _Reading(entry.certificate):
            context.load_cert_chain(entry.certificate, entry.key or None)
    return context


class _Reading:
    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, ssl.SSLError):
            words = "It and its key do not belong together." if error.reason == "KEY_VALUES_MISMATCH" else _NO_PEM
            raise FileUnusable(0, words, self._path) from None
        if isinstance(error, OSError):
            raise FileUnusable(error.errno, f"{error.strerror}.", self._path) from None


_NO_PEM = "There is no certificate in it in the form of PEM."


def told(error: OSError, place: str, *, has_own: bool) -> Told | None:
    """None where it has nothing to do with certificates. `has_own`: we show one of our own."""
    if isinstance(error, FileUnusable):
        return Told(f"{error.filename} cannot be used", str(error.strerror))
    if isinstance(error, ssl.SSLCertVerificationError):
        return Told(f"The certificate of {place} is not accepted", _unverified(error))
    if not isinstance(error, ssl.SSLError):
        return None
    reason = error.reason or ""
    if "CERTIFICATE_REQUIRED" in reason or ("ALERT" in reason and not has_own):
        return Told(f"{place} wants a certificate of yours", "Name its file and its key's where the machine is set up.")
    if "ALERT" in reason:
        why = "It has expired." if "EXPIRED" in reason else "It was not signed by an authority that is trusted there."
        return Told(f"{place} does not accept your certificate", why)
    if reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"):
        return Told(f"{place} does not speak TLS", "Its engine listens there in the clear, or it is something else.")
    return Told(f"The connection to {place} could not be secured", str(error))


def _unverified(error: ssl.SSLCertVerificationError) -> str:
    words = str(error.verify_message)
    if "issuer" in words or "self-signed" in words or "self signed" in words:
        return "The authority that signed it is none of those you named."
    if "expired" in words:
        return "It has expired."
    if "not yet valid" in words:
        return "It is not valid yet: one of the clocks is wrong."
    if "ostname mismatch" in words or "IP address mismatch" in words:
        return "It was made for another name or address."
    return f"{words[:1].upper()}{words[1:]}."
