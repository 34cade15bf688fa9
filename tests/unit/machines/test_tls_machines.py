"""Machines by tcp:// with TLS: who is let in, and what is told to whom is not."""

from __future__ import annotations

import socket
import socketserver
import ssl
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from engine.errors import MachineError
from engine.machines.machine_list import Entry
from engine.remote.link import Link
from tests.support.certificates import Authority, furnish

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def engine_behind(context: ssl.SSLContext | None) -> Iterator[int]:
    """The port of an engine that asks for certificates, or of one in the clear. On plain sockets, which tell a client
    why it is not let in; asyncio's just close."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            if self.rfile.read(1) != b"G":  # it says hello in TLS to who does not speak it
                self.wfile.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                return
            while self.rfile.readline(1000) not in (b"", b"\r\n"):
                pass
            body = b'{"Version": "28.5.2", "ApiVersion": "1.51"}'
            self.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = False

        def get_request(self) -> tuple[socket.socket, object]:
            connection, address = super().get_request()
            if context is None:
                return connection, address
            line = connection.dup()
            try:
                return context.wrap_socket(connection, server_side=True), address
            except OSError:
                # What is not read when a line is closed takes the last word with it.
                line.shutdown(socket.SHUT_WR)
                while line.recv(4096):
                    pass
                raise
            finally:
                line.close()

        def handle_error(self, request: object, client_address: object) -> None:
            """The client has gone."""

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=lambda: server.serve_forever(0.01))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def asking(directory: Path, name: str = "server") -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(directory / "ca.pem"))
    context.load_cert_chain(str(directory / f"{name}.pem"), str(directory / f"{name}-key.pem"))
    context.verify_mode = ssl.CERT_REQUIRED
    return context


async def told(port: int, values: dict[str, object]) -> str:
    """ "" where it is let in."""
    link = Link(Entry("there", f"tcp://127.0.0.1:{port}", **values), "")  # type: ignore[arg-type]
    try:
        await link.agree()
    except MachineError as error:
        return str(error)
    finally:
        await link.close()
    return ""


CASES = (
    "good", "not looked at", "a stranger's", "an old one", "none", "another authority", "no such file", "no such key",
    "another's key", "a key as authority",
)  # fmt: skip


@pytest.mark.parametrize("name", CASES)
async def test_who_is_let_in_and_what_is_told_to_others(name: str, tmp_path: Path) -> None:
    values, words = furnish(tmp_path)[name]
    with engine_behind(asking(tmp_path)) as port:
        said = await told(port, values)

    assert words in said
    assert bool(words) == bool(said)


async def test_a_certificate_for_another_name_or_of_another_time_is_told_as_that(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "ca")
    own = dict(zip(("certificate", "key"), authority.sign("client"), strict=True))
    for name, hosts, days, words in (("far", ("far.example",), 30, "another name"), ("old", ("127.0.0.1",), -1, "exp")):
        authority.sign(name, *hosts, days=days)
        with engine_behind(asking(tmp_path, name)) as port:
            assert words in await told(port, {"ca": str(tmp_path / "ca.pem"), **own})


async def test_tls_to_an_engine_in_the_clear_is_told(tmp_path: Path) -> None:
    values, _ = furnish(tmp_path)["good"]
    with engine_behind(None) as port:
        assert "does not speak TLS" in await told(port, values)
