"""An engine on a socket that answers what a test wrote down and keeps what it was asked, for the command to talk to."""

from __future__ import annotations

import io
import json
import re
import socket
import tarfile
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_API = "/v1.50"
_VERSION = re.compile(r"/v\d+\.\d+(?=/)")
_SECONDS = 20.0


@dataclass
class Reply:
    status: int = 200
    """0: it never comes; the connection ends with the test."""
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    def head(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} As Said", *(f"{name}: {value}" for name, value in self.headers.items())]
        if self.status != 101 and "Content-Length" not in self.headers:
            lines.append(f"Content-Length: {len(self.body)}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Peer:
    """`answers` by "GET /path": the next of them each time, the last for ever."""

    def __init__(self, place: Path) -> None:
        self.answers: dict[str, list[Reply]] = {}
        self.asked: list[str] = []
        self.typed: list[bytes] = []
        """What came over connections that were upgraded, each whole."""
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(place))
        self._listener.listen(16)
        self._talks: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._accept, name="scripted peer")
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(_SECONDS)
        self._listener.close()
        self.settle()

    def let_go(self) -> None:
        """Answers that never come are not waited for any more."""
        self._over.set()

    def settle(self) -> None:
        """All that was said is in `asked` and `typed`."""
        self.let_go()
        with self._lock:
            talks = list(self._talks)
        for talk in talks:
            talk.join(_SECONDS)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(_SECONDS)
            talk = threading.Thread(target=self._talk, args=(connection,), name="scripted talk")
            with self._lock:  # who has an answer finds the talk in the list
                talk.start()
                self._talks.append(talk)

    def _talk(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as heard:
            if not (line := heard.readline().decode().strip()):
                return  # only looked whether somebody is there
            method, target, _ = line.split(" ")
            headers = {}
            while field := heard.readline().decode().strip():
                name, _, value = field.partition(":")
                headers[name.lower()] = value.strip()
            key = f"{method} {_VERSION.sub('', target).partition('?')[0]}"
            if target.startswith(_API):
                target = target.removeprefix(_API)
            elif not target.startswith("/wherry/") and not _VERSION.match(target):
                target = f"unversioned {target}"
            body = (
                _chunked(heard) if "transfer-encoding" in headers else heard.read(int(headers.get("content-length", 0)))
            )
            self.asked.append(" ".join([method, target, *_said(headers, body)]))
            reply = self._reply(key)
            if not reply.status:
                self._over.wait(_SECONDS)
                return
            connection.sendall(reply.head() + reply.body)
            if headers.get("connection") == "Upgrade":
                connection.shutdown(socket.SHUT_WR)
                self.typed.append(heard.read())

    def _reply(self, key: str) -> Reply:
        replies = self.answers.get(key)
        if replies is None:
            return Reply(404, json.dumps({"message": f"nothing is written down for {key}"}).encode())
        return replies.pop(0) if len(replies) > 1 else replies[0]


def _chunked(heard: io.BufferedReader) -> bytes:
    whole = b""
    while size := int(heard.readline(), 16):
        whole += heard.read(size)
        heard.readline()
    heard.readline()
    return whole


def _said(headers: dict[str, str], body: bytes) -> list[str]:
    own = [f"[{name}: {value}]" for name, value in sorted(headers.items()) if name.startswith("x-")]
    if not body:
        return own
    if headers.get("content-type") == "application/json":
        return [*own, body.decode()]
    if body[257:262] == b"ustar":
        return [*own, f"tar of {', '.join(members(body))}"]
    if headers.get("content-type") == "application/vnd.wherry.build":
        line, _, archive = body.partition(b"\n")
        return [*own, line.decode(), *_said({}, archive)]
    return [*own, f"{headers.get('content-type', 'untyped')} {body.decode('utf-8', 'backslashreplace')!r}"]


def members(body: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        return [_member(archive, each) for each in archive]


def tar_of(texts: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, text in texts.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()


def _member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    if member.issym():
        return f"{member.name} -> {member.linkname}"
    if member.isdir():
        return f"{member.name}/"
    content: Any = archive.extractfile(member)
    return f"{member.name} {content.read().decode('utf-8', 'backslashreplace')!r}"
