"""`exec`: what is announced is what is run, and how it ended can be asked."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from engine.errors import Conflict, RuntimeFailure
from engine.types.containers import Exec, Exit, State
from engine.types.data import now
from tests.fakes.store import fake_digest
from tests.unit.api.process import announce
from tests.unit.api.serving import until

if TYPE_CHECKING:
    from tests.unit.api.process import Process
    from tests.unit.api.serving import Served

WEB = fake_digest("shop-web-1")[7:]


async def test_a_command_is_run_as_it_was_announced(api: Served, process: Process) -> None:
    heard = api.hear("containers.exec", process)
    told = api.hear("containers.tell")
    asked = {
        "Cmd": ["sh", "-c", "id"], "Tty": True, "AttachStdin": True, "AttachStdout": True, "User": "web",
        "WorkingDir": "/srv", "Env": ["A=1", "B"], "Privileged": True, "ConsoleSize": [30, 90], "DetachKeys": "ctrl-a",
    }  # fmt: skip
    reply = await api.ask("POST", "/containers/shop-web-1/exec", asked)
    made = reply.json()["Id"]
    assert [(each["container"], each["action"], each["attributes"]) for each in told] == [
        (WEB, "exec_create: sh -c id", {"execID": made})
    ]
    record = {
        "ID": made,
        "Running": False,
        "ExitCode": None,
        "ProcessConfig": {
            "tty": True, "entrypoint": "sh", "arguments": ["-c", "id"], "privileged": True, "user": "web",
        },
        "OpenStdin": True,
        "OpenStderr": False,
        "OpenStdout": True,
        "CanRemove": True,
        "ContainerID": WEB,
        "DetachKeys": "AQ==",
        "Pid": 0,
    }  # fmt: skip
    assert await api.get(f"/exec/{made}/json") == record
    raw = await api.upgrade(f"/exec/{made}/start", b'{"Tty":true}')
    await until(lambda: heard)
    request: Exec = heard[0]["request"]
    assert request == Exec(
        id=made, command=("sh", "-c", "id"), tty=True, stdin=True, user="web", workdir="/srv",
        env=request.env, privileged=True, rows=30, columns=90,
    )  # fmt: skip
    assert request.env["A"] == "1"
    assert heard[0]["container"] == WEB
    assert await api.get(f"/exec/{made}/json") == {**record, "Running": True, "CanRemove": False, "Pid": 4242}
    process.end()
    await raw.rest()
    assert await api.get(f"/exec/{made}/json") == {**record, "ExitCode": 3, "Pid": 4242}
    await raw.close()


async def test_one_that_says_little_is_run_as_the_container_is(api: Served, process: Process) -> None:
    heard = api.hear("containers.exec", process)
    reply = await api.ask("POST", "/containers/shop-web-1/exec", {"Cmd": "true"})
    made = reply.json()["Id"]
    told = await api.get(f"/exec/{made}/json")
    assert told["ProcessConfig"] == {"tty": False, "entrypoint": "true", "arguments": [], "privileged": False}
    assert (told["OpenStdin"], told["OpenStdout"], told["OpenStderr"]) == (False, False, False)
    process.end()
    raw = await api.upgrade(f"/exec/{made}/start", b"{}")
    assert await raw.rest() == b""
    assert heard[0]["request"] == Exec(id=made, command=("true",))
    await raw.close()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "No exec command specified"),
        ({"Cmd": []}, "No exec command specified"),
        ({"Cmd": ["x"], "ConsoleSize": [1]}, "ConsoleSize must be two numbers, height and width"),
        ({"Cmd": ["x"], "ConsoleSize": [1, 65536]}, "ConsoleSize must be two numbers, height and width"),
        ({"Cmd": ["x"], "ConsoleSize": [-1, 5]}, "ConsoleSize must be two numbers, height and width"),
    ],
)
async def test_a_command_that_cannot_be_is_refused(api: Served, body: dict[str, Any], words: str) -> None:
    reply = await api.ask("POST", "/containers/shop-web-1/exec", body)
    assert (reply.status, reply.message) == (400, words)


async def test_a_screen_of_any_size_a_kernel_knows_is_taken(api: Served) -> None:
    for size in ([0, 0], [65535, 65535]):
        await announce(api, ConsoleSize=size)


@pytest.mark.parametrize(
    ("state", "announced", "started"),
    [
        (State.PAUSED, "Container shop-web-1 is paused, unpause the container before exec",
         f"Container {WEB} is paused, unpause the container before exec"),
        (State.RESTARTING, f"Container {WEB} is restarting, wait until the container is running", ""),
        (State.EXITED, f"container {WEB} is not running", ""),
        (State.CREATED, f"container {WEB} is not running", ""),
        (State.STARTING, f"container {WEB} is not running", ""),
    ],
)  # fmt: skip
async def test_nothing_is_run_in_what_does_not_run(api: Served, state: State, announced: str, started: str) -> None:
    made = await announce(api)
    web = api.engine.store.container(WEB)
    api.engine.store.put("container", replace(web, state=state, exit=Exit(code=0, ended=now())))
    reply = await api.ask("POST", "/containers/shop-web-1/exec", {"Cmd": ["true"]})
    assert (reply.status, reply.message) == (409, announced)
    reply = await api.ask("POST", f"/exec/{made}/start", {})
    assert (reply.status, reply.message) == (409, started or announced)


async def test_one_that_is_being_stopped_can_still_be_looked_into(api: Served) -> None:
    web = api.engine.store.container(WEB)
    api.engine.store.put("container", replace(web, state=State.STOPPING))
    await announce(api)


async def test_no_command_is_run_twice_at_once(api: Served, process: Process) -> None:
    may_start = asyncio.Event()

    async def exec_(container: str, request: Exec) -> Process:
        await may_start.wait()
        return process

    api.engine.containers.exec = exec_  # type: ignore[method-assign, assignment]
    made = await announce(api)
    raw = await api.upgrade(f"/exec/{made}/start", b"{}")
    reply = await api.ask("POST", f"/exec/{made}/start", {})
    assert (reply.status, reply.message) == (409, f"exec command {made} has already run")
    may_start.set()
    process.end()
    await raw.rest()
    await raw.close()


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (RuntimeFailure("No such program", exit_code=127), 127, b"No such program\r\n"),
        (RuntimeFailure("Not executable", exit_code=126), 126, b"Not executable\r\n"),
        (Conflict("It has just ended"), 126, b"It has just ended\r\n"),
    ],
)
async def test_why_a_command_could_not_start_is_said_in_its_stream(
    api: Served, error: Exception, code: int, words: bytes
) -> None:
    """`docker exec` looks there, and for the exit code in the inspection."""
    api.hear("containers.exec", error)
    made = await announce(api)
    raw = await api.upgrade(f"/exec/{made}/start", b"{}")
    assert (await raw.rest())[8:] == words
    told = await api.get(f"/exec/{made}/json")
    assert (told["Running"], told["ExitCode"], told["CanRemove"]) == (False, code, True)
    assert (await api.ask("POST", f"/exec/{made}/start", {})).status == 409
    await raw.close()
    made = await announce(api)
    reply = await api.ask("POST", f"/exec/{made}/start", {"Detach": True})
    assert reply.status >= 400
    assert (await api.get(f"/exec/{made}/json"))["ExitCode"] == code


async def test_a_detached_command_is_given_no_input(api: Served, process: Process) -> None:
    heard = api.hear("containers.exec", process)
    made = await announce(api, AttachStdin=True)
    await api.ask("POST", f"/exec/{made}/start", {"Detach": True, "ConsoleSize": [7, 8]})
    assert (heard[0]["request"].stdin, heard[0]["request"].rows, heard[0]["request"].columns) == (False, 7, 8)
    assert not process.closed
    process.end()


async def test_a_screen_is_told_its_size_at_the_start_or_later(api: Served, process: Process) -> None:
    heard = api.hear("containers.exec", process)
    made = await announce(api, Tty=True, ConsoleSize=[1, 2])
    assert (await api.ask("POST", f"/exec/{made}/resize?h=3&w=4")).status == 200
    raw = await api.upgrade(f"/exec/{made}/start", b'{"Tty":true,"ConsoleSize":[0,9]}')
    await until(lambda: heard)
    assert (heard[0]["request"].rows, heard[0]["request"].columns) == (3, 4)  # half a size is none
    assert process.size == (0, 0), "it has the size from the start"
    assert (await api.ask("POST", f"/exec/{made}/resize?h=5&w=6")).status == 200
    assert process.size == (5, 6)
    process.end()
    await raw.rest()
    assert (await api.ask("POST", f"/exec/{made}/resize?h=7&w=8")).status == 200
    assert process.size == (5, 6), "it has ended"
    reply = await api.ask("POST", "/exec/nosuch/resize?h=1&w=1")
    assert (reply.status, reply.message) == (404, "No such exec instance: nosuch")
    await raw.close()


async def test_letting_go_of_a_command_is_told_and_its_end_still_known(api: Served, process: Process) -> None:
    told = api.hear("containers.tell")
    made = await announce(api, Tty=True, AttachStdin=True, DetachKeys="a")
    raw = await api.upgrade(f"/exec/{made}/start", b'{"Tty":true}')
    raw.writer.write(b"a")
    await raw.rest()
    await until(lambda: len(told) == 2)
    assert (told[1]["container"], told[1]["action"], told[1]["attributes"]) == (WEB, "exec_detach", {"execID": made})
    process.say("stdout", b"more, that nobody reads")
    process.end()
    await until(process.output.empty)
    await until(lambda: api.served.execs.get(made).exit_code == 3)
    assert (await api.get(f"/exec/{made}/json"))["ExitCode"] == 3
    await raw.close()


async def test_the_output_of_a_command_may_be_all_of_two_streams_or_one(api: Served, process: Process) -> None:
    for wanted, kept in (({"AttachStdout": False}, b"err"), ({"AttachStderr": False}, b"out")):
        made = await announce(api, **wanted)
        raw = await api.upgrade(f"/exec/{made}/start", b"{}")
        process.say("stdout", b"out")
        process.say("stderr", b"err")
        process.end()
        assert (await raw.rest())[8:] == kept
        await raw.close()


async def test_a_command_without_input_is_given_none(api: Served, process: Process) -> None:
    made = await announce(api, AttachStdin=False)
    raw = await api.upgrade(f"/exec/{made}/start", b"{}")
    raw.writer.write(b"ignored")
    process.say("stdout", b"x")
    await raw.exactly(9)
    process.end()
    await raw.rest()
    assert process.given == b""
    await raw.close()


async def test_detach_keys_are_no_keys_where_there_is_no_terminal(api: Served, process: Process) -> None:
    made = await announce(api, DetachKeys="a")
    raw = await api.upgrade(f"/exec/{made}/start", b"{}")
    raw.writer.write(b"banana")
    await until(lambda: process.given == b"banana")
    process.end()
    await raw.rest()
    await raw.close()


async def test_commands_of_a_container_that_is_gone_are_forgotten(api: Served) -> None:
    made = await announce(api)
    assert (await api.ask("DELETE", "/containers/shop-web-1?force=1")).status == 204
    assert (await api.ask("GET", f"/exec/{made}/json")).status == 404
