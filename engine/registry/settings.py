"""How to reach a registry: its real address, mirrors, TLS files, plain HTTP, and the proxy in between."""

from __future__ import annotations

import ipaddress
import os
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from urllib.request import getproxies_environment

from engine.errors import Code, InvalidRequest, RegistryError
from engine.types.data import Data
from engine.types.images import ProxySettings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.registry.settings_file import SettingsFile
    from engine.types.images import RegistrySettings

DOCKER_HUB: Final = "docker.io"
_HUB_HOST: Final = "registry-1.docker.io"


class Endpoint(Data, frozen=True, kw_only=True):
    """One base address that can serve a repository."""

    host: str
    """host[:port], as it stands in the URL."""
    registry: str
    """The domain of the reference this is for; credentials are looked up by it, or by `host` for a mirror."""
    scheme: str = ""
    """"" means https, then http where that is allowed."""
    prefix: str = ""
    """Path in front of a mirror's repositories."""
    insecure: bool = False
    mirror: bool = False
    ca_file: str = ""
    client_certificate: str = ""
    client_key: str = ""

    @property
    def plain_http_allowed(self) -> bool:
        return self.insecure or self.scheme == "http" or is_loopback(self.host)

    @property
    def schemes(self) -> tuple[str, ...]:
        if self.scheme:
            return (self.scheme,)
        return ("https", "http") if self.plain_http_allowed else ("https",)

    @property
    def login_key(self) -> str:
        return self.host if self.mirror else self.registry


class RegistryBook:
    """The settings per host and the proxies, as the user keeps them: in a file, where one is given."""

    def __init__(self, settings: Iterable[RegistrySettings] = (), *, file: SettingsFile | None = None) -> None:
        self._settings: dict[str, RegistrySettings] = {}
        self._proxies = ProxySettings()
        self._file = file
        self._mark: tuple[int, ...] = ()
        self._take(settings, self._proxies)

    def refresh(self) -> bool:
        """Whether the file says something else than before. One that cannot be read raises, and changes nothing."""
        if self._file is None or (mark := self._file.mark()) == self._mark:
            return False
        self._take(*self._file.read())
        self._mark = mark
        return True

    def replace(self, settings: Iterable[RegistrySettings] | None = None, proxies: ProxySettings | None = None) -> None:
        """Keep other settings, or other proxies; None leaves them as they are."""
        if self._file is not None and self._file.mark():
            self.refresh()
        wanted = self._settings.values() if settings is None else tuple(settings)
        self._take(wanted, self._proxies if proxies is None else proxies)
        if self._file is not None:
            self._file.write(self.all(), self._proxies)
            self._mark = self._file.mark()

    def _take(self, settings: Iterable[RegistrySettings], proxies: ProxySettings) -> None:
        checked = {one.host: check(one) for one in settings}
        self._proxies = check_proxies(proxies)
        self._settings = checked

    def all(self) -> tuple[RegistrySettings, ...]:
        return tuple(self._settings.values())

    @property
    def proxies(self) -> ProxySettings:
        return self._proxies

    def proxy_for(self, scheme: str, host: str) -> str:
        return proxy_for(scheme, host, self._own_proxies())

    def proxy_environment(self) -> dict[str, str]:
        """For a program that reaches the web on its own; empty where it is to find what the environment says."""
        own = self._own_proxies() or {}
        return {name: value for key, value in own.items() for name in (f"{key}_proxy", f"{key}_proxy".upper())}

    def _own_proxies(self) -> dict[str, str] | None:
        given = self._proxies
        if not given.http and not given.https:
            return None
        return {"http": given.http, "https": given.https, "no": given.no_proxy}

    def primary(self, domain: str) -> Endpoint:
        return self._endpoint(_HUB_HOST if domain == DOCKER_HUB else domain, domain, settings_host=domain)

    def for_pull(self, domain: str) -> list[Endpoint]:
        """Mirrors in their order, then the registry itself."""
        mirrors = self._settings[domain].mirrors if domain in self._settings else ()
        return [*(self._mirror(address, domain) for address in mirrors), self.primary(domain)]

    def _mirror(self, address: str, domain: str) -> Endpoint:
        scheme, host, prefix = _split_address(address)
        return self._endpoint(host, domain, settings_host=host, scheme=scheme, prefix=prefix, mirror=True)

    def _endpoint(
        self, host: str, domain: str, *, settings_host: str, scheme: str = "", prefix: str = "", mirror: bool = False
    ) -> Endpoint:
        settings = self._settings.get(settings_host)
        if settings is None:
            return Endpoint(host=host, registry=domain, scheme=scheme, prefix=prefix, mirror=mirror)
        return Endpoint(
            host=host,
            registry=domain,
            scheme=scheme,
            prefix=prefix,
            mirror=mirror,
            insecure=settings.insecure,
            ca_file=settings.ca_file,
            client_certificate=settings.client_certificate,
            client_key=settings.client_key,
        )


