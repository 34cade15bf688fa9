"""Raw streams byte by byte, half-close, clients that vanish, and answers that go on."""

from __future__ import annotations

import asyncio
import json
import select
import socket
from typing import TYPE_CHECKING

import pytest

from engine.api.http.hijack import frame, frames
from engine.types.containers import Exec, WaitResult
from tests.unit.api.process import announce
from tests.unit.api.serving import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.unit.api.process import Process
    from tests.unit.api.serving import Served


def test_a_frame_is_eight_bytes_and_the_data() -> None:
    assert frame("stdout", b"hi") == b"\x01\0\0\0\0\0\0\x02hi"
    assert frame("stderr", b"") == b"\x02\0\0\0\0\0\0\0"
    assert frames("stderr", b"x" * 300)[:8] == b"\x02\0\0\0\0\0\x01\x2c"


async def test_an_upgrade_is_answered_101_and_framed(api: Served, process: Process) -> None:
    raw = await api.upgrade(f"/v1.50/exec/{await announce(api)}/start", b"{}")
    assert raw.head == (
        "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\n"
        "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
    )
    process.say("stdout", b"out")
    process.say("stderr", b"err")
    process.end()
    assert await raw.rest() == frame("stdout", b"out") + frame("stderr", b"err")
    await raw.close()


async def test_the_old_way_is_a_200_without_length_or_chunks(api: Served, process: Process) -> None:
    raw = await api.upgrade(f"/v1.30/exec/{await announce(api)}/start", b"{}", upgrade=False)
    assert raw.head == "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n"
    process.say("stdout", b"old")
    await raw.exactly(8 + 3)
    raw.writer.write(b"typed")
    await until(lambda: process.given == b"typed")
    process.end()
    assert await raw.rest() == b""
    await raw.close()


async def test_a_tty_has_no_frames(api: Served, process: Process) -> None:
    raw = await api.upgrade(f"/exec/{await announce(api, Tty=True)}/start", b'{"Tty":true}')
    assert "application/vnd.docker.raw-stream" in raw.head
    process.say("stdout", b"$ ")
    process.end()
    assert await raw.rest() == b"$ "
    await raw.close()


async def test_frames_follow_the_tty_of_the_start_and_not_that_of_the_announcement(
    api: Served, process: Process
) -> None:
    """As dockerd: who starts it says how it reads."""
    raw = await api.upgrade(f"/v1.50/exec/{await announce(api, Tty=True)}/start", b"{}")
    assert "multiplexed" in raw.head
    process.say("stdout", b"$ ")
    process.end()
    assert await raw.rest() == frame("stdout", b"$ ")
    await raw.close()


async def test_no_output_comes_in_one_piece_with_the_head(api: Served, process: Process) -> None:
    """Clients that read the head through a buffer would lose it, whatever they call themselves."""
    for path in (f"/exec/{await announce(api)}/start", "/containers/shop-web-1/attach?stream=1&stdout=1"):
        process.say("stdout", b"at once")
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(api.server.socket_path))
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Type: application/json\r\n"
            client.send(f"{head}\r\n{{}}".encode())
            client.settimeout(0)
            await until(lambda: process.output.empty() and select.select([client], [], [], 0)[0])
            assert client.recv(65536).endswith(b"\r\n\r\n")
            data = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(client, 65536), 30)
            assert data.endswith(b"at once")
        await until(lambda: process.closed)
        process.closed = False


@pytest.mark.parametrize(("asked", "typed"), [("", b"\x10\x11"), ("ctrl-a,b,del", b"\x01b\x7f")])
async def test_the_detach_keys_let_go_of_an_exec_and_it_goes_on(
    api: Served, process: Process, asked: str, typed: bytes
) -> None:
    made = await announce(api, Tty=True, AttachStdin=True, DetachKeys=asked)
    raw = await api.upgrade(f"/exec/{made}/start", b'{"Tty":true}')
    raw.writer.write(typed[:1] + b"x")
    await until(lambda: process.given == typed[:1] + b"x")  # no keys: they reach the process
    raw.writer.write(b"y" + typed[:1])
    await until(lambda: process.given.endswith(b"xy"))
    raw.writer.write(typed[1:] + b"never given")
    assert await raw.rest() == b""
    assert process.given == typed[:1] + b"xy"
    assert (await api.get(f"/exec/{made}/json"))["Running"] is True
    assert not process.closed, "who lets go does not end it"
    assert not process.stdin_closed
    process.end()
    await raw.close()


