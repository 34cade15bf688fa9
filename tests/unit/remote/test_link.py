"""One machine's line: what is asked and how, each failure as one of our errors, and what is known while it is away."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import stat
import sys
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from aiohttp import ClientPayloadError, ServerDisconnectedError

from engine.errors import (
    Code,
    Conflict,
    InvalidRequest,
    MachineError,
    NotFound,
    RuntimeFailure,
    Unsupported,
    WherryError,
)
from engine.machines.machine_list import Entry
from engine.remote import machine_engine
from engine.remote.dialing import Dialer
from engine.remote.engine import RemoteEngine
from engine.remote.link import Link, _query, refused
from engine.types.machines import Link as State
from tests.support.scripted_docker import Answer, ScriptedDocker, held, served, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.stores import ShortTmp


@pytest.fixture
async def link(docker: ScriptedDocker, short_tmp: ShortTmp) -> AsyncIterator[Link]:
    async with served(docker, short_tmp.run / "s"):
        made = Link(Entry("there", f"unix://{short_tmp.run}/s"), "")
        yield made
        await made.close()


# --- what is asked ---


@pytest.mark.parametrize(
    ("theirs", "spoken"),
    [
        ({"ApiVersion": "1.41"}, "/v1.41"),
        ({"ApiVersion": "1.25"}, "/v1.25"),
        ({"ApiVersion": "1.99", "MinAPIVersion": "1.50"}, "/v1.50"),
        ({"ApiVersion": "2.0"}, "/v1.50"),
        ({"ApiVersion": "odd"}, "/v1.41"),
        ({"ApiVersion": None}, "/v1.41"),
    ],
)
async def test_the_newest_version_that_both_know_is_spoken(
    docker: ScriptedDocker, link: Link, theirs: dict[str, Any], spoken: str
) -> None:
    docker.says("GET /version", {"Version": "9", **theirs})
    assert (await link.agree())["Version"] == "9"
    assert link.api == spoken


@pytest.mark.parametrize(
    ("theirs", "words"),
    [
        ({"ApiVersion": "1.24"}, "is too old: its API is 1.24"),
        ({"ApiVersion": "1.99", "MinAPIVersion": "1.51"}, "is too new: it speaks API 1.51 and later"),
    ],
)
async def test_an_engine_of_another_time_is_refused(
    docker: ScriptedDocker, link: Link, theirs: dict[str, Any], words: str
) -> None:
    docker.says("GET /version", theirs)
    with pytest.raises(MachineError) as told:
        await link.agree()
    assert words in told.value.title
    assert told.value.code is Code.UNSUPPORTED


def test_how_a_query_is_written() -> None:
    values = {
        "none": None, "empty": "", "no": False, "yes": True, "zero": 0, "text": "a b", "many": ["a", "", "b"],
        "pair": ("x", {"k": "v"}), "filter": {"a": ["b"]},
    }  # fmt: skip
    assert _query(values) == [
        ("yes", "1"), ("text", "a b"), ("many", "a"), ("many", "b"), ("pair", "x"), ("pair", '{"k":"v"}'),
        ("filter", '{"a":["b"]}'),
    ]  # fmt: skip
    assert _query(None) == []


async def test_a_question_and_what_goes_with_it(docker: ScriptedDocker, link: Link) -> None:
    docker.says("POST /x", {"a": 1}, b"  ", b"{]")
    assert await link.json("POST", "/x", {"q": "1"}, body={"b": 2}, headers={"A": "b"}) == {"a": 1}
    asked = docker.asked[-1]
    assert (asked.line, asked.json, asked.headers["Content-Type"], asked.headers["A"]) == (
        "POST /x?q=1", {"b": 2}, "application/json", "b",
    )  # fmt: skip
    assert await link.json("POST", "/x") is None
    assert (docker.asked[-1].body, docker.asked[-1].headers["Content-Type"]) == (b"", "application/json")
    with pytest.raises(MachineError, match="cannot be read") as told:
        await link.json("POST", "/x")
    assert told.value.code is Code.BAD_RESPONSE
    docker.says("GET /x")
    assert await link.json("GET", "/x", versioned=False) is None
    assert "Content-Type" not in docker.asked[-1].headers
    docker.says("POST /y", b"OK, but no JSON")
    await link.tell("POST", "/y", {"c": 3})
    assert docker.asked[-1].json == {"c": 3}
    await link.ping(5.0)
    assert docker.asked[-1].line == "GET /_ping"


async def test_messages_come_as_they_are_said(docker: ScriptedDocker, link: Link) -> None:
    docker.says("GET /m", Answer((b'{"a":', b'1}\n\x1e{"b":2}\r\n\n \r\n{"c"', b":3}")))
    async with link.stream("GET", "/m") as answer:
        assert [each async for each in link.messages(answer)] == [{"a": 1}, {"b": 2}, {"c": 3}]


async def _heard(link: Link, found: list[bytes], silent: float | None = None) -> None:
    async with link.stream("GET", "/m", silent=silent) as answer:
        async for piece in link.pieces(answer):
            found.append(piece)


async def test_a_body_that_breaks_off_is_no_end(docker: ScriptedDocker, link: Link) -> None:
    docker.says("GET /m", Answer((b"half",), then="cut"))
    found: list[bytes] = []
    with pytest.raises(MachineError, match="broke off") as told:
        await _heard(link, found)
    assert (found, told.value.explanation) == ([b"half"], "It ended before all was said.")


async def test_one_that_says_nothing_counts_as_dead(docker: ScriptedDocker, link: Link) -> None:
    docker.says("GET /m", Answer((b"x",), then="hold"))
    with pytest.raises(MachineError, match="does not answer") as told:
        await _heard(link, [], silent=0.01)
    assert told.value.code is Code.TIMEOUT
    with pytest.raises(MachineError, match="does not answer"):
        await link.json("GET", "/m", seconds=0.01)


@pytest.mark.parametrize(
    ("status", "said", "kind", "code", "title"),
    [
        (400, b'{"message":"bad thing"}', InvalidRequest, None, "Bad thing"),
        (404, b'{"cause":"none"}', NotFound, None, "None"),
        (409, b'{"message":"the name is already in use"}', Conflict, Code.NAME_TAKEN, "The name is already in use"),
        (409, b'{"message":"it already exists"}', Conflict, Code.NAME_TAKEN, "It already exists"),
        (409, b'{"message":"volume is in use"}', Conflict, Code.IN_USE, "Volume is in use"),
        (409, b'{"message":"image is being used by web"}', Conflict, Code.IN_USE, "Image is being used by web"),
        (409, b'{"message":"web is using its image"}', Conflict, Code.IN_USE, "Web is using its image"),
        (409, b'{"message":"is paused"}', Conflict, Code.WRONG_STATE, "Is paused"),
        (500, b'{"message":"m","cause":"c","advice":"do this"}', RuntimeFailure, None, "Do this"),
        (501, b"plain words\n", Unsupported, None, "Plain words"),
        (503, b"", RuntimeFailure, None, "The engine answered 503."),
        (418, b"[1]", InvalidRequest, None, "[1]"),
        (401, b'{"message":"who"}', MachineError, Code.FORBIDDEN, "Who"),
        (403, b'{"message":"no"}', MachineError, Code.FORBIDDEN, "No"),
        (400, b"an HTTP request to an HTTPS server", MachineError, Code.TLS, "The engine there speaks only TLS"),
    ],
)  # fmt: skip
def test_the_engines_no(status: int, said: bytes, kind: type[WherryError], code: Code | None, title: str) -> None:
    told = refused(status, said)
    assert (type(told), told.title) == (kind, title)
    assert told.code is (code or kind("").code)
    if kind in (InvalidRequest, NotFound, RuntimeFailure, Unsupported):
        assert told.docker[0].upper() + told.docker[1:] == title


async def test_what_is_kept_ends_with_the_line(link: Link) -> None:
    task = asyncio.create_task(asyncio.sleep(1000))
    link.keep(task)
    await link.close()
    assert task.cancelled()


# --- why a line did not come about ---


@pytest.mark.parametrize(
    ("error", "code", "title", "explanation"),
    [
        (TimeoutError(), Code.TIMEOUT, "/x/s does not answer", "It may be off, asleep or busy."),
        (FileNotFoundError(), Code.NOT_FOUND, "There is no engine at /x/s", "There is no such socket."),
        (PermissionError(), Code.FORBIDDEN, "You may not use /x/s", "It belongs to another user."),
        (ConnectionRefusedError(), Code.CONNECT, "No engine listens at /x/s", "The connection was refused."),
        (OSError(errno.ENETUNREACH, "No way"), Code.CONNECT, "The connection to /x/s broke off", "No way"),
        (EOFError(), Code.CONNECT, "The connection to /x/s broke off", "EOFError"),
        (EOFError("why"), Code.CONNECT, "The connection to /x/s broke off", "why"),
        (ServerDisconnectedError(), Code.CONNECT, "The connection to /x/s broke off", "It ended before all was said."),
        (ClientPayloadError("x"), Code.CONNECT, "The connection to /x/s broke off", "It ended before all was said."),
    ],
)
async def test_a_failure_in_a_sentence(error: BaseException, code: Code, title: str, explanation: str) -> None:
    told = await Dialer(Entry("there", "unix:///x/s"), "").why(error)
    assert (told.code, told.title, told.explanation) == (code, title, explanation)


async def test_the_cause_below_a_failure_tells_more() -> None:
    error = RuntimeError("outer")
    error.__cause__ = FileNotFoundError()
    told = await Dialer(Entry("there", "unix:///x/s"), "").why(error)
    assert told.code is Code.NOT_FOUND


def test_an_address_that_is_none_says_whose() -> None:
    with pytest.raises(MachineError, match="“there” cannot be reached") as told:
        Dialer(Entry("there", "what://x"), "")
    assert told.value.subject == "there"


async def test_a_socket_that_is_not_there(short_tmp: ShortTmp) -> None:
    link = Link(Entry("there", f"unix://{short_tmp.run}/none"), "")
    for deed in (lambda: link.json("GET", "/x"), lambda: link.hijack("/x")):
        with pytest.raises(MachineError, match="There is no engine at"):
            await deed()
    await link.close()


async def test_an_engine_over_tcp_is_noticed_when_it_dies(docker: ScriptedDocker) -> None:
    server = await asyncio.start_server(docker.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    link = Link(Entry("there", f"tcp://127.0.0.1:{port}"), "")
    try:
        assert (await link.json("GET", "/version"))["Version"] == "28.5.2"
        transport, _ = await link.dialer.open(asyncio.Protocol)
        line = transport.get_extra_info("socket")
        asked = [line.getsockopt(socket.IPPROTO_TCP, each) for each in (
            socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)]  # fmt: skip
        assert (asked, line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)) == ([15, 15, 3, 60_000], 1)
        transport.close()
    finally:
        await link.close()
        server.close()
        await docker.close()


# --- a machine by ssh: a program that is told what to say ---


def ssh(place: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = place / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("Host key verification failed.", Code.TLS),
        ("me@far: Permission denied (publickey).", Code.UNAUTHORIZED),
        ("ssh: Could not resolve hostname far: Name or service not known", Code.DNS),
        ("ssh: connect to host far port 22: Connection timed out", Code.TIMEOUT),
        ("something else", Code.CONNECT),
    ],
)
async def test_what_ssh_complains_of(
    short_tmp: ShortTmp, monkeypatch: pytest.MonkeyPatch, said: str, code: Code
) -> None:
    ssh(short_tmp.path, f'echo "{said}" >&2; exit 255', monkeypatch)
    link = Link(Entry("there", "ssh://me@far"), "")
    try:
        with pytest.raises(MachineError) as told:
            await link.json("GET", "/version")
        assert (told.value.code, told.value.subject) == (code, "there")
        assert said in told.value.details
    finally:
        await link.close()


async def test_an_engine_by_way_of_ssh(
    docker: ScriptedDocker, short_tmp: ShortTmp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The far end's program is played by one that joins its ends to a socket; what ssh is told is written down."""
    joined = (
        "import os,socket,sys,threading\n"
        "line=socket.socket(socket.AF_UNIX); line.connect(sys.argv[1])\n"
        "def back():\n"
        "    while data := line.recv(65536): os.write(1, data)\n"
        "    os._exit(0)\n"
        "threading.Thread(target=back,daemon=True).start()\n"
        "while data := os.read(0, 65536): line.sendall(data)\n"
    )
    (short_tmp.path / "join.py").write_text(joined)
    words = f'echo "$@" >> {short_tmp.path}/told; case "$*" in *" -O "*) exit 0;; esac\n'
    ssh(short_tmp.path, f"{words}exec {sys.executable} -S {short_tmp.path}/join.py {short_tmp.run}/s", monkeypatch)
    async with served(docker, short_tmp.run / "s"):
        link = Link(Entry("there", "ssh://me@far:2222", through="docker"), str(short_tmp.run / "c"))
        try:
            assert (await link.agree())["Version"] == "28.5.2"
            assert stat.S_IMODE(os.stat(short_tmp.run / "c").st_mode) == 0o700
            docker.says("POST /exec/e/start", Answer(talk=_says_hello))
            reader, writer = await link.hijack("/exec/e/start")
            assert await reader.read() == b"hello"
            assert await link.cut_off(writer) is None
            writer.close()
            link.dialer.renounce()
        finally:
            await link.close()
    told = (short_tmp.path / "told").read_text()
    assert "far" in told
    assert "2222" in told
    assert "docker system dial-stdio" in told
    assert "-O exit" in told


