"""Programs that are asked something: their answers, their silence, their last words."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import HostError, RuntimeFailure
from engine.processes import ask as asking
from engine.processes import credential_helper, headless, open_files, podman_service, ssh_agent
from engine.processes.ask import NOT_THERE, Answer, ask
from engine.processes.podman_service import PodmanService, volume_files
from engine.processes.programs import find_program, need_program, runtime_environment
from engine.processes.python_worker import PythonWorker, WorkerFailed, complain
from engine.processes.ssh_program import SshProgram, tell

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.processes.conftest import Programs as Scripts


# --- found ---


def test_a_program_is_found_where_distributions_hide_it(programs: Scripts, monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = programs.write("wherry-test-tool", "exit 0")
    assert find_program("wherry-test-tool") == str(hidden) == need_program("wherry-test-tool")
    monkeypatch.setenv("PATH", "/nowhere")
    find_program.cache_clear()
    assert find_program("wherry-test-tool") is None
    monkeypatch.setattr(sys.modules["engine.processes.programs"], "_HIDDEN_PLACES", ("/nothing", str(hidden.parent)))
    find_program.cache_clear()
    assert find_program("wherry-test-tool") == str(hidden)


@pytest.mark.parametrize(
    ("name", "package", "purpose"),
    [
        ("pasta", "passt", "give containers a network"),
        ("newuidmap", "uidmap", "do this"),
        ("unheard-of", "unheard-of", "do this"),
    ],
)
def test_what_is_missing_is_named_with_its_package(
    programs: Scripts, monkeypatch: pytest.MonkeyPatch, name: str, package: str, purpose: str
) -> None:
    monkeypatch.setattr(sys.modules["engine.processes.programs"], "find_program", lambda name: None)
    with pytest.raises(HostError, match=f"{name} is not installed") as caught:
        need_program(name)
    assert caught.value.explanation == f"Wherry needs it to {purpose}."
    assert (caught.value.hint, caught.value.subject) == (f"Install it: sudo apt install {package}", name)


def test_programs_of_the_runtime_see_little_of_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in tuple(os.environ):
        monkeypatch.delenv(name)
    usual = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    assert runtime_environment() == {"PATH": usual, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
    given = {"PATH": "/bin", "HOME": "/home/a", "XDG_RUNTIME_DIR": "/run/a", "TMPDIR": "/t"}
    for name, value in (given | {"SECRET": "x", "LC_ALL": "de_DE"}).items():
        monkeypatch.setenv(name, value)
    assert runtime_environment() == given | {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}


# --- asked for a version ---


def test_an_answer_is_taken_whatever_it_is(programs: Scripts) -> None:
    tool = str(programs.write("tool", 'cat > "$here/input"; echo "$LC_ALL $OWN"; echo oh >&2; exit 3'))
    assert ask([tool], env={"OWN": "mine", "LC_ALL": "de"}) == Answer(3, "C.UTF-8 mine\n", "oh\n")
    assert programs.kept("input") == ""
    os.environ["OWN"] = "session"
    try:
        assert ask([tool, "--version"]).output == "C.UTF-8 session\n"
    finally:
        del os.environ["OWN"]
    assert programs.asked == ["", "--version"]


def test_a_program_that_cannot_answer_is_an_answer_too(programs: Scripts) -> None:
    assert ask(["/no/such/program"]) == NOT_THERE == Answer(127, "", "not found")
    plain = programs.place / "plain"
    plain.write_text("x")
    denied = ask([str(plain)])
    assert (denied.code, denied.output) == (126, "")
    assert "Permission denied" in denied.errors
    slow = ask([str(programs.write("slow", "exec sleep 30"))], timeout=0.05)
    assert slow == Answer(124, "", "no answer within 0.05 s")


def test_a_long_answer_is_cut_and_strange_bytes_are_shown(programs: Scripts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_MOST", 4)
    assert ask([str(programs.write("tool", r"printf 'ab\377defg'"))]).output == "ab\ufffdd"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(1, "out\nlast out\n", "err\n last err \n\n"), "last err"),
        (Answer(1, "out\nlast out\n", " \n"), "last out"),
        (Answer(7, "", ""), "exit code 7"),
    ],
)
def test_the_words_of_an_answer_are_its_last_line(answer: Answer, words: str) -> None:
    assert answer.words == words


# --- credentials ---


async def test_a_credential_helper_answers(programs: Scripts) -> None:
    programs.write("docker-credential-keep", 'printf "for "; cat')
    assert await credential_helper.ask_helper("keep", "get", b"https://example.org") == b"for https://example.org"
    assert programs.asked == ["get"]


@pytest.mark.parametrize("name", ["", "-x", "a/b", "../x", "a b", "x" * 65, ".x"])
async def test_what_is_no_name_of_a_helper_is_not_run(name: str) -> None:
    with pytest.raises(OSError, match="not a credential helper's name"):
        await credential_helper.ask_helper(name, "get", b"")


async def test_a_helper_without_an_answer_is_told(programs: Scripts, monkeypatch: pytest.MonkeyPatch) -> None:
    programs.write("docker-credential-x" + "y" * 63, "exit 4")
    with pytest.raises(OSError, match="get failed with 4"):
        await credential_helper.ask_helper("x" + "y" * 63, "get", b"")
    monkeypatch.setattr(credential_helper, "_MOST", 3)
    programs.write("docker-credential-loud", "printf 1234")
    with pytest.raises(OSError, match="docker-credential-loud list failed"):
        await credential_helper.ask_helper("loud", "list", b"")
    programs.write("docker-credential-fits", "printf 123")
    assert await credential_helper.ask_helper("fits", "list", b"") == b"123"
    with pytest.raises(FileNotFoundError):
        await credential_helper.ask_helper("absent", "get", b"")


async def test_a_helper_that_hangs_is_ended(
    programs: Scripts, made: list[asyncio.subprocess.Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credential_helper, "_HELPER_SECONDS", 0.01)
    programs.write("docker-credential-slow", "exec sleep 30")
    with pytest.raises(TimeoutError):
        await credential_helper.ask_helper("slow", "get", b"")
    assert [each.returncode for each in made] == [-signal.SIGKILL]


async def test_a_plugin_of_a_cluster_answers_with_what_it_is_given(programs: Scripts) -> None:
    plugin = str(programs.write("plugin", 'cat; printf "%s" "$GIVEN"'))
    assert await credential_helper.run_plugin([plugin, "token"], {"GIVEN": "x", "PATH": "/usr/bin:/bin"}) == b"x"
    assert programs.asked == ["token"]


async def test_a_plugin_that_fails_is_told_with_its_own_words(
    programs: Scripts, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = str(programs.write("plugin", "echo ' log in first ' >&2; exit 2"))
    with pytest.raises(OSError, match=r"plugin ended with 2: log in first$"):
        await credential_helper.run_plugin([plugin], os.environ)
    monkeypatch.setattr(credential_helper, "_MOST", 3)
    with pytest.raises(OSError, match="ended with 0"):
        await credential_helper.run_plugin([str(programs.write("loud", "printf 1234"))], os.environ)


# --- podman ---


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(podman_service, "_LOOK_SECONDS", 0.001)


LISTENS = ': > "${5#unix://}"; exec sleep 30'


def test_podmans_service_is_started_and_ends_with_us(programs: Scripts, tmp_path: Path, quick: None) -> None:
    programs.write("podman", LISTENS)
    service = PodmanService(tmp_path / "run" / "podman.sock")
    assert PodmanService.can_start()
    assert service.start() == ""
    assert programs.asked == [f"system service --time 120 unix://{service.socket}"]
    assert service.socket.parent.stat().st_mode & 0o777 == 0o700
    assert service.start() == ""
    assert len(programs.asked) == 1, "one that runs is left as it is"
    service.close()
    assert not service.socket.exists()
    service.close()
    assert service.start() == ""
    service._process.kill()  # type: ignore[union-attr]
    service._process.wait()  # type: ignore[union-attr]
    assert service.start() == ""
    assert len(programs.asked) == 3
    service.close()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo one >&2; echo ' the reason ' >&2; echo >&2; exit 1", "the reason"),
        ("exit 1", "It does not begin to listen."),
    ],
)
def test_a_podman_that_does_not_listen_says_why(
    programs: Scripts, tmp_path: Path, quick: None, script: str, said: str
) -> None:
    programs.write("podman", script)
    service = PodmanService(tmp_path / "podman.sock")
    assert service.start() == said
    assert service._process is None


def test_a_podman_that_never_listens_is_given_up(
    programs: Scripts, tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(podman_service, "_SECONDS", 0.02)
    programs.write("podman", "exec sleep 30")
    service = PodmanService(tmp_path / "podman.sock")
    assert service.start() == "It does not begin to listen."
    assert service._process is None


def test_without_podman_there_is_no_service(programs: Scripts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(podman_service, "find_program", lambda name: None)
    assert not PodmanService.can_start()
    assert PodmanService(tmp_path / "podman.sock").start() == "There is no podman on this computer."
    plain = programs.place / "podman"
    plain.write_text("x")
    monkeypatch.setattr(podman_service, "find_program", lambda name: str(plain))
    assert PodmanService(tmp_path / "podman.sock").start() == "Permission denied."


async def test_files_of_a_volume_come_as_podman_gives_them(programs: Scripts, monkeypatch: pytest.MonkeyPatch) -> None:
    programs.write("podman", "printf abcdef")
    monkeypatch.setattr(podman_service, "_PIECE", 4)
    pieces = [piece async for piece in volume_files("data")]
    assert b"".join(pieces) == b"abcdef"
    assert all(len(piece) <= 4 for piece in pieces)
    assert programs.asked == ["volume export data"]


async def test_a_volume_that_podman_does_not_give(programs: Scripts) -> None:
    programs.write("podman", "printf abc; echo 'no such volume' >&2; exit 125")
    got: list[bytes] = []

    async def read() -> None:
        async for piece in volume_files("data"):
            got.append(piece)

    with pytest.raises(RuntimeFailure, match="does not give the files of data") as caught:
        await read()
    assert (got, caught.value.explanation, caught.value.subject) == ([b"abc"], "no such volume", "data")


async def test_a_reader_who_leaves_ends_podman(programs: Scripts) -> None:
    programs.write("podman", "printf abc; exec sleep 30")
    files = volume_files("data")
    assert await anext(files) == b"abc"
    await files.aclose()


# --- ssh ---


def test_a_connection_carries_both_ways_and_ends_with_its_socket(programs: Scripts) -> None:
    ssh = SshProgram([str(programs.write("ssh", 'echo "$LC_ALL"; exec cat'))])
    ssh.socket.settimeout(10)
    file = ssh.socket.makefile("rwb")
    assert file.readline() == b"C.UTF-8\n"
    file.write(b"hello\n")
    file.flush()
    assert file.readline() == b"hello\n"
    assert not ssh.ended()
    assert os.getsid(ssh.pid) == ssh.pid
    file.close()
    ssh.close()
    assert ssh.ended()
    ssh.close()


@pytest.mark.parametrize(
    ("script", "cut"),
    [("exit 255", True), ("exit 0", False), ("exit 1", False), ("kill -9 $$", True), ("exec sleep 30", False)],
)
def test_a_line_that_broke_off_is_told_from_a_command_that_ended(programs: Scripts, script: str, cut: bool) -> None:
    ssh = SshProgram([str(programs.write("ssh", script))])
    assert ssh.was_cut(0.05 if "sleep" in script else 10) is cut
    if not ssh.ended():
        os.kill(ssh.pid, signal.SIGKILL)
    ssh.close()


def test_what_ssh_said_on_its_way_out(programs: Scripts, monkeypatch: pytest.MonkeyPatch) -> None:
    ssh = SshProgram([str(programs.write("ssh", "echo 'Permission denied' >&2; exit 255"))])
    assert ssh.complaint(10) == "Permission denied\n"
    ssh.close()
    silent = SshProgram([str(programs.write("ssh", "echo early >&2; exec sleep 30"))])
    assert silent.complaint(0.01) == ""
    os.kill(silent.pid, signal.SIGKILL)
    silent.close()
    assert silent._said == -1


def test_without_ssh_nothing_is_left_open() -> None:
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(FileNotFoundError):
        SshProgram(["/no/such/ssh"])
    assert len(os.listdir("/proc/self/fd")) == before
    assert tell(["/no/such/ssh"]) == 127


def test_an_order_to_a_kept_connection(programs: Scripts) -> None:
    assert tell([str(programs.write("ssh", "exit 5")), "-O", "check"]) == 5
    assert programs.asked == ["-O check"]
    assert tell([str(programs.write("ssh", "exec sleep 30"))], 0.05) == 124


def an_agent(programs: Scripts, add: str) -> None:
    programs.write("ssh-agent", 'echo "SSH_AUTH_SOCK=$3"; : > "$3"; exec sleep 30')
    programs.write("ssh-add", add)


def test_an_agent_for_a_moment_has_the_keys(programs: Scripts) -> None:
    an_agent(programs, 'echo "$SSH_AUTH_SOCK" > "$here/socket"')
    with ssh_agent.agent_of(["/keys/one", "-two"]) as socket:
        assert programs.kept("socket").strip() == socket
        assert os.path.isdir(os.path.dirname(socket))
    assert programs.asked == [f"-D -a {socket}", "-q -- /keys/one", "-q -- -two"]
    assert not os.path.exists(os.path.dirname(socket))


@pytest.mark.parametrize(("said", "words"), [("'first'; echo ' no key '; echo", "no key"), ("", "ssh-add refused it")])
def test_a_key_that_is_none_is_told(programs: Scripts, said: str, words: str) -> None:
    an_agent(programs, f"(echo {said}) >&2; exit 1")
    with pytest.raises(ssh_agent.NoAgent, match=f"^/keys/one cannot be used as a key: {words}$"):
        with ssh_agent.agent_of(["/keys/one"]):
            raise AssertionError("there is no agent")


def test_without_an_agent_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch, programs: Scripts) -> None:
    for there in ("", "ssh-agent", "ssh-add"):
        monkeypatch.setattr(ssh_agent.shutil, "which", lambda name, there=there: name if name == there else None)
        with pytest.raises(ssh_agent.NoAgent, match="install openssh-client"), ssh_agent.agent_of([]):
            raise AssertionError("there is no agent")


# --- Python beside the engine ---


async def test_a_worker_gets_its_request_and_our_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "worked.py").write_text(
        "import json, os, sys\n"
        "def main():\n"
        "    from engine.processes import crun\n"
        "    print(json.dumps([json.load(sys.stdin), os.nice(0), len(sys.path)]))\n"
    )
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    nice = os.nice(0)
    async with PythonWorker("worked", {"a": 1}, nice=2, packages=True).running() as process:
        assert process.stdout is not None
        said = await process.stdout.read()
        await complain(process)
    assert said.startswith(f'[{{"a": 1}}, {min(nice + 2, 19)}, '.encode())
    with pytest.raises(WorkerFailed, match="No module named 'worked'"):
        await run(PythonWorker("worked", {}))


async def run(worker: PythonWorker) -> None:
    async with worker.running() as process:
        assert process.stdout is not None
        await process.stdout.read()
        await complain(process)


async def test_a_worker_that_is_left_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sleeping.py").write_text("import time\ndef main():\n    print('x', flush=True)\n    time.sleep(30)\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    async with PythonWorker("sleeping", {}, packages=True).running() as process:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"x\n"
    assert process.returncode == -signal.SIGKILL


class Ended:
    """A worker that has said this and ended so."""

    def __init__(self, said: bytes | None, code: int) -> None:
        self.returncode = code
        self.stderr: Any = None
        if said is not None:
            self.stderr = asyncio.StreamReader()
            self.stderr.feed_data(said)
            self.stderr.feed_eof()

    async def wait(self) -> int:
        return self.returncode


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [(b"Traceback\nValueError: no\n", 1, "ValueError: no"), (b" ", -9, "exit code -9"), (None, 3, "exit code 3")],
)
async def test_a_worker_that_ended_badly_is_told_by_its_last_words(said: bytes | None, code: int, words: str) -> None:
    with pytest.raises(WorkerFailed, match=f"^{words}$"):
        await complain(Ended(said, code))  # type: ignore[arg-type]
    await complain(Ended(said, 0))  # type: ignore[arg-type]


def test_an_engine_beside_a_command_is_started_with_nothing_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[Any, ...]] = []

    def spawn(*words: Any, **more: Any) -> int:
        started.append((words, more))
        return 77

    monkeypatch.setattr(os, "posix_spawn", spawn)
    log = tmp_path / "made" / "serve.log"
    assert headless.start_headless(["--idle", "60"], str(log)) == 77
    assert log.parent.stat().st_mode & 0o777 == 0o700
    [((program, argv, environment), more)] = started
    assert (program, argv) == (sys.executable, [sys.executable, "-P", "-m", "engine.cli", "serve", "--idle", "60"])
    assert environment is os.environ
    assert more["setsid"] is True
    assert more["file_actions"] == [
        (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    headless.start_headless([], str(log))


# --- open files ---


@pytest.mark.parametrize(("soft", "hard", "raised"), [(1024, 4096, [(4096, 4096)]), (4096, 4096, [])])
def test_as_many_files_as_the_system_lets_us(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, raised: list[tuple[int, int]]
) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(open_files, "_usual", [])
    monkeypatch.setattr(resource, "getrlimit", lambda what: (soft, hard) if not asked else asked[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda what, limits: asked.append(limits))
    open_files.raise_own()
    assert asked == raised
    assert open_files.usual() == (soft, hard), "what is started keeps the usual number"


@pytest.mark.parametrize("error", [OSError(1, "no"), ValueError("no")])
def test_a_system_that_does_not_let_us_is_no_failure(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def refuses(what: int, limits: tuple[int, int]) -> None:
        raise error

    monkeypatch.setattr(open_files, "_usual", [(1024, 4096)])
    monkeypatch.setattr(resource, "setrlimit", refuses)
    open_files.raise_own()
