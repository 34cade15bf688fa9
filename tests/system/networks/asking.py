"""What a container hears when it asks for a name, by the host's Python, which is lent to it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.types.containers import Exec, Mount

if TYPE_CHECKING:
    from engine.facade import Engine

PYTHON = "/usr/bin/python3"
LENT = tuple(Mount(kind="bind", source=path, target=path, read_only=True) for path in ("/usr", "/lib", "/lib64"))
KINDS = {"A": 1, "PTR": 12, "MX": 15, "AAAA": 28}
NAME_ERROR, SERVER_FAILURE = 3, 2

_ASK = """
import json, socket, struct, sys
name, kind, how, size = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
server = next(line.split()[1] for line in open("/etc/resolv.conf") if line.startswith("nameserver"))
labels = b"".join(bytes([len(each)]) + each.encode() for each in name.split(".")) + b"\\0"
options = b"\\0" + struct.pack("!HHBBHH", 41, size, 0, 0, 0, 0) if size else b""
raw = struct.pack("!HHHHHH", 0x1234, 256, 1, 0, 0, 1 if size else 0) + labels + struct.pack("!HH", kind, 1) + options
if how == "tcp":
    with socket.create_connection((server, 53), 10) as asked:
        asked.sendall(struct.pack("!H", len(raw)) + raw)
        reply = b""
        while len(reply) < 2 or len(reply) < 2 + int.from_bytes(reply[:2], "big"):
            piece = asked.recv(65536)
            if not piece:
                break
            reply += piece
        reply = reply[2:]
else:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.settimeout(10)
        asked.connect((server, 53))
        asked.send(raw)
        reply = asked.recv(65536)
number, flags, _, count, _, additional = struct.unpack_from("!HHHHHH", reply)
at, found, lives = 12 + len(labels) + 4, [], []
for _ in range(count):
    _, kind, _, ttl, length = struct.unpack_from("!HHHIH", reply, at)
    data = reply[at + 12 : at + 12 + length]
    at += 12 + length
    lives.append(ttl)
    if kind == 12:
        parts, spot = [], 0
        while data[spot]:
            parts.append(data[spot + 1 : spot + 1 + data[spot]].decode())
            spot += 1 + data[spot]
        found.append(".".join(parts))
    else:
        found.append(socket.inet_ntop(socket.AF_INET if kind == 1 else socket.AF_INET6, data))
print(json.dumps([flags & 15, found, lives, additional, bool(flags & 0x200), number == 0x1234]))
"""


class Heard(NamedTuple):
    code: int
    found: list[str]
    lives: list[int]
    """How many seconds each is good for."""
    additional: int
    cut: bool
    ours: bool
    """It has the question's number."""


async def said(engine: Engine, container: str, *command: str) -> str:
    """What a command in a running container prints."""
    session = await engine.containers.exec(container, Exec(command=command))
    pieces = []
    while (piece := await session.read()) is not None:
        pieces.append(piece[1].decode())
    await session.close()
    return "".join(pieces)


async def heard(
    engine: Engine, container: str, name: str, kind: str = "A", *, how: str = "udp", size: int = 0
) -> Heard:
    text = await said(engine, container, PYTHON, "-c", _ASK, name, str(KINDS[kind]), how, str(size))
    answer: Any = json.loads(text)
    return Heard(*answer)
