"""What a container is told and told of, to the letter: its files, its command, its links; and what a stand-in does."""

from __future__ import annotations

import fcntl
import json
import os
import struct
import time
from typing import TYPE_CHECKING, Any

import pytest

from engine.containers import restarter
from engine.containers.end.exit_words import meaning_of, signal_name, signal_of
from engine.containers.known.names import check_name, invent_name, new_id
from engine.containers.run import links
from engine.containers.spec import image_config
from engine.containers.spec.etc_files import check_extra_hosts, hosts, resolv_conf
from engine.errors import Conflict, InvalidRequest, WherryError
from engine.types.containers import ContainerSpec, HealthCheck, PortMapping, Resources, State, UpdateContainer
from engine.types.images import ImageConfig
from tests.support.played_engine import create, start, until_state

if TYPE_CHECKING:
    from pathlib import Path

    from engine.embedded import EmbeddedEngine
    from tests.fakes.machine import MachineInMemory

IMAGE = ImageConfig(
    env=("A=image", "PATH=/image", "odd", "=x"),
    command=("c",),
    entrypoint=("e",),
    workdir="srv",
    user="www",
    exposed_ports=("80/tcp", "53/udp", "9000-9002", "x/tcp"),
    stop_signal="SIGINT",
    labels={"k": "image", "l": "m"},
    health=HealthCheck(test=("CMD", "image"), interval=5.0, retries=2),
)


def spec(**others: Any) -> ContainerSpec:
    return ContainerSpec(image="i", **others)


# --- its files ---


def test_the_hosts_file_has_docker_s_lines_and_the_containers_own() -> None:
    text = hosts(
        "web",
        ("10.1.0.2", "fd00::2"),
        aliases=("www", "web"),
        extra=("up:host-gateway", "db:10.9.9.9"),
        host_gateway="169.254.1.1",
        neighbours=[("10.1.0.3", ("db", "store")), ("10.1.0.4", ())],
    )
    assert text.splitlines() == [
        "127.0.0.1\tlocalhost",
        "::1\tlocalhost ip6-localhost ip6-loopback",
        "fe00::0\tip6-localnet",
        "ff00::0\tip6-mcastprefix",
        "ff02::1\tip6-allnodes",
        "ff02::2\tip6-allrouters",
        "169.254.1.1\thost.docker.internal host.containers.internal",
        "169.254.1.1\tup",
        "10.9.9.9\tdb",
        "10.1.0.2\tweb www",
        "fd00::2\tweb www",
        "10.1.0.3\tdb store",
    ]
    assert hosts("web", ()).splitlines()[-1] == "127.0.1.1\tweb"
    assert text.endswith("\n")
    check_extra_hosts(("a:host-gateway", "b:fd00::1"))
    for wrong in ("a", "a:nowhere", "a:"):
        with pytest.raises(InvalidRequest) as caught:
            check_extra_hosts((wrong,))
        assert caught.value.subject == wrong
        assert str(caught.value) == (
            f"“{wrong}” is no extra host. It must be NAME:ADDRESS. For example db:192.168.1.5."
        )


HOST = "nameserver 9.9.9.9\nnameserver 8.8.8.8\nsearch a.example b.example\noptions edns0 rotate\n"


