"""Volumes, networks, builds and the host of the fake engine."""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import TYPE_CHECKING

import psutil
from msgspec.structs import replace

from engine.builder.report import make_report
from engine.errors import Code, Conflict, InvalidRequest, NotFound, RuntimeFailure
from engine.recipe.checks import is_name
from engine.types.attestations import IndexDescriptor
from engine.types.builds import (
    Build,
    BuildCache,
    BuildCacheEntry,
    BuildImage,
    BuildOutput,
    BuildStep,
    RecipeReport,
    StepState,
)
from engine.types.data import ANY_LABELS, Freed, Platform, now
from engine.types.host import EngineFacts, HostCheck, HostReport, Settings, StoreProblem, Verdict
from engine.types.networks import CreateNetwork, Endpoint, HostPort, NameQuestion, Network, Peer
from engine.types.reach import Reach, ReachStep
from engine.types.volumes import CreateVolume, Volume
from tests.fakes.store import fake_digest, normal_reference
from tests.fakes.world import make_image

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from engine.facade import OperationHandle
    from engine.facade_lent import BlobPlace, Lender
    from engine.operations.registry import Progress
    from engine.types.data import LabelRule
    from tests.fakes.store import Store


class FakeVolumes:
    """Implements `facade.Volumes`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def list(self) -> Sequence[Volume]:
        return list(self._store.volumes.values())

    async def get(self, name: str) -> Volume:
        return self._store.volume(name)

    async def create(self, request: CreateVolume) -> Volume:
        name = request.name or secrets.token_hex(32)
        if not is_name(name):
            raise InvalidRequest(f"{name} is no good as a name for a volume", subject=name)
        if name in self._store.volumes:
            return self._store.volumes[name]
        volume = Volume(
            name=name,
            created=now(),
            mountpoint=f"/volumes/{name}",
            labels=request.labels,
            options=request.options,
            anonymous=not request.name,
        )
        self._store.put("volume", volume, "create")
        return volume

    async def remove(self, name: str, *, force: bool = False) -> Freed:
        if force and name not in self._store.volumes:
            return Freed()
        volume = self._store.volume(name)
        if volume.used_by:
            names = ", ".join(self._store.containers[key].name for key in volume.used_by)
            raise Conflict(f"{name} is in use", f"By {names}.", code=Code.IN_USE, subject=name)
        self._store.drop("volume", name, "destroy")
        return Freed(ids=(name,), bytes=volume.size or 0)

    async def rename(self, name: str, new_name: str) -> Volume:
        volume = self._store.volume(name)
        if new_name in self._store.volumes:
            raise Conflict(f"The name {new_name} is taken", code=Code.NAME_TAKEN, subject=new_name)
        if volume.used_by:
            raise Conflict(f"{name} is in use", code=Code.IN_USE, subject=name)
        self._store.drop("volume", name, "destroy")
        fresh = replace(volume, name=new_name, mountpoint=f"/volumes/{new_name}")
        self._store.put("volume", fresh, "create")
        return fresh

    async def prune(self, *, all_unused: bool = False, labels: LabelRule = ANY_LABELS) -> Freed:
        unused = [v for v in list(self._store.volumes.values()) if not v.used_by and (v.anonymous or all_unused)]
        gone = [volume for volume in unused if labels.allows(volume.labels)]
        for volume in gone:
            self._store.drop("volume", volume.name, "destroy")
        return Freed(ids=tuple(v.name for v in gone), bytes=sum(v.size or 0 for v in gone))

    async def measure(self, name: str) -> Volume:
        fresh = replace(self._store.volume(name), size=12_345_678, size_measured=now())
        self._store.put("volume", fresh)
        return fresh

    def backup(self, name: str, path: str) -> OperationHandle:
        return self._job("backup", f"Back up {name}", name, path)

    def restore(self, name: str, path: str) -> OperationHandle:
        return self._job("restore", f"Restore {name}", name, path)

    def clone(self, name: str, new_name: str) -> OperationHandle:
        async def work(_progress: Progress) -> str:
            volume = self._store.volume(name)
            self._store.put("volume", replace(volume, name=new_name, created=now(), used_by=()), "create")
            return new_name

        return self._store.operations.start(kind="clone", title=f"Clone {name}", subject=name, work=work)

    def _job(self, kind: str, title: str, name: str, path: str) -> OperationHandle:
        async def work(progress: Progress) -> str:
            self._store.fail_if_told(f"volumes.{kind}")
            if kind == "backup":
                self._store.volume(name)
            elif name not in self._store.volumes:
                await self.create(CreateVolume(name=name))
            elif running := [one.name for one in self._store.running() if one.id in self._store.volume(name).used_by]:
                raise Conflict("The volume is in use", f"By: {', '.join(running)}.", code=Code.IN_USE, subject=name)
            for step in range(5):
                progress.amount(step * 1_000_000, 5_000_000)
                await asyncio.sleep(0.01)
            return path if kind == "backup" else name

        return self._store.operations.start(kind=kind, title=title, subject=name, work=work, request={"path": path})


def _has(network: Network, container_id: str) -> bool:
    return any(each.container_id == container_id for each in network.members)


class FakeNetworks:
    """Implements `facade.Networks`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def list(self) -> Sequence[Network]:
        return list(self._store.networks.values())

    async def get(self, network: str) -> Network:
        return self._store.network(network)

    async def create(self, request: CreateNetwork) -> Network:
        if any(n.name == request.name for n in self._store.networks.values()):
            raise Conflict(f"The name {request.name} is taken", code=Code.NAME_TAKEN, subject=request.name)
        number = len(self._store.networks) + 1
        network = Network(
            id=secrets.token_hex(32),
            name=request.name,
            driver=request.driver,
            created=now(),
            internal=request.internal,
            subnet=request.subnet or f"10.89.{number}.0/24",
            gateway=request.gateway or f"10.89.{number}.1",
            labels=request.labels,
            options=request.options,
        )
        self._store.put("network", network, "create")
        return network

    async def remove(self, network: str) -> None:
        found = self._store.network(network)
        if found.builtin or found.members:
            raise Conflict(f"{found.name} cannot be removed", code=Code.IN_USE, subject=found.name)
        self._store.drop("network", found.id, "destroy")

    async def prune(self, *, until_ns: int = 0, labels: LabelRule = ANY_LABELS) -> Freed:
        unused = [n for n in list(self._store.networks.values()) if not n.builtin and not n.members]
        gone = [network for network in unused if labels.allows(network.labels)]
        for network in gone:
            self._store.drop("network", network.id, "destroy")
        return Freed(ids=tuple(n.name for n in gone))

    async def connect(
        self, network: str, container: str, *, aliases: Sequence[str] = (), asked: Endpoint | None = None
    ) -> None:
        self._store.join(network, container, (*(asked.aliases if asked else ()), *aliases))

    async def disconnect(self, network: str, container: str, *, force: bool = False) -> None:
        found, member = self._store.network(network), self._store.container(container)
        rest = tuple(one for one in found.members if one.container_id != member.id)
        if len(rest) == len(found.members):
            raise NotFound(f"{member.name} is not in {found.name}", subject=member.id)
        self._store.put("network", replace(found, members=rest), "disconnect")

    async def watch_names(self) -> AsyncIterator[Sequence[NameQuestion]]:
        known = [c for c in self._store.running() if c.spec.network == "pasta"]
        names = ("db", "api.example.org", "telemetry.example.com", "cache", "no-such-host")
        verdicts = ("known", "asked", "refused", "known", "unknown")
        for number, (name, verdict) in enumerate(zip(names, verdicts, strict=True) if known else ()):
            asker = known[number % len(known)]
            yield [
                NameQuestion(
                    time_ns=time.time_ns(), container_id=asker.id, container=asker.name, network="shop_default",
                    name=name, kind="A", verdict=verdict,
                    addresses=(f"10.89.1.{number + 2}",) if verdict in ("known", "asked") else (),
                )
            ]  # fmt: skip
        await asyncio.Event().wait()

    async def watch_peers(self, container: str = "") -> AsyncIterator[Sequence[Peer]]:
        while True:
            yield self._peers(container)
            await asyncio.sleep(1)

    def _peers(self, container: str) -> Sequence[Peer]:
        """Each talks to all of its neighbours, and to a place outside."""
        found: list[Peer] = []
        for each in self._store.running():
            if container in ("", each.id):
                near = [(n.id, m) for n in self._store.networks.values() if _has(n, each.id) for m in n.members]
                found += [
                    Peer(
                        container_id=each.id, address=m.ip_address, name=m.name, network=network,
                        sent=48_210, received=1_204_993,
                    )
                    for network, m in near
                    if m.container_id != each.id and m.ip_address
                ]  # fmt: skip
                found.append(
                    Peer(
                        container_id=each.id,
                        address="198.51.100.7",
                        name="api.example.org",
                        sent=2_409_120,
                        received=988_120,
                    )
                )
        return found

    async def explain(self, source: str, target: str, port: int = 0) -> Reach:
        one, other = self._store.container(source), self._store.container(target)
        steps = [
            ReachStep(check="source", ok=True, words=f"{one.name} runs."),
            ReachStep(
                check="target", ok=bool(other.pid), words=f"{other.name} {'runs' if other.pid else 'is stopped'}."
            ),
        ]
        if other.pid:
            shared = one.spec.network == other.spec.network
            words = "Both are on the network “pasta”." if shared else "They share no network."
            steps.append(ReachStep(check="network", ok=shared, words=words, hint="wherry network connect …"))
        return Reach(source=one.name, target=other.name, port=port or 80, steps=tuple(steps))

    async def host_ports(self) -> Sequence[HostPort]:
        own = [
            HostPort(
                port=port.host_port,
                protocol=port.protocol,
                address=port.host_ip or "0.0.0.0",
                container_id=c.id,
                container_port=port.container_port,
            )
            for c in self._store.running()
            for port in c.ports
        ]
        return [*own, HostPort(port=631, protocol="tcp", address="127.0.0.1", pid=812, process="cupsd")]


