"""Addresses of engines: `unix:///path`, `ssh://[user@]host[:port][/path]`, `tcp://host[:port]`. Pure."""

from __future__ import annotations

from typing import NamedTuple

_PLAIN_PORT, _TLS_PORT = 2375, 2376
_SCHEMES = ("unix", "ssh", "tcp")
_LONGEST = 1024


class BadAddress(ValueError):
    """What is wrong with an address, in a sentence."""


class Address(NamedTuple):
    """Where an engine listens. `path` is that of a socket: here, or at the far end of ssh ("" is the usual one)."""

    scheme: str
    host: str = ""
    user: str = ""
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        if self.scheme == "unix":
            return f"unix://{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        user = f"{self.user}@" if self.user else ""
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme}://{user}{host}{port}{self.path}"

    @property
    def place(self) -> str:
        """What people call it: the host, or the path of a socket of this computer."""
        return self.path if self.scheme == "unix" else f"{self.user}@{self.host}" if self.user else self.host


def parse(text: str, *, tls: bool = False) -> Address:
    """Also what people write for short: a path, `host`, `user@host`, and the `http://` of old."""
    text = text.strip()
    if not text:
        raise BadAddress("no address was given")
    if len(text) > _LONGEST or any(not char.isprintable() or char.isspace() for char in text):
        raise BadAddress("an address is one word of printable characters")
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = ("unix", text) if text.startswith("/") else ("ssh", text)
    scheme = {"http": "tcp", "https": "tcp", "http+unix": "unix"}.get(scheme.lower(), scheme.lower())
    if scheme not in _SCHEMES:
        raise BadAddress(f"“{scheme}” is no way to an engine: write ssh://, unix:// or tcp://")
    if scheme == "unix":
        return _socket(rest)
    return _host(scheme, rest, tls=tls)


def _socket(rest: str) -> Address:
    if not rest.startswith("/"):
        raise BadAddress("the path of a socket begins with a slash: unix:///run/docker.sock")
    return Address("unix", path=rest)


def _host(scheme: str, rest: str, *, tls: bool) -> Address:
    place, slash, path = rest.partition("/")
    user, at, place = place.rpartition("@")
    if at and ":" in user:
        raise BadAddress("an address holds no password: use a key, or the agent")
    host, port = _divided(place)
    if not host or host.startswith("-") or user.startswith("-"):
        raise BadAddress(f"“{place}” is no name of a machine")
    if scheme == "tcp":
        if user or path.strip("/"):
            raise BadAddress("an address of tcp is a host and a port: tcp://host:2376")
        return Address("tcp", host, port=port or (_TLS_PORT if tls else _PLAIN_PORT))
    if any(char in "'\"\\?#$`;&|<>()*" for char in user + host):
        raise BadAddress(f"“{place}” is no name of a machine")
    return Address("ssh", host, user, port, f"/{path}" if slash and path else "")


def _divided(place: str) -> tuple[str, int]:
    """Host and port; an IPv6 address with a port is in brackets."""
    if place.startswith("["):
        host, bracket, rest = place[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise BadAddress(f"“{place}” lacks a bracket")
        return host, _port(rest[1:]) if rest else 0
    host, colon, port = place.partition(":")
    if ":" in port:  # an IPv6 address alone
        return place, 0
    return host, _port(port) if colon else 0


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text[:6]) < 1 << 16):
        raise BadAddress(f"“{text[:20]}” is no port")
    return int(text)
