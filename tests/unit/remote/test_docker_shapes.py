"""What a Docker or a Podman answers, as our snapshots: containers, images, volumes, networks, events."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from engine.remote.docker.known import shapes
from engine.types.containers import (
    Container,
    ContainerSpec,
    Exit,
    Health,
    HealthCheck,
    HealthResult,
    HealthStatus,
    Mount,
    PortMapping,
    State,
)
from engine.types.data import Platform
from engine.types.events import Event
from engine.types.images import HistoryStep, Image, ImageConfig
from engine.types.networks import Endpoint, Network, NetworkMember
from engine.types.volumes import Volume

KEY, DIGEST = "c" * 64, "sha256:" + "a" * 64
EPOCH = datetime.fromtimestamp(0, UTC)
AT = "2026-11-28T10:00:00.5Z"
WHEN = datetime(2026, 11, 28, 10, 0, 0, 500_000, UTC)


# --- a line of the list of containers ---


def test_a_line_of_the_list_says_all_that_a_list_shows() -> None:
    row = {
        "Id": KEY, "Names": ["/web", "/db/alias"], "Image": "shop:1", "ImageID": "a" * 64, "Command": "sh -c serve",
        "Created": 1_790_000_000, "State": "running", "Status": "Up 2 hours (healthy)", "Labels": {"a": "b"},
        "Ports": [
            {"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
            {"IP": "::", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
            {"IP": "127.0.0.1", "PrivatePort": 53, "PublicPort": 5353, "Type": "udp"},
            {"PrivatePort": 9000, "Type": "tcp"},
        ],
        "NetworkSettings": {"Networks": {"shop": {}, "back": {}}},
        "Mounts": [{"Type": "volume", "Name": "data", "Source": "/v", "Destination": "/data", "RW": False}],
    }  # fmt: skip
    mounts = (Mount(kind="volume", target="/data", source="data", read_only=True),)
    assert shapes.row_container(row) == Container(
        id=KEY, name="web", image_id=DIGEST, image="docker.io/library/shop:1",
        spec=ContainerSpec(image="shop:1", labels={"a": "b"}, mounts=mounts, network="shop"),
        command_line=("sh", "-c", "serve"), state=State.RUNNING, created=datetime.fromtimestamp(1_790_000_000, UTC),
        health=HealthStatus(status=Health.HEALTHY), mounts=mounts,
        ports=(
            PortMapping(container_port=53, host_port=5353, protocol="udp", host_ip="127.0.0.1"),
            PortMapping(container_port=80, host_port=8080),
        ),
    )  # fmt: skip


def test_a_line_that_says_next_to_nothing_is_a_container_all_the_same() -> None:
    assert shapes.row_container({"Id": KEY}) == Container(
        id=KEY, name=KEY[:12], image_id="", image="", spec=ContainerSpec(image="", network="bridge"),
        command_line=(), state=State.EXITED, created=EPOCH, exit=Exit(code=0, ended=EPOCH),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("state", "status", "expected", "code", "health"),
    [
        ("exited", "Exited (137) 3 hours ago", State.EXITED, 137, Health.NONE),
        ("Stopped", "Exited (x) ago", State.EXITED, 0, Health.NONE),
        ("running", "Up (unhealthy)", State.RUNNING, None, Health.UNHEALTHY),
        ("running", "Up 2 s (health: starting)", State.RUNNING, None, Health.STARTING),
        ("configured", "", State.CREATED, None, Health.NONE),
        ("initialized", "", State.CREATED, None, Health.NONE),
        ("created", "", State.CREATED, None, Health.NONE),
        ("paused", "", State.PAUSED, None, Health.NONE),
        ("restarting", "", State.RESTARTING, None, Health.NONE),
        ("removing", "", State.REMOVING, None, Health.NONE),
        ("stopping", "", State.STOPPING, None, Health.NONE),
        ("dead", "", State.DEAD, None, Health.NONE),
    ],
)
def test_states_of_the_list(state: str, status: str, expected: State, code: int | None, health: Health) -> None:
    found = shapes.row_container({"Id": KEY, "State": state, "Status": status, "Created": 5})
    assert (found.state, found.health.status) == (expected, health)
    assert (found.exit.code if found.exit else None) == code
    if found.exit:
        assert found.exit.ended == found.created


# --- an inspection ---


def inspected(state: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"Id": KEY, "Name": "/web", "Config": {"Image": "shop"}, "State": state, **more}


def test_an_inspection_says_how_a_container_is() -> None:
    log = {"Start": AT, "End": AT, "ExitCode": 1, "Output": "no"}
    state = {
        "Status": "running", "StartedAt": AT, "Pid": 44,
        "Health": {"Status": "unhealthy", "FailingStreak": 3, "Log": [log, {}]},
    }  # fmt: skip
    found = shapes.container(
        inspected(
            state, Image="a" * 64, Created=AT, Path="sh", Args=["-c", "", "x"], RestartCount=2, Driver="overlay2",
            Mounts=[
                {"Type": "bind", "Source": "/h", "Destination": "/d", "RW": True}, {"Type": "tmpfs", "Target": "/t"},
            ],
            NetworkSettings={
                "Networks": {"empty": None, "a": {"IPAddress": ""}, "b": {"IPAddress": "10.0.0.2"}},
                "Ports": {
                    "80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}, {"HostIp": "::", "HostPort": "8080"}],
                    "53/udp": [{"HostIp": "127.0.0.1", "HostPort": "53"}], "7": [{"HostPort": "7"}],
                    "x/tcp": [{"HostPort": "1"}], "9/tcp": None, "10/tcp": [{"HostPort": ""}],
                },
            },
        )
    )  # fmt: skip
    assert (found.id, found.name, found.image_id, found.image) == (KEY, "web", DIGEST, "docker.io/library/shop:latest")
    assert found.command_line == ("sh", "-c", "x")
    assert (found.state, found.created, found.started, found.exit) == (State.RUNNING, WHEN, WHEN, None)
    assert (found.pid, found.restart_count, found.driver, found.ip_address) == (44, 2, "overlay2", "10.0.0.2")
    assert found.health == HealthStatus(
        status=Health.UNHEALTHY, failing_streak=3,
        log=(
            HealthResult(started=WHEN, ended=WHEN, exit_code=1, output="no"),
            HealthResult(started=EPOCH, ended=EPOCH, exit_code=0, output=""),
        ),
    )  # fmt: skip
    assert found.ports == (
        PortMapping(container_port=80, host_port=8080),
        PortMapping(container_port=53, host_port=53, protocol="udp", host_ip="127.0.0.1"),
        PortMapping(container_port=7, host_port=7),
    )
    assert found.mounts == (
        Mount(kind="bind", target="/d", source="/h"), Mount(kind="tmpfs", target="/t"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (
            {"Status": "exited", "ExitCode": 137, "FinishedAt": AT, "OOMKilled": True, "Error": "e"},
            Exit(code=137, ended=WHEN, signal=9, oom_killed=True, error="e"),
        ),
        ({"Status": "exited", "ExitCode": 128}, Exit(code=128, ended=EPOCH)),
        ({"Status": "dead", "ExitCode": 159}, Exit(code=159, ended=EPOCH, signal=31)),
        ({"Status": "restarting", "ExitCode": 160}, Exit(code=160, ended=EPOCH)),
        ({"Status": "created", "ExitCode": 1}, None),
        ({}, Exit(code=0, ended=EPOCH)),
    ],
)
def test_how_it_ended(state: dict[str, Any], expected: Exit | None) -> None:
    assert shapes.container(inspected(state)).exit == expected


def test_an_inspection_that_says_next_to_nothing() -> None:
    found = shapes.container({"Id": KEY, "ImageName": "x/y", "State": {"Healthcheck": {"Status": "healthy"}}})
    assert (found.name, found.image, found.command_line, found.created) == ("", "docker.io/x/y:latest", (), EPOCH)
    assert (found.started, found.pid, found.restart_count, found.ip_address, found.driver) == (None, 0, 0, "", "")
    assert (found.health.status, found.state, found.warnings) == (Health.HEALTHY, State.EXITED, ())
    assert shapes.container({"Id": KEY, "State": {"Health": {"Status": "odd"}}}).health.status is Health.NONE


def test_what_the_image_says_is_not_taken_for_a_persons_wish() -> None:
    own = {
        "Cmd": ["serve"], "Entrypoint": ["/run"], "WorkingDir": "/w", "User": "web", "StopSignal": "SIGINT",
        "Healthcheck": {"Test": ["CMD", "ok"]}, "ExposedPorts": {"80/tcp": {}}, "Volumes": {"/data": {}},
        "Labels": {"of": "image", "both": "image"}, "Env": ["PATH=/bin", "A=image"],
    }  # fmt: skip
    config = own | {"Labels": {"of": "image", "both": "mine", "own": "1"}, "Env": ["PATH=/bin", "A=mine"]}
    spec = shapes.container(inspected({}, Config={"Image": "shop", **config}), {"Config": own}).spec
    assert (spec.env, spec.labels) == ({"A": "mine"}, {"both": "mine", "own": "1"})
    assert (spec.command, spec.entrypoint, spec.workdir, spec.user) == (None, None, None, None)
    assert (spec.stop_signal, spec.health, spec.exposed_ports, spec.mounts) == (None, None, (), ())

    other = inspected({}, Config={"Image": "shop", **config, "Cmd": ["other"], "User": "root"})
    spec = shapes.container(other, {"Config": own}).spec
    assert (spec.command, spec.user, spec.entrypoint) == (("other",), "root", None)


def test_variables_that_podman_adds_are_nobodys_wish_but_those_of_docker_stay() -> None:
    env = ["container=podman", "HOME=/root", "HOSTNAME=x", "PATH=/p", "TERM=xterm", "A=b"]
    assert shapes.container(inspected({}, Config={"Image": "x", "Env": env}), {}).spec.env == {"A": "b"}
    assert shapes.container(inspected({}, Config={"Image": "x", "Env": env[1:]}), {}).spec.env.keys() == {
        "HOME", "HOSTNAME", "PATH", "TERM", "A",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "networks", "expected", "aliases"),
    [
        ("default", {}, "pasta", ()),
        ("bridge", {"bridge": {"Aliases": ["a"]}}, "pasta", ()),
        ("bridge", {"shop": {"Aliases": ["a", KEY[:12]]}}, "shop", ("a",)),
        ("slirp4netns", {"b": {}, "a": {}}, "a", ()),
        ("pasta", {"podman": {}}, "pasta", ()),
        ("shop", {"shop": {"Aliases": ["www"]}}, "shop", ("www",)),
        ("host", {}, "host", ()),
        ("none", {}, "none", ()),
    ],
)
def test_which_network_somebody_asked_for(
    mode: str, networks: dict[str, Any], expected: str, aliases: tuple[str, ...]
) -> None:
    document = inspected({}, HostConfig={"NetworkMode": mode}, NetworkSettings={"Networks": networks})
    found = shapes.container(document)
    assert (found.spec.network, found.spec.network_aliases, found.warnings) == (expected, aliases, ())


def test_a_name_that_docker_gave_is_no_wish_and_one_of_ones_own_is() -> None:
    assert shapes.container(inspected({}, Config={"Image": "x", "Hostname": KEY[:12]})).spec.hostname == ""
    assert shapes.container(inspected({}, Config={"Image": "x", "Hostname": "web"})).spec.hostname == "web"


@pytest.mark.parametrize(
    ("binds", "expected"),
    [
        (["/h:/d:rw,nosuid,nodev,rbind"], Mount(kind="bind", source="/h", target="/d", create_source=True)),
        (["/h:/d:ro,noexec"], Mount(kind="bind", source="/h", target="/d", read_only=True, create_source=True)),
        (["/h:/d"], Mount(kind="bind", source="/h", target="/d", create_source=True)),
        (["data:/d:suid,dev,exec,bind"], Mount(kind="volume", source="data", target="/d")),
    ],
)
def test_podmans_words_of_a_mount_are_passed_over(binds: list[str], expected: Mount) -> None:
    found = shapes.container(inspected({}, HostConfig={"Binds": binds}))
    assert (found.spec.mounts, found.warnings) == ((expected,), ())


@pytest.mark.parametrize(
    ("limit", "kept"),
    [
        ({"Name": "RLIMIT_NOFILE", "Soft": 5, "Hard": 5}, False),
        ({"Name": "RLIMIT_NPROC", "Soft": 5, "Hard": 5}, False),
        ({"Name": "RLIMIT_NOFILE", "Soft": 4, "Hard": 5}, True),
        ({"Name": "nofile", "Soft": 5, "Hard": 5}, True),
        ({"Name": "RLIMIT_CORE", "Soft": 5, "Hard": 5}, True),
    ],
)
def test_limits_that_podman_gives_to_all(limit: dict[str, Any], *, kept: bool) -> None:
    found = shapes.container(inspected({}, HostConfig={"Ulimits": [limit]})).spec.ulimits
    assert [each.name for each in found] == ([limit["Name"].lower().removeprefix("rlimit_")] if kept else [])


def test_a_recipe_of_another_form_altogether_keeps_what_is_plain() -> None:
    broken = inspected(
        {}, Config={"Image": 7, "Labels": {"a": "b"}, "Env": ["A=b=c", "D"]},
        Mounts=[{"Type": "volume", "Name": "data", "Destination": "/d"}],
    )  # fmt: skip
    found = shapes.container(broken)
    assert found.spec == ContainerSpec(
        image="7", labels={"a": "b"}, env={"A": "b=c", "D": ""},
        mounts=(Mount(kind="volume", source="data", target="/d"),),
    )  # fmt: skip
    assert found.warnings == ("Its “HostConfig” cannot be said in Wherry's recipe, and is left out.",)


# --- images ---


@pytest.mark.parametrize(
    ("given", "whole"),
    [
        ("busybox", "docker.io/library/busybox:latest"),
        ("busybox:1", "docker.io/library/busybox:1"),
        ("me/app", "docker.io/me/app:latest"),
        ("quay.io/app:2", "quay.io/app:2"),
        ("localhost/app", "localhost/app:latest"),
        ("box:5000/app", "box:5000/app:latest"),
        (f"busybox@{DIGEST}", f"docker.io/library/busybox@{DIGEST}"),
        (DIGEST, DIGEST),
        ("<none>:<none>", "<none>:<none>"),
        ("", ""),
    ],
)
def test_names_in_full(given: str, whole: str) -> None:
    assert shapes.normal(given) == whole


def test_a_line_of_the_list_of_images() -> None:
    row = {
        "Id": "a" * 64, "RepoTags": ["shop:1", "<none>:<none>"], "RepoDigests": [f"shop@{DIGEST}", "<none>@<none>"],
        "Size": 100, "SharedSize": 30, "Created": 60, "Labels": {"a": "b"}, "ParentId": "p",
    }  # fmt: skip
    fresh = shapes.row_image(row, {DIGEST: ("c1", "c2")})
    assert fresh == Image(
        id=DIGEST, tags=("docker.io/library/shop:1",), digests=(f"docker.io/library/shop@{DIGEST}",),
        created=datetime.fromtimestamp(60, UTC), platform=Platform(), config=ImageConfig(labels={"a": "b"}), size=100,
        unique_size=70, shared_size=30, layers=(), used_by=("c1", "c2"), parent="p",
    )  # fmt: skip
    bare = shapes.row_image({"Id": DIGEST, "SharedSize": -1, "Size": 5}, {})
    assert (bare.dangling, bare.shared_size, bare.unique_size, bare.created, bare.used_by) == (True, 0, 5, EPOCH, ())

    document = {
        "Os": "linux", "Architecture": "arm64", "Variant": "v8", "Author": "me", "Comment": "c",
        "RootFS": {"Layers": ["l1", "l2"]},
        "Config": {
            "Env": ["A=b"], "Cmd": ["serve"], "Entrypoint": "one", "WorkingDir": "/w", "User": "web",
            "ExposedPorts": {"80/tcp": {}}, "Volumes": {"/d": {}}, "Labels": {"x": "y"}, "StopSignal": "SIGINT",
            "Shell": ["sh"], "OnBuild": ["RUN x"],
            "Healthcheck": {
                "Test": ["CMD", "x"], "Interval": 2e9, "Timeout": 3e9, "StartPeriod": 4e9, "StartInterval": 5e9,
                "Retries": 6,
            },
        },
    }  # fmt: skip
    whole = shapes.image(document, fresh)
    assert whole.platform == Platform(os="linux", architecture="arm64", variant="v8")
    assert (whole.layers, whole.author, whole.comment, whole.tags) == (("l1", "l2"), "me", "c", fresh.tags)
    assert whole.config == ImageConfig(
        env=("A=b",), command=("serve",), entrypoint=("one",), workdir="/w", user="web", exposed_ports=("80/tcp",),
        volumes=("/d",), labels={"x": "y"}, stop_signal="SIGINT", shell=("sh",), on_build=("RUN x",),
        health=HealthCheck(
            test=("CMD", "x"), interval=2, timeout=3, start_period=4, start_interval=5, retries=6,
        ),
    )  # fmt: skip
    # The list says again what changes, and keeps what an inspection told.
    again = shapes.row_image({**row, "RepoTags": None}, {}, whole)
    assert (again.config, again.layers, again.tags, again.dangling) == (whole.config, whole.layers, (), True)
    plain = shapes.image({"Config": {"Healthcheck": {"Test": ["NONE"]}}}, fresh)
    assert (plain.platform, plain.author, plain.comment) == (Platform(os="linux", architecture=""), "", "")
    assert plain.config == ImageConfig(health=HealthCheck(test=("NONE",)))


def test_the_history_is_told_in_the_order_of_building_with_its_layers() -> None:
    found = [
        {"CreatedBy": "/bin/sh -c #(nop)  CMD [\"serve\"]", "Size": 0, "Created": 90, "Comment": "c"},
        {"CreatedBy": "RUN true", "Size": 0},
        {"CreatedBy": "ENV A=b", "Size": 0},
        {"CreatedBy": "COPY a /", "Size": 7},
    ]  # fmt: skip
    steps = shapes.history(found, ("l1", "l2"))
    assert steps == [
        HistoryStep(created=None, created_by="COPY a /", comment="", diff_id="l1", size=7),
        HistoryStep(created=None, created_by="ENV A=b", comment="", diff_id="", size=0),
        HistoryStep(created=None, created_by="RUN true", comment="", diff_id="l2", size=0),
        HistoryStep(
            created=datetime.fromtimestamp(90, UTC), created_by='/bin/sh -c #(nop)  CMD ["serve"]', comment="c",
            diff_id="", size=0,
        ),
    ]  # fmt: skip
    # Where the counts differ nobody can tell which step made which.
    assert [each.diff_id for each in shapes.history(found, ("l1",))] == ["", "", "", ""]
    assert shapes.history([{}], ("l1",))[0].diff_id == "l1"


@pytest.mark.parametrize("word", ["CMD", "ENTRYPOINT", "ENV", "EXPOSE", "LABEL", "USER", "VOLUME", "STOPSIGNAL",
                                  "HEALTHCHECK", "ARG", "SHELL", "MAINTAINER", "ONBUILD"])  # fmt: skip
def test_what_only_says_something_has_no_layer(word: str) -> None:
    found = [{"CreatedBy": f"{word} x", "Size": 0}, {"CreatedBy": "ADD a /", "Size": 1}]
    assert [each.diff_id for each in shapes.history(found, ("l",))] == ["l", ""]


# --- volumes, networks, events ---


def test_volumes() -> None:
    document = {
        "Name": "data", "CreatedAt": AT, "Mountpoint": "/v", "Labels": {"a": "b", "com.docker.volume.anonymous": ""},
        "Options": {"o": "1"}, "UsageData": {"Size": 0, "RefCount": 1},
    }  # fmt: skip
    assert shapes.volume(document, {"data": ("c",)}) == Volume(
        name="data", created=WHEN, mountpoint="/v", labels={"a": "b"}, options={"o": "1"}, anonymous=True,
        used_by=("c",), size=0,
    )  # fmt: skip
    plain = shapes.volume({"Name": "x", "UsageData": {"Size": -1}}, {})
    assert plain == Volume(name="x", created=EPOCH, mountpoint="", labels={}, options={}, anonymous=False, used_by=())
    assert plain.size is None
    assert shapes.volume({"Name": "x", "Anonymous": True, "UsageData": {"Other": 1}}, {}).anonymous
    assert shapes.volume({"Name": "x", "UsageData": {"Other": 1}}, {}).size is None


def test_networks_and_who_is_in_them() -> None:
    said = {
        "Aliases": ["www", KEY[:12]], "IPAddress": "10.1.0.2", "GlobalIPv6Address": "fd::2", "MacAddress": "m",
        "Links": ["db:db"], "IPAMConfig": {"IPv4Address": "10.1.0.2", "IPv6Address": "fd::2"},
    }  # fmt: skip
    row = {"Id": KEY, "Names": ["/web"], "NetworkSettings": {"Networks": {"back": said, "front": None}}}
    found = shapes.members(row)
    assert found == {
        "back": NetworkMember(
            container_id=KEY, name="web", ip_address="10.1.0.2", ip6_address="fd::2", mac_address="m", aliases=("www",),
            asked=Endpoint(aliases=("www",), ip="10.1.0.2", ip6="fd::2", links=("db:db",)),
        ),
        "front": NetworkMember(container_id=KEY, name="web", ip_address="", asked=Endpoint()),
    }  # fmt: skip
    assert shapes.members({"Id": KEY}) == {}
    document = {
        "Id": "n", "Name": "back", "Driver": "bridge", "Created": AT, "Internal": True, "Labels": {"a": "b"},
        "Options": {"o": "1"}, "IPAM": {"Config": [{"Subnet": "10.1.0.0/16", "Gateway": "10.1.0.1"}, {"Subnet": "x"}]},
        "Containers": {"d" * 64: {"Name": "db", "IPv4Address": "10.1.0.3/16", "MacAddress": "n"}, "e" * 64: None},
    }  # fmt: skip
    told = (
        NetworkMember(container_id="d" * 64, name="db", ip_address="10.1.0.3", mac_address="n"),
        NetworkMember(container_id="e" * 64, name="", ip_address=""),
    )
    expected = Network(
        id="n", name="back", driver="bridge", created=WHEN, subnet="10.1.0.0/16", gateway="10.1.0.1", internal=True,
        builtin=False, labels={"a": "b"}, options={"o": "1"}, members=told,
    )  # fmt: skip
    assert shapes.network(document) == expected
    assert shapes.network(document, [found["back"]]).members == (found["back"],)
    assert shapes.network({"Id": "n", "Name": "x"}) == Network(
        id="n", name="x", driver="", created=EPOCH, subnet="", gateway="", internal=False, builtin=False, labels={},
        options={}, members=(),
    )  # fmt: skip


@pytest.mark.parametrize("name", ["bridge", "host", "none", "podman"])
def test_networks_that_are_always_there(name: str) -> None:
    assert shapes.network({"Id": "n", "Name": name}).builtin


def test_events() -> None:
    actor = {"ID": KEY, "Attributes": {"name": "web", "image": "x"}}
    document = {"Type": "container", "Action": "start", "Actor": actor, "timeNano": 5, "time": 9}
    assert shapes.event(document) == Event(
        time_ns=5, kind="container", action="start", id=KEY, name="web", attributes={"name": "web", "image": "x"}
    )
    assert shapes.event({"Type": "volume", "time": 9, "Actor": {"ID": "data"}}) == Event(
        time_ns=9_000_000_000, kind="volume", action="", id="data", name="data", attributes={}
    )
    assert shapes.event({"Type": "image", "Actor": {"ID": "i"}}) == Event(
        time_ns=0, kind="image", action="", id="i", name="", attributes={}
    )
    assert [shapes.event({"Type": kind}) is None for kind in ("network", "daemon", "plugin", "secret", "node", "")] == [
        False, False, True, True, True, True,
    ]  # fmt: skip


def test_times_and_words_of_any_form() -> None:
    assert shapes.seconds(1.5) == datetime.fromtimestamp(1.5, UTC)
    assert (shapes.seconds(AT), shapes.seconds(None), shapes.seconds("never")) == (WHEN, EPOCH, EPOCH)
    assert (shapes.texts("a"), shapes.texts(["a", 1]), shapes.texts(None)) == (("a",), ("a", "1"), ())
    assert (shapes.rows([{"a": 1}, 2]), shapes.rows({"a": 1})) == ([{"a": 1}], [])
    assert (shapes.labels_of({"a": 1}), shapes.labels_of(["a"])) == ({"a": "1"}, {})
    assert shapes.part({"a": {"b": {"c": 1}}}, "a", "b") == {"c": 1}
    assert (shapes.part({"a": []}, "a", "b"), shapes.part(None)) == ({}, {})
