"""A client of BuildKit's gRPC gets the sentence that helps, in the frames it reads."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from engine.api.buildkit import ADVICE

if TYPE_CHECKING:
    from tests.unit.api.serving import Raw, Served

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS, ACK = b"\0\0\0\x04\0\0\0\0\0", b"\0\0\0\x04\x01\0\0\0\0"


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


async def read_frame(raw: Raw) -> tuple[int, int, int, bytes]:
    head = await raw.exactly(9)
    return head[3], head[4], int.from_bytes(head[5:], "big"), await raw.exactly(int.from_bytes(head[:3], "big"))


async def talking(api: Served, path: str = "/grpc") -> Raw:
    raw = await api.upgrade(path, protocol="h2c")
    assert "101" in raw.head
    assert "Upgrade: h2c" in raw.head
    assert await read_frame(raw) == (4, 0, 0, b"")
    return raw


@pytest.mark.parametrize("path", ["/grpc", "/v1.50/session"])
async def test_every_call_is_told_what_to_do(api: Served, path: str) -> None:
    raw = await talking(api, path)
    raw.writer.write(PREFACE + SETTINGS)
    assert await read_frame(raw) == (4, 1, 0, b"")
    for stream in (1, 3):
        raw.writer.write(frame(1, 0x4, stream, b"whatever") + frame(0, 1, stream, b"message"))
        kind, flags, answered, payload = await read_frame(raw)
        assert (kind, flags, answered) == (1, 0x5, stream)
        assert ADVICE.encode() in payload
        assert b"grpc-status\x019" in payload
    raw.writer.write(ACK + frame(6, 0, 0, b"12345678"))
    assert await read_frame(raw) == (6, 1, 0, b"12345678")
    raw.writer.write(frame(7, 0, 0, b"\0" * 8))
    assert await raw.rest() == b""
    await raw.close()


async def test_it_may_come_in_any_pieces(api: Served) -> None:
    raw = await talking(api)
    for byte in PREFACE + SETTINGS + frame(1, 0, 1, b"ab") + frame(9, 0x4, 1, b"cd"):
        raw.writer.write(bytes((byte,)))
        await asyncio.sleep(0)
    assert (await read_frame(raw))[:2] == (4, 1)
    assert (await read_frame(raw))[2] == 1
    await raw.close()


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\n\r\n", PREFACE + b"\xff\xff\xff\x01" + b"\0" * 5])
async def test_what_is_no_such_conversation_ends_it(api: Served, said: bytes) -> None:
    raw = await talking(api)
    raw.writer.write(said)
    assert await raw.rest() == b""
    await raw.close()
