"""Ways to engines: over TCP, TLS and a played ssh, by standard input and output; and the programs beside the verbs."""

from __future__ import annotations

import contextlib
import http.server
import os
import signal
import socket
import ssl
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from engine.api import takeover
from engine.cli import serve, tour
from engine.cli.clusters.manifests import texts_of
from engine.cli.main import main
from engine.cli.reach.far import FarClient
from engine.cli.reach.wire import Failed, Unreachable
from engine.errors import Code, Conflict
from engine.machines.machine_list import Entry
from engine.types.containers import State
from tests.fakes.engine import open_fake_engine
from tests.support.certificates import Authority

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.cli.scripted_peer import Peer

OK = b"HTTP/1.1 200 OK\r\nApi-Version: 1.44\r\nContent-Length: 2\r\n\r\nOK"


def _wrapped(plain: socket.socket, tls: ssl.SSLContext | None) -> socket.socket:
    return tls.wrap_socket(plain, server_side=True) if tls else plain


@contextlib.contextmanager
def listening(tls: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[bytes]]]:
    """Answers each connection with `OK`; what it was asked."""
    heads: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            while True:
                try:
                    plain, _ = server.accept()
                except OSError:
                    return
                talks.append(threading.Thread(target=talk, args=(plain,)))
                talks[-1].start()

        def talk(plain: socket.socket) -> None:
            with contextlib.suppress(OSError), plain, _wrapped(plain, tls) as each:
                if head := each.recv(1 << 16):
                    heads.append(head)
                    each.sendall(OK)

        talks = [threading.Thread(target=answer)]
        talks[0].start()
        yield server.getsockname()[1], heads
        server.shutdown(socket.SHUT_RDWR)
        for each in talks:
            each.join(20)


def test_an_engine_is_reached_over_plain_tcp() -> None:
    with listening() as (port, heads):
        client = FarClient(Entry("far", f"tcp://127.0.0.1:{port}"))
        assert client.ask("GET", "/_ping").read() == b"OK"
    assert [head.split(b"\r\n")[0] for head in heads] == [b"GET /v1.50/_ping HTTP/1.1", b"GET /v1.44/_ping HTTP/1.1"]
    assert client.is_own is False
    with pytest.raises(Unreachable) as caught:
        client.connect()
    assert str(caught.value) == f"tcp://127.0.0.1:{port}: Connection refused"


