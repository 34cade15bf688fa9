"""What the system's ssh is told, what its complaints mean, and what else this computer knows of machines."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import ssl
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from engine.machines import choosing, known_elsewhere, machine_list, tls
from engine.machines.address import BadAddress, parse
from engine.machines.machine_list import Entry
from engine.machines.ssh_line import complaint_of, control_argv, control_path, far_command, ssh_argv

if TYPE_CHECKING:
    from pathlib import Path

FAR = parse("ssh://me@far:2222")
OPTIONS = [
    "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=3",
    "-o", "LogLevel=ERROR", "-o", "ClearAllForwardings=yes", "-o", "RequestTTY=no",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DOCKER_CONFIG", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "WHERRY_HOST", "WHERRY_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("WHERRY_ROOT", str(tmp_path / "store"))


# --- what ssh is told ---


def test_nothing_is_asked_on_a_terminal_and_a_connection_is_kept() -> None:
    kept = control_path(FAR, "/run/ssh")
    shared = ["-o", "ControlMaster=auto", "-o", f"ControlPath={kept}", "-o", "ControlPersist=60"]
    assert ssh_argv(FAR, "docker", "/run/ssh") == [
        "ssh", *OPTIONS, *shared, "-l", "me", "-p", "2222", "--", "far", far_command("", "docker"),
    ]  # fmt: skip
    assert ssh_argv(parse("far"), "docker") == ["ssh", *OPTIONS, "--", "far", far_command("", "docker")]
    assert control_argv(FAR, "/run/ssh", "exit") == [
        "ssh", "-O", "exit", *OPTIONS, *shared, "-l", "me", "-p", "2222", "--", "far",
    ]  # fmt: skip


def test_the_socket_of_a_kept_connection_is_the_machines_own() -> None:
    paths = {control_path(parse(text), "/run/ssh") for text in ("far", "me@far", "far:2222", "me@far:2222", "other")}
    assert len(paths) == 5
    assert all(len(path.removeprefix("/run/ssh/")) == 16 for path in paths)
    # Where ssh could not bind it there is none.
    assert control_path(FAR, "") == ""
    assert len(control_path(FAR, "/" + "x" * 70)) == 88
    assert control_path(FAR, "/" + "x" * 71) == ""
    assert [control_path(FAR, f"/a{char}b") for char in '%"$ '] == ["", "", "", ""]


def scripts(path: Path, *programs: str) -> dict[str, str]:
    """A path with these programs alone, each of which says its words."""
    for name in programs:
        (path / name).write_text(f'#!/bin/sh\necho {name} "$@"\n')
        (path / name).chmod(0o755)
    for name in ("sh", "echo"):
        if not (path / name).exists():
            (path / name).symlink_to(f"/bin/{name}")
    return {"PATH": str(path), "HOME": str(path)}


def said(command: str, environment: dict[str, str]) -> tuple[str, int]:
    done = subprocess.run(["/bin/sh", "-c", command], env=environment, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip(), done.returncode


@pytest.mark.parametrize(
    ("programs", "through", "expected"),
    [
        (["wherry", "docker"], "", "wherry system dial-stdio"),
        (["docker", "podman"], "", "docker system dial-stdio"),
        (["podman"], "", "podman system dial-stdio"),
        (["wherry", "docker"], "docker", "docker system dial-stdio"),
        (["wherry", "podman"], "podman", "podman system dial-stdio"),
        (["wherry", "podman"], "wherry", "wherry system dial-stdio"),
    ],
)
def test_which_program_opens_the_way_there(tmp_path: Path, programs: list[str], through: str, expected: str) -> None:
    (tmp_path / "bin").mkdir()
    environment = scripts(tmp_path / "bin", *programs)
    # The script looks into places of this computer's too, where they may be: the first of them is ours.
    command = far_command("", through).replace("$PATH:/usr/local/bin:/usr/sbin:$HOME/.local/bin", "$PATH")
    assert said(command, environment) == (expected, 0)


def test_where_there_is_no_engine_that_is_said(tmp_path: Path) -> None:
    environment = scripts(tmp_path)
    bare = far_command("", "").replace("$PATH:/usr/local/bin:/usr/sbin:$HOME/.local/bin", "$PATH")
    assert said(bare, environment) == ("wherry: no engine here", 127)
    assert said(far_command("/run/no such.sock", ""), environment) == ("wherry: no socket /run/no such.sock", 127)


def test_a_socket_there_is_joined_by_whatever_can(tmp_path: Path) -> None:
    place = f"{tmp_path}/s"
    with socket.socket(socket.AF_UNIX) as line:
        line.bind(place)
        bare = far_command(place, "").replace("$PATH:/usr/local/bin:/usr/sbin:$HOME/.local/bin", "$PATH")
        for program, expected in (
            ("socat", f"socat - UNIX-CONNECT:{place}"),
            ("podman", f"podman --url unix://{place} system dial-stdio"),
            ("docker", f"docker -H unix://{place} system dial-stdio"),
        ):
            assert said(bare, scripts(tmp_path, program)) == (expected, 0)
        assert said(bare, scripts(tmp_path, "python3"))[0].startswith("python3 -c import os,socket")


# --- what ssh complains of ---


@pytest.mark.parametrize(
    ("words", "kind", "title", "hint"),
    [
        ("REMOTE HOST IDENTIFICATION HAS CHANGED!", "host-key", "The host key of me@far has changed",
         "If you know that it was set up anew: ssh-keygen -R '[far]:2222', then ssh me@far -p 2222"),
        ("@ POSSIBLE DNS SPOOFING @", "host-key", "The host key of me@far has changed", None),
        ("Host key verification failed.", "host-key", "me@far is not known yet",
         "Log in once in a terminal and compare the key: ssh me@far -p 2222"),
        ("no matching host key type found", "host-key", "me@far is not known yet", None),
        ("me@far: Permission denied (publickey).", "login", "me@far wants a password",
         "Bring your key there: ssh-copy-id me@far -p 2222"),
        ("Too many authentication failures", "login", "me@far wants a password", None),
        ("Could not resolve hostname far: Name", "unknown-host", "There is no machine “far”", ""),
        ("connect to host far: No route to host", "unreachable", "me@far does not answer", ""),
        ("Network is unreachable", "unreachable", "me@far does not answer", ""),
        ("Connection timed out", "unreachable", "me@far does not answer", ""),
        ("Timeout, server far not responding.", "unreachable", "me@far does not answer", ""),
        ("port 22: Connection refused", "unreachable", "me@far refuses ssh", ""),
        ("docker.sock: connection refused", "no-engine", "No engine runs on me@far", ""),
        ("podman: connection refused on sock", "no-engine", "No engine runs on me@far", ""),
        ("sh: docker: command not found", "no-engine", "There is no engine on me@far", ""),
        ("exec: podman: not found", "no-engine", "There is no engine on me@far", ""),
        ("wherry: no engine here", "no-engine", "There is no engine on me@far", ""),
        ("wherry: no socket /run/x", "no-engine", "There is no engine on me@far", ""),
        ("dial unix docker.sock: permission denied", "no-engine", "You may not use the engine of me@far",
         "Add yourself to its group docker there."),
        ("Cannot connect to the daemon", "no-engine", "No engine runs on me@far", ""),
        ("error dialing", "no-engine", "No engine runs on me@far", ""),
        ("something", "connect", "The connection to me@far broke off", ""),
        ("", "connect", "The connection to me@far broke off", ""),
    ],
)  # fmt: skip
def test_complaints(words: str, kind: str, title: str, hint: str | None) -> None:
    told = complaint_of(f"first line\n{words}\n\n", FAR)
    assert (told.kind, told.title) == (kind, title)
    assert hint in (None, told.hint)


def test_what_a_complaint_says_besides() -> None:
    assert complaint_of("", FAR).explanation == ""
    assert complaint_of("a\nlast word\n", FAR).explanation == "last word"
    assert complaint_of("x: no route to host", FAR).explanation == "x: no route to host"
    assert complaint_of("wherry: no socket /run/x", FAR).explanation == "no socket /run/x"
    assert complaint_of("not found", FAR, "podman").explanation == "There is no podman on its path."
    assert complaint_of("not found", FAR).explanation == "There is no wherry, docker or podman on its path."
    plain = parse("far:22")
    assert complaint_of("remote host identification has changed", plain).hint.startswith(
        "If you know that it was set up anew: ssh-keygen -R far, then ssh far"
    )


# --- which machine a command is for ---


def test_a_machine_by_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    choosing.say_host("me@far")
    assert (choosing.chosen_machine(), choosing.chosen_name()) == (Entry("me@far", "ssh://me@far"), "ssh://me@far")
    assert os.environ["WHERRY_HOST"] == "me@far"
    choosing.say_context("default")
    assert "WHERRY_HOST" not in os.environ
    assert choosing.chosen_name() == ""
    choosing.say_host("what://x")
    assert "WHERRY_CONTEXT" not in os.environ
    with pytest.raises(choosing.Unknown, match="is no way to an engine"):
        choosing.chosen_machine()
    monkeypatch.delenv("WHERRY_HOST")


def test_a_machine_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    machine_list.write([Entry("box", "ssh://box")])
    monkeypatch.setattr(known_elsewhere, "everywhere", lambda: {"prod": Entry("prod", "ssh://prod")})
    assert choosing.named("box") == Entry("box", "ssh://box")
    assert choosing.named("prod") == Entry("prod", "ssh://prod")
    machine_list.choose("prod")
    assert choosing.chosen_name() == "prod"
    with pytest.raises(choosing.Unknown, match="there is no machine “x”; `wherry context ls`"):
        choosing.named("x")


def test_a_list_that_is_damaged_names_no_machine(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "machines.toml").write_text("[machine")
    with pytest.raises(choosing.Unknown, match=r"machines\.toml"):
        choosing.named("x")


@pytest.mark.parametrize("name", ["", "default", "a/b", "a b", "-a", "x" * 1000])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(machine_list.ListUnusable):
        machine_list.check_name(name)


# --- what others know ---


def test_dockers_contexts_have_their_certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "cfg"))
    key = hashlib.sha256(b"prod").hexdigest()
    meta, files = tmp_path / "cfg/contexts/meta" / key, tmp_path / "cfg/contexts/tls" / key / "docker"
    meta.mkdir(parents=True)
    files.mkdir(parents=True)
    (meta / "meta.json").write_text(json.dumps({"Name": "prod", "Endpoints": {"docker": {"Host": "tcp://h"}}}))
    assert known_elsewhere.docker_contexts() == [Entry("prod", "tcp://h:2375", source="docker")]
    for name in ("ca", "cert", "key"):
        (files / f"{name}.pem").write_text("x")
    assert known_elsewhere.docker_contexts() == [
        Entry("prod", "tcp://h:2376", "", "", "", f"{files}/ca.pem", f"{files}/cert.pem", f"{files}/key.pem",
              unchecked=False, source="docker")
    ]  # fmt: skip
    (files / "cert.pem").unlink()
    assert known_elsewhere.docker_contexts()[0].address == "tcp://h:2376"


@pytest.mark.parametrize("text", ["", "[1]", "{}", '{"Connection": {"Connections": [1]}}', "[engine]\nx = 1", "["])
def test_what_is_damaged_says_nothing(tmp_path: Path, text: str) -> None:
    conf = tmp_path / ".config" / "containers"
    conf.mkdir(parents=True)
    (conf / "podman-connections.json").write_text(text)
    (conf / "containers.conf").write_text(text)
    assert not [each for each in known_elsewhere.podman_connections() if each.name == "x"]


def test_podmans_newer_file_counts_first(tmp_path: Path) -> None:
    conf = tmp_path / ".config" / "containers"
    conf.mkdir(parents=True)
    (conf / "containers.conf").write_text(
        '[engine.service_destinations.b]\nuri="ssh://old"\n[engine.service_destinations.a]\nuri="ssh://a"\n'
        "[engine.service_destinations.n]\nx=1\n"
    )
    told = {"Connection": {"Connections": {"b": {"URI": "ssh://new"}, "z": {"URI": "what://x"}}}}
    (conf / "podman-connections.json").write_text(json.dumps(told))
    found = [each for each in known_elsewhere.podman_connections() if each.name in "abnz"]
    assert found == [
        Entry("a", "ssh://a", "podman", "podman", source="podman"),
        Entry("b", "ssh://new", "podman", "podman", source="podman"),
    ]


def test_hosts_of_ssh_in_their_order_with_what_is_included(tmp_path: Path) -> None:
    folder = tmp_path / ".ssh"
    (folder / "more").mkdir(parents=True)
    (folder / "config").write_text(
        'Host one "two" *.wild !not what?\n  HostName x\nHost=three\nInclude more/*.conf ~/.ssh/self\nHOST one last\n'
    )
    (folder / "more" / "a.conf").write_text("host inner\nInclude config\n")
    (folder / "self").write_text("Host own\nInclude self\n")
    assert known_elsewhere.ssh_hosts() == ["one", "two", "three", "inner", "last", "own"] or (
        known_elsewhere.ssh_hosts() == ["one", "two", "three", "inner", "own", "last"]
    )


def test_whether_somebody_listens(tmp_path: Path) -> None:
    place = str(tmp_path / "s")
    assert not known_elsewhere.listens(place)
    with socket.socket(socket.AF_UNIX) as line:
        line.bind(place)
        assert not known_elsewhere.listens(place), "bound, and nobody takes calls"
        line.listen()
        assert known_elsewhere.listens(place)
    assert not known_elsewhere.listens(str(tmp_path / "nosuch"))
    assert not known_elsewhere.listens("/" + "x" * 200), "no socket has so long a name"


def test_whether_podman_keeps_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    store = tmp_path / ".local/share/containers/storage"
    assert not known_elsewhere.has_podman_store()
    (store / "overlay-images").mkdir(parents=True)
    for text, has in (("", False), (" []\n", False), ("null", False), ('[{"id": "x"}]', True)):
        (store / "overlay-images" / "images.json").write_text(text)
        assert known_elsewhere.has_podman_store() is has, text
    (store / "overlay-images" / "images.json").write_text("[]")
    (store / "volumes" / "data").mkdir(parents=True)
    assert known_elsewhere.has_podman_store()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "elsewhere"))
    assert not known_elsewhere.has_podman_store()


def test_which_engine_is_ones_own_podman(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    own = known_elsewhere.podman_socket()
    assert own.endswith("/run/podman/podman.sock")
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert known_elsewhere.podman_socket() == "/run/user/1000/podman/podman.sock"
    assert known_elsewhere.is_podman_here(Entry("a", "unix:///run/user/1000/podman/podman.sock"))
    assert known_elsewhere.is_podman_here(Entry("a", "unix:///x", through="podman"))
    assert not known_elsewhere.is_podman_here(Entry("a", "unix:///x"))
    assert not known_elsewhere.is_podman_here(Entry("a", "ssh://x", through="podman"))
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert known_elsewhere.podman_socket() == "/run/podman/podman.sock"


# --- addresses and certificates ---


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("ssh://me@far:22/run/x", ("ssh", "far", "me", 22, "/run/x")),
        ("[::1]", ("ssh", "::1", "", 0, "")),
        ("[::1]:5", ("ssh", "::1", "", 5, "")),
        ("::1", ("ssh", "::1", "", 0, "")),
        ("http://h", ("tcp", "h", "", 2375, "")),
        ("http+unix:///x", ("unix", "", "", 0, "/x")),
        ("TCP://h/", ("tcp", "h", "", 2375, "")),
        (" /x ", ("unix", "", "", 0, "/x")),
    ],
)
def test_the_parts_of_an_address(text: str, parts: tuple[Any, ...]) -> None:
    assert tuple(parse(text)) == parts


def test_what_people_call_a_place() -> None:
    assert [parse(each).place for each in ("/x", "far", "me@far:22", "tcp://h:1")] == ["/x", "far", "me@far", "h"]
    assert str(parse("ssh://me@[::1]:5/x")) == "ssh://me@[::1]:5/x"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (" ", "no address was given"), ("a\tb", "one word of printable"), ("a\x07b", "one word of printable"),
        ("x" * 1025, "one word of printable"), ("what://x", "“what” is no way to an engine"),
        ("unix://x", "begins with a slash"), ("ssh://me:pw@h", "no password"), ("ssh://", "no name of a machine"),
        ("ssh://-x", "no name of a machine"), ("ssh://-u@h", "no name of a machine"), ("ssh://a;b", "no name of a"),
        ("tcp://me@h", "an address of tcp"), ("tcp://h/x", "an address of tcp"), ("[::1", "lacks a bracket"),
        ("[::1]x", "lacks a bracket"), ("h:0", "“0” is no port"), ("h:65536", "is no port"), ("h:x", "is no port"),
        ("h:", "is no port"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_address(text: str, words: str) -> None:
    with pytest.raises(BadAddress, match=words):
        parse(text)
    assert parse("x" * 1018 + ":65535").port == 65535


def failed(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, f"[SSL: {reason}] words")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("reason", "has_own", "title"),
    [
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", True, "h wants a certificate of yours"),
        ("TLSV1_ALERT_UNKNOWN_CA", False, "h wants a certificate of yours"),
        ("TLSV1_ALERT_UNKNOWN_CA", True, "h does not accept your certificate"),
        ("SSLV3_ALERT_CERTIFICATE_EXPIRED", True, "h does not accept your certificate"),
        ("WRONG_VERSION_NUMBER", False, "h does not speak TLS"),
        ("RECORD_LAYER_FAILURE", False, "h does not speak TLS"),
        ("HTTP_REQUEST", False, "h does not speak TLS"),
        ("OTHER", False, "The connection to h could not be secured"),
    ],
)
def test_why_certificates_were_not_taken(reason: str, has_own: bool, title: str) -> None:
    told = tls.told(failed(reason), "h", has_own=has_own)
    assert told is not None
    assert told.title == title
    if has_own and "EXPIRED" in reason:
        assert told.explanation == "It has expired."


@pytest.mark.parametrize(
    ("words", "explanation"),
    [
        ("unable to get local issuer certificate", "The authority that signed it is none of those you named."),
        ("self-signed certificate", "The authority that signed it is none of those you named."),
        ("self signed certificate", "The authority that signed it is none of those you named."),
        ("certificate has expired", "It has expired."),
        ("certificate is not yet valid", "It is not valid yet: one of the clocks is wrong."),
        ("Hostname mismatch, certificate is not valid for 'h'.", "It was made for another name or address."),
        ("IP address mismatch, …", "It was made for another name or address."),
        ("odd thing", "Odd thing."),
    ],
)
def test_why_a_certificate_is_not_accepted(words: str, explanation: str) -> None:
    error = ssl.SSLCertVerificationError(1, "x")
    error.verify_message = words
    told = tls.told(error, "h", has_own=False)
    assert told == tls.Told("The certificate of h is not accepted", explanation)


def test_what_has_nothing_to_do_with_certificates() -> None:
    assert tls.told(OSError(5, "x"), "h", has_own=False) is None
    assert tls.told(tls.FileUnusable(2, "No such file.", "/ca"), "h", has_own=False) == tls.Told(
        "/ca cannot be used", "No such file."
    )


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("no certificate")
    for entry in (
        Entry("a", "tcp://h", ca=str(tmp_path / "nosuch")), Entry("a", "tcp://h", ca=str(tmp_path / "no.pem")),
        Entry("a", "tcp://h", certificate=str(tmp_path / "nosuch")),
        Entry("a", "tcp://h", certificate=str(tmp_path / "no.pem")),
        Entry("a", "tcp://h", certificate=str(tmp_path / "no.pem"), key=str(tmp_path / "nosuch")),
    ):  # fmt: skip
        with pytest.raises(tls.FileUnusable) as unusable:
            tls.context_for(entry)
        assert unusable.value.filename in (entry.ca, entry.certificate, entry.key)
    context = tls.context_for(Entry("a", "tcp://h", unchecked=True))
    assert (context.check_hostname, context.verify_mode) == (False, ssl.CERT_NONE)
    assert tls.context_for(Entry("a", "tcp://h")).verify_mode == ssl.CERT_REQUIRED