@pytest.mark.parametrize(
    ("host", "asked", "lines"),
    [
        (HOST, {}, ["nameserver 9.9.9.9", "nameserver 8.8.8.8", "search a.example b.example", "options edns0 rotate"]),
        (
            HOST,
            {"dns": ("1.1.1.1", "1.0.0.1", "2.2.2.2", "3.3.3.3"), "search": (".",), "options": ("x",)},
            ["nameserver 1.1.1.1", "nameserver 1.0.0.1", "nameserver 2.2.2.2", "options x"],
        ),
        (
            HOST,
            {"names_server": "10.1.0.1", "search": ("c",)},
            ["nameserver 10.1.0.1", "search c", "options edns0 rotate ndots:0"],
        ),
        (
            HOST,
            {"names_server": "10.1.0.1", "dns": ("1.1.1.1",), "options": ("ndots:3",)},
            ["nameserver 10.1.0.1", "search a.example b.example", "options ndots:3"],
        ),
        ("nameserver 127.0.0.53\n", {"forwarder": "169.254.1.1"}, ["nameserver 169.254.1.1"]),
        ("nameserver 127.0.0.53\n", {"forwarded": False}, ["nameserver 127.0.0.53"]),
        ("", {"forwarded": False}, ["# no nameservers: the host's resolver file names none"]),
    ],
)
def test_the_resolver_file_is_the_hosts_with_what_was_asked_for(
    host: str, asked: dict[str, Any], lines: list[str]
) -> None:
    assert resolv_conf(host, **asked).splitlines() == lines


# --- its command and what the image says ---


def test_a_command_is_put_together_as_docker_does() -> None:
    lines = [
        image_config.command_line(given, IMAGE)
        for given in (
            spec(),
            spec(command=("x", "y")),
            spec(command=()),
            spec(entrypoint=("o", "")),
            spec(entrypoint=("o",), command=("x",)),
            spec(entrypoint=(), command=("x",)),
        )
    ]
    assert lines == [("e", "c"), ("e", "x", "y"), ("e",), ("o",), ("o", "x"), ("x",)]
    with pytest.raises(InvalidRequest) as caught:
        image_config.command_line(spec(), ImageConfig())
    assert str(caught.value) == "There is no command to run. The image names none, and none was given. Give a command."


def test_the_environment_is_the_engines_the_images_and_the_requests() -> None:
    found = image_config.environment(spec(env={"A": "own"}, tty=True), IMAGE, hostname="h", home="/root")
    assert found == {"PATH": "/image", "HOSTNAME": "h", "TERM": "xterm", "A": "own", "HOME": "/root"}
    plain = image_config.environment(spec(env={"HOME": "/h"}), ImageConfig(), hostname="h", home="/root")
    assert (plain["HOME"], "TERM" in plain) == ("/h", False)
    assert plain["PATH"].startswith("/usr/local/sbin:")
    empty = ImageConfig(env=("E=", "F=a=b"))
    assert image_config.environment(spec(), empty, hostname="", home="/")["E"] == ""
    assert image_config.environment(spec(), empty, hostname="", home="/")["F"] == "a=b"


def test_what_was_asked_for_goes_before_what_the_image_says() -> None:
    assert [image_config.working_directory(each, IMAGE) for each in (spec(), spec(workdir=""), spec(workdir="/x"))] == [
        "/srv",
        "/",
        "/x",
    ]
    assert [image_config.wanted_user(each, IMAGE) for each in (spec(), spec(user=""), spec(user="me"))] == [
        "www",
        "",
        "me",
    ]
    assert [image_config.stop_signal(each, IMAGE) for each in (spec(), spec(stop_signal="9"))] == ["INT", "9"]
    assert image_config.stop_signal(spec(), ImageConfig()) == "TERM"
    assert [image_config.stop_timeout(each) for each in (spec(), spec(stop_timeout=0.5), spec(stop_timeout=0))] == [
        10,
        0.5,
        0,
    ]
    assert image_config.labels(spec(labels={"k": "own"}), IMAGE) == {"k": "own", "l": "m"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("SIGTERM", "TERM"),
        (" term ", "TERM"),
        ("15", "15"),
        ("1", "1"),
        ("64", "64"),
        ("010", "010"),
        ("RTMIN+3", "RTMIN+3"),
        ("rtmax-30", "RTMAX-30"),
        ("RTMAX", "RTMAX"),
        ("SIGRTMIN", "RTMIN"),
    ],
)
def test_a_signal_has_several_spellings(text: str, name: str) -> None:
    assert image_config.normal_signal(text) == name