async def _says_hello(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 101 UPGRADED\r\n\r\nhello")
    await writer.drain()


# --- what is known of a machine ---


async def test_a_machine_that_is_away_is_shown_as_it_was(docker: ScriptedDocker, short_tmp: ShortTmp) -> None:
    key = "c" * 64
    docker.says("GET /containers/json", [{"Id": key, "Names": ["/web"], "State": "running"}])
    docker.says("GET /volumes", {"Volumes": [{"Name": "data"}]})
    async with held(docker, short_tmp.run) as engine:
        assert engine.trouble() is None
    kept = short_tmp.run / "machines" / "there" / "last-known"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    told: list[State] = []
    entry = Entry("there", f"unix://{short_tmp.run}/s", kind="docker")
    again = RemoteEngine(entry, run=short_tmp.run, store=short_tmp.run, told=lambda: told.append(again.condition.link))
    assert (set(again.bus.objects("container")), set(again.bus.objects("volume"))) == ({key}, {"data"})
    assert again.condition.kind == "docker"
    again.begin()
    try:
        assert not await again.connected(20.0)
        assert told == [State.CONNECTING, State.UNREACHABLE]
        trouble = again.trouble()
        assert trouble is not None
        assert (type(trouble), trouble.subject) == (MachineError, "there")
        assert trouble.title.startswith("No engine listens at")
        assert key in again.bus.objects("container")
        # Asked for again, it is tried at once, and once more it is not there.
        since = again.condition.since
        assert not await again.connected(20.0)
        assert again.condition.since == since, "it is away since then"
        async with served(docker, short_tmp.run / "s"):
            assert await again.connected(20.0)
            assert again.trouble() is None
    finally:
        await again.close()


@pytest.mark.parametrize("damage", [b"\xc1", b"", b"\x93\x01\x02\x03"])
async def test_what_was_kept_and_is_damaged_is_as_if_it_were_not(short_tmp: ShortTmp, damage: bytes) -> None:
    kept = short_tmp.run / "machines" / "there" / "last-known"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(damage)
    engine = RemoteEngine(Entry("there", "unix:///x"), run=short_tmp.run, store=short_tmp.run, told=lambda: None)
    assert not engine.bus.objects("container")
    await engine.close()


async def test_what_was_kept_without_measure_is_not_read(
    docker: ScriptedDocker, short_tmp: ShortTmp, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker.says("GET /volumes", {"Volumes": [{"Name": "data"}]})
    async with held(docker, short_tmp.run):
        pass
    monkeypatch.setattr(machine_engine, "_MOST_KEPT_BYTES", 10)
    engine = RemoteEngine(Entry("there", "unix:///x"), run=short_tmp.run, store=short_tmp.run, told=lambda: None)
    assert not engine.bus.objects("volume")
    await engine.close()


async def test_something_unexpected_is_told_and_tried_again(
    docker: ScriptedDocker, short_tmp: ShortTmp, expect_log: Any
) -> None:
    expect_log("could not be followed")
    docker.says("GET /containers/json", [{"no": "id"}], [])
    engine = RemoteEngine(Entry("there", f"unix://{short_tmp.run}/s"), run=short_tmp.run, store=short_tmp.run,
                          told=lambda: None)  # fmt: skip
    async with served(docker, short_tmp.run / "s"):
        engine.begin()
        try:
            await until(lambda: engine.condition.link is State.UNREACHABLE)
            assert engine.condition.problem is not None
            assert (engine.condition.problem.title, engine.condition.problem.explanation) == (
                "Something unexpected happened", "KeyError('Id')",
            )  # fmt: skip
            assert await engine.connected(20.0)
        finally:
            await engine.close()


async def test_a_machine_of_this_computers_rooms(docker: ScriptedDocker, short_tmp: ShortTmp) -> None:
    """Projects, templates and clusters of another machine are here: over its other rooms."""
    async with held(docker, short_tmp.run) as engine:
        assert not await engine.projects.list()
        assert engine.projects is engine.projects
        assert engine.gallery is engine.gallery
        assert engine.manifests is engine.manifests
        assert engine.clusters is engine.clusters
        assert await engine.operations.list() == []
        assert msgspec.to_builtins(engine.condition)["kind"] == "docker"
