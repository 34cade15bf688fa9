"""Requests as nobody should send them: any method to any path, bodies of all kinds, heads that are none, halves."""

from __future__ import annotations

import gzip
import io
import json
import random
import tarfile
from typing import TYPE_CHECKING
from urllib.parse import quote

from engine.api.routes import ROUTES
from tests.fuzz.inputs import Maker
from tests.fuzz.readers import READERS

if TYPE_CHECKING:
    from collections.abc import Iterator

# These answer when something happens, take an engine away, or change what belongs to the machine.
_LEFT_OUT = (
    "/events", "/wherry/release", "/wherry/door", "/wherry/logins", "/wherry/registries", "/wherry/proxy", "/auth",
    "/images/create", "/images/search", "/distribution", "/push", "/wherry/gallery", "/wherry/store",
)  # fmt: skip
_METHODS = ("GET", "GET", "POST", "POST", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "FOO")
_WORDS = (
    "one", "two", "nosuch", "localhost/busybox", "localhost/busybox:latest", "..", "%2e%2e%2f", "a/b/c", "x" * 3000,
    "%00", "%ff", "bridge", "sha256:" + "0" * 64, "ä", "one two", "*", "host", "none", "-1", "",
)  # fmt: skip
_KEYS = (
    "all limit filters size t signal name condition stdout stderr stream follow tail since until h w path force v "
    "repo tag platform term type quiet link ps_args dockerfile remote buildargs labels nocache rm q changes comment "
    "memory cpusetcpus extrahosts target networkmode shmsize version noOverwriteDirNonDir copyUIDGID detachKeys fromSrc"
).split()
_VALUES = (
    "1", "0", "true", "-1", "9" * 30, "[]", "{}", '{"label":["a"]}', "[" * 300, "a=b", "..", "%00", "é", "/", "*" * 500,
)  # fmt: skip
_PING, _CREATE, _BUILD = (
    f"{words} HTTP/1.1\r\nHost: x\r\n".encode() for words in ("GET /_ping", "POST /containers/create", "POST /build")
)
_UPGRADE = b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
_HEADS = (
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET /_ping HTTP/9.9\r\nHost: x\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00",
    b"\0" * 300,
    _PING + b"X-A: b\r\n" * 3000 + b"\r\n",
    b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\n\r\n",
    _CREATE + b"Content-Length: 99999999999999999999\r\n\r\n{}",
    _CREATE + b"Content-Length: -5\r\n\r\n",
    _CREATE + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    _BUILD + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    _PING + _UPGRADE,
    _PING.replace(b"GET /_ping", b"POST /session") + _UPGRADE + b"\0\0\0\4",
    _PING.replace(b"GET /_ping", b"POST /grpc") + _UPGRADE + b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff",
)


class Requests:
    """One after another, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._makers = {each.name: Maker(each.kind, self._dice) for each in READERS}
        self._patterns = sorted(
            {(one.method, one.pattern) for one in ROUTES if not any(part in one.pattern for part in _LEFT_OUT)}
        )

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield self.one()

    def one(self) -> bytes:
        dice = self._dice
        if dice.random() < 0.03:
            head = bytearray(dice.choice(_HEADS))
            for _ in range(dice.randrange(3)):
                head[dice.randrange(len(head))] = dice.randrange(256)
            return bytes(head)
        method, pattern = dice.choice(self._patterns)
        if dice.random() < 0.15:
            method = dice.choice(_METHODS)
        path = self._filled(pattern)
        if dice.random() < 0.6:
            path += "?" + "&".join(f"{dice.choice(_KEYS)}={self._value()}" for _ in range(dice.randrange(1, 5)))
        body, kind = self._body(pattern) if method in ("POST", "PUT", "PATCH", "DELETE") else (b"", "")
        length = len(body) if dice.random() < 0.95 else dice.choice((0, 1, len(body) + 50, 10**12))
        head = f"{method} /v1.{dice.choice((24, 41, 47, 99))}{path} HTTP/1.1\r\nHost: d\r\nConnection: close\r\n"
        head += f"Content-Type: {kind}\r\n" if kind else ""
        head += f"Content-Length: {length}\r\n" if body or length else ""
        return head.encode("utf-8", "replace") + b"\r\n" + body

    def _filled(self, pattern: str) -> str:
        for part in ("{id}", "{name}", "{name...}", "{rest...}", "{checkpoint}", "{host}"):
            if part in pattern:
                word = self._dice.choice(_WORDS)
                pattern = pattern.replace(part, word if "%" in word else quote(word, safe="/:"))
        return pattern

    def _value(self) -> str:
        if self._dice.random() < 0.7:
            return quote(self._dice.choice(_VALUES), safe="%")
        return quote(self._text("filters")[:2000], safe="")

    def _text(self, reader: str) -> bytes:
        return self._makers[reader].make()

    def _body(self, pattern: str) -> tuple[bytes, str]:
        dice, json_kind = self._dice, "application/json"
        if pattern == "/build":
            return self._context(), dice.choice(("application/x-tar", "application/tar", ""))
        if pattern in ("/images/load",) or pattern.endswith("/archive"):
            data = self._text("layers")
            return dice.choice((data, gzip.compress(data), data[: len(data) // 2], b"\x28\xb5\x2f\xfd" + data[:99])), ""
        if "projects" in pattern:
            source = {"files": ["/p/compose.yaml"], "directory": "/p",
                      "texts": {"/p/compose.yaml": self._text("compose files").decode(errors="replace")}}  # fmt: skip
            return json.dumps(dice.choice((source, {"source": source}))).encode(), json_kind
        if dice.random() < 0.1:
            return self._text(dice.choice(tuple(self._makers))), dice.choice((json_kind, "text/plain", ""))
        return self._text("bodies of requests"), json_kind

    def _context(self) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for name, reader in (("Dockerfile", "Dockerfiles"), (".dockerignore", "ignore files")):
                data = self._text(reader)
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        return buffer.getvalue()