async def test_the_detach_keys_let_go_of_a_terminal_and_not_of_a_pipe(
    api: Served, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = await api.ask("POST", "/containers/create?name=term", {"Image": "nginx:1.27", "Tty": True, "OpenStdin": True})
    pipe = await api.ask("POST", "/containers/create?name=pipe", {"Image": "nginx:1.27", "OpenStdin": True})
    assert (box.status, pipe.status) == (201, 201), box.body
    raw = await api.upgrade("/containers/term/attach?stream=1&stdin=1&stdout=1&detachKeys=ctrl-x", b"")
    raw.writer.write(b"ab\x18")
    assert await raw.rest() == b""
    assert process.given == b"ab"
    other = await api.upgrade("/containers/pipe/attach?stream=1&stdin=1&stdout=1&detachKeys=ctrl-x", b"")
    other.writer.write(b"ab\x18")
    await until(lambda: process.given == b"abab\x18")
    process.end()
    await other.rest()
    await raw.close()
    await other.close()


@pytest.mark.parametrize("keys", ["ctrl-xyz", "ctrl-", ",", "ab", "ctrl-1", "a,,b", ",".join("a" * 99)])
async def test_detach_keys_that_nobody_can_type_are_refused(api: Served, process: Process, keys: str) -> None:
    path = f"/containers/shop-web-1/attach?stream=1&stdout=1&detachKeys={keys}"
    refused = await api.ask("POST", path)
    assert (refused.status, refused.message[:19]) == (400, "Invalid detach keys")
    refused = await api.ask("POST", "/containers/shop-web-1/exec", {"Cmd": ["sh"], "DetachKeys": keys})
    assert refused.status == 400


async def test_a_resize_while_the_command_is_being_started_is_not_lost(
    api: Served, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_start = asyncio.Event()

    async def exec_(container: str, request: Exec) -> Process:
        await may_start.wait()
        return process

    monkeypatch.setattr(api.engine.containers, "exec", exec_)
    made = await announce(api, Tty=True)
    raw = await api.upgrade(f"/exec/{made}/start", b'{"Tty":true}')
    assert (await api.ask("POST", f"/exec/{made}/resize?h=40&w=120")).status == 200
    may_start.set()
    await until(lambda: process.size == (40, 120))
    process.end()
    await raw.rest()
    await raw.close()


async def test_bytes_sent_with_the_request_are_not_lost(api: Served, process: Process) -> None:
    made = await announce(api)
    reader, writer = await api.connect()
    head = f"POST /exec/{made}/start HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Type: application/json\r\n"
    head += "Connection: Upgrade\r\nUpgrade: tcp\r\n"
    writer.write(head.encode() + b"\r\n{}early bird")
    await reader.readuntil(b"\r\n\r\n")
    await until(lambda: process.given == b"early bird")
    process.end()
    assert await reader.read() == b""
    writer.close()


async def test_half_close_ends_the_input_and_not_the_output(api: Served, process: Process) -> None:
    raw = await api.upgrade(f"/exec/{await announce(api)}/start", b"{}")
    raw.writer.write(b"last words")
    raw.writer.write_eof()
    await until(lambda: process.stdin_closed)
    assert process.given == b"last words"
    process.say("stdout", b"still here")
    process.end()
    assert (await raw.rest())[8:] == b"still here"
    await raw.close()


async def test_a_client_that_vanishes_frees_the_session(api: Served, process: Process) -> None:
    raw = await api.upgrade(f"/exec/{await announce(api)}/start", b"{}")
    await raw.close()
    await until(lambda: process.closed)
    process.ended.set()


async def test_one_that_ended_its_input_first_and_then_vanishes_is_noticed_too(api: Served, process: Process) -> None:
    raw = await api.upgrade("/containers/shop-web-1/attach?stream=1&stdin=1&stdout=1")
    raw.writer.write_eof()
    await asyncio.sleep(0)
    assert not process.closed
    await raw.close()
    await until(lambda: process.closed)


async def test_a_process_that_talks_without_end_waits_for_a_client_that_does_not_read(
    api: Served, process: Process
) -> None:
    raw = await api.upgrade(f"/exec/{await announce(api)}/start", b"{}")
    for _ in range(400):
        process.say("stdout", b"x" * 65536)
    await asyncio.sleep(0.2)
    assert process.output.qsize() > 100, "all of it was taken into memory"
    await raw.close()
    await until(lambda: process.closed)
    process.ended.set()


async def test_only_the_streams_asked_for_are_sent(api: Served, process: Process) -> None:
    raw = await api.upgrade("/containers/shop-web-1/attach?stream=1&stdout=1")
    process.say("stderr", b"unwanted")
    process.say("stdout", b"wanted")
    process.end()
    assert await raw.rest() == frame("stdout", b"wanted")
    await raw.close()


async def test_an_exec_tells_its_exit_code_and_runs_once(api: Served, process: Process) -> None:
    made = await announce(api)
    assert (await api.get(f"/exec/{made}/json"))["Running"] is False
    raw = await api.upgrade(f"/exec/{made}/start", b"{}")
    assert (await api.get(f"/exec/{made}/json"))["Running"] is True
    assert (await api.get("/containers/shop-web-1/json"))["ExecIDs"] == [made]
    assert (await api.ask("POST", f"/exec/{made}/resize?h=40&w=120")).status == 200
    assert process.size == (40, 120)
    process.end()
    await raw.rest()
    told = await api.get(f"/exec/{made}/json")
    assert (told["Running"], told["ExitCode"], told["Pid"]) == (False, 3, 4242)
    assert (await api.ask("POST", f"/exec/{made}/start", {})).status == 409
    assert (await api.get("/containers/shop-web-1/json"))["ExecIDs"] is None
    await raw.close()


async def test_a_detached_exec_answers_at_once_and_is_drained(api: Served, process: Process) -> None:
    made = await announce(api)
    reply = await api.ask("POST", f"/exec/{made}/start", {"Detach": True})
    assert (reply.status, reply.body) == (200, b"")
    for _ in range(100):
        process.say("stdout", b"x")
    await until(process.output.empty)
    process.end()


async def test_an_exec_nobody_announced_is_a_404(api: Served) -> None:
    assert (await api.ask("POST", "/exec/nosuch/start", {})).status == 404
    assert (await api.ask("GET", "/exec/nosuch/json")).status == 404


async def test_exec_in_what_does_not_run_is_a_409(api: Served) -> None:
    for name in ("backup-nightly", "scratchpad"):
        assert (await api.ask("POST", f"/containers/{name}/exec", {"Cmd": ["true"]})).status == 409


async def test_wait_answers_its_headers_before_the_end(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = asyncio.Event()
    asked: list[str] = []

    async def wait(container: str, *, condition: str = "not-running") -> WaitResult:
        asked.append(condition)
        await ended.wait()
        return WaitResult(exit_code=7)

    monkeypatch.setattr(api.engine.containers, "wait", wait)
    reader, writer = await api.connect()
    writer.write(b"POST /v1.50/containers/draft/wait?condition=next-exit HTTP/1.1\r\nHost: x\r\n\r\n")
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert asked == ["next-exit"], "the client may start it now, so the waiting must have begun"
    ended.set()
    body = await asyncio.wait_for(reader.readuntil(b"0\r\n\r\n"), 30)
    assert b'{"StatusCode":7}' in body
    writer.close()


async def test_a_waiting_client_that_leaves_ends_the_wait(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    left = asyncio.Event()

    async def wait(container: str, *, condition: str = "not-running") -> WaitResult:
        try:
            await asyncio.Event().wait()
        finally:
            left.set()
        raise AssertionError

    monkeypatch.setattr(api.engine.containers, "wait", wait)
    reader, writer = await api.connect()
    writer.write(b"POST /containers/draft/wait HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    writer.close()
    await asyncio.wait_for(left.wait(), 30)


@pytest.mark.parametrize("path", ["/containers/nosuch/wait", "/containers/nosuch/attach?stream=1"])
async def test_what_is_not_there_is_a_404_before_any_stream(api: Served, path: str) -> None:
    reply = await api.ask("POST", path)
    assert (reply.status, reply.message) == (404, "No such container: nosuch")


async def test_a_wrong_wait_condition_is_a_400(api: Served) -> None:
    assert (await api.ask("POST", "/containers/shop-web-1/wait?condition=never")).status == 400


async def test_logs_need_a_stream_and_come_framed(api: Served) -> None:
    assert (await api.ask("GET", "/containers/shop-web-1/logs")).status == 400
    reply = await api.ask("GET", "/v1.50/containers/shop-web-1/logs?stdout=1&stderr=1&tail=2")
    assert reply.headers["Content-Type"] == "application/vnd.docker.multiplexed-stream"
    assert reply.body[0] in (1, 2)
    length = int.from_bytes(reply.body[4:8], "big")
    assert reply.body[8 : 8 + length].endswith(b"\n")


async def test_followed_logs_of_one_that_ends_come_to_an_end(api: Served) -> None:
    reader, writer = await api.connect()
    writer.write(b"GET /containers/hardened-worker/logs?follow=1&stdout=1&stderr=1&tail=1 HTTP/1.1\r\nHost: x\r\n\r\n")
    await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
    await api.engine.containers.stop("hardened-worker")
    assert (await asyncio.wait_for(reader.readuntil(b"0\r\n\r\n"), 30)).endswith(b"0\r\n\r\n")
    writer.close()


async def test_stats_once_and_streamed(api: Served) -> None:
    once = await api.get("/containers/shop-web-1/stats?stream=0&one-shot=1")
    assert once["memory_stats"]["usage"] > 0
    assert once["cpu_stats"]["online_cpus"] >= 1
    reader, writer = await api.connect()
    writer.write(b"GET /containers/shop-web-1/stats?stream=1 HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    size = int((await reader.readline()).strip(), 16)
    assert json.loads(await reader.readexactly(size))["name"] == "/shop-web-1"
    writer.close()
    await until(lambda: api.server.idle_seconds > 0)


async def test_events_of_the_past_and_live(api: Served) -> None:
    reader, writer = await api.connect()
    writer.write(b"GET /events?filters=%7B%22type%22%3A%5B%22container%22%5D%7D HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    await api.engine.containers.pause("shop-web-1")
    size = int((await asyncio.wait_for(reader.readline(), 30)).strip(), 16)
    event = json.loads(await reader.readexactly(size))
    assert (event["Type"], event["Action"], event["Actor"]["Attributes"]["name"]) == (
        "container",
        "pause",
        "shop-web-1",
    )
    assert event["status"] == "pause"
    writer.close()
    past = await api.ask("GET", "/events?since=1h&until=0s")
    assert [each["Action"] for each in past.lines() if each["Type"] == "container"][-1] == "pause"
    assert {each["Type"] for each in past.lines()} <= {"container", "image", "volume", "network", "daemon", "builder"}


async def test_a_large_upload_that_is_read_slowly_arrives_whole(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading is paused and resumed many times on the way; nothing of it may be lost or stand still."""
    got, sent = 0, asyncio.Event()

    async def upload(place: object, path: str, tar: AsyncIterator[bytes], **options: object) -> None:
        nonlocal got
        await sent.wait()  # so that all of it waits in the kernel and in the parser when the reading begins
        async for piece in tar:
            got += len(piece)
            await asyncio.sleep(0.003)

    monkeypatch.setattr(api.engine.files, "upload", upload)
    reader, writer = await api.connect()
    head = "PUT /containers/shop-web-1/archive?path=/etc HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    writer.write(head.encode() + (b"8000\r\n" + b"x" * 0x8000 + b"\r\n") * 9 + b"0\r\n\r\n")
    await asyncio.sleep(0.1)
    sent.set()
    assert b" 200 " in await asyncio.wait_for(reader.readline(), 30)
    assert got == 9 * 0x8000
    writer.close()
