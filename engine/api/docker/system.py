"""The engine itself: ping, version, info, disk usage."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any

from aiohttp import web

from engine.api.http.versions import API_VERSION, MINIMUM_API_VERSION, VERSION, VERSION_HEADERS
from engine.api.shapes.times import rfc3339
from engine.errors import InvalidRequest
from engine.types.containers import State
from engine.types.data import now

if TYPE_CHECKING:
    from engine.api.call import Call
    from engine.types.host import EngineFacts

_PING_HEADERS = {
    **VERSION_HEADERS,
    # "1" is the classic builder: clients then send the context as a tar and do not look for BuildKit.
    "Builder-Version": "1",
    "Swarm": "inactive",
    "Cache-Control": "no-cache, no-store, must-revalidate",
    "Pragma": "no-cache",
}
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}


async def ping(call: Call) -> web.StreamResponse:
    body = b"" if call.request.method == "HEAD" else b"OK"
    return web.Response(body=body, headers=_PING_HEADERS, content_type="text/plain", charset="utf-8")


async def version(call: Call) -> web.StreamResponse:
    facts = await call.engine.host.facts()
    kernel, machine = facts.kernel or platform.release(), _MACHINES.get(platform.machine(), platform.machine())
    details = {
        "ApiVersion": API_VERSION,
        "Arch": machine,
        "BuildTime": "",
        "Experimental": "false",
        "GitCommit": "",
        "GoVersion": "",
        "KernelVersion": kernel,
        "MinAPIVersion": MINIMUM_API_VERSION,
        "Os": "linux",
    }
    components: list[dict[str, Any]] = [{"Name": "Engine", "Version": VERSION, "Details": details}]
    components += [
        {"Name": name, "Version": text, "Details": {}} for name, text in sorted(facts.runtime_versions.items())
    ]
    return call.answer(
        {
            "Platform": {"Name": "Wherry"},
            "Components": components,
            "Version": VERSION,
            "ApiVersion": API_VERSION,
            "MinAPIVersion": MINIMUM_API_VERSION,
            "GitCommit": "",
            "GoVersion": "",
            "Os": "linux",
            "Arch": machine,
            "KernelVersion": kernel,
            "BuildTime": "",
        }
    )


async def info(call: Call) -> web.StreamResponse:
    facts = await call.engine.host.facts()
    containers = await call.engine.containers.list()
    images = await call.engine.images.list()
    return call.answer(
        {**_counts(containers), "Images": len(images), **_about(facts), **_abilities(facts), **await _reach(call)}
    )


async def _reach(call: Call) -> dict[str, Any]:
    """Proxies and registries, as the user set them. Passwords of proxies are nobody's business."""
    try:
        proxies = await call.engine.images.proxy_settings()
        registries = await call.engine.images.registry_settings()
    except InvalidRequest:
        return {}  # the file cannot be read; who pulls is told why
    insecure = {one.host for one in registries if one.insecure}
    indexes = {
        one.host: {
            "Name": one.host,
            "Mirrors": list(one.mirrors),
            "Secure": one.host not in insecure,
            "Official": one.host == "docker.io",
        }
        for one in registries
    }
    hub = indexes.get("docker.io", {"Name": "docker.io", "Mirrors": [], "Secure": True, "Official": True})
    return {
        "HttpProxy": _without_password(proxies.http),
        "HttpsProxy": _without_password(proxies.https),
        "NoProxy": proxies.no_proxy,
        "RegistryConfig": {
            "IndexConfigs": {**indexes, "docker.io": hub},
            "InsecureRegistryCIDRs": ["127.0.0.0/8", "::1/128"],
            "Mirrors": hub["Mirrors"],
        },
    }


def _without_password(address: str) -> str:
    scheme, mark, rest = address.rpartition("://")
    user, at, host = rest.rpartition("@")
    return f"{scheme}{mark}{'xxxxx:xxxxx@' if user and at else ''}{host}"


def _counts(containers: Any) -> dict[str, int]:
    states = [container.state for container in containers]
    paused = states.count(State.PAUSED)
    running = sum(state in (State.RUNNING, State.STOPPING, State.RESTARTING) for state in states)
    return {
        "Containers": len(states),
        "ContainersRunning": running,
        "ContainersPaused": paused,
        "ContainersStopped": len(states) - running - paused,
    }


def _about(facts: EngineFacts) -> dict[str, Any]:
    return {
        "ID": f"wherry-{facts.host_name}",
        "Name": facts.host_name or platform.node(),
        "ServerVersion": VERSION,
        "Driver": facts.driver,
        "DriverStatus": [["Chosen because", facts.driver_reason]] if facts.driver_reason else [],
        "DockerRootDir": facts.root,
        "SystemTime": rfc3339(now()),
        "KernelVersion": facts.kernel or platform.release(),
        "OperatingSystem": facts.operating_system,
        "OSType": "linux",
        "OSVersion": "",
        "Architecture": platform.machine(),
        "NCPU": facts.processors,
        "MemTotal": facts.memory,
        "CgroupDriver": "none" if facts.cgroup_mode in ("", "none") else "cgroupfs",
        "CgroupVersion": "2" if facts.cgroup_mode == "v2" else "1",
        "DefaultRuntime": "crun",
        "Runtimes": {"crun": {"path": "crun"}},
        "RuncCommit": {"ID": facts.runtime_versions.get("crun", "")},
        "ContainerdCommit": {"ID": ""},
        "InitCommit": {"ID": facts.runtime_versions.get("catatonit", "")},
        "InitBinary": "catatonit",
        "LoggingDriver": "json-file",
        "SecurityOptions": ["name=seccomp,profile=builtin", *(["name=rootless"] if facts.rootless else [])],
        "IndexServerAddress": "https://index.docker.io/v1/",
        "Warnings": list(facts.warnings) or None,
        "HttpProxy": "",
        "HttpsProxy": "",
        "NoProxy": "",
    }


def _abilities(facts: EngineFacts) -> dict[str, Any]:
    controllers = set(facts.controllers)
    cpu, memory = "cpu" in controllers, "memory" in controllers
    return {
        "MemoryLimit": memory,
        "SwapLimit": memory,
        "CpuCfsPeriod": cpu,
        "CpuCfsQuota": cpu,
        "CPUShares": cpu,
        "CPUSet": "cpuset" in controllers,
        "PidsLimit": "pids" in controllers,
        "OomKillDisable": False,
        "IPv4Forwarding": True,
        "Debug": False,
        "ExperimentalBuild": False,
        "LiveRestoreEnabled": True,
        "NFd": 0,
        "NGoroutines": 0,
        "NEventsListener": 0,
        "Labels": [],
        "Plugins": {
            "Volume": ["local"],
            "Network": ["bridge", "host", "none"],
            "Authorization": None,
            "Log": ["json-file"],
        },
        "RegistryConfig": {"IndexConfigs": {}, "InsecureRegistryCIDRs": [], "Mirrors": []},
        "Swarm": {
            "NodeID": "",
            "NodeAddr": "",
            "LocalNodeState": "inactive",
            "ControlAvailable": False,
            "Error": "",
            "RemoteManagers": None,
        },
        "Isolation": "",
        "GenericResources": None,
        "DefaultAddressPools": None,
        "CDISpecDirs": [],
    }
