"""The engine as Docker's clients see it: version, info, what takes the disk, and what it has not."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from engine.api.docker import system
from engine.api.http.versions import VERSION
from engine.errors import InvalidRequest, NotFound
from engine.types.builds import BuildCacheEntry
from engine.types.containers import Exit, SizeOnDisk, State
from engine.types.data import now
from engine.types.host import EngineFacts
from engine.types.images import ProxySettings, RegistrySettings, StoreUsage
from engine.types.volumes import Volume
from tests.fakes.store import fake_digest
from tests.unit.api.serving import filtered

if TYPE_CHECKING:
    from tests.unit.api.serving import Served

FACTS = EngineFacts(
    version="1", driver="overlay", driver_reason="the kernel can", cgroup_mode="v2",
    controllers=("cpu", "memory", "pids", "cpuset"), rootless=True, single_id=False, root="/root-of-it",
    run="/run-of-it", processors=4, memory=8 << 30, kernel="6.1.0", operating_system="Debian", host_name="here",
    runtime_versions={"pasta": "2023", "crun": "1.8", "catatonit": "0.2"}, warnings=("odd",),
)  # fmt: skip


async def test_the_version_is_told_with_what_it_stands_on(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    api.hear("host.facts", FACTS)
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    whole = {
        "Version": VERSION, "ApiVersion": "1.54", "MinAPIVersion": "1.24", "GitCommit": "", "GoVersion": "",
        "Os": "linux", "Arch": "amd64", "KernelVersion": "6.1.0", "BuildTime": "",
    }  # fmt: skip
    details = {key: value for key, value in whole.items() if key != "Version"} | {"Experimental": "false"}
    assert await api.get("/version") == {
        "Platform": {"Name": "Wherry"},
        "Components": [
            {"Name": "Engine", "Version": VERSION, "Details": details},
            {"Name": "catatonit", "Version": "0.2", "Details": {}},
            {"Name": "crun", "Version": "1.8", "Details": {}},
            {"Name": "pasta", "Version": "2023", "Details": {}},
        ],
        **whole,
    }


@pytest.mark.parametrize(
    ("machine", "word"),
    [("x86_64", "amd64"), ("aarch64", "arm64"), ("armv7l", "arm"), ("i686", "386"), ("riscv64", "riscv64")],
)
async def test_a_machine_is_called_as_images_call_it(
    api: Served, monkeypatch: pytest.MonkeyPatch, machine: str, word: str
) -> None:
    api.hear("host.facts", replace(FACTS, kernel=""))
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(platform, "release", lambda: "own-kernel")
    told = await api.get("/version")
    assert (told["Arch"], told["KernelVersion"]) == (word, "own-kernel")
    assert told["Components"][0]["Details"]["Arch"] == word


INFO = {
    "ID": "wherry-here", "Name": "here", "ServerVersion": VERSION, "Driver": "overlay",
    "DriverStatus": [["Chosen because", "the kernel can"]], "DockerRootDir": "/root-of-it",
    "SystemTime": "2026-03-01T12:00:00Z", "KernelVersion": "6.1.0", "OperatingSystem": "Debian",
    "OSType": "linux", "OSVersion": "", "Architecture": "x86_64", "NCPU": 4, "MemTotal": 8 << 30,
    "CgroupDriver": "cgroupfs", "CgroupVersion": "2", "DefaultRuntime": "crun", "Runtimes": {"crun": {"path": "crun"}},
    "RuncCommit": {"ID": "1.8"}, "ContainerdCommit": {"ID": ""}, "InitCommit": {"ID": "0.2"},
    "InitBinary": "catatonit", "LoggingDriver": "json-file",
    "SecurityOptions": ["name=seccomp,profile=builtin", "name=rootless"],
    "IndexServerAddress": "https://index.docker.io/v1/", "Warnings": ["odd"],
    "HttpProxy": "", "HttpsProxy": "", "NoProxy": "",
    "Containers": 5, "ContainersRunning": 3, "ContainersPaused": 1, "ContainersStopped": 1, "Images": 8,
    "MemoryLimit": True, "SwapLimit": True, "CpuCfsPeriod": True, "CpuCfsQuota": True, "CPUShares": True,
    "CPUSet": True, "PidsLimit": True, "OomKillDisable": False, "IPv4Forwarding": True, "Debug": False,
    "ExperimentalBuild": False, "LiveRestoreEnabled": True, "NFd": 0, "NGoroutines": 0, "NEventsListener": 0,
    "Labels": [],
    "Plugins": {
        "Volume": ["local"], "Network": ["bridge", "host", "none"], "Authorization": None, "Log": ["json-file"],
    },
    "RegistryConfig": {
        "IndexConfigs": {"docker.io": {"Name": "docker.io", "Mirrors": [], "Secure": True, "Official": True}},
        "InsecureRegistryCIDRs": ["127.0.0.0/8", "::1/128"], "Mirrors": [],
    },
    "Swarm": {
        "NodeID": "", "NodeAddr": "", "LocalNodeState": "inactive", "ControlAvailable": False, "Error": "",
        "RemoteManagers": None,
    },
    "Isolation": "", "GenericResources": None, "DefaultAddressPools": None, "CDISpecDirs": [],
}  # fmt: skip


@pytest.fixture
def engine(api: Served, monkeypatch: pytest.MonkeyPatch) -> Served:
    """On a machine that is known, at a moment that is known, with one container in each of five states."""
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(system, "now", lambda: datetime(2026, 3, 1, 12, tzinfo=UTC))
    api.hear("host.facts", FACTS)
    store = api.engine.store
    some = list(store.containers.values())[:5]
    store.containers.clear()
    states = (State.RUNNING, State.STOPPING, State.RESTARTING, State.PAUSED, State.EXITED)
    for each, state in zip(some, states, strict=True):
        store.put("container", replace(each, state=state, exit=Exit(code=0, ended=now())))
    return api


async def test_info_is_all_that_clients_read_of_it(engine: Served) -> None:
    assert await engine.get("/info") == INFO


async def test_what_this_host_cannot_bound_is_said_to_be_without_bounds(engine: Served) -> None:
    facts = replace(
        FACTS, controllers=(), cgroup_mode="none", rootless=False, driver_reason="", warnings=(), host_name="",
        kernel="", runtime_versions={},
    )  # fmt: skip
    engine.hear("host.facts", facts)
    bounds = ("MemoryLimit", "SwapLimit", "CpuCfsPeriod", "CpuCfsQuota", "CPUShares", "CPUSet", "PidsLimit")
    assert await engine.get("/info") == INFO | dict.fromkeys(bounds, False) | {
        "CgroupDriver": "none", "CgroupVersion": "1", "SecurityOptions": ["name=seccomp,profile=builtin"],
        "DriverStatus": [], "Warnings": None, "ID": "wherry-", "Name": platform.node(),
        "KernelVersion": platform.release(), "RuncCommit": {"ID": ""}, "InitCommit": {"ID": ""},
    }  # fmt: skip
    for mode, driver, version in (("", "none", "1"), ("v1", "cgroupfs", "1"), ("hybrid", "cgroupfs", "1")):
        engine.hear("host.facts", replace(facts, cgroup_mode=mode))
        told = await engine.get("/info")
        assert (told["CgroupDriver"], told["CgroupVersion"]) == (driver, version)


@pytest.mark.parametrize("controller", ["cpu", "memory", "pids", "cpuset"])
async def test_each_bound_is_there_with_its_controller(engine: Served, controller: str) -> None:
    engine.hear("host.facts", replace(FACTS, controllers=(controller,)))
    told = await engine.get("/info")
    needs = {
        "MemoryLimit": "memory", "SwapLimit": "memory", "CpuCfsPeriod": "cpu", "CpuCfsQuota": "cpu",
        "CPUShares": "cpu", "CPUSet": "cpuset", "PidsLimit": "pids",
    }  # fmt: skip
    assert {key: told[key] for key in needs} == {key: needed == controller for key, needed in needs.items()}


async def test_registries_and_proxies_are_told_without_passwords(engine: Served) -> None:
    await engine.engine.images.set_proxy_settings(
        ProxySettings(http="http://me:secret@proxy:3128", https="proxy.example:8080", no_proxy="localhost")
    )
    await engine.engine.images.set_registry_settings(
        [
            RegistrySettings(host="r.example", insecure=True, mirrors=("m.example",)),
            RegistrySettings(host="docker.io", mirrors=("hub.example",)),
        ]
    )
    told = await engine.get("/info")
    assert (told["HttpProxy"], told["HttpsProxy"], told["NoProxy"]) == (
        "http://xxxxx:xxxxx@proxy:3128",
        "proxy.example:8080",
        "localhost",
    )
    assert told["RegistryConfig"] == {
        "IndexConfigs": {
            "r.example": {"Name": "r.example", "Mirrors": ["m.example"], "Secure": False, "Official": False},
            "docker.io": {"Name": "docker.io", "Mirrors": ["hub.example"], "Secure": True, "Official": True},
        },
        "InsecureRegistryCIDRs": ["127.0.0.0/8", "::1/128"],
        "Mirrors": ["hub.example"],
    }
    await engine.engine.images.set_proxy_settings(ProxySettings(http="me:secret@proxy:1", https="https://@p"))
    told = await engine.get("/info")
    assert (told["HttpProxy"], told["HttpsProxy"]) == ("xxxxx:xxxxx@proxy:1", "https://p")


async def test_settings_that_cannot_be_read_do_not_hide_all_else(engine: Served) -> None:
    engine.hear("images.proxy_settings", InvalidRequest("The file is damaged"))
    told = await engine.get("/info")
    assert told == INFO | {
        "RegistryConfig": {"IndexConfigs": {}, "InsecureRegistryCIDRs": [], "Mirrors": []},
    }


# --- what takes the disk ---


@pytest.fixture
def used(api: Served) -> Served:
    """One of each that is used and one that is not."""
    store = api.engine.store
    running, stopped = store.container("shop-web-1"), store.container("draft")
    images = [store.images[running.image_id], store.image("grafana/grafana:11.3.0")]
    for table in (store.containers, store.images, store.volumes, store.build_cache):
        table.clear()  # type: ignore[attr-defined]
    for container in (running, stopped):
        store.put("container", replace(container, mounts=()))
    store.put("image", replace(images[0], used_by=(running.id,)))
    store.put("image", replace(images[1], used_by=()))
    store.put("volume", Volume(name="used", created=now(), mountpoint="/v", used_by=(running.id,), size=70))
    store.put("volume", Volume(name="idle", created=now(), mountpoint="/v", size=7))
    store.put("volume", Volume(name="fresh", created=now(), mountpoint="/v"))
    for number, in_use in ((1, True), (2, False)):
        entry = BuildCacheEntry(
            id=f"s{number}", kind="step", description="RUN x", size=number * 1000, created=now(), last_used=now(),
            in_use=in_use,
        )  # fmt: skip
        store.build_cache[entry.id] = entry
    api.hear("images.usage", StoreUsage(layers=5000, layers_reclaimable=400))
    api.hear("containers.size", SizeOnDisk(writable=30, total=300))
    return api


FRESH = 12_345_678
SUMS = {
    "ImageUsage": {"TotalCount": 2, "ActiveCount": 1, "TotalSize": 5000, "Reclaimable": 400},
    "ContainerUsage": {"TotalCount": 2, "ActiveCount": 1, "TotalSize": 60, "Reclaimable": 30},
    "VolumeUsage": {"TotalCount": 3, "ActiveCount": 1, "TotalSize": 77 + FRESH, "Reclaimable": 7 + FRESH},
    "BuildCacheUsage": {"TotalCount": 2, "ActiveCount": 1, "TotalSize": 3000, "Reclaimable": 2000},
}
KINDS = {"Images": 2, "Containers": 2, "Volumes": 3, "BuildCache": 2}


def counts(answer: dict[str, Any]) -> dict[str, int | None]:
    return {kind: None if answer[kind] is None else len(answer[kind]) for kind in KINDS if kind in answer}


async def test_older_clients_are_told_rows_alone(used: Served) -> None:
    told = await used.get("/v1.51/system/df")
    assert set(told) == {"LayersSize", "BuilderSize", *KINDS}
    assert counts(told) == KINDS
    assert (told["LayersSize"], told["BuilderSize"]) == (5000, 0)
    assert [row["SizeRw"] for row in told["Containers"]] == [30, 30]
    assert [row["UsageData"]["Size"] for row in told["Volumes"]] == [70, 7, FRESH]
    assert [row["Containers"] for row in told["Images"]] == [1, 0]


async def test_those_between_are_told_both_and_newer_ones_sums(used: Served) -> None:
    told = await used.get("/v1.52/system/df")
    assert counts(told) == KINDS
    assert {key: told[key] for key in SUMS} == SUMS
    assert await used.get("/v1.53/system/df") == SUMS
    for version in ("/v1.52", "/v1.53"):
        told = await used.get(f"{version}/system/df?verbose=1")
        assert {key: {**value, "Items": None} for key, value in told.items()} == {
            key: {**value, "Items": None} for key, value in SUMS.items()
        }
        assert [len(value["Items"]) for value in told.values()] == [2, 2, 3, 2]
    told = await used.get("/v1.51/system/df?verbose=1")
    assert set(told) == {"LayersSize", "BuilderSize", *KINDS}


@pytest.mark.parametrize(
    ("kind", "rows", "sums"),
    [
        ("image", "Images", "ImageUsage"),
        ("container", "Containers", "ContainerUsage"),
        ("volume", "Volumes", "VolumeUsage"),
        ("build-cache", "BuildCache", "BuildCacheUsage"),
    ],
)
async def test_only_what_is_asked_for_is_measured(used: Served, kind: str, rows: str, sums: str) -> None:
    told = await used.get(f"/v1.51/system/df?type={kind}")
    assert counts(told) == {**dict.fromkeys(KINDS), rows: KINDS[rows]}
    assert told["LayersSize"] == (5000 if kind == "image" else 0)
    assert await used.get(f"/v1.53/system/df?type={kind}") == {sums: SUMS[sums]}
    reply = await used.ask("GET", f"/system/df?type={kind}&type=odd&type=even")
    assert (reply.status, reply.message) == (400, "unknown object type: even, odd")


async def test_what_goes_while_it_is_measured_counts_for_nothing(used: Served) -> None:
    used.hear("containers.size", NotFound("It has just gone"))
    used.hear("volumes.measure", NotFound("It has just gone"))
    told = await used.get("/v1.53/system/df")
    assert told["ContainerUsage"] == {"TotalCount": 2, "ActiveCount": 1, "TotalSize": 0, "Reclaimable": 0}
    assert told["VolumeUsage"] == {"TotalCount": 3, "ActiveCount": 1, "TotalSize": 77, "Reclaimable": 7}
    told = await used.get("/v1.51/system/df")
    assert [row["UsageData"]["Size"] for row in told["Volumes"]] == [70, 7, -1]


async def test_what_was_measured_is_not_measured_again(used: Served) -> None:
    heard = used.hear("volumes.measure")
    await used.get("/system/df?type=volume")
    await used.get("/system/df?type=volume")
    assert heard == [{"name": "fresh"}]


async def test_rows_tell_of_images_volumes_and_networks_beside_a_container(used: Served) -> None:
    store = used.engine.store
    web = store.container("shop-web-1")
    store.put("container", replace(web, mounts=web.spec.mounts))
    told = await used.get("/v1.51/system/df?type=container")
    row = next(each for each in told["Containers"] if each["Id"] == web.id)
    assert row["Mounts"][0]["Source"] == "/home/sam/shop/static"
    assert row["NetworkSettings"]["Networks"]["bridge"]["NetworkID"] == fake_digest("pasta")[7:]
    assert {port["PrivatePort"] for port in row["Ports"]} == {80, 443}


# --- what is not here ---


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("GET", "/swarm", 503, "This node is not a swarm manager. Swarm is not supported by Wherry."),
        ("POST", "/services/create", 503, "This node is not a swarm manager. Swarm is not supported by Wherry."),
        ("DELETE", "/secrets/x", 503, "This node is not a swarm manager. Swarm is not supported by Wherry."),
        ("GET", "/plugins/acme/x/json", 404, 'plugin "acme/x" not found'),
        ("DELETE", "/plugins/acme", 404, 'plugin "acme" not found'),
        ("POST", "/plugins/pull", 501, "plugins are not supported by Wherry"),
        ("GET", "/plugins/privileges", 501, "plugins are not supported by Wherry"),
        ("GET", "/containers/x/checkpoints", 501,
         "checkpoints are not supported by Wherry: a rootless process cannot be frozen to disk"),
        ("PUT", "/volumes/x", 503, "volume update only valid for cluster volumes, but swarm is unavailable"),
    ],
)  # fmt: skip
async def test_what_is_not_here_is_told_as_a_daemon_without_it_tells_it(
    api: Served, method: str, path: str, status: int, words: str
) -> None:
    reply = await api.ask(method, path)
    assert (reply.status, reply.message) == (status, words)
    assert await api.get("/plugins") == []


async def test_processors_are_counted_where_the_engine_does_not_know_them(api: Served) -> None:
    api.hear("host.facts", replace(FACTS, processors=0))
    body = {"Image": "nginx:1.27", "HostConfig": {"NanoCpus": (os.cpu_count() or 1) * 10**9}}
    assert (await api.ask("POST", "/containers/create", body)).status == 201
    body["HostConfig"] = {"NanoCpus": (os.cpu_count() or 1) * 10**9 + 1}
    assert (await api.ask("POST", "/containers/create", body)).status == 400


async def test_an_unknown_filter_of_any_list_is_refused(api: Served) -> None:
    for path in ("/containers/json", "/images/json", "/volumes", "/networks", "/events", "/images/search?term=x"):
        reply = await api.ask("GET", filtered(path, nosuch=["x"]))
        assert (reply.status, reply.message) == (400, "invalid filter 'nosuch'"), path
