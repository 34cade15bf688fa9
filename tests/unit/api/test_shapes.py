"""What Docker's clients read, whole: containers in all their states, images, volumes, networks, figures and events.

`shapes.txt` beside it is what each answer looks like; a field that comes, goes or says something else is seen there.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.api.http.statuses import Refusal, advice_of, message_of, status_of, unsupported
from engine.api.http.versions import check_version
from engine.api.shapes import containers, images, stats, stores
from engine.api.shapes.events import event_record
from engine.api.shapes.times import NEVER, rfc3339, rfc3339_ns, unix
from engine.errors import Code, Conflict, NotFound
from engine.types.builds import BuildCacheEntry
from engine.types.containers import (
    Container,
    ContainerSpec,
    Exit,
    Health,
    HealthCheck,
    HealthResult,
    HealthStatus,
    LogLimits,
    Mount,
    PortMapping,
    SizeOnDisk,
    State,
)
from engine.types.data import Platform
from engine.types.events import Event
from engine.types.images import HistoryStep, Image, ImageConfig, Removed, SearchResult
from engine.types.networks import Endpoint, Network, NetworkMember
from engine.types.stats import Sample
from engine.types.volumes import Volume

EXPECTED = Path(__file__).with_name("shapes.txt")
NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
OLD, NEW = (1, 43), (1, 52)

CONFIG = ImageConfig(
    env=("PATH=/bin", "A=image"),
    command=("serve",),
    entrypoint=("/init",),
    workdir="/srv",
    user="www",
    exposed_ports=("80/tcp", "9/udp"),
    volumes=("/data",),
    labels={"from": "image", "both": "image"},
    stop_signal="INT",
    health=HealthCheck(test=("CMD", "true"), interval=5.0, retries=3),
    shell=("/bin/sh",),
    on_build=("RUN x",),
)
IMAGE = Image(
    id="sha256:" + "ab" * 32,
    tags=("docker.io/library/web:1", "ghcr.io/team/web:2"),
    digests=("docker.io/library/web@sha256:" + "cd" * 32,),
    created=NOW - timedelta(days=2),
    platform=Platform(os="linux", architecture="arm", variant="v7"),
    config=CONFIG,
    size=900,
    unique_size=500,
    shared_size=400,
    layers=("sha256:one", "sha256:two"),
    author="me",
    comment="why",
    parent="sha256:below",
    pulled=NOW - timedelta(days=1),
)
BARE_IMAGE = Image(
    id="sha256:" + "ef" * 32,
    tags=(),
    digests=(),
    created=None,
    platform=Platform(os="linux", architecture="amd64"),
    config=ImageConfig(),
    size=0,
    unique_size=0,
    shared_size=0,
    layers=(),
)
RICH = ContainerSpec(
    image="web",
    env={"A": "own", "B": "2"},
    command=("serve", "-v"),
    labels={"both": "own"},
    hostname="host",
    domainname="example",
    tty=True,
    stdin_open=True,
    stdin_once=True,
    ports=(PortMapping(container_port=80, host_port=8080),),
    exposed_ports=("7",),
    network="front",
    network_aliases=("alias",),
    stop_signal="TERM",
    stop_timeout=7.5,
    health=HealthCheck(test=("CMD", "x"), timeout=2.0, start_period=1.0, start_interval=0.5),
    mounts=(Mount(kind="volume", target="/anonymous"), Mount(kind="bind", source="/h", target="/h")),
    log=LogLimits(driver="none"),
)
MEMBER = NetworkMember(
    container_id="c" * 64,
    name="web",
    ip_address="10.1.0.2",
    ip6_address="fd00::2",
    mac_address="02:00:00:00:00:01",
    aliases=("alias",),
    asked=Endpoint(ip="10.1.0.2"),
)
FRONT = Network(
    id="n" * 64,
    name="front",
    driver="bridge",
    created=NOW,
    subnet="10.1.0.0/24",
    gateway="10.1.0.1",
    ipv6=True,
    ip_range="10.1.0.128/25",
    subnet6="fd00::/64",
    gateway6="fd00::1",
    internal=True,
    labels={"k": "v"},
    options={"o": "p"},
    reserved={"router": "10.1.0.9", "six": "fd00::9"},
    members=(MEMBER, NetworkMember(container_id="d" * 64, name="idle", ip_address="")),
)
DEFAULT = Network(id="p" * 64, name="pasta", driver="pasta", created=NOW, builtin=True)


def a_container(state: State, **others: Any) -> Container:
    known: dict[str, Any] = {
        "id": "c" * 64,
        "name": "web",
        "image_id": IMAGE.id,
        "image": "docker.io/library/web:1",
        "spec": ContainerSpec(image="web"),
        "command_line": ("/init", "serve"),
        "created": NOW - timedelta(hours=5),
    }
    return Container(state=state, **known | others)


RUNNING = a_container(
    State.RUNNING,
    spec=RICH,
    pid=77,
    started=NOW - timedelta(minutes=3),
    ip_address="10.1.0.2",
    driver="overlay",
    ports=(PortMapping(container_port=80, host_port=8080), PortMapping(container_port=80, host_port=81, host_ip="::1")),
    restart_count=2,
    log_path="/log",
    mounts=(
        Mount(kind="volume", source="data", target="/v", read_only=True),
        Mount(kind="bind", source="/h", target="/h", propagation="rshared"),
        Mount(kind="tmpfs", target="/t"),
    ),
    health=HealthStatus(
        status=Health.UNHEALTHY, failing_streak=2, log=(HealthResult(started=NOW, ended=NOW, exit_code=1, output="no"),)
    ),
    exit=Exit(code=3, ended=NOW - timedelta(hours=1)),
)
ENDED = a_container(
    State.EXITED,
    log_path="/log",
    command_line=(),
    started=NOW - timedelta(hours=2),
    exit=Exit(code=137, ended=NOW - timedelta(hours=1), oom_killed=True, error="why"),
)
SAMPLE = Sample(
    container_id="c",
    time_ns=1_777_863_721_000_000_009,
    cpu_usage_us=30,
    cpu_user_us=20,
    cpu_system_us=10,
    periods=4,
    throttled_periods=3,
    throttled_us=2,
    memory=100,
    memory_total=140,
    memory_inactive_file=40,
    memory_peak=200,
    memory_limit=1000,
    memory_anon=50,
    memory_file=60,
    memory_kernel=7,
    memory_shmem=8,
    pids=5,
    pids_limit=99,
    io_read=11,
    io_write=12,
    io_read_ops=13,
    io_write_ops=14,
    host_cpu_ns=77,
    networks=(("eth0", 1, 2, 3, 4),),
)
PATHS = {"data": "/store/data"}
NETWORKS = {"front": FRONT}


def inspected(container: Container, image: Image | None, version: tuple[int, int], **others: Any) -> dict[str, Any]:
    return containers.inspection(
        container,
        image=image,
        volume_paths=PATHS,
        networks=NETWORKS,
        exec_ids=others.pop("exec_ids", ()),
        version=version,
        **others,
    )


def everything() -> dict[str, Any]:
    found: dict[str, Any] = {
        "a row of a running container": containers.summary(
            RUNNING, image=IMAGE, volume_paths=PATHS, networks=NETWORKS, size=SizeOnDisk(writable=5, total=9), now=NOW
        ),
        "a row of one that ended": containers.summary(ENDED, now=NOW),
        "an inspection": inspected(RUNNING, IMAGE, (1, 51), exec_ids=("e1",), size=SizeOnDisk(writable=5, total=9)),
        "an inspection of one that ended": inspected(ENDED, None, NEW),
        "an image's row": images.summary(IMAGE, containers=2),
        "a bare image's row": images.summary(BARE_IMAGE),
        "history": images.history(
            IMAGE,
            (
                HistoryStep(created=NOW, created_by="ADD", diff_id="x", size=5, comment="c"),
                HistoryStep(created=None, created_by="CMD"),
            ),
        ),
        "removed": images.removed(Removed(untagged=("docker.io/library/web:1",), deleted=("sha256:x",))),
        "found": images.search_row(SearchResult(name="web", description="d", stars=3, official=True)),
        "a volume": stores.volume(
            Volume(
                name="data",
                created=NOW,
                mountpoint="/m",
                labels={"a": "b"},
                options={"o": "p"},
                size=5,
                used_by=("c", "d"),
            ),
            usage=True,
        ),
        "a nameless volume": stores.volume(Volume(name="x" * 64, created=NOW, mountpoint="/m", anonymous=True)),
        "a volume that was never measured": stores.volume(Volume(name="x", created=NOW, mountpoint="/m"), usage=True)[
            "UsageData"
        ],
        "a network": stores.network(FRONT, members=True, version=NEW),
        "the default network in a list": stores.network(DEFAULT, members=False, version=NEW),
        "a step of the cache": stores.cache_entry(
            BuildCacheEntry(id="s", kind="step", description="RUN x", size=5, created=NOW, last_used=NOW, in_use=True)
        ),
        "a mount of the cache": stores.cache_entry(
            BuildCacheEntry(id="m", kind="mount", description="/c", size=6, created=NOW, last_used=NOW, in_use=False)
        )["Type"],
        "figures": stats.stats(RUNNING, SAMPLE, None, processors=4, host_memory=5000, version=NEW),
        "figures of one without limits": stats.stats(
            RUNNING,
            Sample(container_id="c", time_ns=0, memory=10, memory_inactive_file=3),
            SAMPLE,
            processors=4,
            host_memory=5000,
            version=OLD,
        ),
        "figures of one that does not run": stats.nothing(ENDED, NEW),
    }
    for version in (OLD, (1, 49), NEW):
        name = f"at {version[0]}.{version[1]}"
        found[f"an image {name}"] = images.inspection(IMAGE, driver="overlay", version=version)
        found[f"a bare image {name}"] = images.inspection(BARE_IMAGE, driver="overlay", version=version)
        found[f"events {name}"] = [event_record(each, version) for each in EVENTS]
    return found


EVENTS = [
    Event(
        time_ns=5_000_000_007,
        kind="container",
        action="kill",
        id="c",
        name="web",
        attributes={"signal": "TERM", "image": "i"},
    ),
    Event(
        time_ns=5, kind="container", action="kill", id="c", name="web", attributes={"signal": "SIGKILL", "name": "x"}
    ),
    Event(time_ns=5, kind="container", action="kill", id="c", name="", attributes={"signal": "RTMIN+3"}),
    Event(time_ns=5, kind="image", action="pull", id="i", name="web:1"),
    Event(time_ns=5, kind="volume", action="create", id="v", name="v", attributes={"name": "v", "driver": "local"}),
    Event(
        time_ns=5, kind="network", action="connect", id="n", name="pasta", attributes={"name": "pasta", "type": "pasta"}
    ),
    Event(time_ns=5, kind="build", action="prune", id="", name="b", attributes={"signal": "TERM"}),
]


def written(shape: Any) -> str:
    """A field a line."""
    rows = shape.items() if isinstance(shape, dict) else enumerate(shape) if isinstance(shape, list) else [("", shape)]
    return "".join(f"{name}: {json.dumps(value)}\n" for name, value in rows)


def test_every_answer_is_as_clients_read_it() -> None:
    found = "\n".join(f"[{name}]\n{written(shape)}" for name, shape in everything().items())
    assert found == EXPECTED.read_text()


@pytest.mark.parametrize(
    ("container", "line", "word"),
    [
        (a_container(State.CREATED), "Created", "created"),
        (a_container(State.STARTING), "Created", "created"),
        (a_container(State.STARTING, exit=ENDED.exit), "Exited (137) About an hour ago", "created"),
        (a_container(State.RUNNING, started=NOW - timedelta(seconds=40)), "Up 40 seconds", "running"),
        (RUNNING, "Up 3 minutes (unhealthy)", "running"),
        (
            a_container(State.RUNNING, health=HealthStatus(status=Health.STARTING)),
            "Up Less than a second (health: starting)",
            "running",
        ),
        (
            a_container(State.PAUSED, started=NOW - timedelta(days=3), health=RUNNING.health),
            "Up 3 days (Paused)",
            "paused",
        ),
        (a_container(State.STOPPING, started=NOW - timedelta(weeks=3)), "Up 3 weeks", "running"),
        (a_container(State.RESTARTING, exit=ENDED.exit), "Restarting (137) About an hour ago", "restarting"),
        (ENDED, "Exited (137) About an hour ago", "exited"),
        (a_container(State.EXITED), "Exited (0) Less than a second ago", "exited"),
        (a_container(State.REMOVING), "Removal In Progress", "removing"),
        (a_container(State.DEAD), "Dead", "dead"),
    ],
)
def test_states_in_dockers_words(container: Container, line: str, word: str) -> None:
    assert containers.status_line(container, NOW) == line
    starts_again = container.state is State.STARTING and container.exit is not None
    assert containers.docker_state(container) == ("exited" if starts_again else word)


@pytest.mark.parametrize(
    ("network", "joined"),
    [("host", {"host"}), ("none", {"none"}), ("pasta", {"bridge"}), ("front", {"front"}), ("container:x", set())],
)
def test_where_a_container_is_said_to_be(network: str, joined: set[str]) -> None:
    one = a_container(State.EXITED, id="e" * 64, spec=ContainerSpec(image="i", network=network, mac_address="02:01"))
    found = containers.endpoints(one, NETWORKS)
    assert set(found) == joined
    for each in found.values():
        assert (each["IPAddress"], each["Gateway"], each["MacAddress"]) == ("", "", "02:01")


def test_who_is_offline_is_told_while_it_runs() -> None:
    assert inspected(a_container(State.RUNNING, offline=True), None, NEW)["NetworkSettings"]["Offline"] is True
    assert "Offline" not in inspected(a_container(State.EXITED, offline=True), None, NEW)["NetworkSettings"]


def test_an_entrypoint_of_ones_own_silences_the_images_command() -> None:
    spec = ContainerSpec(image="i", entrypoint=("/own",))
    shown = containers.config(a_container(State.CREATED, spec=spec), IMAGE)
    assert (shown["Entrypoint"], shown["Cmd"]) == (["/own"], None)
    shown = containers.config(a_container(State.CREATED), IMAGE)
    assert (shown["Entrypoint"], shown["Cmd"], shown["User"], shown["WorkingDir"]) == (
        ["/init"],
        ["serve"],
        "www",
        "/srv",
    )
    assert (shown["StopSignal"], shown["Healthcheck"]["Interval"]) == ("INT", 5_000_000_000)
    assert "StopTimeout" not in shown
    shown = containers.config(
        a_container(State.CREATED, spec=ContainerSpec(image="i", user="", workdir="", stop_signal="")), IMAGE
    )
    assert (shown["User"], shown["WorkingDir"], "StopSignal" in shown) == ("", "", False)


def test_moments_in_dockers_spelling() -> None:
    assert (rfc3339(None), rfc3339(NOW)) == (NEVER, "2026-05-04T03:02:01Z")
    assert rfc3339(datetime(2026, 5, 4, 3, 2, 1, 5, tzinfo=UTC)) == "2026-05-04T03:02:01.000005Z"
    assert (unix(None), unix(NOW)) == (0, 1_777_863_721)
    assert (rfc3339_ns(1_000_000_007), rfc3339_ns(1 << 62 << 30)) == ("1970-01-01T00:00:01.000000007Z", NEVER)


def test_errors_are_told_in_dockers_words_and_explained_in_ours() -> None:
    plain = NotFound("Gone")
    told = Conflict("It is in use", "By web.", hint="Stop it.", docker="conflict: in use")
    assert (message_of(plain), advice_of(plain), status_of(plain)) == ("Gone", "", 404)
    assert (message_of(told), status_of(told)) == ("conflict: in use", 409)
    assert advice_of(told) == "It is in use. By web. Stop it."
    assert advice_of(Conflict("Conflict: in use", docker="Conflict: in use.")) == ""
    missing = NotFound("No command", "It is not there.", code=Code.COMMAND_NOT_FOUND)
    assert message_of(missing) == "executable file not found in $PATH: No command. It is not there."
    said = NotFound("permission denied", "x", code=Code.COMMAND_NOT_EXECUTABLE)
    assert message_of(said) == "permission denied. X." or message_of(said).startswith("permission denied")
    refused = unsupported("x", "why")
    assert (refused.status, refused.message) == (501, "x is not supported by Wherry: why")


def test_versions_in_and_out_of_range() -> None:
    for version in ((1, 24), (1, 40), (1, 54)):
        assert check_version(*version) == version
    for version, word in (
        ((1, 23), "too old. Minimum supported API version is 1.24"),
        ((0, 99), "too old"),
        ((1, 55), "too new. Maximum supported API version is 1.54"),
        ((2, 0), "too new"),
    ):
        with pytest.raises(Refusal) as caught:
            check_version(*version)
        assert caught.value.status == 400
        assert word in caught.value.message
        assert f"client version {version[0]}.{version[1]} is" in caught.value.message