def test_an_engine_is_reached_over_tls_by_those_it_trusts(tmp_path: Path) -> None:
    authority, other = Authority(tmp_path, "own"), Authority(tmp_path, "other")
    certificate, key = authority.sign("server", "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with listening(context) as (port, heads):
        client = FarClient(Entry("far", f"tcp://127.0.0.1:{port}", ca=str(authority.file)))
        assert client.ask("GET", "/_ping").read() == b"OK"
        assert len(heads) == 2
        waiting = client.connect()
        assert client.ask("GET", "/_ping").read() == b"OK"
        waiting.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert waiting.recv(1 << 16) == OK, "what TLS says for itself keeps nothing back"
        waiting.close()
        stranger = FarClient(Entry("far", f"tcp://127.0.0.1:{port}", ca=str(other.file)))
        with pytest.raises(Unreachable) as caught:
            stranger.ask("GET", "/_ping")
        assert "certificate" in str(caught.value).lower()


def test_over_ssh_its_complaint_says_why_nobody_answers(
    peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ssh = tmp_path / "bin/ssh"
    ssh.parent.mkdir()
    ssh.write_text('#!/bin/sh\necho "$*" >>"$0.log"\necho \'me@there: Permission denied (publickey).\' >&2\nexit 255\n')
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{ssh.parent}:{os.environ['PATH']}")
    assert main(["-H", "ssh://me@there", "ps"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("Error: ")
    assert "me@there" in told or "there" in told
    assert "there" in (tmp_path / "bin/ssh.log").read_text()
    assert peer.asked == []


def test_an_address_that_makes_no_sense_is_told_with_the_machines_name() -> None:
    with pytest.raises(Failed) as caught:
        FarClient(Entry("box", "ftp://x"))
    assert caught.value.message.startswith("box: “ftp” is no way to an engine")


def test_input_and_output_become_the_connection(peer: Peer, capfd: pytest.CaptureFixture[str]) -> None:
    read_end, write_end = os.pipe()
    os.write(write_end, b"GET /v1.50/x HTTP/1.1\r\nHost: w\r\nConnection: Upgrade\r\n\r\nmore")
    os.close(write_end)
    kept = os.dup(0)
    os.dup2(read_end, 0)
    try:
        assert main(["system", "dial-stdio"]) == 0
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        os.close(read_end)
    peer.settle()
    assert peer.asked == ["GET /x"]
    assert peer.typed == [b"more"]
    assert "nothing is written down for GET /x" in capfd.readouterr().out


# --- into pods of clusters ---


def test_a_port_is_forwarded_until_it_is_told_to_end(peer: Peer, capfd: pytest.CaptureFixture[str]) -> None:
    from tests.unit.cli.scripted_peer import Reply

    peer.answers = {
        "POST /wherry/clusters/forward": [Reply(body=b'{"id": "f1", "local_port": 8080, "port": 80}'),
                                          Reply(body=b'{"id": "f2", "local_port": 9, "port": 9}')],
        "DELETE /wherry/clusters/forwards/f1": [Reply(204)],
        "DELETE /wherry/clusters/forwards/f2": [Reply(204)],
    }  # fmt: skip
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)  # it waits until it is asked for
    try:
        assert main(["kube", "port-forward", "web-1", "8080:80", "9"]) == 0
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    assert capfd.readouterr().out == ("Forwarding from 127.0.0.1:8080 -> 80\nForwarding from 127.0.0.1:9 -> 9\n")
    said = [line for line in peer.asked if "forwards" not in line]
    assert '"target":"web-1","number":80,"local_port":8080' in said[0]
    assert '"number":9,"local_port":9' in said[1]
    assert peer.asked[2:] == ["DELETE /wherry/clusters/forwards/f1", "DELETE /wherry/clusters/forwards/f2"]


def test_a_command_in_a_pod_has_what_is_piped_in(
    peer: Peer, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from tests.unit.cli.scripted_peer import Reply

    monkeypatch.setattr(os, "urandom", lambda count: b"\xab" * count)
    peer.answers = {
        "POST /wherry/clusters/session": [Reply(101, b"raw\n")],
        f"GET /wherry/clusters/sessions/{'ab' * 16}": [Reply(body=b'{"code": 4}')],
    }
    assert main(["kube", "exec", "-i", "web-1", "--", "cat"]) == 4
    assert capfd.readouterr().out == "raw\n"
    assert (
        '"exec":{"target":"web-1","command":["cat"],"container":"","tty":false,"stdin":true},"name":"abab'
        in peer.asked[0]
    )


def test_files_are_fetched_from_addresses() -> None:
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/pod.yaml" else 404)
            self.end_headers()
            self.wfile.write(b"kind: Pod\n")

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with http.server.HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}/pod.yaml"
        assert texts_of([address]) == {address: "kind: Pod\n"}
        with pytest.raises(Failed) as caught:
            texts_of([f"http://127.0.0.1:{server.server_port}/none"])
        assert caught.value.message.endswith("/none cannot be fetched: HTTP Error 404: Not Found")
        server.shutdown()
        thread.join(20)


# --- the programs beside the verbs ---


def test_without_a_verb_this_process_becomes_the_window(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    became: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(os, "execv", lambda program, argv: became.append((program, argv)))
    for words in ([], ["open"], ["open", "file:///a/b"], ["open", "c"]):
        main(words)
    own = [sys.executable, "-P", "-m", "gui"]
    assert became == [
        (sys.executable, own), (sys.executable, own), (sys.executable, [*own, "--", "/a/b"]),
        (sys.executable, [*own, "--", "c"]),
    ]  # fmt: skip


def test_a_background_engine_ends_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []
    monkeypatch.setattr("engine.processes.headless.start_headless", lambda *words: started.append(words) or 7)
    assert serve.start_in_background("/log") == 7
    monkeypatch.setenv("WHERRY_IDLE_SECONDS", "5")
    serve.start_in_background("/log")
    assert started == [(["--quiet", "--idle", "300"], "/log"), (["--quiet", "--idle", "5"], "/log")]
    assert main(["serve", "--idle", "-1"]) == 1


async def test_an_engine_with_something_running_is_needed() -> None:
    engine = await open_fake_engine()
    try:
        assert await serve.needs_supervision(engine)
        for each in await engine.containers.list():
            if each.state in (State.PAUSED, State.RUNNING, State.RESTARTING):
                await engine.containers.remove(each.id, force=True)
        left = {each.state for each in await engine.containers.list()}
        assert await serve.needs_supervision(engine) is bool(left - {State.EXITED, State.CREATED})
    finally:
        await engine.close()


@pytest.mark.parametrize(
    ("code", "stays", "gives_way", "opened"),
    [
        (Code.STORE_LOCKED, True, True, True),
        (Code.STORE_LOCKED, True, False, False),
        (Code.STORE_LOCKED, False, True, False),
        (Code.IN_USE, True, True, False),
    ],
)
async def test_an_engine_that_stays_takes_over_from_one_in_passing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: Code, *, stays: bool, gives_way: bool, opened: bool
) -> None:
    tries: list[bool] = []

    async def open_engine() -> str:
        tries.append(True)
        if len(tries) == 1:
            raise Conflict("taken", code=code)
        return "engine"

    async def take_over(socket_path: Path, *, passing_only: bool) -> bool:
        assert (socket_path, passing_only) == (tmp_path, True)
        return gives_way

    monkeypatch.setattr("engine.embedded.open_engine", open_engine)
    monkeypatch.setattr(takeover, "take_over", take_over)
    if opened:
        assert await serve._open(tmp_path, stays=stays) == "engine"  # type: ignore[comparison-overlap]
        return
    with pytest.raises(Conflict):
        await serve._open(tmp_path, stays=stays)
    assert tries == [True]


# --- the tour's own words and places ---


def test_the_tour_says_what_it_sees() -> None:
    assert tour._title("<html><title> A page </title>x") == "A page"
    assert tour._title("plain" * 20) == ("plain" * 20)[:60]
    assert [tour._count(number, "layer") for number in (0, 1, 2)] == ["0 layers", "1 layer", "2 layers"]
    assert tour._count(2, "process", "processes") == "2 processes"


def test_the_tour_has_a_place_of_its_own_that_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr("tempfile.tempdir", None)
    with tour._place() as place:
        assert (place.root.name, place.run.name) == ("root", "run")
        assert place.root.parent.is_dir()
        (place.root / "some").mkdir(parents=True)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert tour._for_pictures() == tmp_path / "cache/wherry-tour"
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert tour._for_pictures().name.startswith("wherry-tour-")


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (tour._Stopped("the page was empty."), 1, "\nThe tour ended early: the page was empty.\nSee what this machine"),
        (
            Conflict("taken", details="by 7"),
            1,
            "\nThe tour ended early: taken.\nby 7\nSee what this machine lacks: wherry doctor\n",
        ),
        (KeyboardInterrupt(), 130, "\nThe tour was interrupted; everything it made is gone.\n"),
        (None, 0, ""),
    ],
)
def test_a_tour_that_ends_early_says_why(
    error: BaseException | None, code: int, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    taken: list[Any] = []

    async def take(self: Any) -> None:
        taken.append((self._pictures, self._window))
        if error is not None:
            raise error

    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tour._Tour, "take", take)
    assert main(["tour", "--no-window", "--pictures", str(tmp_path / "p")]) == code
    assert capsys.readouterr().err.startswith(told)
    assert taken == [(tmp_path / "p", False)]
