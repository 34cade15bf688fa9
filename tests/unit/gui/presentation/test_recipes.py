"""A recipe in the window: lines, forms to take it elsewhere, what it allows, and what is wrong with it here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from PySide6.QtCore import QCoreApplication, QTranslator

from engine.recipe.exports.forms import FORMS
from engine.recipe.faults import Unreadable
from engine.types.containers import ContainerSpec, Device, Mount, PortMapping, Resources, RestartPolicy, Security
from engine.types.data import now
from engine.types.networks import HostPort
from engine.types.pods import CreatePod, Pod
from gui.presentation.containers.exports import exported, forms, what_for
from gui.presentation.containers.run_line import (
    chosen_by_people,
    compose_file,
    docker_run_line,
    fault_text,
    looks_like_run_line,
    parse_run_line,
    read_env_file,
)
from gui.presentation.containers.security import abilities
from gui.presentation.containers.spec_check import (
    Remark,
    check_spec,
    only_live,
    spec_differences,
    suggest_port,
)
from gui.theme import Tone
from tests.unit.gui.made import a_container

# --- lines ---


def test_a_line_is_read_with_what_the_form_must_tell_of_it() -> None:
    read = parse_run_line("docker run --name web --detach-keys ctrl-a -v $DATA:/v nginx serve")
    assert (read.name, read.spec.image, read.spec.command) == ("web", "nginx", ("serve",))
    assert read.ignored == ("--detach-keys ctrl-a",)
    assert read.open == ("$DATA",)
    bare = parse_run_line("docker run nginx")
    assert (bare.name, bare.ignored, bare.open) == ("", (), ())


@pytest.mark.parametrize(("text", "like"), [("docker run nginx", True), ("podman run x", True), ("nginx", False)])
def test_a_paste_that_is_a_line_is_known(text: str, like: bool) -> None:
    assert looks_like_run_line(text) is like


def test_a_recipe_is_written_as_a_line_and_as_a_service() -> None:
    spec = ContainerSpec(image="nginx:1", env={"A": "b"})
    assert parse_run_line(docker_run_line(spec, "web"))[:2] == (spec, "web")
    assert "--name" not in docker_run_line(spec)
    (name,) = yaml.safe_load(compose_file(spec, "web"))["services"]
    assert name == "web"


@pytest.mark.parametrize(("hostname", "kept"), [("a" * 12, ""), ("a" * 11, "a" * 11), ("mail", "mail"), ("", "")])
def test_only_a_host_name_the_engine_invented_is_left_out(hostname: str, kept: str) -> None:
    assert chosen_by_people(ContainerSpec(image="x", hostname=hostname), "a" * 64).hostname == kept
    assert chosen_by_people(ContainerSpec(image="x", hostname=""), "").hostname == ""


def test_an_env_file_may_name_variables_of_today(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FROM_HERE", "today")
    (tmp_path / "env").write_text("# a remark\nA=1\nFROM_HERE\nGONE_FROM_HERE\n")
    assert read_env_file(str(tmp_path / "env")) == {"A": "1", "FROM_HERE": "today"}


def test_what_is_wrong_with_a_line_is_said_in_the_window_s_language() -> None:
    assert fault_text(ValueError("as it came")) == "as it came"
    with pytest.raises(Unreadable) as raised:
        parse_run_line("docker run --cpus=many nginx")
    english = fault_text(raised.value)
    assert "many" in english
    german = QTranslator()
    assert german.load("resources/translations/wherry_de.qm")
    QCoreApplication.installTranslator(german)
    try:
        assert fault_text(raised.value) != english
        assert "many" in fault_text(raised.value)
    finally:
        QCoreApplication.removeTranslator(german)


def test_a_sentence_may_hold_another() -> None:
    inner = Unreadable("no number: {0}", "many")
    assert fault_text(Unreadable("{0} (line {1})", inner, "3")) == "no number: many (line 3)"
    assert fault_text(Unreadable("{braces} stay")) == "{braces} stay"


# --- forms ---


def test_each_form_has_a_name_and_a_use() -> None:
    assert forms() == list(zip(FORMS, ["docker run", "Compose", "Kubernetes", "Quadlet", "systemd"], strict=True))
    used = {"run": "shell", "compose": "compose", "kubernetes": "kubectl", "quadlet": "podman", "systemd": "systemctl"}
    for form, word in used.items():
        assert word in what_for(form)


def test_containers_are_taken_elsewhere_with_each_other_s_names_and_their_pods() -> None:
    web = a_container("web", spec=ContainerSpec(image="nginx:1", network="pod:front", hostname=("web" * 8)[:12]))
    beside = a_container("log", spec=ContainerSpec(image="log:1", pid_mode=f"container:{web.id}"))
    pod = Pod(id="p", name="front", created=now(), recipe=CreatePod(name="front", ports=(PORT,)))
    line = exported([web, beside], [pod], "run")["run.sh"]
    assert "--pid container:web" in line.replace("=", " ")
    assert "--hostname" not in line
    files = exported([web], [pod], "quadlet")
    assert set(files) == {"web.container", "front.pod"}
    assert "PublishPort=8080:80" in files["front.pod"]


# --- what it allows ---

USUAL = "Its root is your ordinary user: it is never root on this computer"
FEWER = "The 14 usual capabilities or fewer"
LISTED = "Filters system calls by the default list"
CALM = [USUAL, FEWER, LISTED]


@pytest.mark.parametrize(
    ("fields", "remarkable", "calm"),
    [
        ({}, [], CALM),
        (
            {"security": Security(privileged=True)},
            [("Privileged: every capability, within its own user namespace", Tone.WARNING)],
            [USUAL, LISTED],
        ),
        ({"engine_socket": True}, [("Commands Wherry, and so all that you may do here", Tone.WARNING)], CALM),
        ({"network": "host"}, [("Shares the network of this computer", Tone.WARNING)], CALM),
        ({"network": "none"}, [], [*CALM, "Has no network"]),
        (
            {"security": Security(seccomp="unconfined")},
            [("Any system call: no seccomp filter", Tone.WARNING)],
            [USUAL, FEWER],
        ),
        ({"security": Security(seccomp="{}")}, [], [USUAL, FEWER, "Filters system calls by its own list"]),
        (
            {"mounts": (
                Mount(kind="bind", source="/home/me", target="/x"), Mount(kind="volume", source="v", target="/y"),
                Mount(kind="bind", source="/etc", target="/z", read_only=True),
            )},
            [("Can change files of yours in /home/me", Tone.INFO)],
            CALM,
        ),
        (
            {"devices": tuple(Device(host_path=f"/dev/{each}", container_path="/x") for each in "ab")},
            [("Reaches devices: /dev/a, /dev/b", Tone.INFO)],
            CALM,
        ),
        (
            {"security": Security(capabilities_add=("NET_ADMIN", "SYS_TIME"))},
            [("Extra capabilities: NET_ADMIN, SYS_TIME", Tone.INFO)],
            CALM,
        ),
        ({"security": Security(capabilities_drop=("ALL",))}, [], [USUAL, "No capabilities at all", LISTED]),
        ({"security": Security(read_only_root=True)}, [], [*CALM, "Cannot change its own file system"]),
        ({"security": Security(no_new_privileges=True)}, [], [*CALM, "Cannot gain privileges by set-uid programs"]),
    ],
)  # fmt: skip
def test_what_a_container_may_do(fields: dict[str, Any], remarkable: list[tuple[str, Tone]], calm: list[str]) -> None:
    found = abilities(a_container("web", spec=ContainerSpec(image="x", **fields)))
    icons = {Tone.WARNING: "warning", Tone.INFO: "info"}
    assert found == [
        *((*each, icons[each[1]]) for each in remarkable),
        *((text, Tone.SUCCESS, "shield") for text in calm),
    ]
    assert all(Path(f"resources/icons/{each.icon}.svg").exists() for each in found)


# --- what is wrong with it here ---


def remarks(
    own_id: str = "", taken: tuple[HostPort, ...] = (), there: tuple[str, ...] = (), **fields: Any
) -> list[Remark]:
    others = {"o" * 64: a_container("shop")}
    return check_spec(
        ContainerSpec(image="x", **fields), own_id=own_id, host_ports=taken, containers=others,
        path_exists=lambda path: path in there,
    )  # fmt: skip


def a_taken(port: int = 8080, **fields: Any) -> HostPort:
    known: dict[str, Any] = {"port": port, "protocol": "tcp", "address": ""}
    return HostPort(**known | fields)


PORT = PortMapping(container_port=80, host_port=8080)


@pytest.mark.parametrize(
    ("own_id", "taken", "text"),
    [
        ("", a_taken(container_id="o" * 64), "Port 8080 is taken by the container shop"),
        ("mine", a_taken(container_id="g" * 64), "Port 8080 is taken by the container gggggggggggg"),
        ("", a_taken(process="nginx", pid=12), "Port 8080 is taken by nginx (process 12)"),
        ("", a_taken(), "Port 8080 is taken by another program"),
        ("mine", a_taken(container_id="mine"), ""),
        ("", a_taken(8081), ""),
        ("", a_taken(protocol="udp"), ""),
    ],
)
def test_who_has_a_port_already(own_id: str, taken: HostPort, text: str) -> None:
    found = remarks(own_id, (a_taken(1), taken), ports=(PORT,))
    assert found == ([Remark("ports", Tone.DANGER, text)] if text else [])


def test_low_ports_need_a_setting_and_those_picked_later_nothing() -> None:
    low = "Ports below 1024 need a setting of this computer; see the doctor"
    found = remarks(
        ports=(PortMapping(container_port=80, host_port=1023), PortMapping(container_port=81, host_port=1024))
    )
    assert found == [Remark("ports", Tone.WARNING, low)]
    assert remarks(taken=(a_taken(0),), ports=(PortMapping(container_port=80),)) == []


def test_what_is_twice_is_told_in_the_section_where_it_stands() -> None:
    assert remarks(ports=(PORT, PORT)) == [Remark("ports", Tone.DANGER, "Port 8080 is published twice")]
    twice = (Mount(kind="tmpfs", target="/a"), Mount(kind="volume", source="v", target="/a"))
    assert remarks(mounts=twice) == [Remark("mounts", Tone.DANGER, "Two mounts at /a")]


@pytest.mark.parametrize(
    ("mount", "tone", "text"),
    [
        (Mount(kind="bind", source="/gone", target="/x"), Tone.DANGER, "/gone does not exist"),
        (
            Mount(kind="bind", source="/gone", target="/x", create_source=True),
            Tone.INFO,
            "/gone does not exist and will be made",
        ),
        (Mount(kind="bind", source="/there", target="/x"), None, ""),
        (Mount(kind="volume", source="gone", target="/x"), None, ""),
        (Mount(kind="volume", source="/run/docker.sock", target="/x"), None, ""),
    ],
)
def test_a_folder_that_is_missing(mount: Mount, tone: Tone | None, text: str) -> None:
    found = remarks(there=("/there",), mounts=(mount,))
    assert found == ([Remark("mounts", tone, text)] if tone else [])


@pytest.mark.parametrize("source", ["/var/run/docker.sock", "/run/docker.sock"])
def test_whoever_wants_the_engine_s_socket_must_be_allowed_to(source: str) -> None:
    mounts = (Mount(kind="bind", source=source, target="/var/run/docker.sock"),)
    (found,) = remarks(mounts=mounts)
    assert (found.section, found.tone) == ("mounts", Tone.DANGER)
    assert "Security" in found.text
    assert remarks(mounts=mounts, engine_socket=True) == []


def test_it_cannot_go_when_it_ends_and_start_again() -> None:
    text = "“Remove when it ends” and “Start again” exclude each other"
    assert remarks(auto_remove=True, restart=RestartPolicy(name="always")) == [Remark("command", Tone.DANGER, text)]
    assert remarks(auto_remove=True) == []


@pytest.mark.parametrize(
    ("inside", "taken", "port"),
    [
        (80, (), 8080),
        (1023, (), 9023),
        (1024, (), 1024),
        (5432, (5432, 5433), 5434),
        (65534, (65534,), 65535),
        (65534, (65534, 65535), 65535),
    ],
)
def test_a_port_like_the_one_inside_is_suggested(inside: int, taken: tuple[int, ...], port: int) -> None:
    assert suggest_port(inside, [a_taken(each) for each in taken]) == port


def test_an_edit_is_live_only_if_all_of_it_is() -> None:
    old = ContainerSpec(image="x")
    live = spec_differences(old, ContainerSpec(image="x", resources=Resources(memory=1)), {})
    both = spec_differences(old, ContainerSpec(image="y", resources=Resources(memory=1)), {"image": "Image"})
    assert [only_live(each) for each in (live, both, [])] == [True, False, True]
    assert "Image" in [each.words for each in both]