def check(settings: RegistrySettings) -> RegistrySettings:
    """Refuse what cannot work, before it is kept."""
    if not settings.host or "/" in settings.host or "@" in settings.host or any(map(str.isspace, settings.host)):
        raise InvalidRequest(
            f"“{settings.host}” is not a registry host", hint="Write it as host or host:port.", subject=settings.host
        )
    for mirror in settings.mirrors:
        _split_address(mirror)
    if bool(settings.client_certificate) != bool(settings.client_key):
        raise InvalidRequest("A client certificate needs its key, and a key its certificate", subject=settings.host)
    return settings


def check_proxies(proxies: ProxySettings) -> ProxySettings:
    for address in filter(None, (proxies.http, proxies.https)):
        parts = urlsplit(address if "://" in address else f"//{address}")
        if parts.scheme not in ("", "http", "https") or not parts.hostname or any(map(str.isspace, address)):
            raise InvalidRequest(
                f"“{address}” is not a proxy's address", hint="Write it as http://host:port.", subject=address
            )
    return proxies


def is_loopback(host: str) -> bool:
    name = host_name(host)
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def host_name(host: str) -> str:
    """Without port and brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def tls_context(endpoint: Endpoint) -> ssl.SSLContext:
    """Trust as the system does, plus what the user and the usual folders add for this host."""
    context = ssl.create_default_context()
    if endpoint.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    try:
        for authority, pairs in _certificate_files(endpoint):
            if authority:
                context.load_verify_locations(cafile=authority)
            for certificate, key in pairs:
                context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise RegistryError(
            f"A certificate file for {endpoint.host} cannot be used",
            str(error),
            code=Code.TLS,
            hint="Look under Settings › Registries.",
            subject=endpoint.host,
        ) from error
    return context


def _certificate_files(endpoint: Endpoint) -> Iterable[tuple[str, list[tuple[str, str]]]]:
    if endpoint.ca_file or endpoint.client_certificate:
        pair = [(endpoint.client_certificate, endpoint.client_key)] if endpoint.client_certificate else []
        yield endpoint.ca_file, pair
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    for folder in (Path("/etc/docker"), Path("/etc/containers"), config / "containers", config / "docker"):
        place = folder / "certs.d" / endpoint.host
        if not place.is_dir():
            continue
        for authority in sorted(place.glob("*.crt")):
            yield str(authority), []
        pairs = [(str(one), str(one.with_suffix(".key"))) for one in sorted(place.glob("*.cert"))]
        yield "", [pair for pair in pairs if os.path.exists(pair[1])]


def proxy_for(scheme: str, host: str, environment: Mapping[str, str] | None = None) -> str:
    """The proxy the environment names for an address, or "". Loopback is never sent through one."""
    if is_loopback(host):
        return ""
    proxies = getproxies_environment() if environment is None else dict(environment)
    address = proxies.get(scheme) or proxies.get("all", "")
    if not address or is_bypassed(host, proxies.get("no", "")):
        return ""
    return address if "://" in address else f"http://{address}"


def is_bypassed(host: str, bypass: str) -> bool:
    """NO_PROXY: names with everything below them, host:port pairs, addresses and networks; "*" is all."""
    name = host_name(host).lower()
    for item in (part.strip().lower() for part in bypass.split(",")):
        if item == "*" or (item and item in (host.lower(), name)):
            return True
        if item and name.endswith("." + item.lstrip("*").lstrip(".")):
            return True
        if "/" in item and _in_network(name, item):
            return True
    return False


def _in_network(name: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(name) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _split_address(address: str) -> tuple[str, str, str]:
    """Scheme ("" if none), host and path of a mirror's address."""
    parts = urlsplit(address if "://" in address else f"//{address}")
    if parts.scheme not in ("", "http", "https") or not parts.netloc or "@" in parts.netloc or parts.query:
        raise InvalidRequest(
            f"“{address}” is not a mirror's address", hint="Write it as https://host[:port][/path].", subject=address
        )
    return parts.scheme, parts.netloc, parts.path.strip("/").removeprefix("v2").strip("/")
