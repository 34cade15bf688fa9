"""The three files the engine writes for a container: /etc/hosts, /etc/resolv.conf, /etc/hostname. Pure text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import InvalidRequest
from engine.networks.host import resolvers
from engine.processes.pasta import FORWARDED_DNS
from engine.recipe.checks import HOST_GATEWAY, extra_host, is_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NO_ADDRESS = "127.0.1.1"
_NO_NAMES = "no nameservers: the host's resolver file names none"


def hosts(
    hostname: str,
    addresses: Sequence[str],
    *,
    aliases: Sequence[str] = (),
    extra: Sequence[str] = (),
    host_gateway: str = "",
    neighbours: Iterable[tuple[str, Sequence[str]]] = (),
) -> str:
    lines = [
        "127.0.0.1\tlocalhost",
        "::1\tlocalhost ip6-localhost ip6-loopback",
        "fe00::0\tip6-localnet",
        "ff00::0\tip6-mcastprefix",
        "ff02::1\tip6-allnodes",
        "ff02::2\tip6-allrouters",
    ]
    if host_gateway:
        lines.append(f"{host_gateway}\thost.docker.internal host.containers.internal")
    lines += [_extra_line(entry, host_gateway) for entry in extra]
    own = " ".join(dict.fromkeys((hostname, *aliases)))
    lines += [f"{address or _NO_ADDRESS}\t{own}" for address in addresses or ("",)]
    lines += [f"{ip}\t{' '.join(names)}" for ip, names in neighbours if names]
    return "\n".join(lines) + "\n"


def _extra_line(entry: str, host_gateway: str) -> str:
    name, address = extra_host(entry)
    if address == HOST_GATEWAY:
        address = host_gateway
    if not is_address(address):
        raise InvalidRequest(
            f"“{entry}” is no extra host", "It must be NAME:ADDRESS.", hint="For example db:192.168.1.5.", subject=entry
        )
    return f"{address}\t{name}"


def check_extra_hosts(extra: Sequence[str]) -> None:
    for entry in extra:
        _extra_line(entry, "127.0.0.1")


def resolv_conf(
    host_text: str,
    *,
    dns: Sequence[str] = (),
    search: Sequence[str] = (),
    options: Sequence[str] = (),
    forwarded: bool = True,
    forwarder: str = FORWARDED_DNS,
    names_server: str = "",
) -> str:
    """The host's file with what was asked for put in its place.

    On a network with names its server is asked, which knows whom to ask further; every name is tried as it is first.

    A resolver on the host's loopback cannot be reached from a network of one's own; where questions are `forwarded`,
    the forwarding address stands in for it.
    """
    servers = [names_server] if names_server else list(dns) or resolvers.values(host_text, "nameserver")
    if not names_server and not dns and forwarded and resolvers.needs_forwarder(host_text):
        servers = [forwarder, *resolvers.reachable(host_text)]
    domains = list(search) or [word for line in resolvers.values(host_text, "search") for word in line.split()]
    wanted = list(options) or [word for line in resolvers.values(host_text, "options") for word in line.split()]
    if names_server and not any(option.startswith("ndots:") for option in wanted):
        wanted.append("ndots:0")
    lines = [f"nameserver {server}" for server in servers[:3]]
    lines += [f"search {' '.join(domains)}"] if domains and domains != ["."] else []
    lines += [f"options {' '.join(wanted)}"] if wanted else []
    return "\n".join(lines or [f"# {_NO_NAMES}"]) + "\n"