@pytest.mark.parametrize("text", ["", "0", "65", "9999", "015" * 2, "TERMINATE", "-9", "²", "X" * 50])
def test_what_is_no_signal(text: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        image_config.normal_signal(text)
    assert caught.value.docker == f"invalid signal: {text[:40]}"
    assert (caught.value.title, caught.value.hint) == (
        f"Invalid signal: {text[:40]}", "Use a name like TERM or a number.",
    )  # fmt: skip


def test_ports_that_an_image_calls_interesting() -> None:
    ports = image_config.exposed_ports(spec(exposed_ports=("7", "80/tcp")), IMAGE)
    assert ports == ((80, "tcp"), (53, "udp"), (9000, "tcp"), (9001, "tcp"), (9002, "tcp"), (7, "tcp"))
    odd = ("x-9/tcp", "9-x/tcp", "5-6/udp", "7/sctp")
    assert image_config.exposed_ports(spec(exposed_ports=odd), ImageConfig()) == ((5, "udp"), (6, "udp"), (7, "sctp"))
    mapped = spec(ports=(PortMapping(container_port=80), PortMapping(container_port=53)))
    assert image_config.missing_publications(mapped, IMAGE) == ports[1:5]
    assert image_config.exposed_ports(spec(exposed_ports=("65534-70000/udp",)), ImageConfig()) == (
        (65534, "udp"),
        (65535, "udp"),
    )


def test_a_health_check_is_the_images_with_other_numbers_or_ones_own() -> None:
    def check(**given: Any) -> HealthCheck | None:
        return image_config.health_check(spec(health=HealthCheck(**given) if given else None), IMAGE)

    assert check() == IMAGE.health
    assert check(timeout=1.0, start_period=2.0, start_interval=3.0, retries=4) == HealthCheck(
        test=("CMD", "image"), interval=5.0, timeout=1.0, start_period=2.0, start_interval=3.0, retries=4
    )
    assert check(test=("NONE",)) is None
    assert image_config.health_check(spec(), ImageConfig()) is None
    alone = HealthCheck(interval=1.0)
    assert image_config.health_check(spec(health=alone), ImageConfig()) is None, "no test to make"
    tested = HealthCheck(test=("CMD", "own"))
    assert image_config.health_check(spec(health=tested), ImageConfig()) == tested
    changed = check(interval=9.0)
    assert changed is not None
    assert (changed.test, changed.interval, changed.retries) == (("CMD", "image"), 9.0, 2)
    own = check(test=("CMD", "own"))
    assert own is not None
    assert (own.test, own.retries) == (("CMD", "own"), HealthCheck(test=("x",)).retries)
    assert check(test=("NONE",)) is None
    assert image_config.health_check(spec(health=HealthCheck(test=(), interval=1.0)), ImageConfig()) is None


# --- names, codes and signals ---


def test_names_are_words_that_nobody_has_and_ids_are_long() -> None:
    taken: set[str] = set()
    for _ in range(300):
        name = invent_name(taken)
        assert name not in taken
        assert check_name(f"/{name}") == name
        taken.add(name)
    assert len(new_id()) == 64
    assert set(new_id()) <= set("0123456789abcdef")

    class Everything:
        def __contains__(self, _name: object) -> bool:
            return True

    assert invent_name(Everything()).startswith("container-")
    for wrong in ("", "/", "-x", "a b", "x" * 300, "//x"):
        with pytest.raises(InvalidRequest, match="no good as a name"):
            check_name(wrong)


@pytest.mark.parametrize(
    ("code", "signal", "number", "words"),
    [
        (0, 0, 0, "reports success"),
        (1, 0, 0, "general error"),
        (127, 0, 0, "not found"),
        (128, 0, 0, "code 128"),
        (137, 0, 9, "SIGKILL"),
        (143, 0, 15, "SIGTERM"),
        (0, 11, 11, "SIGSEGV"),
        (42, 0, 0, "code 42"),
        (162, 0, 34, "SIGRTMIN"),
        (193, 0, 0, "code 193"),
        (255, 0, 0, "outside its numbers"),
        (129, 0, 1, "terminal is gone"),
    ],
)
def test_an_end_has_a_meaning(code: int, signal: int, number: int, words: str) -> None:
    assert signal_of(code, signal) == number
    assert words in meaning_of(code, signal)
    assert signal_name(9) == "SIGKILL"
    assert signal_name(999) == "signal 999"


# --- the stand-in for an engine that is not there ---


def test_the_stand_in_asks_the_kernel_whether_an_engine_runs(tmp_path: Path) -> None:
    place = tmp_path / "presence"
    assert not restarter.engine_runs(str(place))
    place.touch()
    assert not restarter.engine_runs(str(place))
    held = os.open(place, os.O_RDWR)
    fcntl.fcntl(held, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
    assert restarter.engine_runs(str(place))
    os.close(held)
    assert not restarter.engine_runs(str(place))


@pytest.mark.parametrize(
    ("policy", "maximum", "failures", "code", "again"),
    [
        ("always", 0, 9, 0, True),
        ("unless-stopped", 0, 0, 1, True),
        ("no", 0, 0, 1, False),
        ("on-failure", 0, 99, 1, True),
        ("on-failure", 0, 0, 0, False),
        ("on-failure", 3, 2, 1, True),
        ("on-failure", 3, 3, 1, False),
    ],
)
def test_the_stand_in_obeys_the_policy(policy: str, maximum: int, failures: int, code: int, again: bool) -> None:
    document = {"policy": policy, "maximum": maximum, "failures": failures}
    assert restarter.must_restart(document, code) is again


class Stood:
    """A container's end with nobody there, and what the stand-in did about it."""

    def __init__(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path, self.lock, self.exit = place / "restart.json", place / "presence", place / "exit"
        self.slept: list[float] = []
        self.started: list[dict[str, Any]] = []
        (place / "state").mkdir()
        self.document: dict[str, Any] = {
            "policy": "always",
            "maximum": 0,
            "failures": 2,
            "restarts": 5,
            "started": time.time() - 3,
            "exit_file": str(self.exit),
            "bundle": str(place),
            "state": str(place / "state"),
            "cgroups": [],
            "supervisors": [],
            "start": ["/bin/true"],
            "environment": {},
        }
        self.exit.write_text("1\n")
        monkeypatch.setattr(restarter.time, "sleep", self.slept.append)

        def begun(document: dict[str, Any]) -> int:
            self.started.append(dict(document))
            return 77

        monkeypatch.setattr(restarter, "start_conmon", begun)

    def run(self) -> dict[str, Any]:
        self.path.write_text(json.dumps(self.document))
        restarter.main(str(self.path), str(self.lock))
        found: dict[str, Any] = json.loads(self.path.read_text())
        return found


@pytest.fixture
def stood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stood:
    return Stood(tmp_path, monkeypatch)


def test_a_container_is_started_again_after_its_pause(stood: Stood) -> None:
    after = stood.run()
    assert stood.slept == [0.4]
    assert (after["failures"], after["restarts"], len(stood.started)) == (3, 6, 1)
    assert abs(after["started"] - time.time()) < 60
    assert (stood.exit.exists(), os.path.exists(after["state"])) == (False, False)
    assert stood.started[0]["restarts"] == 6, "it is written down before it happens"


def test_a_good_run_is_started_again_at_once_and_counts_anew(stood: Stood) -> None:
    stood.document["started"] = time.time() - 11
    after = stood.run()
    assert (stood.slept, after["failures"]) == ([0.1], 1)


def test_who_must_not_start_again_does_not(stood: Stood) -> None:
    stood.document["policy"] = "no"
    assert stood.run()["restarts"] == 5
    stood.document["policy"] = "on-failure"
    stood.exit.write_text("")
    assert stood.run()["restarts"] == 5
    assert (stood.slept, stood.started) == ([], [])


def test_an_engine_that_came_meanwhile_acts_itself(stood: Stood, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [False, True]
    monkeypatch.setattr(restarter, "engine_runs", lambda _path: answers.pop(0))
    assert stood.run()["restarts"] == 5
    answers[:] = [True]
    assert stood.run()["restarts"] == 5
    assert stood.started == []


def test_control_groups_that_cannot_be_entered_are_written_down(stood: Stood) -> None:
    stood.document["cgroups"] = [str(stood.path.parent / "gone")]
    assert stood.run()["restarts"] == 5
    assert "its control groups cannot be entered" in (stood.path.parent / "restart.log").read_text()
    group = stood.path.parent / "group"
    group.mkdir()
    restarter.enter([str(group)])
    assert (group / "cgroup.procs").read_text() == "0"
    restarter.leave([str(group), "/nowhere"], 9)
    assert (group / "cgroup.procs").read_text() == "9"


# --- lives ---


async def test_links_tell_of_their_targets(played_engine: EmbeddedEngine) -> None:
    with pytest.raises(InvalidRequest, match="links need a network"):
        await create(played_engine, links=("db",))
    with pytest.raises(WherryError):
        await create(played_engine, network="pasta", links=("nobody:db",))
    assert links._name("/db:store") == "db"


async def test_a_restart_is_a_stop_and_a_start(played_engine: EmbeddedEngine) -> None:
    running = await start(played_engine)
    again = await played_engine.containers.restart(running.id)
    assert (again.state, again.pid != running.pid, again.restart_count) == (State.RUNNING, True, 0)
    resting = await create(played_engine)
    assert (await played_engine.containers.restart(resting.id)).state is State.RUNNING


async def test_all_that_run_are_stopped_at_once(played_engine: EmbeddedEngine, machine: MachineInMemory) -> None:
    both = [await start(played_engine), await start(played_engine)]
    await played_engine.containers.stop_all()
    for each in both:
        assert (await played_engine.containers.get(each.id)).state is State.EXITED
        assert not machine.containers[each.id].alive


async def test_limits_and_policies_are_changed_and_kept(played_engine: EmbeddedEngine) -> None:
    running = await start(played_engine)
    request = UpdateContainer(resources=Resources(pids=7))
    changed = await played_engine.containers.update(running.id, request)
    assert (changed.spec.resources.pids, changed.pid) == (7, running.pid)
    assert (await played_engine.containers.get(running.id)).spec.resources.pids == 7


async def test_what_is_looked_into_must_run(played_engine: EmbeddedEngine) -> None:
    made = await create(played_engine, "resting")
    with pytest.raises(Conflict) as caught:
        await played_engine.containers.processes(made.id)
    assert "resting" in str(caught.value)


async def test_what_a_container_wrote_is_its_changes_and_its_size(played_engine: EmbeddedEngine) -> None:
    running = await start(played_engine)
    root = played_engine.paths.rootfs(running.id)
    (root / "data/new").write_bytes(b"12345")
    (root / "data/hello").write_bytes(b"changed")
    (root / "etc/group").unlink()
    changes = {each.path: each.kind for each in await played_engine.containers.changes(running.id)}
    assert {path: kind for path, kind in changes.items() if path.startswith("/data/") or path == "/etc/group"} == {
        "/data/new": "added",
        "/data/hello": "changed",
        "/etc/group": "removed",
    }
    suggested = await played_engine.containers.suggest_dockerfile(running.id)
    assert suggested.startswith("FROM localhost/tiny")
    assert "/data/new" in suggested
    await played_engine.containers.stop(running.id)
    assert (await until_state(played_engine, running.id, State.EXITED)).pid == 0
