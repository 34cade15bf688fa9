"""HTTP/2 through the door, in the clear and over TLS, and the certificates it takes; by real clients and servers."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
import pytest
from cryptography import x509
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, DataReceived, RequestReceived, ResponseReceived, StreamEnded

from engine.frontdoor.certificates import Certificates
from engine.frontdoor.http2 import BadFrame, Frames
from tests.unit.frontdoor.serving import Street, open_door, open_raw, open_service

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

WEB, RPC, OTHER = "web.shop.localhost", "rpc.shop.localhost", "other.localhost"
_READ, _PIECE = 65536, 16384


@asynccontextmanager
async def open_http2(name: str) -> AsyncIterator[int]:
    """A server that speaks HTTP/2 and nothing else, and says its name and what it was sent."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = H2Connection(H2Configuration(client_side=False))
        connection.initiate_connection()
        bodies: dict[int, int] = {}
        while data := await reader.read(_READ):
            for event in connection.receive_data(data):
                if isinstance(event, RequestReceived):
                    bodies[event.stream_id] = 0
                elif isinstance(event, DataReceived):
                    bodies[event.stream_id] += len(event.data)
                    connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, StreamEnded):
                    connection.send_headers(event.stream_id, [(":status", "200"), ("server", name)])
                    connection.send_data(event.stream_id, b"%s %d" % (name.encode(), bodies[event.stream_id]))
                    connection.end_stream(event.stream_id)
            writer.write(connection.data_to_send())
        await closed(writer)

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


class Asker:
    """An HTTP/2 client on one connection to the door."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._connection = H2Connection(H2Configuration(client_side=True))
        self._connection.initiate_connection()
        self.is_ended = False

    async def ask(self, host: str, body: bytes = b"") -> tuple[str, bytes] | None:
        """Status and body; None where the connection was ended instead."""
        connection = self._connection
        stream = connection.get_next_available_stream_id()
        head = [(":method", "POST"), (":scheme", "http"), (":authority", host), (":path", "/"), ("x-long", "y" * 3000)]
        connection.send_headers(stream, head)
        for start in range(0, len(body), _PIECE):
            connection.send_data(stream, body[start : start + _PIECE])
        connection.end_stream(stream)
        self._writer.write(connection.data_to_send())
        status, told = "", b""
        while data := await self._reader.read(_READ):
            for event in connection.receive_data(data):
                if isinstance(event, ConnectionTerminated):
                    self.is_ended = True
                    if not status:
                        return None
                elif isinstance(event, ResponseReceived):
                    status = dict(event.headers)[b":status"].decode()
                elif isinstance(event, DataReceived):
                    told += event.data
                elif isinstance(event, StreamEnded):
                    return status, told
        return None


@asynccontextmanager
async def asker(port: int, **options: object) -> AsyncIterator[Asker]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, **options)  # type: ignore[arg-type]
    try:
        yield Asker(reader, writer)
    finally:
        await closed(writer)


@pytest.fixture
async def street() -> AsyncIterator[Street]:
    made = Street()
    async with open_service("web") as web, open_http2("rpc") as rpc, open_http2("other") as other:
        made.ports = {WEB: web, RPC: rpc, OTHER: other}
        made.http2 = {RPC, OTHER}
        yield made


async def test_http2_goes_through_in_the_clear(street: Street) -> None:
    async with open_door(street) as port, asker(port) as client:
        for size in (0, 10, 60_000):
            assert await client.ask(f"{RPC}:{port}", b"x" * size) == ("200", b"rpc %d" % size)
        assert street.connections == [street.ports[RPC]]


async def test_another_name_on_the_same_http2_connection_is_asked_for_anew(street: Street) -> None:
    async with open_door(street) as port:
        async with asker(port) as client:
            assert await client.ask(RPC) == ("200", b"rpc 0")
            assert await client.ask(OTHER) is None
            assert client.is_ended
        async with asker(port) as client:
            assert await client.ask(OTHER) == ("200", b"other 0")


@pytest.mark.parametrize(("host", "status"), [("nobody.localhost", "404"), ("evil.example", "421"), (WEB, "502")])
async def test_http2_for_nobody_and_for_who_does_not_speak_it(host: str, status: str) -> None:
    street = Street()
    async with (
        open_raw(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n") as (service, _),
        open_door(street) as port,
        asker(port) as client,
    ):
        street.ports[WEB] = service
        answer = await client.ask(host)
        assert answer is not None
        assert answer[0] == status


async def test_broken_frames_end_the_connection(street: Street) -> None:
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    for frames in (
        b"\0\0\0\x09\x04\0\0\0\x01",
        b"\xff\xff\xff\x01\x04\0\0\0\x01",
        b"\0\0\x02\x01\x04\0\0\0\x01\xff\xff",
    ):
        async with open_door(street) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(preface + frames)
            assert b"\x07\0\0\0\0\0" in await reader.read()  # GOAWAY
            await closed(writer)
            assert not street.connections


def test_two_names_in_one_request_are_no_name() -> None:
    from hpack import Encoder

    block = Encoder().encode([(":method", "GET"), (":authority", "a.localhost"), ("host", "b.localhost")])
    frame = len(block).to_bytes(3, "big") + b"\x01\x05\0\0\0\x01" + block
    with pytest.raises(BadFrame):
        list(Frames().feed(frame))


# --- TLS ---


def trusting(certificates: Certificates, *protocols: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(certificates.authority_file))
    if protocols:
        context.set_alpn_protocols(list(protocols))
    return context


async def test_https_is_served_beside_http_by_an_authority_of_one_s_own(street: Street, tmp_path: Path) -> None:
    certificates = Certificates(tmp_path / "door", lambda host: host in street.http2)
    async with open_door(street, certificates) as port:
        trust = trusting(certificates)
        async with aiohttp.ClientSession() as session:
            for scheme in ("https", "http"):
                async with session.get(
                    f"{scheme}://127.0.0.1:{port}/", headers={"Host": WEB}, server_hostname=WEB, ssl=trust
                ) as answer:
                    assert await answer.text() == f"web {WEB} {scheme}"


async def test_https_offers_http2_where_the_service_speaks_it(street: Street, tmp_path: Path) -> None:
    certificates = Certificates(tmp_path / "door", lambda host: host in street.http2)
    trust = trusting(certificates, "h2", "http/1.1")
    async with open_door(street, certificates) as port:
        async with asker(port, ssl=trust, server_hostname=RPC) as client:
            assert await client.ask(RPC, b"abc") == ("200", b"rpc 3")
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust, server_hostname=WEB)
        assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
        await closed(writer)


async def test_the_authority_is_good_for_localhost_only_and_its_key_is_nobody_else_s(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path / "door", lambda _: False)
    authority = x509.load_pem_x509_certificate(certificates.authority_file.read_bytes())
    constraint = authority.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraint.critical
    assert constraint.value.permitted_subtrees == [x509.DNSName("localhost")]
    assert (tmp_path / "door" / "authority.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "door").stat().st_mode & 0o777 == 0o700
    again = Certificates(tmp_path / "door", lambda _: False)
    assert x509.load_pem_x509_certificate(again.authority_file.read_bytes()) == authority


async def test_without_tls_a_handshake_is_turned_away(street: Street) -> None:
    async with open_door(street) as port:
        with pytest.raises((ssl.SSLError, OSError)):
            await asyncio.open_connection("127.0.0.1", port, ssl=ssl.create_default_context(), server_hostname=WEB)
