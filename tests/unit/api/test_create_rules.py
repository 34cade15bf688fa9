"""What Docker refuses of a creation is refused in the same words, and nothing is made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.api.serving import Served

HOST = "HostConfig"


def host(**fields: Any) -> dict[str, Any]:
    return {HOST: fields}


def mount(**fields: Any) -> dict[str, Any]:
    return host(Mounts=[{"Target": "/x", **fields}])


def healthcheck(**fields: Any) -> dict[str, Any]:
    return {"Healthcheck": {"Test": ["CMD", "true"], **fields}}


REFUSED: tuple[tuple[dict[str, Any], str], ...] = (
    ({"WorkingDir": "rel"}, "the working directory 'rel' is invalid, it needs to be an absolute path"),
    ({"Env": ["=x"]}, "invalid environment variable: =x"),
    ({"Env": [""]}, "invalid environment variable: "),
    (healthcheck(Interval=100), "Interval in Healthcheck cannot be less than 1ms"),
    (healthcheck(Interval=-1), "Interval in Healthcheck cannot be less than 1ms"),
    (healthcheck(Timeout=1), "Timeout in Healthcheck cannot be less than 1ms"),
    (healthcheck(StartPeriod=5), "StartPeriod in Healthcheck cannot be less than 1ms"),
    (healthcheck(StartInterval=5), "StartInterval in Healthcheck cannot be less than 1ms"),
    (healthcheck(Retries=-1), "Retries in Healthcheck cannot be negative"),
    (host(ShmSize=-1), "SHM size can not be less than 0"),
    (host(OomScoreAdj=5000), "Invalid value 5000, range for oom score adj is [-1000, 1000]"),
    (host(OomScoreAdj=-1001), "Invalid value -1001, range for oom score adj is [-1000, 1000]"),
    (host(Isolation="hyperv"), "invalid isolation (hyperv): linux only supports 'default'"),
    (host(Runtime="foo"), "unknown or invalid runtime name: foo"),
    (host(Memory=1024), "Minimum memory limit allowed is 6MB"),
    (host(Memory=-1), "Minimum memory limit allowed is 6MB"),
    (
        host(MemorySwap=1 << 20),
        "You should always set the Memory limit when using Memoryswap limit, see usage",
    ),
    (
        host(Memory=64 << 20, MemorySwap=32 << 20),
        "Minimum memoryswap limit should be larger than memory limit, see usage",
    ),
    (host(MemoryReservation=1024), "Minimum memory reservation allowed is 6MB"),
    (
        host(Memory=64 << 20, MemoryReservation=128 << 20),
        "Minimum memory limit can not be less than memory reservation limit, see usage",
    ),
    (host(MemorySwappiness=101), "Invalid value: 101, valid memory swappiness range is 0-100"),
    (host(NanoCpus=1, CpuQuota=5000), "Conflicting options: Nano CPUs and CPU Quota cannot both be set"),
    (host(NanoCpus=1, CpuPeriod=5000), "Conflicting options: Nano CPUs and CPU Period cannot both be set"),
    (host(CpuShares=-1), "invalid CPU shares (-1): value must be a positive integer"),
    (
        host(CpuPeriod=10),
        "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)",
    ),
    (host(CpuQuota=100), "CPU cfs quota can not be less than 1ms (i.e. 1000)"),
    (host(CpusetCpus="abc"), "Invalid value abc for cpuset cpus: invalid format: abc"),
    (host(CpusetMems="x"), "Invalid value x for cpuset mems: invalid format: x"),
    (
        host(RestartPolicy={"Name": "foo"}),
        "invalid restart policy: unknown policy 'foo'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
    ),
    (
        host(RestartPolicy={"Name": "always", "MaximumRetryCount": 3}),
        "invalid restart policy: maximum retry count can only be used with 'on-failure'",
    ),
    (
        host(RestartPolicy={"Name": "always", "MaximumRetryCount": -3}),
        "invalid restart policy: maximum retry count can only be used with 'on-failure' and cannot be negative",
    ),
    (
        host(RestartPolicy={"Name": "on-failure", "MaximumRetryCount": -1}),
        "invalid restart policy: maximum retry count cannot be negative",
    ),
    (
        host(RestartPolicy={"Name": "always"}, AutoRemove=True),
        "can't create 'AutoRemove' container with restart policy",
    ),
    (host(NetworkMode="container:"), "invalid network mode: invalid container format container:<name|id>"),
    (host(PidMode="foo"), "invalid PID mode: foo"),
    (host(IpcMode="foo"), "invalid IPC mode: foo"),
    (host(UTSMode="foo"), "invalid UTS mode: foo"),
    (host(CgroupnsMode="foo"), "invalid cgroup namespace mode: foo"),
    (host(ExtraHosts=["foo"]), 'bad format for add-host: "foo"'),
    (host(ExtraHosts=["foo:bar"]), 'invalid IP address in add-host: "bar"'),
    (host(PortBindings={"abc": [{}]}), 'invalid port specification: "abc"'),
    (host(PortBindings={"80/tcp": [{"HostPort": "x"}]}), 'invalid port specification: "x"'),
    (host(PortBindings={"80/tcp": [{"HostPort": "99999"}]}), 'invalid port specification: "99999"'),
    (host(PortBindings={"80/tcp": [{"HostPort": "90-80"}]}), 'invalid port specification: "90-80"'),
    (host(CapAdd=["FOO"]), 'invalid CapAdd: unknown capability: "CAP_FOO"'),
    (host(CapDrop=["bar"]), 'invalid CapDrop: unknown capability: "CAP_BAR"'),
    (host(SecurityOpt=["foo"]), 'invalid --security-opt 1: "foo"'),
    (host(SecurityOpt=["foo=bar"]), 'invalid --security-opt 2: "foo=bar"'),
    (host(SecurityOpt=["no-new-privileges:maybe"]), 'invalid --security-opt 2: "no-new-privileges:maybe"'),
    (host(Binds=[":/x"]), "invalid volume specification: ':/x'"),
    (
        host(Binds=["/tmp:rel"]),
        "invalid volume specification: '/tmp:rel': invalid mount config for type \"bind\": "
        "invalid mount path: 'rel' mount path must be absolute",
    ),
    (
        host(Binds=["/tmp:/"]),
        "invalid volume specification: '/tmp:/': invalid mount config for type \"bind\": "
        "invalid specification: destination can't be '/'",
    ),
    (host(Binds=["/tmp:/x:zz"]), "invalid mode: zz"),
    (host(Binds=["/tmp:/x:ro,rw"]), "invalid mode: ro,rw"),
    (host(VolumesFrom=[""]), "volumes-from specification cannot be an empty string"),
    (host(VolumesFrom=["a:xx"]), "invalid mode: xx"),
    (host(Tmpfs={"rel": ""}), "invalid mount path: 'rel' mount path must be absolute"),
    (mount(Type="foo"), 'invalid mount config for type "foo": mount type unknown'),
    (mount(Type="volume", Target=""), 'invalid mount config for type "volume": field Target must not be empty'),
    (mount(Type="bind"), 'invalid mount config for type "bind": field Source must not be empty'),
    (mount(Type="tmpfs", Source="a"), 'invalid mount config for type "tmpfs": field Source must not be specified'),
    (mount(Type="volume", BindOptions={}), 'BindOptions must not be specified on mount type "volume"'),
    (
        mount(Type="bind", Source="/tmp", BindOptions={"Propagation": "foo"}),
        'invalid mount config for type "bind": invalid propagation mode: foo',
    ),
    (
        mount(Type="volume", VolumeOptions={"Subpath": "a"}),
        'invalid mount config for type "volume": must not set Subpath when using anonymous volumes',
    ),
    (
        {"NetworkingConfig": {"EndpointsConfig": {"bridge": {"Aliases": ["x"]}}}},
        "invalid config for network bridge: invalid endpoint settings:\n"
        "network-scoped alias is supported only for containers in user defined networks",
    ),
)


@pytest.mark.parametrize(("asked", "words"), REFUSED, ids=[words[:50] for _, words in REFUSED])
async def test_a_value_that_docker_refuses_is_refused_in_its_words(
    api: Served, asked: dict[str, Any], words: str
) -> None:
    before = len(await api.engine.containers.list())
    reply = await api.ask("POST", "/containers/create", {"Image": "nginx:1.27", **asked})
    assert (reply.status, reply.message) == (400, words)
    assert len(await api.engine.containers.list()) == before


async def test_more_processors_than_there_are(api: Served) -> None:
    there = (await api.engine.host.facts()).processors
    asked = host(NanoCpus=(there + 1) * 1_000_000_000)
    reply = await api.ask("POST", "/containers/create", {"Image": "nginx:1.27", **asked})
    words = f"range of CPUs is from 0.01 to {there:.2f}, as there are only {there} CPUs available"
    assert (reply.status, reply.message) == (400, words)
    reply = await api.ask("POST", "/containers/create", {"Image": "nginx:1.27", **host(CpusetCpus=str(there))})
    assert (reply.status, reply.message[:45]) == (400, f"Requested CPUs are not available - requested {there}"[:45])


@pytest.mark.parametrize(
    "asked",
    [
        healthcheck(Interval=0, Timeout=1_000_000, Retries=0),
        host(ShmSize=0, OomScoreAdj=1000, Runtime="runc", PidsLimit=-1, MemorySwappiness=-1, KernelMemory=4096),
        host(Memory=64 << 20, MemorySwap=-1, MemoryReservation=32 << 20, CpuQuota=-1, CpusetMems="0", CpusetCpus="0"),
        host(CapAdd=["net_admin", "CAP_SYS_TIME", "ALL"], SecurityOpt=["no-new-privileges", "seccomp=unconfined"]),
        host(Binds=["/tmp:/a:ro,rshared,z", "vol:/b:nocopy", "/c"], Tmpfs={"/t": "size=1m"}),
        host(ExtraHosts=["a:::1", "b:10.0.0.1", "c:host-gateway"], PortBindings={"80": [{"HostPort": "8123-8125"}]}),
        host(RestartPolicy={"Name": "on-failure", "MaximumRetryCount": 3}, UTSMode="host", CgroupnsMode="host"),
    ],
)
async def test_what_docker_accepts_is_accepted(api: Served, asked: dict[str, Any]) -> None:
    reply = await api.ask("POST", "/containers/create", {"Image": "nginx:1.27", **asked})
    assert reply.status == 201, reply.body


async def test_an_update_is_held_to_the_same_limits(api: Served) -> None:
    for asked, words in (
        ({"Memory": 1024}, "Minimum memory limit allowed is 6MB"),
        ({"RestartPolicy": {"Name": "foo"}}, "invalid restart policy: unknown policy 'foo'"),
        ({"CpuShares": -1}, "invalid CPU shares (-1)"),
    ):
        reply = await api.ask("POST", "/containers/shop-web-1/update", asked)
        assert (reply.status, reply.message[: len(words)]) == (400, words)


async def test_people_read_more_than_dockers_words(api: Served) -> None:
    """The `wherry` command shows the advice that stands beside them."""
    reply = await api.ask("POST", "/containers/create", {"Image": "nosuch"})
    assert reply.status == 404
    assert reply.message == "No such image: nosuch:latest"
    assert reply.json()["advice"]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("text/plain", "unsupported Content-Type header (text/plain): must be 'application/json'"),
        ("", "malformed Content-Type header (): mime: no media type"),
    ],
)
async def test_a_body_that_does_not_say_it_is_json_is_refused(api: Served, kind: str, words: str) -> None:
    """What a web page's form can send without asking is no request."""
    for path in ("/containers/create", "/volumes/create", "/networks/create", "/containers/shop-web-1/exec"):
        reply = await api.ask("POST", path, {"Image": "nginx:1.27", "Name": "n", "Cmd": ["ls"]}, Content_Type=kind)
        assert (reply.status, reply.message) == (400, words)
    reply = await api.ask("POST", "/volumes/create", {"Name": "n"}, Content_Type="application/json; charset=utf-8")
    assert reply.status == 201


