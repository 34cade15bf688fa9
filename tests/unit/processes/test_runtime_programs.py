"""Command lines of crun, conmon, pasta and slirp4netns, and what is made of their answers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.errors import Code, Unsupported
from engine.processes.conmon import ConmonCall, parse_exit_code, parse_sync
from engine.processes.crun import Crun, clean_message, create_failure, start_failure
from engine.processes.pasta import PastaCall, clean_errors, failed_port, may_write
from engine.processes.slirp4netns import SlirpCall, parse_answer, publish_request
from engine.types.containers import PortMapping


def pasta(*ports: PortMapping, host_gateway: bool = False) -> str:
    call = PastaCall(
        program="pasta", netns=Path("/n"), pid_file=Path("/p"), ports=ports, dns_forward="169.254.1.1",
        host_gateway=host_gateway,
    )  # fmt: skip
    return " ".join(call.argv())


def test_pasta_without_ports_forwards_nothing() -> None:
    assert pasta() == (
        "pasta --quiet --config-net --runas 0:0 --no-netns-quit --netns-only --netns /n --pid /p --no-map-gw "
        "--dns-forward 169.254.1.1 -t none -u none -T none -U none"
    )


def test_pasta_is_asked_for_its_pid_only_where_it_may_write_it() -> None:
    call = PastaCall(program="pasta", netns=Path("/n"))
    assert "--pid" not in call.argv()


@pytest.mark.parametrize(
    ("uid", "path", "allowed"),
    [
        (1000, "/home/alice/.local/share/wherry/containers/x/pasta.pid", True),
        (1000, "/tmp/store/containers/x/pasta.pid", True),
        (1000, "/srv/store/containers/x/pasta.pid", False),
        (1000, "/homes/alice/pasta.pid", False),
        (0, "/var/lib/wherry/containers/x/pasta.pid", False),
        (0, "/home/alice/pasta.pid", False),
        (0, "/tmp/store/pasta.pid", True),
    ],
)
def test_where_a_confined_pasta_may_write(
    uid: int, path: str, *, allowed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: uid)
    assert may_write(Path(path)) is allowed


def test_pasta_groups_ports_by_protocol_and_address() -> None:
    line = pasta(
        PortMapping(container_port=80, host_port=8080),
        PortMapping(container_port=81, host_port=8081, host_ip="0.0.0.0"),
        PortMapping(container_port=82, host_port=8082, host_ip="127.0.0.1"),
        PortMapping(container_port=53, host_port=5353, protocol="udp"),
    )
    assert "-t 8080:80,8081:81 -t 127.0.0.1/8082:82 -u 5353:53" in line


def test_the_host_is_reachable_only_when_asked_for() -> None:
    assert "--no-map-gw" not in pasta(host_gateway=True)


def test_pastas_noise_is_not_an_error() -> None:
    text = clean_errors(b"Failed to send 25 bytes to syslog\nFailed to bind port 8080 (Address already in use)\n\n")
    assert text == "Failed to bind port 8080 (Address already in use)"
    assert failed_port(text) == 8080
    assert failed_port("No such namespace") == 0


def test_conmon() -> None:
    call = ConmonCall(
        program="conmon", container_id="abc", name="web", bundle=Path("/b"), runtime="/usr/bin/crun",
        runtime_options=("--root", "/r"), log=Path("/l"), exits=Path("/e"), tty=True, stdin=True,
        leave_stdin_open=True, exit_command=("sh", "-c", "true"),
    )  # fmt: skip
    line = " ".join(call.argv())
    for words in (
        "--cid abc", "--bundle /b", "--runtime-arg=--root --runtime-arg=/r", "--log-path k8s-file:/l", "--exit-dir /e",
        "--terminal --stdin --leave-stdin-open", "--exit-command sh --exit-command-arg=-c --exit-command-arg=true",
        "--container-pidfile /b/pid",
    ):  # fmt: skip
        assert words in line


@pytest.mark.parametrize(
    ("answer", "pid", "message"),
    [
        (b'{"data": 41}\n', 41, ""),
        (b'{"pid": 42}\n', 42, ""),
        (b'{"data": -1, "message": "no such file"}\n', -1, "no such file"),
        (b"", -1, ""),
        (b"rubbish", -1, "rubbish"),
        (b'[1, 2]\n{"data": 7}', 7, ""),
        (b"[" * 100_000 + b'\n{"data": 7}', 7, ""),
    ],
)
def test_conmons_answer(answer: bytes, pid: int, message: str) -> None:
    created = parse_sync(answer)
    assert (created.pid, created.message) == (pid, message)
    assert created.failed == (pid <= 0)


@pytest.mark.parametrize(
    ("text", "code"), [("0", 0), ("137\n", 137), ("", None), ("x", None), ("-1", -1), ("²", None), ("--1", None)]
)
def test_exit_files(text: str, code: int | None) -> None:
    assert parse_exit_code(text) == code


def test_crun_leaves_control_groups_to_the_engine() -> None:
    crun = Crun("/usr/bin/crun", Path("/r"))
    assert crun.start("x") == ["/usr/bin/crun", "--root", "/r", "--cgroup-manager=disabled", "start", "x"]


@pytest.mark.parametrize(
    ("message", "code", "exit_code"),
    [
        ("executable file `nope` not found in $PATH: No such file or directory", Code.COMMAND_NOT_FOUND, 127),
        ("open executable: Permission denied", Code.COMMAND_NOT_EXECUTABLE, 126),
        ("open executable: Operation not permitted", Code.COMMAND_NOT_EXECUTABLE, 126),
        (
            "the path `/etc/passwd` exists but it is not executable: Operation not permitted",
            Code.COMMAND_NOT_EXECUTABLE,
            126,
        ),
        ("the path `/etc` is not a regular file: Operation not permitted", Code.COMMAND_NOT_EXECUTABLE, 126),
        ('{"msg":"exec container process `/x`: Exec format error","level":"error"}', Code.COMMAND_NOT_EXECUTABLE, 126),
        ("mount `proc` to `proc`: Operation not permitted", Code.RUNTIME, 125),
        ("", Code.RUNTIME, 125),
    ],
)
def test_why_a_start_failed(message: str, code: Code, exit_code: int) -> None:
    failure = start_failure(message, "nope")
    assert (failure.code, failure.exit_code) == (code, exit_code)
    assert failure.title


@pytest.mark.parametrize("named", ["/home/alice/pictures", "/pictures"])
def test_ownership_that_the_kernel_refuses_is_told_with_the_source(named: str) -> None:
    message = f"mount_setattr `{named}`: Operation not permitted"
    failure = create_failure(message, "sh", {"/pictures": "/home/alice/pictures"})
    assert isinstance(failure, Unsupported)
    assert failure.subject == "/home/alice/pictures"
    assert "/home/alice/pictures" in failure.title


def test_a_source_behind_closed_doors_is_told_as_one() -> None:
    sources = {"/pictures": "/root/pictures"}
    failure = create_failure("error stat'ing file `/root/pictures`: Permission denied", "sh", sources)
    assert (failure.code, failure.subject) == (Code.MOUNT_FAILED, "/root/pictures")
    assert "chmod" in failure.hint
    failure = create_failure("cannot stat `/bin/sh`: Permission denied", "sh", sources)
    assert failure.code is Code.COMMAND_NOT_EXECUTABLE


def test_the_last_word_of_the_runtime() -> None:
    assert clean_message("2024-01-01T00:00:00.123Z: first\n2024-01-01T00:00:01Z: last\n") == "last"
    assert clean_message("") == ""


def test_slirp4netns() -> None:
    assert "--netns-type=path" in SlirpCall(program="s", netns=Path("/n"), api_socket=Path("/a")).argv()
    request = publish_request(PortMapping(container_port=80, host_port=8080))
    assert b'"guest_port": 80' in request
    assert parse_answer(b'{"return": {"id": 1}}') == ""
    assert parse_answer(b'{"error": {"desc": "bad request"}}') == "bad request"
