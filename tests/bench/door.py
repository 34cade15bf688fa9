"""The front door beside a direct connection: latency and requests a second of 20 at once, and how much goes through.

    python -m tests.bench.door [--seconds N]

Service, door and visitors are processes of their own, as they are in life; the service answers with as little work as
asyncio allows, so what is measured is the way.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import statistics
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_AT_ONCE = 20
_BIG = 64 << 20
_SMALL = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
_HOST = "web.localhost"


class _Service(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"GET /big"):
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % _BIG + bytes(_BIG))
        else:
            for _ in range(data.count(b"\r\n\r\n")):
                self._transport.write(_SMALL)


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Service, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


async def _door(service: int) -> None:
    from tests.unit.frontdoor.serving import Street, open_door

    street = Street()
    street.ports[_HOST] = service
    async with open_door(street) as port:
        print(port, flush=True)
        await asyncio.to_thread(sys.stdin.read)


@contextlib.asynccontextmanager
async def _process(*words: str) -> AsyncIterator[int]:
    """One of us in another process; gives the port it says."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.door", *words, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        yield int(await child.stdout.readline())
    finally:
        child.stdin.close()
        await child.wait()


async def _visit(port: int, until: float, took: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = f"GET / HTTP/1.1\r\nHost: {_HOST}\r\n\r\n".encode()
    while time.perf_counter() < until:
        begun = time.perf_counter()
        writer.write(request)
        await reader.readuntil(b"hello")
        took.append(time.perf_counter() - begun)
    writer.close()


async def _small(port: int, seconds: float, visitors: int) -> tuple[float, float]:
    """Median milliseconds, requests a second."""
    took: list[float] = []
    until = time.perf_counter() + seconds
    await asyncio.gather(*(_visit(port, until, took) for _ in range(visitors)))
    return statistics.median(took) * 1e3, len(took) / seconds


async def _big(port: int, visitors: int) -> float:
    """MiB a second."""

    async def fetch() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        writer.write(f"GET /big HTTP/1.1\r\nHost: {_HOST}\r\nConnection: close\r\n\r\n".encode())
        left = _BIG
        await reader.readuntil(b"\r\n\r\n")
        while left:
            left -= len(await reader.read(1 << 20))
        writer.close()

    begun = time.perf_counter()
    await asyncio.gather(*(fetch() for _ in range(visitors)))
    return visitors * (_BIG >> 20) / (time.perf_counter() - begun)


async def _compare(seconds: float) -> None:
    async with _process("--service") as service, _process("--door", str(service)) as door:
        for name, port in (("direct", service), ("door", door)):
            one, _ = await _small(port, seconds, 1)
            many, rate = await _small(port, seconds, _AT_ONCE)
            single, several = await _big(port, 1), await _big(port, _AT_ONCE // 4)
            print(
                f"{name:7} one {one:.2f} ms; {_AT_ONCE} at once {many:.1f} ms, {rate:.0f} a second; "
                f"64 MiB {single:.0f} MiB/s, {_AT_ONCE // 4} at once {several:.0f} MiB/s"
            )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.door")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--service", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--door", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    asyncio.run(_serve() if given.service else _door(given.door) if given.door else _compare(given.seconds))


if __name__ == "__main__":
    main()
