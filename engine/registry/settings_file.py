"""The file with the user's choices of how registries and the web are reached: `registries.toml`, in the store.

The window and `wherry registry` write it; whoever likes an editor better may too. It is looked at before every use, so
a change counts at once. What is in it:

    [proxy]
    https = "http://proxy.example:3128"
    http = "http://proxy.example:3128"
    no = "localhost,.example.org"

    [registry."docker.io"]
    mirrors = ["https://mirror.example/hub"]
    insecure = false
    ca = "/etc/ssl/ours.pem"
    certificate = "/home/me/me.pem"
    key = "/home/me/me.key"
"""

from __future__ import annotations

import json
import os
import secrets
import tomllib
from typing import TYPE_CHECKING, Any, Final

import msgspec

from engine.errors import InvalidRequest
from engine.types.images import ProxySettings, RegistrySettings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_MOST_BYTES: Final = 4 << 20
_HEADER: Final = """\
# How Wherry reaches registries and the web. The window and `wherry registry` write this file (comments are lost then);
# it may be edited too, and counts at once.
"""


class _Registry(msgspec.Struct, forbid_unknown_fields=True):
    insecure: bool = False
    mirrors: list[str] = []
    ca: str = ""
    certificate: str = ""
    key: str = ""


class _Proxy(msgspec.Struct, forbid_unknown_fields=True):
    http: str = ""
    https: str = ""
    no: str = ""


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    registry: dict[str, _Registry] = {}
    proxy: _Proxy = msgspec.field(default_factory=_Proxy)


class SettingsFile:
    """Reads and writes it whole."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def mark(self) -> tuple[int, ...]:
        """Another one for other contents; empty where there is no file."""
        try:
            facts = os.stat(self.path)
        except FileNotFoundError:
            return ()
        return facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns

    def read(self) -> tuple[tuple[RegistrySettings, ...], ProxySettings]:
        try:
            with self.path.open("rb") as file:
                text = file.read(_MOST_BYTES).decode()
            document = msgspec.convert(tomllib.loads(text), _Document)
        except FileNotFoundError:
            document = _Document()
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
            raise InvalidRequest(
                f"{self.path} cannot be used", str(error), hint="Mend it, or remove it.", subject=str(self.path)
            ) from error
        registries = tuple(
            RegistrySettings(
                host=host,
                insecure=one.insecure,
                mirrors=tuple(one.mirrors),
                ca_file=one.ca,
                client_certificate=one.certificate,
                client_key=one.key,
            )
            for host, one in document.registry.items()
        )
        proxy = document.proxy
        return registries, ProxySettings(http=proxy.http, https=proxy.https, no_proxy=proxy.no)

    def write(self, registries: Sequence[RegistrySettings], proxies: ProxySettings) -> None:
        """Beside, and renamed: nobody reads half of it. Proxies may hold passwords, so it is the user's alone."""
        lines = [_HEADER]
        proxy = {"http": proxies.http, "https": proxies.https, "no": proxies.no_proxy}
        if any(proxy.values()):
            lines.append(_table("proxy", proxy))
        for one in registries:
            values: dict[str, Any] = {
                "mirrors": list(one.mirrors),
                "insecure": one.insecure,
                "ca": one.ca_file,
                "certificate": one.client_certificate,
                "key": one.client_key,
            }
            lines.append(_table(f"registry.{_quoted(one.host)}", values))
        fresh = self.path.with_name(f".{self.path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write("\n".join(lines))
                file.flush()
                os.fsync(file.fileno())
            fresh.rename(self.path)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise


def _table(name: str, values: dict[str, Any]) -> str:
    """What says nothing is left out."""
    kept = [f"{key} = {_value(value)}\n" for key, value in values.items() if value]
    return f"[{name}]\n{''.join(kept)}"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(_quoted(each) for each in value)}]"
    return _quoted(value)


def _quoted(text: str) -> str:
    """A basic string of TOML escapes as JSON does, and DEL besides."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
