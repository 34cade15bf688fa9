"""What is asked of a Docker for each deed on a container, and what becomes of its answers."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import Conflict, MachineError, NotFound, RuntimeFailure, Unsupported, WherryError
from engine.types.containers import (
    ChangedPath,
    ContainerSpec,
    CreateContainer,
    Exec,
    ListContainers,
    PortMapping,
    Resources,
    RestartPolicy,
    SizeOnDisk,
    State,
    UpdateContainer,
    WaitResult,
)
from engine.types.data import Freed, LabelRule
from engine.types.networks import Endpoint
from tests.support.scripted_docker import Answer, ScriptedDocker, held, until

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

    from engine.remote.engine import RemoteEngine
    from tests.support.stores import ShortTmp

KEY = "c" * 64
INSPECTED = {
    "Id": KEY, "Name": "/web", "Image": "sha256:" + "a" * 64, "Config": {"Image": "shop:1"},
    "State": {"Status": "running", "Pid": 44}, "HostConfig": {},
}  # fmt: skip


def row(number: int, state: str, **more: Any) -> dict[str, Any]:
    return {"Id": str(number) * 64, "Names": [f"/c{number}"], "State": state, **more}


@pytest.fixture
def docker() -> ScriptedDocker:
    docker = ScriptedDocker()
    for name in (KEY, "web"):
        docker.says(f"GET /containers/{name}/json", INSPECTED)
    return docker


DEEDS: list[tuple[str, str, dict[str, Any]]] = [
    ("start", "POST /containers/web/start", {}),
    ("stop", "POST /containers/web/stop", {}),
    ("stop", "POST /containers/web/stop?t=0", {"timeout": 0}),
    ("stop", "POST /containers/web/stop?t=7&signal=HUP", {"timeout": 7.9, "signal": "HUP"}),
    ("restart", "POST /containers/web/restart", {}),
    ("restart", "POST /containers/web/restart?t=3", {"timeout": 3.0}),
    ("kill", "POST /containers/web/kill?signal=KILL", {}),
    ("kill", "POST /containers/web/kill?signal=USR1", {"signal": "USR1"}),
    ("pause", "POST /containers/web/pause", {}),
    ("unpause", "POST /containers/web/unpause", {}),
    ("rename", "POST /containers/web/rename?name=shop", {"name": "shop"}),
]


async def test_each_deed_is_one_request_and_a_look(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    for verb, line, words in DEEDS:
        docker.says(line.partition("?")[0])
        docker.asked.clear()
        found = await getattr(engine.containers, verb)("web", **words)
        assert (found.id, found.name, found.state) == (KEY, "web", State.RUNNING)
        assert docker.lines()[:2] == [line, "GET /containers/web/json"]


async def test_a_refused_deed_is_told_in_the_engines_words(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    docker.says("POST /containers/web/start", {"message": "port is taken"}, status=500)
    with pytest.raises(RuntimeFailure, match="Port is taken"):
        await engine.containers.start("web")


async def test_a_list_is_what_is_known_and_those_that_run_are_awake(short_tmp: ShortTmp) -> None:
    docker = ScriptedDocker()
    states = ("running", "paused", "restarting", "exited", "created")
    docker.says("GET /containers/json", [row(number, state) for number, state in enumerate(states)])
    async with held(docker, short_tmp.run) as engine:
        assert docker.last("GET /containers/json").query == "all=1"
        assert [each.name for each in await engine.containers.list()] == ["c0", "c1", "c2", "c3", "c4"]
        awake = await engine.containers.list(ListContainers(running_only=True))
        assert [each.name for each in awake] == ["c0", "c1", "c2"]


async def test_what_is_made_is_asked_for_whole_and_joined_to_its_networks(
    docker: ScriptedDocker, engine: RemoteEngine
) -> None:
    docker.says("POST /containers/create", {"Id": KEY, "Warnings": ["slow"]})
    docker.says("POST /networks/back/connect")
    docker.says("POST /networks/my%20net/connect")
    spec = ContainerSpec(image="shop:1", command=("serve",), env={"A": "b"}, platform="linux/arm64")
    networks = {
        "back": Endpoint(aliases=("www",), links=("db:db",), ip="10.0.0.2", mac="m"), "my net": Endpoint(ip6="fd::2"),
    }  # fmt: skip
    made = await engine.containers.create(CreateContainer(spec=spec, name="web", networks=networks))
    assert (made.id, made.warnings) == (KEY, ("slow",))
    asked = docker.asked
    assert asked[0].line == "POST /containers/create?name=web&platform=linux/arm64"
    assert (asked[0].json["Image"], asked[0].json["Cmd"], asked[0].json["Env"]) == ("shop:1", ["serve"], ["A=b"])
    assert [each.json for each in asked[1:3]] == [
        {
            "Container": KEY,
            "EndpointConfig": {
                "Aliases": ["www"], "Links": ["db:db"], "MacAddress": "m",
                "IPAMConfig": {"IPv4Address": "10.0.0.2", "IPv6Address": ""},
            },
        },
        {
            "Container": KEY,
            "EndpointConfig": {"Aliases": [], "Links": [], "IPAMConfig": {"IPv4Address": "", "IPv6Address": "fd::2"}},
        },
    ]  # fmt: skip


async def test_what_cannot_join_its_network_is_not_left_behind(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    docker.says("POST /containers/create", {"Id": KEY})
    docker.says(f"DELETE /containers/{KEY}")
    docker.says("POST /networks/back/connect", {"message": "no such network"}, status=404)
    with pytest.raises(NotFound, match="No such network"):
        await engine.containers.create(CreateContainer(spec=ContainerSpec(image="x"), networks={"back": Endpoint()}))
    assert docker.lines()[-1] == f"DELETE /containers/{KEY}?force=1"


async def test_limits_and_the_policy_are_changed_while_it_runs(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    docker.says("POST /containers/web/update", {"Warnings": None})
    await engine.containers.update("web", UpdateContainer(resources=Resources(memory=64 << 20)))
    assert docker.last("POST /containers/web/update").json["Memory"] == 64 << 20
    await engine.containers.update("web", UpdateContainer(restart=RestartPolicy(name="always")))
    assert docker.last("POST /containers/web/update").json["RestartPolicy"]["Name"] == "always"
    with pytest.raises(Unsupported) as refused:
        await engine.containers.update("web", UpdateContainer(ports=(PortMapping(container_port=1),)))
    assert refused.value.subject == "containers.edit"


async def test_podman_changes_no_limits(short_tmp: ShortTmp) -> None:
    docker = ScriptedDocker(Components=[{"Name": "Podman Engine"}])
    async with held(docker, short_tmp.run) as engine:
        with pytest.raises(Unsupported, match="cannot do this") as refused:
            await engine.containers.update("web", UpdateContainer(resources=Resources(memory=1)))
    assert refused.value.explanation == "Podman 4 cannot change limits of a container by this API."


async def test_what_docker_has_no_word_for_is_refused_with_the_reason(engine: RemoteEngine) -> None:
    rooms: dict[str, Callable[[], Awaitable[object]]] = {
        "containers.edit": lambda: engine.containers.edit("web", ContainerSpec(image="x")),
        "containers.suggest_dockerfile": lambda: engine.containers.suggest_dockerfile("web"),
        "containers.death_report": lambda: engine.containers.death_report("web"),
        "containers.signal_process": lambda: engine.containers.signal_process("web", 7, "HUP"),
    }
    for method, deed in rooms.items():
        with pytest.raises(Unsupported) as refused:
            await deed()
        assert (refused.value.subject, refused.value.explanation) == (method, engine.capabilities.why_not(method))


async def test_the_first_process_can_be_sent_a_signal(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    docker.says("POST /containers/web/kill")
    await engine.containers.signal_process("web", 44, "HUP")
    assert docker.last("POST ").line == "POST /containers/web/kill?signal=HUP"


async def test_waiting_for_the_end(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    path = "POST /containers/web/wait"
    docker.says(path, {"StatusCode": 3}, {"StatusCode": None, "Error": {"Message": "odd"}}, b"")
    assert await engine.containers.wait("web") == WaitResult(exit_code=3)
    assert docker.lines()[-1] == f"{path}?condition=not-running"
    assert await engine.containers.wait("web", condition="removed") == WaitResult(exit_code=0, error="odd")
    assert docker.lines()[-1] == f"{path}?condition=removed"
    with pytest.raises(NotFound, match="web is gone") as gone:
        await engine.containers.wait("web")
    assert gone.value.subject == "web"


async def test_what_is_removed_is_gone_at_once(docker: ScriptedDocker, short_tmp: ShortTmp) -> None:
    docker.says("GET /containers/json", [row(1, "exited"), row(2, "exited")])
    docker.says("DELETE /containers/c1")
    docker.says(f"DELETE /containers/{'2' * 64}")
    async with held(docker, short_tmp.run) as engine:
        assert await engine.containers.remove("c1", force=True, volumes=True) == Freed(ids=("c1",))
        assert docker.last("DELETE").line == "DELETE /containers/c1?force=1&v=1"
        assert [each.name for each in await engine.containers.list()] == ["c2"]
        await engine.containers.remove("2" * 64)
        assert docker.last("DELETE").query == ""
        assert not await engine.containers.list()


async def test_pruning_says_what_and_since_when(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    docker.says("POST /containers/prune", {"ContainersDeleted": ["a", "b"], "SpaceReclaimed": 5}, {})
    rule = LabelRule(wanted={"keep": "", "a": "b"}, unwanted={"x": "y"})
    freed = await engine.containers.prune(until_ns=7_900_000_000, labels=rule)
    assert freed == Freed(ids=("a", "b"), bytes=5)
    assert docker.lines()[-1] == (
        'POST /containers/prune?filters={"until":["7"],"label":["keep","a=b"],"label!":["x=y"]}'
    )
    assert await engine.containers.prune() == Freed()
    assert docker.lines()[-1] == "POST /containers/prune?filters={}"


async def test_sizes_changes_and_the_whole_tree(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    docker.says("GET /containers/web/json", {"SizeRw": 3, "SizeRootFs": 9}, {})
    assert await engine.containers.size("web") == SizeOnDisk(writable=3, total=9)
    assert docker.lines() == ["GET /containers/web/json?size=1"]
    assert await engine.containers.size("web") == SizeOnDisk(writable=0, total=0)
    kinds = [{"Path": f"/{kind}", "Kind": kind} for kind in (0, 1, 2)]
    docker.says("GET /containers/web/changes", kinds, None)
    assert await engine.containers.changes("web") == [
        ChangedPath(path="/0", kind="changed"), ChangedPath(path="/1", kind="added"),
        ChangedPath(path="/2", kind="removed"),
    ]  # fmt: skip
    assert await engine.containers.changes("web") == []
    docker.says("GET /containers/web/export", Answer((b"tar", b"ball")))
    assert b"".join([piece async for piece in engine.containers.export("web")]) == b"tarball"


async def test_processes_as_docker_tells_them(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    titles = ["PID", "PPID", "USER", "UID", "STAT", "%CPU", "TIME", "RSS", "COMMAND"]
    rows = [["44", "1", "web", "1000", "Ss", "1.5", "1-02:03:04", "10", "serve --all"], ["45", "44", "", "x"]]
    docker.says("GET /containers/web/top", {"Titles": titles, "Processes": rows}, None)
    first, second = await engine.containers.processes("web")
    assert docker.lines()[-1] == "GET /containers/web/top?ps_args=-eo pid,ppid,user,uid,stat,pcpu,time,rss,args"
    assert (first.pid, first.parent_pid, first.user, first.uid, first.state) == (44, 1, "web", 1000, "S")
    assert (first.cpu_percent, first.cpu_seconds, first.memory) == (1.5, 93784.0, 10240)
    assert (first.command, first.container_pid) == ("serve --all", 0)
    assert (second.pid, second.parent_pid, second.uid, second.memory, second.cpu_seconds) == (45, 44, 0, 0, 0.0)
    assert (second.command, second.state, second.user) == ("", "", "")
    assert await engine.containers.processes("web") == []


async def test_processes_as_podman_tells_them(short_tmp: ShortTmp) -> None:
    docker = ScriptedDocker(Platform={"Name": "linux/amd64/podman"})
    titles = ["user", "hpid", "PCPU", "TIME", "cmd"]
    rows = [["root", "7", "2", "00:01:05", "sleep"], ["root", "8", "2", "5", "x"]]
    docker.says(
        "GET /containers/web/top", {"Titles": titles, "Processes": rows}, {"Titles": ["ARGS"], "Processes": [["y"]]}
    )
    async with held(docker, short_tmp.run) as engine:
        found, other = await engine.containers.processes("web")
        assert docker.lines()[-1] == "GET /containers/web/top"
        assert (found.user, found.pid, found.cpu_percent) == ("root", 7, 2.0)
        assert (found.cpu_seconds, other.cpu_seconds, found.command) == (65.0, 5.0, "sleep")
        assert [each.command for each in await engine.containers.processes("web")] == ["y"]


# --- lines to processes ---


def frame(stream: int, data: bytes) -> bytes:
    return struct.pack(">BxxxI", stream, len(data)) + data


class Talk:
    """What a hijacked line says, and what was said to it until it was ended."""

    def __init__(self, *said: bytes, first: bytes = b"HTTP/1.1 101 UPGRADED\r\n\r\n") -> None:
        self.said, self.first, self.heard = said, first, b""
        self.leaves = True

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.first)
        for piece in self.said:
            writer.write(piece)
            await writer.drain()
        if self.leaves:
            writer.write_eof()
        self.heard = await reader.read()


async def all_of(line: Any) -> list[tuple[str, bytes]]:
    found = []
    while (piece := await line.read()) is not None:
        found.append(piece)
    return found


async def test_a_command_is_begun_with_all_that_was_asked(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    talk = Talk(frame(1, b"out")[:5], frame(1, b"out")[5:] + frame(2, b"err") + frame(1, b"")[:3])
    docker.says("POST /containers/web/exec", {"Id": "e1"})
    docker.says("POST /exec/e1/start", Answer(talk=talk))
    docker.says("GET /exec/e1/json", {"Running": True}, {"Running": False, "ExitCode": 5})
    request = Exec(command=("sh", "-c", "x"), stdin=True, user="web", workdir="/w", env={"A": "b"}, privileged=True)
    line = await engine.containers.exec("web", request)
    assert (line.id, line.pid) == ("e1", 0)
    assert docker.last("POST /containers/web/exec").json == {
        "AttachStdin": True, "AttachStdout": True, "AttachStderr": True, "Tty": False, "Cmd": ["sh", "-c", "x"],
        "User": "web", "WorkingDir": "/w", "Env": ["A=b"], "Privileged": True,
    }  # fmt: skip
    start = docker.last("POST /exec/e1/start")
    assert start.json == {"Detach": False, "Tty": False}
    assert (start.headers["Connection"], start.headers["Upgrade"]) == ("Upgrade", "tcp")
    assert await all_of(line) == [("stdout", b"out"), ("stderr", b"err")]
    await line.write(b"typed")
    await line.close_stdin()
    assert await line.exit_code() == 5
    await until(lambda: talk.heard == b"typed")
    with pytest.raises(Unsupported, match="sent a signal"):
        await line.kill("TERM")
    await line.close()


async def test_a_terminal_has_its_size_and_comes_unframed(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    docker.says("POST /containers/web/exec", {"Id": "e1"})
    docker.says("POST /exec/e1/start", Answer(talk=Talk(b"hello")))
    docker.says("POST /exec/e1/resize")
    line = await engine.containers.exec("web", Exec(command=("sh",), tty=True, rows=31, columns=97))
    assert docker.last("POST /containers/web/exec").json["ConsoleSize"] == [31, 97]
    assert docker.last("POST /exec/e1/start").json["Tty"] is True
    assert docker.lines()[-1] == "POST /exec/e1/resize?h=31&w=97"
    assert await all_of(line) == [("stdout", b"hello")]
    await line.resize(5, 6)
    assert docker.lines()[-1] == "POST /exec/e1/resize?h=5&w=6"
    await line.close()


_NO = b'{"message":"container is paused"}'


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (b"HTTP/1.1 409 Conflict\r\nA: b\r\nContent-Length: %d\r\n\r\n%b" % (len(_NO), _NO), Conflict, "Container is"),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", NotFound, "The engine answered 404"),
        (b"HTTP/1.1 500 No\r\nContent-Length: 10\r\n\r\nno", MachineError, "broke off"),
        (b"HTTP/1.1 500 No\r\nContent-Length: x\r\n\r\n", MachineError, "cannot be read"),
        (b"SSH-2.0\r\n\r\n", MachineError, "cannot be read"),
        (b"", MachineError, "broke off"),
    ],
)
async def test_a_line_that_is_not_given_says_why(
    docker: ScriptedDocker, engine: RemoteEngine, answer: bytes, kind: type[WherryError], words: str
) -> None:
    """Nothing of it stays open either: an unclosed line would fail this test."""
    docker.says("POST /containers/web/exec", {"Id": "e1"})
    docker.says("POST /exec/e1/start", Answer(talk=Talk(first=answer)))
    with pytest.raises(kind, match=words):
        await engine.containers.exec("web", Exec(command=("sh",)))


async def test_a_command_that_never_ends_there_is_told_as_broken_off(
    docker: ScriptedDocker, engine: RemoteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.remote.process_lines._LOOK_SECONDS", 0.0)
    docker.says("POST /containers/web/exec", {"Id": "e1"})
    docker.says("POST /exec/e1/start", Answer(talk=Talk()))
    docker.says("GET /exec/e1/json", {"Running": True})
    line = await engine.containers.exec("web", Exec(command=("sh",)))
    with pytest.raises(MachineError, match="broke off") as broken:
        await line.exit_code()
    assert broken.value.subject == "e1"
    assert docker.lines().count("GET /exec/e1/json") == 50
    await line.close()


@pytest.mark.parametrize(
    ("words", "query"),
    [
        ({}, "stream=1&stdout=1&stderr=1"),
        ({"stdin": True, "logs": True, "stream": False}, "stdin=1&logs=1&stdout=1&stderr=1"),
    ],
)
async def test_attaching(docker: ScriptedDocker, engine: RemoteEngine, words: dict[str, bool], query: str) -> None:
    path = f"POST /containers/{KEY}/attach"
    docker.says(path, Answer(talk=Talk(frame(2, b"x"))))
    docker.says(f"POST /containers/{KEY}/resize")
    line = await engine.containers.attach("web", **words)
    assert await all_of(line) == [("stderr", b"x")]
    assert docker.last(path).line == f"{path}?{query}"
    await line.resize(1, 2)
    assert docker.lines()[-1] == f"POST /containers/{KEY}/resize?h=1&w=2"
    await line.close()
    await engine.containers.resize(KEY, 3, 4)
    assert docker.lines()[-1] == f"POST /containers/{KEY}/resize?h=3&w=4"


async def test_a_container_with_a_terminal_is_attached_to_unframed(
    docker: ScriptedDocker, engine: RemoteEngine
) -> None:
    docker.says("GET /containers/web/json", {**INSPECTED, "Config": {"Image": "x", "Tty": True}})
    docker.says(f"POST /containers/{KEY}/attach", Answer(talk=Talk(b"plain")))
    line = await engine.containers.attach("web")
    assert await all_of(line) == [("stdout", b"plain")]
    await line.close()
