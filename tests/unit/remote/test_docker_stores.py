"""What is asked of a Docker about volumes, networks, its disk, its machine and its containers' figures."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import InvalidRequest, NotFound, Unsupported
from engine.types.data import Freed, LabelRule
from engine.types.disk import DiskItem, DiskPart
from engine.types.frontdoor import Door, DoorSettings
from engine.types.host import EngineFacts, HostReport, Settings
from engine.types.networks import CreateNetwork, Endpoint, HostPort
from engine.types.pods import CreatePod
from engine.types.stats import Sample
from engine.types.volumes import CreateVolume
from tests.support.scripted_docker import Answer, ScriptedDocker, held

if TYPE_CHECKING:
    from engine.remote.engine import RemoteEngine
    from tests.support.stores import ShortTmp

KEY = "c" * 64
VOLUME = {"Name": "data", "Mountpoint": "/v", "Labels": {"a": "b"}}
NETWORK = {"Id": "n" * 64, "Name": "back", "Driver": "bridge"}


def row(key: str = KEY, **more: Any) -> dict[str, Any]:
    mount = {"Type": "volume", "Name": "data", "Destination": "/data", "RW": True}
    return {"Id": key, "Names": ["/web"], "State": "running", "Mounts": [mount], **more}


# --- volumes ---


async def test_volumes_are_known_with_who_has_them(docker: ScriptedDocker, short_tmp: ShortTmp) -> None:
    docker.says("GET /volumes", {"Volumes": [VOLUME, {"Name": "other"}]})
    docker.says("GET /containers/json", [row()])
    docker.says("GET /volumes/data", VOLUME)
    docker.says("GET /volumes/other", {"Name": "other"})
    async with held(docker, short_tmp.run) as engine:
        known = {each.name: each.used_by for each in await engine.volumes.list()}
        assert known == {"data": (KEY,), "other": ()}
        found = await engine.volumes.get("data")
        assert (found.used_by, found.labels, found.mountpoint) == ((KEY,), {"a": "b"}, "/v")

        usage = {"Volumes": [{"Name": "x", "UsageData": {"Size": 1}}, {**VOLUME, "UsageData": {"Size": 7}}]}
        docker.says("GET /system/df", usage)
        measured = await engine.volumes.measure("data")
        assert (measured.size, measured.used_by, measured.size_measured is not None) == (7, (KEY,), True)
        assert docker.last("GET /system/df").query == "type=volume"
        assert engine.bus.objects("volume")["data"] == measured
        with pytest.raises(NotFound, match="no volume nosuch") as gone:
            await engine.volumes.measure("nosuch")
        assert gone.value.subject == "nosuch"


async def test_deeds_on_volumes(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    docker.says("POST /volumes/create", VOLUME)
    asked = CreateVolume(name="data", labels={"a": "b"}, options={"o": "1"}, driver="local")
    made = await engine.volumes.create(asked)
    assert docker.last("POST").json == {
        "Name": "data", "Labels": {"a": "b"}, "Driver": "local", "DriverOpts": {"o": "1"},
    }  # fmt: skip
    assert list(await engine.volumes.list()) == [made]
    docker.says("DELETE /volumes/data")
    assert await engine.volumes.remove("data", force=True) == Freed(ids=("data",))
    assert docker.lines()[-1] == "DELETE /volumes/data?force=1"
    assert not await engine.volumes.list()
    docker.says("POST /volumes/prune", {"VolumesDeleted": ["data"], "SpaceReclaimed": 5}, {})
    freed = await engine.volumes.prune(all_unused=True, labels=LabelRule(wanted={"a": ""}))
    assert freed == Freed(ids=("data",), bytes=5)
    assert docker.lines()[-1] == 'POST /volumes/prune?filters={"label":["a"],"all":["1"]}'
    assert await engine.volumes.prune() == Freed()
    assert docker.lines()[-1] == "POST /volumes/prune?filters={}"
    with pytest.raises(Unsupported) as refused:
        await engine.volumes.rename("data", "other")
    assert refused.value.subject == "volumes.rename"


async def test_a_volume_is_copied_by_way_of_this_computer(docker: ScriptedDocker, short_tmp: ShortTmp) -> None:
    docker.says("GET /containers/json", [row()])
    docker.says(f"GET /containers/{KEY}/archive", Answer((b"tar", b"ball")))
    docker.says("POST /volumes/create", {"Name": "copy"})
    docker.says("GET /volumes/copy", {"Name": "copy"})
    docker.says("GET /images/localhost/wherry-empty:latest/json", {"Id": "e"})
    docker.says("POST /containers/create", {"Id": "helper"})
    docker.says("PUT /containers/helper/archive")
    docker.says("DELETE /containers/helper")
    async with held(docker, short_tmp.run) as engine:
        handle = engine.volumes.clone("data", "copy")
        assert (handle.snapshot.kind, handle.snapshot.title, handle.snapshot.subject) == (
            "clone", "Copy data to copy", "data",
        )  # fmt: skip
        assert await handle.result() == "copy"
        assert handle.snapshot.done == 7
        assert docker.last(f"GET /containers/{KEY}/archive").query == "path=/data/."
        put = docker.last("PUT")
        assert (put.query, put.body) == ("path=/volume&copyUIDGID=1", b"tarball")
        assert docker.lines()[-1] == "DELETE /containers/helper?force=1"


# --- networks ---


async def test_deeds_on_networks(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    docker.says("POST /networks/create", {"Id": "n" * 64})
    docker.says(f"GET /networks/{'n' * 64}", NETWORK)
    made = await engine.networks.create(CreateNetwork(name="back", labels={"a": "b"}, options={"o": "1"}))
    assert docker.last("POST").json == {
        "Name": "back", "Driver": "bridge", "Internal": False, "Labels": {"a": "b"}, "Options": {"o": "1"},
        "EnableIPv6": False, "CheckDuplicate": True,
    }  # fmt: skip
    assert list(await engine.networks.list()) == [made]
    docker.says("DELETE /networks/back")
    await engine.networks.remove("back")
    assert not await engine.networks.list()

    docker.says("POST /networks/prune", {"NetworksDeleted": ["back"]}, {})
    rule = LabelRule(unwanted={"a": "b"})
    assert await engine.networks.prune(until_ns=2_000_000_000, labels=rule) == Freed(ids=("back",))
    assert docker.lines()[-1] == 'POST /networks/prune?filters={"until":["2"],"label!":["a=b"]}'
    assert await engine.networks.prune() == Freed()

    docker.says("POST /networks/back/connect", b"OK")
    await engine.networks.connect("back", "web", aliases=("www",), asked=Endpoint(aliases=("own",), ip="10.0.0.2"))
    assert docker.last("POST").json == {
        "Container": "web",
        "EndpointConfig": {
            "Aliases": ["own", "www"], "Links": [], "IPAMConfig": {"IPv4Address": "10.0.0.2", "IPv6Address": ""},
        },
    }  # fmt: skip
    await engine.networks.connect("back", "web")
    assert docker.last("POST").json["EndpointConfig"] == {"Aliases": [], "Links": []}
    docker.says("POST /networks/back/disconnect", b"OK")
    await engine.networks.disconnect("back", "web", force=True)
    assert docker.last("POST").json == {"Container": "web", "Force": True}
    await engine.networks.disconnect("back", "web")
    assert docker.last("POST").json["Force"] is False


async def test_a_network_has_there_all_the_addresses_that_were_asked_for(
    docker: ScriptedDocker, engine: RemoteEngine
) -> None:
    """IPv6 and where addresses are chosen from were left out: a network that was moved had other ones."""
    asked = CreateNetwork(
        name="back", driver="pasta", internal=True, subnet="10.1.0.0/16", gateway="10.1.0.1", ip_range="10.1.1.0/24",
        ipv6=True, subnet6="fd::/64", gateway6="fd::1", ip_range6="fd::/80", reserved={"a": "10.1.0.9", "b": "fd::9"},
    )  # fmt: skip
    docker.says("POST /networks/create", {"Id": "n" * 64})
    configs = [
        {
            "Subnet": "10.1.0.0/16", "IPRange": "10.1.1.0/24", "Gateway": "10.1.0.1",
            "AuxiliaryAddresses": {"a": "10.1.0.9"},
        },
        {"Subnet": "fd::/64", "IPRange": "fd::/80", "Gateway": "fd::1", "AuxiliaryAddresses": {"b": "fd::9"}},
    ]  # fmt: skip
    told = [*configs, {"Subnet": "10.9.0.0/16"}]
    docker.says(f"GET /networks/{'n' * 64}", {**NETWORK, "EnableIPv6": True, "IPAM": {"Config": told}})
    made = await engine.networks.create(asked)
    body = docker.last("POST").json
    assert (body["IPAM"], body["EnableIPv6"], body["Driver"], body["Internal"]) == (
        {"Config": configs}, True, "bridge", True,
    )  # fmt: skip
    for name in ("subnet", "gateway", "ip_range", "ipv6", "subnet6", "gateway6", "ip_range6", "reserved"):
        assert getattr(made, name) == getattr(asked, name), name


async def test_another_driver_is_asked_for_as_it_is_called(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    docker.says("POST /networks/create", {"Id": "n"})
    docker.says("GET /networks/n", NETWORK)
    await engine.networks.create(CreateNetwork(name="x", driver="macvlan"))
    assert docker.last("POST").json["Driver"] == "macvlan"


async def test_members_that_do_not_run_are_in_their_networks_too(docker: ScriptedDocker, short_tmp: ShortTmp) -> None:
    networks = {"NetworkSettings": {"Networks": {"back": {"Aliases": ["www"]}}}}
    docker.says("GET /containers/json", [row(State="exited", **networks)])
    docker.says("GET /networks", [NETWORK])
    docker.says("GET /networks/back", NETWORK)
    docker.says(f"DELETE /networks/{'n' * 64}")
    async with held(docker, short_tmp.run) as engine:
        [member] = (await engine.networks.get("back")).members
        assert (member.container_id, member.name, member.aliases) == (KEY, "web", ("www",))
        assert (await engine.networks.list())[0].members == (member,)
        await engine.networks.remove("n" * 64)
        assert not await engine.networks.list()


async def test_ports_of_the_machine_are_those_of_its_containers(docker: ScriptedDocker, short_tmp: ShortTmp) -> None:
    ports = [{"IP": "127.0.0.1", "PrivatePort": 53, "PublicPort": 5353, "Type": "udp"}]
    docker.says("GET /containers/json", [row(Ports=ports)])
    async with held(docker, short_tmp.run) as engine:
        assert await engine.networks.host_ports() == [
            HostPort(port=5353, protocol="udp", address="127.0.0.1", container_id=KEY, container_port=53)
        ]


# --- disk and machine ---


async def test_what_takes_space_there(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    docker.says(
        "GET /system/df",
        {
            "LayersSize": 100,
            "Images": [
                {"Id": "sha256:0123456789abcdef", "RepoTags": ["a:1", "b"], "Size": 9, "SharedSize": 4},
                {"Id": "sha256:0123456789abcdef", "Size": 9, "SharedSize": 10, "Containers": 0},
                {"Id": "i", "RepoTags": ["used"], "Size": 9, "Containers": 1},
            ],
            "Containers": [
                {"Id": "c", "Names": ["/web"], "SizeRw": 5, "State": "exited"},
                *({"Id": "d", "SizeRw": 6, "State": state} for state in ("running", "paused", "restarting")),
            ],
            "Volumes": [
                {"Name": "v", "UsageData": {"Size": 7, "RefCount": 0}},
                {"Name": "w", "UsageData": {"Size": 8, "RefCount": 1}}, {"Name": "x", "UsageData": {"Size": -1}},
            ],
            "BuildCache": [
                {"ID": "k", "Description": "RUN x", "Size": 3, "InUse": False}, {"ID": "l", "Size": 2, "InUse": True},
            ],
        },
        {},
    )  # fmt: skip
    usage = await engine.disk.usage()
    assert usage.part("images") == DiskPart(
        id="images", bytes=100, frees=5,
        items=(
            DiskItem(id="sha256:0123456789abcdef", name="a:1", bytes=9, frees=5),
            DiskItem(id="sha256:0123456789abcdef", name="0123456789ab", bytes=9, frees=0),
            DiskItem(id="i", name="used", bytes=9, frees=0),
        ),
    )  # fmt: skip
    assert usage.part("containers") == DiskPart(
        id="containers", bytes=23, frees=5,
        items=(DiskItem(id="c", name="web", bytes=5, frees=5), *(DiskItem(id="d", name="", bytes=6),) * 3),
    )  # fmt: skip
    assert usage.part("volumes") == DiskPart(
        id="volumes", bytes=15, frees=7,
        items=(
            DiskItem(id="v", name="v", bytes=7, frees=7), DiskItem(id="w", name="w", bytes=8),
            DiskItem(id="x", name="x", bytes=0),
        ),
    )  # fmt: skip
    assert usage.part("build-cache") == DiskPart(
        id="build-cache", bytes=5, frees=3,
        items=(DiskItem(id="k", name="RUN x", bytes=3, frees=3), DiskItem(id="l", name="l", bytes=2)),
    )  # fmt: skip
    assert usage.part("logs") == DiskPart(id="logs", bytes=0)
    assert (usage.bytes, usage.disk_free, len(usage.parts)) == (143, 0, 8)
    assert [each.id for each in (await engine.disk.usage(("volumes", "images"))).parts] == ["images", "volumes"]


async def test_facts_of_the_machine(docker: ScriptedDocker, engine: RemoteEngine, short_tmp: ShortTmp) -> None:
    info = {
        "ServerVersion": "28.5", "Driver": "overlay2", "CgroupVersion": "2", "SecurityOptions": ["name=rootless"],
        "DockerRootDir": "/d", "NCPU": 4, "MemTotal": 9, "KernelVersion": "6.1", "OperatingSystem": "Debian",
        "Name": "box", "Warnings": ["w"],
    }  # fmt: skip
    docker.says("GET /info", info, {})
    socket = f"unix://{short_tmp.run}/s"
    assert await engine.host.facts() == EngineFacts(
        version="Docker 28.5", driver="overlay2", driver_reason="", cgroup_mode="v2", controllers=(), rootless=True,
        single_id=False, root="/d", run="", socket=socket, processors=4, memory=9, kernel="6.1",
        operating_system="Debian", host_name="box", warnings=("w",),
    )  # fmt: skip
    assert await engine.host.facts() == EngineFacts(
        version="Docker", driver="", driver_reason="", cgroup_mode="v?", controllers=(), rootless=False,
        single_id=False, root="", run="", socket=socket, processors=0, memory=0, kernel="", operating_system="",
        host_name="", warnings=(),
    )  # fmt: skip
    assert (await engine.host.report(), await engine.host.settings()) == (HostReport(checks=()), Settings())


async def test_rooms_that_docker_has_nothing_of(engine: RemoteEngine) -> None:
    assert (await engine.pods.list(), await engine.pods.prune(), await engine.door.status()) == ((), Freed(), Door())
    deeds = {
        "pods.create": [
            lambda: engine.pods.create(CreatePod(name="p")), lambda: engine.pods.remove("p"),
            *(lambda verb=verb: getattr(engine.pods, verb)("p")
              for verb in ("get", "start", "stop", "restart", "kill", "pause", "unpause")),
        ],
        "door.change": [lambda: engine.door.change(DoorSettings())],
        "disk.free": [lambda: engine.disk.free("images")],
        "host.check_store": [engine.host.check_store],
        "host.change_settings": [lambda: engine.host.change_settings(Settings())],
    }  # fmt: skip
    for method, tried in deeds.items():
        for deed in tried:
            with pytest.raises(Unsupported) as refused:
                await deed()
            assert refused.value.subject == method
            assert refused.value.explanation == engine.capabilities.why_not(method)
    with pytest.raises(Unsupported, match="how its machine is doing"):
        await engine.stats.host()
    with pytest.raises(Unsupported, match="this computer's"):
        _ = engine.machines


# --- figures ---

FIGURES = {
    "id": KEY, "read": "2026-11-28T10:00:00Z",
    "cpu_stats": {
        "system_cpu_usage": 77,
        "cpu_usage": {"total_usage": 5000, "usage_in_usermode": 3000, "usage_in_kernelmode": 2000},
        "throttling_data": {"throttled_time": 4000},
    },
    "memory_stats": {
        "usage": 100, "limit": 1000, "max_usage": 200, "stats": {"inactive_file": 30, "anon": 40, "file": 50},
    },
    "networks": {
        "eth0": {"rx_bytes": 1, "rx_packets": 2, "tx_bytes": 3, "tx_packets": 4},
        "eth1": {"rx_bytes": 10, "tx_bytes": 30},
    },
    "blkio_stats": {
        "io_service_bytes_recursive": [
            {"op": "Read", "value": 6}, {"op": "read", "value": 1}, {"op": "Write", "value": 8},
            {"op": "sync", "value": 9},
        ],
        "io_serviced_recursive": [{"op": "read", "value": 2}, {"op": "write", "value": 3}],
    },
    "pids_stats": {"current": 12},
}  # fmt: skip


async def test_figures(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    old = {"memory_stats": {"usage": 5, "stats": {"total_inactive_file": 9, "rss": 4, "cache": 3}}}
    docker.says("GET /containers/web/stats", FIGURES, old)
    assert await engine.stats.sample("web") == Sample(
        container_id=KEY, time_ns=1_795_860_000_000_000_000, host_cpu_ns=77, cpu_usage_us=5, cpu_user_us=3,
        cpu_system_us=2, throttled_us=4, memory=70, memory_total=100, memory_anon=40, memory_file=50,
        memory_inactive_file=30, memory_limit=1000, memory_peak=200, io_read=7, io_write=8, io_read_ops=2,
        io_write_ops=3, net_rx=11, net_tx=33, networks=(("eth0", 1, 2, 3, 4), ("eth1", 10, 0, 30, 0)), pids=12,
    )  # fmt: skip
    assert docker.lines() == ["GET /containers/web/stats?stream=0&one-shot=1"]
    before = time.time_ns()
    found = await engine.stats.sample("web")
    assert before <= found.time_ns <= time.time_ns()
    assert (found.container_id, found.memory, found.memory_anon, found.memory_file) == ("web", 0, 4, 3)
    assert (found.memory_inactive_file, found.networks, found.pids, found.io_read) == (9, (), 0, 0)


async def test_rates_of_those_that_run_are_worked_out_and_kept(
    docker: ScriptedDocker, short_tmp: ShortTmp, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    async def passes(seconds: float) -> None:
        waited.append(seconds)

    one, two, off = "1" * 64, "2" * 64, "3" * 64
    docker.says("GET /containers/json", [row(one), row(two, Names=["/two"]), row(off, State="exited")])
    recent = time.time_ns() // 1_000_000_000

    def at(second: int, usage: int) -> dict[str, Any]:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(recent + second))
        return {"id": one, "read": stamp, "cpu_stats": {"cpu_usage": {"total_usage": usage}}}

    docker.says(f"GET /containers/{one}/stats", at(0, 0), at(2, 1_000_000_000), at(2, 1_000_000_000), at(4, 0))
    async with held(docker, short_tmp.run) as engine:
        monkeypatch.setattr("engine.remote.docker.watching.stats.asyncio.sleep", passes)
        watched = engine.stats.watch(interval=0.1)
        async with contextlib.aclosing(watched) as rounds:  # type: ignore[type-var]
            assert await anext(rounds) == []
            [rates] = await anext(rounds)
            assert (rates.container_id, rates.cpu_percent, rates.seconds) == (one, 50.0, 2.0)
            assert await anext(rounds) == [], "a sample of the same moment says nothing"
            assert len(await anext(rounds)) == 1
        monkeypatch.undo()
        assert all(0.5 < each <= 1.0 for each in waited), "not more than once a second"
        # Who does not answer is passed over; who does not run is not asked.
        assert any(each.path == f"/containers/{two}/stats" for each in docker.asked)
        assert not any(each.path == f"/containers/{off}/stats" for each in docker.asked)
        assert len(await engine.stats.history(one)) == 2
        assert await engine.stats.history(one, seconds=-10) == []
        assert await engine.stats.history(two) == []
        docker.asked.clear()
        async with contextlib.aclosing(engine.stats.watch(["two"])) as rounds:  # type: ignore[type-var]
            await anext(rounds)
        async with contextlib.aclosing(engine.stats.watch([one])) as rounds:  # type: ignore[type-var]
            await anext(rounds)
        asked = [each.path for each in docker.asked if each.path.endswith("/stats")]
        assert asked == [f"/containers/{two}/stats", f"/containers/{one}/stats"]


# --- archives and logs come here ---


async def test_a_volumes_backup_is_written_here_and_read_back(docker: ScriptedDocker, short_tmp: ShortTmp) -> None:
    import io
    import tarfile

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a"))
    docker.says("GET /containers/json", [row()])
    docker.says(f"GET /containers/{KEY}/archive", packed.getvalue())
    docker.says(f"PUT /containers/{KEY}/archive")
    place = short_tmp.path / "data.tar"
    async with held(docker, short_tmp.run) as engine:
        for name in ("x.tar.zst", "x.tar.gz"):
            with pytest.raises(InvalidRequest, match=r"plain \.tar"):
                engine.volumes.backup("data", name)
        handle = engine.volumes.backup("data", str(place))
        assert (handle.snapshot.kind, handle.snapshot.title, handle.snapshot.subject) == (
            "backup", "Back up data", "data",
        )  # fmt: skip
        assert await handle.result() == str(place)
        assert place.read_bytes() == packed.getvalue()
        assert handle.snapshot.done == len(packed.getvalue())
        assert [each.name for each in place.parent.iterdir() if "data" in each.name] == ["data.tar"]

        restored = engine.volumes.restore("data", str(place))
        assert (restored.snapshot.kind, restored.snapshot.title) == ("restore", "Restore data")
        assert await restored.result() == "data"
        assert (restored.snapshot.done, restored.snapshot.total) == (len(packed.getvalue()),) * 2
        put = docker.last("PUT")
        assert (put.query, put.body) == ("path=/data&copyUIDGID=1", packed.getvalue())
        place.write_bytes(b"no archive at all" * 99)
        with pytest.raises(InvalidRequest, match="is no archive"):
            await engine.volumes.restore("data", str(place)).result()
        with pytest.raises(InvalidRequest, match="is no archive"):
            await engine.volumes.restore("data", str(place) + "x").result()


async def test_what_cannot_be_written_here_leaves_nothing(docker: ScriptedDocker, short_tmp: ShortTmp) -> None:
    from engine.errors import StorageError

    docker.says("GET /images/get", b"archive")
    async with held(docker, short_tmp.run) as engine:
        with pytest.raises(StorageError, match="cannot be written"):
            await engine.images.save_to(["a"], str(short_tmp.path / "no" / "x.tar")).result()
        (short_tmp.path / "folder").mkdir()
        with pytest.raises(StorageError, match="cannot be written") as failed:
            await engine.images.save_to(["a"], str(short_tmp.path / "folder")).result()
        assert failed.value.subject == str(short_tmp.path / "folder")
        assert {each.name for each in short_tmp.path.iterdir()} <= {"run", "folder"}
