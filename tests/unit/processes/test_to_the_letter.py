"""Command lines as they are started, and complaints as people read them: whole, for any word of them counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.errors import Code, RuntimeFailure, Unsupported
from engine.processes import conmon, crun, fuse_overlayfs, pasta, slirp4netns
from engine.types.containers import PortMapping


def conmon_call(**more: Any) -> conmon.ConmonCall:
    given: dict[str, Any] = {
        "program": "/bin/conmon", "container_id": "abc", "name": "web", "bundle": Path("/b"), "runtime": "/bin/crun",
        "runtime_options": ("--root", "/r"), "log": Path("/l"), "exits": Path("/e"),
    }  # fmt: skip
    return conmon.ConmonCall(**given | more)


CONMON = (
    "/bin/conmon --api-version 1 --sync --full-attach --cid abc --cuuid abc --name web --runtime /bin/crun --bundle /b "
    "--container-pidfile /b/pid --log-path k8s-file:/l --log-level error --exit-dir /e --no-sync-log --no-new-keyring "
    "--runtime-arg=--root --runtime-arg=/r"
)


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ({}, CONMON),
        ({"log": None}, CONMON.replace("k8s-file:/l", "off")),
        ({"log_size_max": 9}, f"{CONMON} --log-size-max 9"),
        ({"tty": True}, f"{CONMON} --terminal"),
        ({"stdin": True, "leave_stdin_open": True}, f"{CONMON} --stdin --leave-stdin-open"),
        ({"exit_command": ("sh", "-c")}, f"{CONMON} --exit-command sh --exit-command-arg=-c"),
    ],
)
def test_conmon_is_started_so(more: dict[str, Any], line: str) -> None:
    call = conmon_call(**more)
    assert " ".join(call.argv()) == line
    assert (call.pid_file, call.container_pid_file) == (Path("/b/conmon.pid"), Path("/b/pid"))


@pytest.mark.parametrize(
    ("said", "pid", "message"),
    [
        (b'{"pid": "x", "message": "m"}', -1, "m"),
        (b'{"message": "only words"}', -1, "only words"),
        (b'\n{"data": 3}\n{"data": 4}', 3, ""),
        (b" \xff\n", -1, "\ufffd"),
        (b'{"pid": 0}', 0, ""),
    ],
)
def test_what_conmon_says_first(said: bytes, pid: int, message: str) -> None:
    found = conmon.parse_sync(said)
    assert (found.pid, found.message, found.failed) == (pid, message, pid <= 0)


def test_crun_is_called_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crun, "need_program", lambda name: f"/bin/{name}")
    found = crun.Crun.find(Path("/r"))
    begin = "/bin/crun --root /r --cgroup-manager=disabled"
    assert [
        " ".join(each)
        for each in (
            found.command, found.start("x"), found.kill("x", "TERM"), found.delete("x"), found.execute("x", Path("/p")),
        )
    ] == [
        begin, f"{begin} start x", f"{begin} kill x TERM", f"{begin} delete --force x", f"{begin} exec --process /p x",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("", ""),
        ("first\n\n  last  \n", "last"),
        ('{"msg": "said", "level": "error"}\n{broken\n', "said"),
        ('before\n{"level": "error"}\n', "before"),
        ("2024-01-01T00:00:01.5Z: told", "told"),
        ("2024-01-01T00:00:01: told", "told"),
        ("2024-1-01T00:00:01Z: told", "2024-1-01T00:00:01Z: told"),
    ],
)
def test_the_last_thing_that_the_runtime_said(text: str, clean: str) -> None:
    assert crun.clean_message(text) == clean


NOT_THERE = "executable file `serve` not found in $PATH: No such file or directory"
EXECUTABLE = "Check that it is a program for this machine and that its executable bit is set."


@pytest.mark.parametrize(
    ("message", "title", "explanation", "hint", "code", "exit_code", "docker"),
    [
        (
            NOT_THERE, "The command “serve” is not in the image",
            "No such file is there, or the program that should interpret it is missing.",
            "Check the spelling of the command and its path inside the image.",
            Code.COMMAND_NOT_FOUND, 127, 'exec: "serve": executable file not found in $PATH',
        ),
        (
            "exec container process `/serve`: Exec format error", "The command “serve” cannot be executed",
            "It is not a program this machine can run (another architecture, or a script without its #! line).",
            EXECUTABLE, Code.COMMAND_NOT_EXECUTABLE, 126, 'exec: "serve": permission denied',
        ),
        (
            "open executable: Is a directory", "The command “serve” cannot be executed", "It is a directory.",
            EXECUTABLE, Code.COMMAND_NOT_EXECUTABLE, 126, 'exec: "serve": permission denied',
        ),
        (
            "the path `/etc` is not a regular file: x", "The command “serve” cannot be executed",
            "It is no file but a directory or a device.",
            EXECUTABLE, Code.COMMAND_NOT_EXECUTABLE, 126, 'exec: "serve": permission denied',
        ),
        (
            "open executable: Permission denied", "The command “serve” cannot be executed", "Permission is denied.",
            EXECUTABLE, Code.COMMAND_NOT_EXECUTABLE, 126, 'exec: "serve": permission denied',
        ),
        *[
            (
                said, "The working directory cannot be entered", said, "Choose another working directory.",
                Code.RUNTIME, 125, "",
            )
            for said in ("chdir `/gone`: x", "the working directory is not there", "cwd is wrong")
        ],
        ("something else", "The container could not be started", "something else", "", Code.RUNTIME, 125, ""),
        ("", "The container could not be started", "The runtime gave no reason.", "", Code.RUNTIME, 125, ""),
    ],
)  # fmt: skip
def test_why_a_command_did_not_start(
    message: str, title: str, explanation: str, hint: str, code: Code, exit_code: int, docker: str
) -> None:
    found = crun.start_failure(message, "serve")
    assert (found.title, found.explanation, found.hint) == (title, explanation, hint)
    assert (found.code, found.exit_code, found.docker, found.details) == (code, exit_code, docker, message)
    assert found.subject == ("serve" if exit_code in (126, 127) else "")
    assert str(crun.create_failure(message, "serve", {})) == str(found)


@pytest.mark.parametrize("reason", ["Operation not permitted", "Invalid argument"])
def test_owners_that_cannot_be_mapped_are_told_with_a_way_out(reason: str) -> None:
    message = f"mount_setattr `/data`: {reason}"
    found = crun.create_failure(message, "serve", {"/data": "/home/a/data"})
    assert isinstance(found, Unsupported)
    assert (found.title, found.subject, found.details) == (
        "The owners of the files in /home/a/data cannot be mapped",
        "/home/a/data",
        message,
    )
    assert found.explanation.endswith("on file systems mounted in a namespace of one's own only.")
    assert found.hint == (
        "Run the container with the user namespace keep-id: its user then is you. Or give the files away with the "
        "ownership “chown”."
    )


def test_a_place_that_is_closed_is_told_with_a_way_in() -> None:
    message = "open `/data`: Permission denied"
    found = crun.create_failure(message, "serve", {"/data": "/home/a/data"})
    assert isinstance(found, RuntimeFailure)
    assert (found.title, found.subject, found.details, found.code) == (
        "Containers may not enter /home/a/data",
        "/home/a/data",
        message,
        Code.MOUNT_FAILED,
    )
    assert found.explanation.startswith("It, or a directory on the way to it, is closed to all but its owner")
    assert found.hint.startswith("Open the way to it (`chmod o+x` for each directory)")


def test_pasta_is_started_so() -> None:
    ports = (PortMapping(container_port=80, host_port=8080, host_ip="::"), PortMapping(container_port=1, host_port=2))
    call = pasta.PastaCall(
        program="/bin/pasta",
        netns=Path("/n"),
        pid_file=Path("/p"),
        ports=ports,
        interface="wayout0",
        without_route=True,
    )
    assert " ".join(call.argv()) == (
        "/bin/pasta --quiet --config-net --runas 0:0 --no-netns-quit --netns-only --netns /n --pid /p --no-map-gw "
        "--ipv4-only --interface lo --ns-ifname eth0 --mac-addr 9a:55:9a:55:9a:55 --address 169.254.2.1 "
        "--netmask 255.255.0.0 --gateway 169.254.2.2 --ns-ifname wayout0 -t 8080:80,2:1 -u none -T none -U none"
    )
    assert pasta.is_without_route(" ".join(call.argv()).replace(" ", "\0").encode())
    assert not pasta.is_without_route(b"pasta\x00169.254.2.12")
    assert "--ipv4-only" in pasta.PastaCall(program="p", netns=Path("/n"), ipv4_only=True).argv()
    assert "--ipv4-only" not in pasta.PastaCall(program="p", netns=Path("/n")).argv()


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("Failed to bind port 8080 (Address already in use), exiting", 8080),
        ("failed to bind any port 99", 99),
        ("Failed to bind port for TCP", 0),
        ("something", 0),
    ],
)
def test_which_port_pasta_could_not_bind(text: str, port: int) -> None:
    assert pasta.failed_port(text) == port


@pytest.mark.parametrize(
    ("said", "clean"),
    [
        (b"No external routable interface for IPv6\nreal\n", "real"),
        (b"  Failed to send 9 bytes to syslog \n\n \nfirst\nsecond", "first\nsecond"),
        (b"\xff", "\ufffd"),
        (b"", ""),
    ],
)
def test_what_is_left_of_pastas_complaint(said: bytes, clean: str) -> None:
    assert pasta.clean_errors(said) == clean


def test_slirp4netns_is_started_and_asked_so() -> None:
    call = slirp4netns.SlirpCall(program="/bin/s", netns=Path("/n"), api_socket=Path("/a"))
    assert " ".join(call.argv()) == (
        "/bin/s --configure --mtu=65520 --disable-host-loopback --netns-type=path --ready-fd=3 --api-socket /a /n tap0"
    )
    for address, asked in (("", "0.0.0.0"), ("127.0.0.1", "127.0.0.1")):
        port = PortMapping(container_port=53, host_port=5353, protocol="udp", host_ip=address)
        assert json.loads(slirp4netns.publish_request(port)) == {
            "execute": "add_hostfwd",
            "arguments": {
                "proto": "udp",
                "host_addr": asked,
                "host_port": 5353,
                "guest_addr": "10.0.2.100",
                "guest_port": 53,
            },
        }


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (b'{"return": {}}', ""),
        (b'{"error": {"desc": "no"}}', "no"),
        (b'{"error": {"code": 1}}', "{'code': 1}"),
        (b'{"error": "words"}', "words"),
        (b"[]", "[]"),
        (b"", "It said nothing."),
        (b"\xffnonsense", "\ufffdnonsense"),
    ],
)
def test_what_slirp4netns_answers(answer: bytes, complaint: str) -> None:
    assert slirp4netns.parse_answer(answer) == complaint


def test_an_overlay_in_user_space_is_mounted_so(monkeypatch: pytest.MonkeyPatch) -> None:
    there: list[str] = []
    monkeypatch.setattr(fuse_overlayfs, "find_program", lambda name: f"/bin/{name}" if name in there else None)
    monkeypatch.setattr(fuse_overlayfs, "need_program", lambda name: f"/bin/{name}")
    assert not fuse_overlayfs.available()
    there.append("fuse-overlayfs")
    assert fuse_overlayfs.available()
    assert fuse_overlayfs.mount_argv(["a", "b"], "", "", Path("/m")) == [
        "/bin/fuse-overlayfs", "-o", "lowerdir=a:b", "/m",
    ]  # fmt: skip
    assert fuse_overlayfs.mount_argv(["a"], "u", "w", Path("/m"), owners=["x=1", "y"]) == [
        "/bin/fuse-overlayfs", "-o", "lowerdir=a,upperdir=u,workdir=w,x=1,y", "/m",
    ]  # fmt: skip
