"""A request on its way to its handler and back: what is read of it, and what becomes of what goes wrong."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import stat
import subprocess
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from engine import socket_folder
from engine.api import call as calls
from engine.api import exec_registry, server, takeover
from engine.api.call import decode, encode, shaped
from engine.api.exec_registry import ExecRegistry
from engine.api.http.statuses import Refusal
from engine.api.router import Route, Router, failure
from engine.api.server import ApiServer
from engine.api.takeover import take_over
from engine.errors import Cancelled, Code, Conflict, HostError, InvalidRequest, NotFound
from engine.recipe.faults import Unreadable
from engine.types.containers import Exec
from tests.fakes.engine import open_fake_engine
from tests.unit.api.process import Process
from tests.unit.api.serving import pieces, serving, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.support.stores import ShortTmp
    from tests.unit.api.serving import Served


# --- what is read of it ---


@pytest.mark.parametrize(
    ("value", "all_of_them"),
    [("", False), ("0", False), ("false", False), ("FALSE", False), ("no", False), ("none", False), ("f", False),
     ("N", False), (" 0 ", False), ("1", True), ("true", True), ("yes", True), ("anything", True)],
)  # fmt: skip
async def test_a_flag_is_set_by_all_but_dockers_words_for_no(api: Served, value: str, all_of_them: bool) -> None:
    rows = await api.get(f"/containers/json?all={value.replace(' ', '%20')}")
    assert any(row["State"] == "exited" for row in rows) is all_of_them


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/containers/json?limit=x", 400, "invalid value for limit: 'x' is not a whole number"),
        ("/containers/json?limit=" + "9" * 21, 400, f"invalid value for limit: '{'9' * 21}' is not a whole number"),
        ("/images/search?term=" + "x" * 65537, 400, "the query parameter term is too long"),
    ],
)
async def test_a_parameter_that_cannot_be_read_is_told(api: Served, path: str, status: int, words: str) -> None:
    reply = await api.ask("GET", path)
    assert reply.status in (status, 400)
    if reply.headers["Content-Type"] == "application/json":
        assert reply.message in (words, "the request is no HTTP")


async def test_the_longest_number_is_a_number(api: Served) -> None:
    assert len(await api.get("/containers/json?limit=" + "9" * 20)) == len(api.engine.store.containers)


async def test_a_body_is_taken_up_to_its_bound(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "JSON_BODY_BYTES", 20)
    body = b'{"Name":"12345678"}\n'
    assert len(body) == 20
    assert (await api.ask("POST", "/volumes/create", body)).status == 201
    reply = await api.ask("POST", "/volumes/create", body + b"\n")
    assert (reply.status, reply.message) == (413, "the request body is larger than 20 bytes")
    for sent, status in ((body, 201), (body + b"\n", 413)):  # by the piece, and without its length told before
        reader, writer = await api.connect()
        head = b"POST /volumes/create HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
        writer.write(head + b"Content-Type: application/json\r\n\r\n")
        for start in range(0, len(sent), 7):
            piece = sent[start : start + 7]
            writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        writer.write(b"0\r\n\r\n")
        assert f" {status} ".encode() in await asyncio.wait_for(reader.readline(), 30)
        writer.close()


@pytest.mark.parametrize("body", [b"null", b"", b"  \r\n", b"{}"])
async def test_an_empty_body_is_an_empty_record(api: Served, body: bytes) -> None:
    assert (await api.ask("POST", "/volumes/create", body)).status == 201


class Shape(msgspec.Struct):
    number: int = 0


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"number":1} {}', "unexpected content after JSON"),
        (b"{", "invalid JSON: Input data was truncated"),
        (b'{"number":"x"}', "invalid JSON: Expected `int`, got `str` - at `$.number`"),
        (b"\xff", "invalid JSON: JSON is malformed: invalid character (byte 0)"),
    ],
)
def test_json_that_cannot_be_read_is_told(data: bytes, words: str) -> None:
    with pytest.raises(Refusal) as caught:
        decode(data, Shape)
    assert (caught.value.status, caught.value.message) == (400, words)


def test_json_is_read_as_leniently_as_docker_reads_it_and_written_with_its_line_end() -> None:
    assert decode(b'{"number":"7","more":1}', Shape) == Shape(7)
    assert shaped({"number": "7"}, Shape) == Shape(7)
    assert encode({"b": 1, "a": "ä"}) == '{"b":1,"a":"ä"}\n'.encode()
    with pytest.raises(Refusal) as caught:
        shaped({"number": []}, Shape)
    assert (caught.value.status, caught.value.message[:13]) == (400, "invalid JSON:")


# --- what is answered ---


async def test_a_stream_that_fails_at_its_first_piece_is_still_an_error(api: Served) -> None:
    async def failing(*first: bytes) -> Any:
        for each in first:
            yield each
        raise NotFound("It has gone")

    api.hear("containers.export", failing())
    reply = await api.ask("GET", "/containers/shop-web-1/export")
    assert (reply.status, reply.message) == (404, "It has gone")
    api.hear("containers.export", pieces())
    reply = await api.ask("GET", "/containers/shop-web-1/export")
    assert (reply.status, reply.body) == (200, b"")


async def test_a_stream_that_fails_later_is_broken_off_and_its_source_closed(api: Served) -> None:
    closed = []

    async def failing() -> Any:
        try:
            yield b"one"
            raise NotFound("It has gone")
        finally:
            closed.append(True)

    api.hear("containers.export", failing())
    reader, writer = await api.connect()
    writer.write(b"GET /containers/shop-web-1/export HTTP/1.1\r\nHost: x\r\n\r\n")
    answered = b""
    with suppress(ConnectionError):
        while data := await asyncio.wait_for(reader.read(1 << 16), 30):
            answered += data
    assert b"one" in answered or not answered
    assert not answered.endswith(b"0\r\n\r\n"), "it looks whole"
    assert closed == [True]
    writer.close()


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (Refusal(418, "in its own words"), 418, "in its own words"),
        (OSError(errno.EMFILE, "x"), 503, "Too many files are open in the engine."),
        (OSError(errno.ENFILE, "x"), 503, "Too many files are open on this machine."),
        (Cancelled(), 499, "Cancelled"),
    ],
)
async def test_what_a_handler_fails_with_has_its_status(api: Served, error: Exception, status: int, words: str) -> None:
    api.hear("volumes.list", error)
    reply = await api.ask("GET", "/volumes")
    assert (reply.status, reply.message[: len(words)]) == (status, words)


@pytest.mark.parametrize("error", [OSError(errno.EIO, "x"), OSError("x"), KeyError("x")])
async def test_any_other_failure_is_a_bug_and_logged(api: Served, error: Exception, expect_log: Any) -> None:
    expect_log("failed unexpectedly")
    api.hear("volumes.list", error)
    reply = await api.ask("GET", "/volumes")
    assert (reply.status, reply.message) == (500, "internal error; the engine's log has the details")


@pytest.mark.parametrize(("unsupported", "status"), [(True, 501), (False, 400)])
async def test_a_recipe_that_cannot_be_read_is_the_clients_fault(api: Served, unsupported: bool, status: int) -> None:
    fault = Unreadable("that cannot be")
    fault.unsupported = unsupported
    api.hear("volumes.list", fault)
    reply = await api.ask("GET", "/volumes")
    assert (reply.status, reply.message) == (status, str(fault))


async def test_a_body_that_breaks_its_own_rules_is_told(api: Served) -> None:
    reader, writer = await api.connect()
    head = b"POST /volumes/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    writer.write(head + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\nnonsense\r\n")
    assert b" 400 " in await asyncio.wait_for(reader.readline(), 30)
    writer.close()


def test_an_answer_to_people_stands_beside_that_to_clients() -> None:
    told = failure(404, "no such x", "There is no x.")
    assert told.body == b'{"message":"no such x","advice":"There is no x."}\n'
    assert (told.status, told.content_type, told.headers["Api-Version"]) == (404, "application/json", "1.54")
    assert failure(400, "a\udcff").body == b'{"message":"a?"}\n'


async def test_whoever_is_declined_an_upgrade_is_not_talked_to_in_http_any_more(api: Served) -> None:
    reader, writer = await api.connect()
    writer.write(b"POST /exec/nosuch/start HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nUpgrade: tcp\r\n\r\n")
    answered = await asyncio.wait_for(reader.read(), 30)
    assert answered.startswith(b"HTTP/1.1 404")
    assert b"No such exec instance" in answered
    writer.close()


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/x" * 2048, 404, "page not found"),
        ("/x" * 2048 + "y", 414, "the path is too long"),
        ("/volumes/%00", 400, "the path holds a NUL"),
        ("/volumes/%ff", 400, "the path is not UTF-8"),
        ("/volumes/", 200, ""),
        ("/v1.50/volumes", 200, ""),
        ("/v1.50volumes", 404, "page not found"),
        ("/v1.50", 404, "page not found"),
        ("/v1234.1/volumes", 404, "page not found"),
        ("/", 404, "page not found"),
    ],
)
async def test_a_path_is_read_as_it_is_meant(api: Served, path: str, status: int, words: str) -> None:
    reply = await api.ask("GET", path)
    assert reply.status == status
    assert not words or reply.message == words


def test_a_route_is_found_by_its_method_and_its_words() -> None:
    async def nothing(call: Any) -> Any:
        raise AssertionError

    router = Router([
        Route("GET", "/a/{one}", nothing), Route("POST", "/a/{one}", nothing, finish=True),
        Route("GET", "/a/{rest...}/end", nothing), Route("GET", "/a/{rest...}", nothing),
    ])  # fmt: skip
    assert router.find("GET", "/a/x")[1] == {"one": "x"}
    assert router.find("POST", "/a/x")[0].finish
    assert router.find("GET", "/a/x/y/end")[1] == {"rest": "x/y"}
    assert router.find("GET", "/a/x\ny/z")[1] == {"rest": "x\ny/z"}
    for method, path in (("PUT", "/a/x"), ("GET", "/b/x"), ("GET", "/a/"), ("GET", "a"), ("GET", "")):
        with pytest.raises(Refusal) as caught:
            router.find(method, path)
        assert (caught.value.status, caught.value.message) == (404, "page not found")


# --- commands that were announced ---


def announced(registry: ExecRegistry, container: str = "c1") -> Any:
    return registry.announce(container, Exec(command=("x",)), stdout=True, stderr=True, detach_keys=b"")


async def test_only_so_many_commands_are_kept_and_those_that_run_among_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exec_registry, "_KEPT", 150)
    registry, process = ExecRegistry(), Process()
    running, starting = announced(registry), announced(registry)
    registry.started(running, process)
    starting.starting = True
    rest = [announced(registry) for _ in range(149)]
    assert registry.get(running.id) is running
    assert registry.get(starting.id) is starting
    for each in rest[:100]:
        with pytest.raises(Refusal, match=f"No such exec instance: {each.id}"):
            registry.get(each.id)
    assert registry.get(rest[100].id) is rest[100]
    assert registry.ids_of("c1") == [running.id]
    assert registry.ids_of("c2") == []
    assert rest[100].request.id == rest[100].id
    assert len(rest[100].id) == 64
    await registry.close()
    assert process.closed
    with pytest.raises(Refusal):
        registry.get(running.id)


async def test_a_command_that_ended_runs_no_more_and_its_session_is_left_alone() -> None:
    registry, process = ExecRegistry(), Process()
    one = announced(registry)
    assert not one.running
    registry.started(one, process)
    assert one.running
    process.end()
    await until(lambda: one.exit_code == 3)
    assert not one.running
    await until(lambda: not one.tasks)
    await registry.close()
    assert not process.closed


async def test_commands_go_with_their_container() -> None:
    registry = ExecRegistry()
    gone, stays = announced(registry, "c1"), announced(registry, "c2")
    registry.forget_container("c1")
    assert registry.get(stays.id) is stays
    with pytest.raises(Refusal) as caught:
        registry.get(gone.id)
    assert caught.value.status == 404


# --- the socket ---


async def test_a_server_may_be_closed_before_it_was_started_and_twice(short_tmp: ShortTmp) -> None:
    engine = await open_fake_engine()
    made = ApiServer(engine, short_tmp.run / "docker.sock")
    await made.close()
    await made.start()
    assert made.idle_seconds >= 0
    await made.close()
    await made.close()
    assert not (short_tmp.run / "docker.sock").exists()
    await engine.close()


async def test_the_length_of_a_path_is_told_before_the_kernel_would(short_tmp: ShortTmp) -> None:
    engine = await open_fake_engine()
    longest = server._SUN_PATH_BYTES - 12
    for extra in (0, 1):
        name = "x" * (longest + extra - len(os.fsencode(short_tmp.run)) - 1)
        made = ApiServer(engine, short_tmp.run / name)
        if extra:
            with pytest.raises(InvalidRequest) as caught:
                await made.start()
            assert caught.value.title == "The socket's path is too long"
            assert caught.value.explanation == f"{short_tmp.run / name} is longer than the kernel's 107 bytes allow."
            assert (bool(caught.value.hint), caught.value.subject) == (True, str(short_tmp.run / name))
        else:
            await made.start()
        await made.close()
    await engine.close()


async def test_a_living_server_is_named_where_another_would_begin(api: Served) -> None:
    engine = await open_fake_engine()
    with pytest.raises(Conflict) as caught:
        await ApiServer(engine, api.server.socket_path).start()
    error = caught.value
    assert (error.title, error.code) == ("Another engine serves this socket", Code.STORE_LOCKED)
    assert error.explanation == f"{api.server.socket_path} is answered by a living process."
    assert error.subject == str(api.server.socket_path)
    await engine.close()


@pytest.mark.parametrize(
    ("mode", "after"), [(0o755, 0o700), (0o701, 0o700), (0o711, 0o700), (0o710, 0o710), (0o700, 0o700)]
)
async def test_a_directory_is_made_private_and_roots_passage_is_left(
    short_tmp: ShortTmp, mode: int, after: int
) -> None:
    place = short_tmp.run / "deep"
    place.mkdir()
    place.chmod(mode)
    engine = await open_fake_engine()
    made = ApiServer(engine, place / "s.sock")
    await made.start()
    assert stat.S_IMODE(place.stat().st_mode) == after
    await made.close()
    await engine.close()


async def test_a_directory_that_is_not_there_is_made_private(short_tmp: ShortTmp) -> None:
    engine = await open_fake_engine()
    made = ApiServer(engine, str(short_tmp.run / "a" / "b" / "s.sock"))
    await made.start()
    assert stat.S_IMODE((short_tmp.run / "a" / "b").stat().st_mode) == 0o700
    await made.close()
    await engine.close()


async def test_why_a_directory_is_not_private_is_told(short_tmp: ShortTmp, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = await open_fake_engine()
    monkeypatch.setattr(server.whereabouts, "stranger_on_the_way", lambda path: f"{path} is a stranger's")
    with pytest.raises(HostError) as caught:
        await ApiServer(engine, short_tmp.run / "s.sock").start()
    assert caught.value.title == "The runtime directory is not private"
    assert caught.value.explanation.startswith(f"{short_tmp.run} is a stranger's; a socket there")
    assert (bool(caught.value.hint), caught.value.subject) == (True, str(short_tmp.run))
    monkeypatch.setattr(server.whereabouts, "stranger_on_the_way", lambda path: "")
    owner = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    with pytest.raises(HostError) as caught:
        await ApiServer(engine, short_tmp.run / "s.sock").start()
    assert caught.value.explanation.startswith(f"{short_tmp.run} belongs to user {owner}; ")
    await engine.close()


async def test_containers_see_the_socket_of_the_engine_that_serves(short_tmp: ShortTmp) -> None:
    folder = socket_folder.folder_of(short_tmp.run / "docker.sock")
    folder.mkdir()
    async with serving(short_tmp.run) as api:
        assert (folder / "docker.sock").stat().st_ino == api.server.socket_path.stat().st_ino
        assert [each.name for each in short_tmp.run.iterdir() if each.is_socket()] == ["docker.sock"]
    assert list(folder.iterdir()) == []


async def test_a_place_that_cannot_be_bound_leaves_nothing(
    short_tmp: ShortTmp, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = await open_fake_engine()
    (short_tmp.run / "s.sock").mkdir()
    (short_tmp.run / "s.sock" / "x").mkdir()
    with pytest.raises(OSError):  # noqa: PT011 - whatever the kernel says
        await ApiServer(engine, short_tmp.run / "s.sock").start()
    assert [each.name for each in short_tmp.run.iterdir()] == ["s.sock"]
    await engine.close()


async def test_a_stale_file_of_ours_is_in_nobodys_way(short_tmp: ShortTmp) -> None:
    (short_tmp.run / f"docker.sock.{os.getpid()}").write_text("of a crash")
    async with serving(short_tmp.run) as api:
        assert (await api.ask("GET", "/_ping")).status == 200


async def test_requests_are_under_way_until_they_are_answered(api: Served) -> None:
    may_end = asyncio.Event()

    async def slow() -> list[Any]:
        await may_end.wait()
        return []

    api.engine.volumes.list = slow  # type: ignore[method-assign]
    asking = [asyncio.create_task(api.ask("GET", "/volumes")) for _ in range(2)]
    await until(lambda: api.server._calls == 2)
    assert api.server.idle_seconds == 0.0
    before = time.monotonic()
    may_end.set()
    await asyncio.gather(*asking)
    assert 0 < api.server.idle_seconds <= time.monotonic() - before + 1


# --- who holds the engine ---


class Owner:
    """Something behind a socket that answers so, or says nothing."""

    def __init__(self, answer: bytes | None) -> None:
        self.answer = answer
        self.asked = b""

    @asynccontextmanager
    async def serving(self, path: str) -> AsyncIterator[None]:
        writers: list[asyncio.StreamWriter] = []

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.append(writer)
            with suppress(asyncio.IncompleteReadError):
                self.asked = await reader.readuntil(b"\r\n\r\n")
            if self.answer is not None:
                writer.write(self.answer)
                writer.close()

        listening = await asyncio.start_unix_server(answer, path)
        try:
            yield
        finally:
            await until(lambda: writers)  # whoever was answered in a hurry is let in here only now
            listening.close()
            for writer in writers:
                writer.close()
            await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)


@pytest.mark.parametrize(
    ("answer", "given"),
    [(b"HTTP/1.1 409 Conflict\r\n\r\n", False), (b"HTTP/1.1 200 OK\r\n\r\n", True), (b"", True)],
)
async def test_an_owner_is_asked_to_let_go_and_waited_for(short_tmp: ShortTmp, answer: bytes, given: bool) -> None:
    path = str(short_tmp.run / "s.sock")
    owner = Owner(answer)
    async with owner.serving(path):
        taking = asyncio.create_task(take_over(path, passing_only=not given))
        await until(lambda: owner.asked)
        if given:
            for _ in range(5):
                await asyncio.sleep(0)
            assert not taking.done(), "it is still there"
            os.unlink(path)
        assert await taking is given
    query = "" if given else "?passing=1"
    assert owner.asked.startswith(f"POST /wherry/release{query} HTTP/1.1\r\nHost: wherry\r\n".encode())


async def test_an_owner_that_says_nothing_is_not_waited_for_for_ever(short_tmp: ShortTmp) -> None:
    path = str(short_tmp.run / "s.sock")
    async with Owner(None).serving(path):
        assert await take_over(path, timeout=0.05) is False


async def test_somebody_elses_process_is_not_talked_to(short_tmp: ShortTmp, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(short_tmp.run / "s.sock")
    owner = Owner(b"HTTP/1.1 200 OK\r\n\r\n")
    monkeypatch.setattr(takeover.os, "getuid", lambda: 4242)
    async with owner.serving(path):
        assert await take_over(path) is False
    assert owner.asked == b""


async def test_nobody_there_stands_in_the_way_of_nothing(short_tmp: ShortTmp) -> None:
    path = str(short_tmp.run / "s.sock")
    assert await take_over(path)
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(path)
    assert await take_over(path)


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as made:
        yield made
        made.kill()


async def test_the_end_of_another_process_is_told_by_the_kernel(sleeper: subprocess.Popen[bytes]) -> None:
    waiting = asyncio.create_task(takeover._ended(sleeper.pid))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()
    sleeper.kill()
    await asyncio.wait_for(waiting, 30)
    sleeper.wait()
    await asyncio.wait_for(takeover._ended(sleeper.pid), 30)  # long gone


@pytest.mark.parametrize(("passing", "asked", "status"), [(True, True, 200), (False, True, 409), (False, False, 200)])
async def test_an_owner_in_passing_gives_way_to_one_that_stays(
    short_tmp: ShortTmp, passing: bool, asked: bool, status: int
) -> None:
    engine = await open_fake_engine()
    released: list[bool] = []
    made = ApiServer(engine, short_tmp.run / "s.sock", on_release=lambda: released.append(True), passing=passing)
    await made.start()
    reader, writer = await asyncio.open_unix_connection(str(made.socket_path))
    query = "?passing=1" if asked else ""
    writer.write(f"POST /wherry/release{query} HTTP/1.0\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
    answered = await asyncio.wait_for(reader.read(), 30)
    assert f" {status} ".encode() in answered.splitlines()[0]
    assert released == ([True] if status == 200 else [])
    assert status == 409 or b'{"released":true}' in answered
    writer.close()
    await made.close()
    await engine.close()