async def test_more_than_one_json_in_a_body(api: Served) -> None:
    reply = await api.ask("POST", "/volumes/create", b'{"Name":"x"}{"Name":"y"}')
    assert (reply.status, reply.message) == (400, "unexpected content after JSON")


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("POST", "/containers/shop-web-1/rename?name=shop-web-1", 400, "Renaming a container with the same name"),
        ("POST", "/containers/shop-web-1/rename?name=", 400, "Neither old nor new names may be empty"),
        ("POST", "/containers/shop-web-1/resize", 400, 'invalid resize height "": invalid syntax'),
        ("POST", "/containers/shop-web-1/resize?h=a&w=1", 400, 'invalid resize height "a": invalid syntax'),
        ("POST", "/containers/shop-web-1/resize?h=1&w=-1", 400, 'invalid resize width "-1": value out of range'),
        ("POST", "/containers/backup-nightly/resize?h=1&w=1", 409, "container "),
        ("GET", "/containers/backup-nightly/top", 409, "container "),
        ("POST", "/containers/shop-web-1/wait?condition=foo", 400, 'invalid condition: "foo"'),
        ("GET", '/containers/json?filters={"health":["foo"]}', 400, "invalid filter 'health=foo': invalid value"),
        ("GET", '/containers/json?filters={"status":["foo"]}', 400, "invalid filter 'status=foo': invalid value"),
        ("GET", '/images/json?filters={"dangling":["maybe"]}', 400, "invalid filter 'dangling=[maybe]'"),
        ("GET", "/images/json?filters=x", 400, "invalid filter"),
        ("GET", "/events?since=10&until=5", 400, "`since` time (10) cannot be after `until` time (5)"),
        ("GET", "/images/search?term=x&limit=1000", 400, "limit 1000 is outside the range of [1, 100]"),
        ("POST", "/commit", 400, 'invalid name or ID supplied: ""'),
        ("POST", "/build?version=3", 400, 'invalid version "3"'),
        ("POST", "/images/nginx:1.27/tag?repo=good&tag=b@d", 400, "invalid tag format"),
        ("POST", "/containers/json", 404, "page not found"),
        ("PUT", "/info", 404, "page not found"),
    ],
)
async def test_the_status_and_the_words_are_dockers(
    api: Served, method: str, path: str, status: int, words: str
) -> None:
    reply = await api.ask(method, path.replace('"', "%22").replace("[", "%5B").replace("]", "%5D"))
    assert (reply.status, reply.message[: len(words)]) == (status, words)


async def test_a_start_with_a_body_is_refused_and_with_an_empty_one_is_not(api: Served) -> None:
    reply = await api.ask("POST", "/containers/backup-nightly/start", {"Binds": ["/a:/b"]})
    assert (reply.status, "non-empty request body" in reply.message) == (400, True)
    assert (await api.ask("POST", "/containers/backup-nightly/start", {})).status == 204