class FakeBuilds:
    """Implements `facade.Builds`: runs a Dockerfile's lines one after the other without running anything."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._output: dict[str, list[BuildOutput]] = {}

    def build(
        self, request: BuildImage, context: AsyncIterator[bytes] | None = None, lender: Lender | None = None
    ) -> OperationHandle:
        build_id = ""

        async def work(progress: Progress) -> str:
            try:
                return await self._run(build_id, request, progress)
            except asyncio.CancelledError:
                if build_id in self._store.builds:
                    self._store.put("build", replace(self._store.builds[build_id], ended=now()))
                raise

        handle = self._store.operations.start(
            kind="build", title=f"Build {request.context or 'a stream'}", subject=request.context, work=work
        )
        build_id = handle.id
        return handle

    async def _run(self, build_id: str, request: BuildImage, progress: Progress) -> str:
        text = (
            request.dockerfile_text
            or 'FROM docker.io/library/alpine:3.20\nRUN echo hello\nCOPY . /srv\nCMD ["serve"]\n'
        )
        lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
        steps = [
            BuildStep(id=f"{build_id}-{n}", stage="stage-0", number=n, total=len(lines), instruction=line, line=n)
            for n, line in enumerate(lines, 1)
        ]
        build = Build(
            id=build_id,
            context=request.context,
            dockerfile=request.dockerfile,
            tags=request.tags,
            started=now(),
            steps=tuple(steps),
        )
        output = self._output.setdefault(build_id, [])
        for n, step in enumerate(steps):
            steps[n] = replace(step, state=StepState.RUNNING, started=now())
            self._store.put("build", replace(build, steps=tuple(steps)))
            output.append(BuildOutput(step=step.id, stream="stdout", text=f"running {step.instruction}"))
            progress.amount(n, len(steps))
            await asyncio.sleep(0.01)
            failed = "fail" in step.instruction
            steps[n] = replace(steps[n], state=StepState.FAILED if failed else StepState.DONE, ended=now())
            if failed:
                self._store.put("build", replace(build, steps=tuple(steps), ended=now(), failed_step=step.id))
                raise RuntimeFailure(
                    f"Line {step.line} failed: {step.instruction}", code=Code.BUILD_STEP_FAILED, exit_code=1
                )
        image = make_image(normal_reference(request.tags[0]) if request.tags else f"localhost/{build_id}:latest")
        self._store.put("image", image if request.tags else replace(image, tags=()), "build")
        self._store.put("build", replace(build, steps=tuple(steps), ended=now(), image_id=image.id))
        self._store.build_cache[build_id] = BuildCacheEntry(
            id=fake_digest(build_id), kind="step", description=lines[-1], size=1_000_000, created=now(), last_used=now()
        )
        return image.id

    async def examine(
        self, request: BuildImage, context: AsyncIterator[bytes] | None = None, lender: Lender | None = None
    ) -> RecipeReport:
        platform = Platform(os="linux", architecture="amd64")
        return make_report(
            request,
            request.dockerfile_text or "FROM docker.io/library/alpine:3.20\n",
            build_platform=platform,
            target_platform=platform,
            environment=lambda name: (),
            triggers=lambda name: None,
        )

    async def open_cache(self, cache: BuildCache, blobs: BlobPlace | None = None) -> str:
        return secrets.token_hex(4)

    def close_cache(self, name: str) -> None:
        """Nothing was opened."""

    async def export_cache(
        self, builds: Sequence[str], cache: BuildCache, blobs: BlobPlace | None = None
    ) -> IndexDescriptor:
        for build in builds:
            await self.get(build)
        return IndexDescriptor(media_type="application/vnd.oci", digest=fake_digest(" ".join(builds)), size=1)

    async def context_place(self, name: str) -> str:
        return f"/nowhere/{name}"

    async def list(self) -> Sequence[Build]:
        return list(self._store.builds.values())

    async def get(self, build: str) -> Build:
        if build not in self._store.builds:
            raise NotFound(f"No build called {build}", subject=build)
        return self._store.builds[build]

    async def forget(self, build: str) -> None:
        if (await self.get(build)).ended is None:
            raise Conflict("The build still runs", subject=build)
        self._output.pop(build, None)
        self._store.drop("build", build, "")

    async def output(self, build: str, *, follow: bool = True) -> AsyncIterator[Sequence[BuildOutput]]:
        seen = 0
        while True:
            lines = self._output.get(build, [])
            if len(lines) > seen:
                yield lines[seen:]
                seen = len(lines)
            current = self._store.builds.get(build)
            if not follow or (current is not None and current.ended is not None):
                return
            await asyncio.sleep(0.02)

    async def cache(self) -> Sequence[BuildCacheEntry]:
        return list(self._store.build_cache.values())

    async def prune_cache(self, *, all_unused: bool = False, until_ns: int = 0) -> Freed:
        freed = Freed(
            ids=tuple(self._store.build_cache), bytes=sum(entry.size for entry in self._store.build_cache.values())
        )
        self._store.build_cache.clear()
        return freed


class FakeHost:
    """Implements `facade.Host`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._settings = Settings()
        self._problems = [
            StoreProblem(
                kind="orphan-layer",
                subject=fake_digest("orphan"),
                mendable=True,
                explanation="A layer directory that no image uses, left by an interrupted pull.",
            )
        ]

    async def report(self) -> HostReport:
        return HostReport(
            checks=(
                HostCheck(
                    name="user-namespaces",
                    title="User namespaces",
                    verdict=Verdict.OK,
                    found="may be made without root",
                ),
                HostCheck(
                    name="subordinate-ids",
                    title="Subordinate ids",
                    verdict=Verdict.OK,
                    found="65536 user ids from 165536",
                ),
                HostCheck(
                    name="cgroup-delegation",
                    title="Control groups",
                    verdict=Verdict.DEGRADED,
                    found="v2; cpu is not delegated",
                    matters="CPU limits cannot be enforced.",
                    fix="sudo systemctl edit user@.service   # Delegate=cpu cpuset io memory pids",
                ),
                HostCheck(
                    name="overlay",
                    title="Overlay file system",
                    verdict=Verdict.OK,
                    found="works inside a user namespace",
                ),
                HostCheck(
                    name="dns",
                    title="Networks with names",
                    verdict=Verdict.MISSING,
                    found="ip is not installed",
                    matters="Containers could not be put on a network of their own.",
                    fix="sudo apt install iproute2",
                ),
            )
        )

    async def facts(self) -> EngineFacts:
        return EngineFacts(
            version="0.1.0",
            driver="overlay",
            driver_reason="the kernel mounts overlay with userxattr here",
            cgroup_mode="v2",
            controllers=("cpu", "io", "memory", "pids"),
            rootless=True,
            single_id=False,
            root="~/.local/share/wherry",
            run="/run/user/1000/wherry",
            socket="/run/user/1000/wherry/docker.sock",
            processors=psutil.cpu_count() or 1,
            memory=psutil.virtual_memory().total,
            kernel="6.18.0",
            operating_system="Debian GNU/Linux 12",
            runtime_versions={"crun": "1.8.1", "conmon": "2.1.6", "pasta": "2023-05"},
            host_name="workstation",
        )

    async def check_store(self, *, mend: bool = False, deep: bool = False) -> Sequence[StoreProblem]:
        found = list(self._problems)
        if mend:
            self._problems = []
            return [replace(problem, mended=True) for problem in found]
        return found

    async def settings(self) -> Settings:
        return self._settings

    async def change_settings(self, settings: Settings) -> None:
        self._settings = settings
