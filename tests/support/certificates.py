"""An authority and what it signs, as the administrator of a Docker makes them."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = timedelta(days=1)


class Authority:
    def __init__(self, directory: Path, name: str) -> None:
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        own = _builder(self._name, self._name, self._key.public_key(), days=30)
        own = own.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.file = directory / f"{name}.pem"
        self.file.write_bytes(own.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def sign(self, name: str, *hosts: str, days: int = 30) -> tuple[str, str]:
        """Paths of the certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _builder(_named(name), self._name, key.public_key(), days=days)
        if hosts:
            names = [x509.IPAddress(ip_address(each)) if each[0].isdigit() else x509.DNSName(each) for each in hosts]
            made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
        certificate, key_file = self._directory / f"{name}.pem", self._directory / f"{name}-key.pem"
        certificate.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return str(certificate), str(key_file)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, *, days: int
) -> x509.CertificateBuilder:
    """`days` below none: it has expired already."""
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 60 * _DAY)
        .not_valid_after(now + days * _DAY)
    )


def furnish(directory: Path) -> dict[str, tuple[dict[str, object], str]]:
    """Certificates of a server at localhost ("server") in a directory; and the cases they are for."""
    authority, other = Authority(directory, "ca"), Authority(directory, "other-ca")
    authority.sign("server", "localhost", "127.0.0.1")
    authority.sign("client")
    other.sign("stranger")
    authority.sign("old", days=-1)
    return cases(directory)


def cases(directory: Path) -> dict[str, tuple[dict[str, object], str]]:
    """Entries of a machine with what each is told, "" where it is taken."""
    ca, other, own, key, stranger, stranger_key, old, old_key, none, no_key = (
        str(directory / f"{name}.pem")
        for name in (
            "ca", "other-ca", "client", "client-key", "stranger", "stranger-key", "old", "old-key", "none", "none-key"
        )
    )  # fmt: skip
    return {
        "good": ({"ca": ca, "certificate": own, "key": key}, ""),
        "not looked at": ({"certificate": own, "key": key, "unchecked": True}, ""),
        "a stranger's": ({"ca": ca, "certificate": stranger, "key": stranger_key}, "does not accept your certificate"),
        "an old one": ({"ca": ca, "certificate": old, "key": old_key}, "does not accept your certificate"),
        "none": ({"ca": ca}, "wants a certificate of yours"),
        "another authority": (
            {"ca": other, "certificate": own, "key": key}, "authority that signed it is none of those"
        ),
        "no such file": ({"ca": none}, "none.pem cannot be used"),
        "no such key": ({"ca": ca, "certificate": own, "key": no_key}, "none-key.pem cannot be used"),
        "another's key": ({"ca": ca, "certificate": own, "key": stranger_key}, "do not belong together"),
        "a key as authority": ({"ca": key}, "no certificate in it"),
        "in the clear": ({}, "speaks only TLS"),
    }  # fmt: skip


if __name__ == "__main__":
    furnish(Path(sys.argv[1]))
