"""Health checks of a running container: asked now and then, judged, told; and what the engine asks by itself."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from engine.containers.watch import probing
from engine.containers.watch.health import HealthMonitor, check_command, effective, judge
from engine.containers.watch.probe_program import main
from engine.containers.watch.probing import is_probe, probe
from engine.errors import RuntimeFailure
from engine.recipe.exports.kubernetes import HTTP, TCP
from engine.sandbox.programs import Completed
from engine.types.containers import (
    ContainerSpec,
    Exec,
    Health,
    HealthCheck,
    HealthResult,
    HealthStatus,
    State,
)
from engine.types.data import now
from engine.types.images import ImageConfig
from engine.types.pods import LIVENESS_LABEL
from tests.support.certificates import Authority
from tests.support.played_engine import create, listen, start, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from engine.embedded import EmbeddedEngine
    from engine.types.containers import Container
    from tests.fakes.machine import MachineInMemory

FAST = 0.001


def check(*test: str, **more: Any) -> HealthCheck:
    return HealthCheck(test=test, **{"interval": FAST, "timeout": 20.0} | more)


def shell(script: str, **more: Any) -> HealthCheck:
    return check("CMD", "/bin/sh", "-c", script, **more)


async def seen(engine: EmbeddedEngine, container_id: str, status: Health, *, answers: int = 1) -> Container:
    return await until(
        engine, container_id, lambda it: it.health.status is status and len(it.health.log) >= min(answers, 5)
    )


# --- asked and judged ---


async def test_one_that_answers_well_is_healthy(played_engine: EmbeddedEngine, machine: MachineInMemory) -> None:
    heard = listen(played_engine)
    running = await start(played_engine, "web", health=shell("echo fine; echo odd >&2"), env={"A": "1"})
    well = await seen(played_engine, running.id, Health.HEALTHY)
    result = well.health.log[-1]
    assert (result.exit_code, sorted(result.output.split())) == (0, ["fine", "odd"])
    assert result.started <= result.ended
    assert machine.executed[-1]["args"] == ["/bin/sh", "-c", "echo fine; echo odd >&2"]
    assert "A=1" in machine.executed[-1]["env"]
    assert [line for line in heard if "health" in line][:2] == [
        "web health_status: starting", "web health_status: healthy",
    ]  # fmt: skip
    await seen(played_engine, running.id, Health.HEALTHY, answers=3)
    assert [line for line in heard if "health" in line][2:] == [], "it is told when it changes"
    await played_engine.containers.stop(running.id)
    assert (await played_engine.containers.get(running.id)).health.status is Health.NONE


async def test_one_that_fails_so_often_is_not(played_engine: EmbeddedEngine) -> None:
    heard = listen(played_engine)
    running = await start(played_engine, "web", health=shell("exit 3", retries=2))
    ill = await seen(played_engine, running.id, Health.UNHEALTHY)
    assert ill.health.failing_streak >= 2
    assert {each.exit_code for each in ill.health.log} == {3}
    assert "web health_status: unhealthy" in heard
    assert ill.state is State.RUNNING


async def test_while_it_starts_failures_do_not_count(played_engine: EmbeddedEngine, tmp_path: Path) -> None:
    asked = shell(f"test -e {tmp_path}/ready", retries=1, start_period=1000, start_interval=FAST, interval=1000)
    running = await start(played_engine, health=asked)
    young = await seen(played_engine, running.id, Health.STARTING, answers=3)
    assert young.health.failing_streak == 0
    (tmp_path / "ready").touch()
    await seen(played_engine, running.id, Health.HEALTHY)


async def test_an_answer_that_does_not_come_is_a_failure(played_engine: EmbeddedEngine) -> None:
    asked = shell("echo thinking; exec sleep 1000", timeout=0.3, retries=1)
    running = await start(played_engine, health=asked)
    ill = await seen(played_engine, running.id, Health.UNHEALTHY)
    assert ill.health.log[0].exit_code == -1
    assert ill.health.log[0].output in ("No answer within 0.3 s.\nthinking\n", "No answer within 0.3 s.\n")


async def test_what_it_says_is_kept_up_to_a_bound(played_engine: EmbeddedEngine) -> None:
    running = await start(played_engine, health=shell("head -c 9000 /dev/zero | tr '\\0' x"))
    well = await seen(played_engine, running.id, Health.HEALTHY)
    assert well.health.log[-1].output == "x" * 4096


async def test_a_check_that_cannot_be_made_is_a_failure(
    played_engine: EmbeddedEngine, machine: MachineInMemory
) -> None:
    running = await start(played_engine, health=check("CMD", "nothing-of-that-name", retries=1))
    machine.refusal = "executable file `nothing-of-that-name` not found in $PATH: No such file or directory"
    ill = await seen(played_engine, running.id, Health.UNHEALTHY)
    assert ill.health.log[-1].exit_code == 125
    assert "is not in the image" in ill.health.log[-1].output


class Frozen:
    """An entry that is looked at again and again, and thawed at the fifth look."""

    gone, alive, id = False, True, "c" * 64

    def __init__(self) -> None:
        self.looks = 0
        self.container = SimpleNamespace(health=HealthStatus(), spec=ContainerSpec(image="i", health=check("CMD", "x")))
        self.record = SimpleNamespace(
            image_config=ImageConfig(),
            with_container=lambda **changes: (self.container.__dict__.update(changes), self)[1],
        )

    @property
    def state(self) -> State:
        self.looks += 1
        return State.PAUSED if self.looks < 5 else State.RUNNING


async def test_what_is_frozen_is_not_asked() -> None:
    entry, asked = Frozen(), asyncio.Event()
    looked: list[int] = []

    async def run(entry: Any, request: Exec) -> Any:
        looked.append(entry.looks)
        assert request == Exec(command=("x",))
        asked.set()
        raise RuntimeFailure("Not now")

    book: Any = SimpleNamespace(show=lambda *_: None)
    monitor = HealthMonitor(book, run)
    monitor.start(entry)  # type: ignore[arg-type]
    async with asyncio.timeout(20):
        await asked.wait()
    await monitor.close()
    assert looked[0] == 5


async def test_who_is_to_live_is_started_again_when_its_check_fails(
    played_engine: EmbeddedEngine, tmp_path: Path
) -> None:
    file = tmp_path / "ill"
    file.touch()
    asked = shell(f"test ! -e {file}", retries=1)
    heard = listen(played_engine)
    running = await start(played_engine, "web", health=asked, labels={LIVENESS_LABEL: "x"})
    again = await until(played_engine, running.id, lambda it: it.pid not in (0, running.pid))
    file.unlink()
    await seen(played_engine, running.id, Health.HEALTHY)
    assert again.restart_count == 0
    assert any(line.startswith("web health_status: unhealthy") for line in heard)
    plain = await start(played_engine, health=shell("false", retries=1))
    await seen(played_engine, plain.id, Health.UNHEALTHY, answers=3)
    assert (await played_engine.containers.get(plain.id)).pid == plain.pid


async def test_a_later_engine_goes_on_asking(played: Any, tmp_path: Path) -> None:
    async with played.engine() as engine:
        running = await start(engine, health=shell(f"test -e {tmp_path}/ready", retries=1))
        await seen(engine, running.id, Health.UNHEALTHY)
    (tmp_path / "ready").touch()
    async with played.engine() as engine:
        await seen(engine, running.id, Health.HEALTHY)


async def test_one_without_a_check_is_neither_well_nor_ill(played_engine: EmbeddedEngine) -> None:
    running = await start(played_engine)
    await create(played_engine)
    assert running.health == HealthStatus()


# --- by the rules ---


def test_docker_says_what_was_not_said() -> None:
    assert effective(HealthCheck(test=("CMD", "x"), start_period=7)) == HealthCheck(
        test=("CMD", "x"), interval=30, timeout=30, start_period=7, start_interval=5, retries=3
    )
    own = HealthCheck(test=("CMD", "x"), interval=1, timeout=2, start_period=3, start_interval=4, retries=5)
    assert effective(own) == own


def test_a_command_may_be_a_line_for_a_shell() -> None:
    assert check_command(HealthCheck(test=("CMD", "a", "b"))) == ("a", "b")
    assert check_command(HealthCheck(test=("CMD-SHELL", "a", "b"))) == ("/bin/sh", "-c", "a b")
    assert check_command(HealthCheck(test=("a", "b")), ("/bin/ash", "-ec")) == ("/bin/ash", "-ec", "a b")


@pytest.mark.parametrize(
    ("before", "streak", "code", "starting", "after", "then"),
    [
        (Health.STARTING, 0, 1, True, Health.STARTING, 0),
        (Health.STARTING, 0, 1, False, Health.STARTING, 1),
        (Health.STARTING, 1, 1, False, Health.STARTING, 2),
        (Health.STARTING, 2, 1, False, Health.UNHEALTHY, 3),
        (Health.HEALTHY, 0, 1, True, Health.HEALTHY, 1),
        (Health.UNHEALTHY, 3, 1, False, Health.UNHEALTHY, 4),
        (Health.UNHEALTHY, 3, 0, False, Health.HEALTHY, 0),
        (Health.STARTING, 0, 0, True, Health.HEALTHY, 0),
    ],
)
def test_one_more_answer(before: Health, streak: int, code: int, *, starting: bool, after: Health, then: int) -> None:
    kept = tuple(HealthResult(started=now(), ended=now(), exit_code=each, output="") for each in range(5))
    answer = HealthResult(started=now(), ended=now(), exit_code=code, output="x")
    status = HealthStatus(status=before, failing_streak=streak, log=kept)
    found = judge(status, answer, effective(HealthCheck(test=("x",))), starting=starting)
    assert (found.status, found.failing_streak, found.log) == (after, then, (*kept[1:], answer))


# --- asked by the engine itself ---


@pytest.mark.parametrize(
    ("test", "is_one"),
    [((HTTP, "http://x/"), True), ((TCP, "x:1"), True), ((HTTP,), False), (("CMD", "x"), False), ((), False)],
)
def test_which_checks_need_no_program_of_the_image(test: tuple[str, ...], *, is_one: bool) -> None:
    assert is_probe(test) is is_one


async def test_such_a_check_is_made_in_the_containers_network(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    answers = [Completed(0, b"200 OK\xff", b"odd"), Completed(1, b"", b"no python")]

    async def run(argv: list[str], *, timeout: float) -> Completed:
        asked.append((argv[1], argv[3:], timeout))
        return answers.pop(0)

    monkeypatch.setattr(probing, "need_program", lambda name: f"/usr/bin/{name}")
    keeper: Any = SimpleNamespace(run=run)
    assert await probe(keeper, 42, (HTTP, "http://x/", "A: b"), 2.5) == (0, "200 OK\ufffd")
    assert await probe(keeper, 42, (TCP, "x:1"), 1) == (1, "no python")
    program = str(probing._PROGRAM)
    assert asked == [
        ("--net=/proc/42/ns/net", ["-SIB", program, "2.5", "http://x/", "A: b"], 12.5),
        ("--net=/proc/42/ns/net", ["-SIB", program, "1", "x:1"], 11),
    ]
    assert program.endswith("watch/probe_program.py")


async def test_what_such_a_check_says_is_the_answer(
    played_engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[Any] = [(0, "200 OK"), RuntimeFailure("No nsenter", "Odd"), TimeoutError(), OSError("odd")]
    asked = []

    async def ask(keeper: object, pid: int, test: tuple[str, ...], seconds: float) -> tuple[int, str]:
        asked.append((pid, test, seconds))
        answer = answers.pop(0) if answers else (0, "")
        if isinstance(answer, Exception):
            raise answer
        return answer

    from engine.containers import container_service

    monkeypatch.setattr(container_service, "probe", ask)
    running = await start(played_engine, health=check(TCP, "127.0.0.1:80", timeout=1.5, retries=9))
    found = await until(played_engine, running.id, lambda it: len(it.health.log) == 4)
    assert [(each.exit_code, each.output) for each in found.health.log] == [
        (0, "200 OK"), (-1, "No nsenter. Odd."), (-1, "No answer within 1.5 s."), (-1, "odd"),
    ]  # fmt: skip
    assert asked[0] == (running.pid, (TCP, "127.0.0.1:80"), 1.5)


class Site:
    """Answers every request with the next of its answers."""

    def __init__(self) -> None:
        self.answers: list[bytes] = []
        self.requests: list[bytes] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            self.requests.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(self.answers.pop(0))
        writer.close()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    found = Site()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    async with server:
        yield found


async def asked_of(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = await asyncio.to_thread(main, ["20", *words])
    return code, capsys.readouterr().out


def answer(status: str, body: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


@pytest.mark.parametrize(
    ("status", "code"), [("200 OK", 0), ("302 Found", 0), ("399 Odd", 0), ("400 Bad", 1), ("503 No", 1)]
)
async def test_an_answer_over_http_is_good_by_its_number(
    site: Site, capsys: pytest.CaptureFixture[str], status: str, code: int
) -> None:
    site.answers = [answer(status, "hello")]
    found = await asked_of(capsys, f"http://127.0.0.1:{site.port}/health?full=1", "A: b", "Host:  own")
    assert found == (code, f"{status}\nhello")
    request = site.requests[0].decode().split("\r\n")
    assert request[0] == "GET /health?full=1 HTTP/1.1"
    assert {"User-Agent: wherry-probe", "A: b", "Host: own"} <= set(request)


async def test_without_a_path_the_root_is_asked_and_long_answers_are_cut(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.answers = [answer("200 OK", "x" * 5000)]
    code, said = await asked_of(capsys, f"http://127.0.0.1:{site.port}")
    assert (code, said) == (0, "200 OK\n" + "x" * 4096)
    assert site.requests[0].startswith(b"GET / HTTP/1.1\r\n")


async def test_who_does_not_answer_is_not_well(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.answers = [b"odd\r\n\r\n"]
    address = f"http://127.0.0.1:{site.port}/"
    code, said = await asked_of(capsys, address)
    assert code == 1
    assert said.startswith(f"{address}: ")
    code, said = await asked_of(capsys, "http://127.0.0.1:port/")
    assert (code, said.startswith("http://127.0.0.1:port/: ")) == (1, True)


async def test_a_port_that_listens(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert await asked_of(capsys, f"127.0.0.1:{site.port}") == (0, f"127.0.0.1:{site.port} listens")
    assert await asked_of(capsys, f"[127.0.0.1]:{site.port}") == (0, f"[127.0.0.1]:{site.port} listens")
    code, said = await asked_of(capsys, "127.0.0.1:1")
    assert (code, said.startswith("127.0.0.1:1: ")) == (1, True)
    assert (await asked_of(capsys, "127.0.0.1:x"))[0] == 1


async def test_certificates_are_not_looked_at(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    Authority(tmp_path, "ca").sign("server", "somebody.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem", tmp_path / "server-key.pem")
    site = Site()
    async with await asyncio.start_server(site.serve, "127.0.0.1", 0, ssl=context) as server:
        site.answers = [answer("200 OK")]
        port = server.sockets[0].getsockname()[1]
        assert await asked_of(capsys, f"https://127.0.0.1:{port}/") == (0, "200 OK\n")
