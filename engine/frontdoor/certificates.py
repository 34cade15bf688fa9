"""Certificates for the door: an authority made once for this store, on request, and one for each name, in memory.

The authority may sign for names below localhost and nothing else (a critical name constraint), its key lies in a file
of the user's alone, and nothing is put into any trust store: that is the user's to do. Names have a certificate each,
so that a browser never takes one service's connection for another's.
"""

from __future__ import annotations

import os
import ssl
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from engine.frontdoor.addresses import DOMAIN, host_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_AUTHORITY_DAYS, _DAYS, _LAST_DAYS = 3650, 90, 10
_SKEW = timedelta(hours=1)
_MOST_CONTEXTS = 500
_NAME = "Wherry, the front door of this computer"


class Certificates:
    """`directory` is the user's alone; what is not there yet is made."""

    def __init__(self, directory: Path, speaks_http2: Callable[[str], bool]) -> None:
        self.authority_file = directory / "authority.pem"
        self._key_file = directory / "authority.key"
        self._speaks_http2 = speaks_http2
        self._contexts: dict[tuple[str, bool], tuple[datetime, ssl.SSLContext]] = {}
        directory.mkdir(mode=0o700, exist_ok=True)
        self._authority, self._key = self._read() or self._make()

    @cached_property
    def context(self) -> ssl.SSLContext:
        """For a listener: the certificate follows the name that the visitor asks for."""
        context = self._context_of(DOMAIN)
        context.sni_callback = self._choose
        return context

    def _choose(self, connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        host = host_of(name or "")
        if host:
            connection.context = self._context_of(host)

    def _context_of(self, host: str) -> ssl.SSLContext:
        key = (host, self._speaks_http2(host))
        until, context = self._contexts.get(key, (datetime.min.replace(tzinfo=UTC), None))
        if context is None or until < datetime.now(UTC):
            if len(self._contexts) >= _MOST_CONTEXTS:
                self._contexts.clear()
            context = self._new_context(host, http2=key[1])
            self._contexts[key] = (datetime.now(UTC) + timedelta(days=_DAYS - _LAST_DAYS), context)
        return context

    def _new_context(self, host: str, *, http2: bool) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["h2", "http/1.1"] if http2 else ["http/1.1"])
        certificate, key = self._sign(host)
        pem = serialization.Encoding.PEM
        # Python reads a chain from a file only; this one has no name.
        file = os.memfd_create("certificate", os.MFD_CLOEXEC)
        try:
            os.write(file, _private(key) + certificate.public_bytes(pem) + self._authority.public_bytes(pem))
            context.load_cert_chain(f"/proc/self/fd/{file}")
        finally:
            os.close(file)
        return context

    def _sign(self, host: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))  # names may be longer than a subject may
            .issuer_name(self._authority.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _SKEW)
            .not_valid_after(now + timedelta(days=_DAYS))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=True)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return certificate, key

    # --- the authority ---

    def _read(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None:
        """What an earlier time made; None where there is none that still serves."""
        try:
            key = serialization.load_pem_private_key(self._key_file.read_bytes(), None)
            certificate = x509.load_pem_x509_certificate(self.authority_file.read_bytes())
        except (OSError, ValueError, TypeError):
            return None
        if not isinstance(key, ec.EllipticCurvePrivateKey) or certificate.public_key() != key.public_key():
            return None
        late = datetime.now(UTC) + timedelta(days=_DAYS)
        return (certificate, key) if certificate.not_valid_after_utc > late else None

    def _make(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _NAME)])
        now = datetime.now(UTC)
        usage = x509.KeyUsage(
            digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
            key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _SKEW)
            .not_valid_after(now + timedelta(days=_AUTHORITY_DAYS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.NameConstraints([x509.DNSName(DOMAIN)], None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        _write_whole(self._key_file, _private(key), 0o600)
        _write_whole(self.authority_file, certificate.public_bytes(serialization.Encoding.PEM), 0o644)
        return certificate, key


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write_whole(path: Path, data: bytes, mode: int) -> None:
    """It appears whole, and never with wider rights."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "wb") as file:
        file.write(data)
    fresh.rename(path)
