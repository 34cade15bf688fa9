"""Implements `facade.Clusters`: finds the cluster that is meant, keeps its connection, and asks the part that knows."""

from __future__ import annotations

import asyncio
import os
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from engine.clusters import copying, kubeconfig, logs
from engine.clusters.applying import Applier, read_objects
from engine.clusters.connection import Connection
from engine.clusters.discovery import Kinds
from engine.clusters.former import FormerStates
from engine.clusters.forwarding import Forwards
from engine.clusters.pod_files import PodFiles
from engine.clusters.reviews import forbidden
from engine.clusters.revisions import Revisions
from engine.clusters.rollouts import ROLLS, Workloads
from engine.clusters.streams import ClusterExec
from engine.clusters.usage import used
from engine.clusters.watching import list_all, path_of, watch
from engine.errors import InvalidRequest, NotFound
from engine.types.clusters import ClusterExecRequest, PodUsage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from engine.types.clusters import (
        ClusterChange,
        ClusterContext,
        ClusterKind,
        ClusterLogLine,
        ClusterLogs,
        ClusterPlace,
        Forward,
        ObjectChange,
        Rollout,
    )  # fmt: skip

_EVERY = "*"


class _Cluster:
    """One context in use."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.kinds = Kinds(connection)

    def namespace(self, place: ClusterPlace) -> str:
        """ "" is all of them."""
        return "" if place.namespace == _EVERY else place.namespace or self.connection.access.namespace

    async def target(self, place: ClusterPlace, target: str, default: str) -> tuple[ClusterKind, str, str]:
        """KIND/NAME, or a name of the default kind; with the namespace."""
        word, slash, name = target.partition("/")
        if not slash:
            word, name = default, target
        if not name:
            raise InvalidRequest(f"“{target}” names nothing", hint="Write KIND/NAME.")
        return await self.kinds.find(word), self.namespace(place), name


class ClusterService:
    def __init__(self, former: Path | None = None) -> None:
        """`former` is where earlier states of what is applied are kept; None keeps them while this lives."""
        self._clusters: dict[str, _Cluster] = {}
        self._forwards = Forwards()
        self._former = FormerStates(former)
        self.files = PodFiles(self.exec)

    # --- finding ---

    async def contexts(self, place: ClusterPlace) -> Sequence[ClusterContext]:
        return (await self._config(place)).contexts()

    async def kinds(self, place: ClusterPlace) -> Sequence[ClusterKind]:
        return await (await self._cluster(place)).kinds.all()

    async def _config(self, place: ClusterPlace) -> kubeconfig.KubeConfig:
        environment = place.environment or dict(os.environ)
        home = place.home or environment.get("HOME", "/")
        files = list(place.files) or kubeconfig.files_of(environment, home)
        return await asyncio.to_thread(kubeconfig.load, files)

    async def _cluster(self, place: ClusterPlace) -> _Cluster:
        """A kubeconfig that changed makes another connection; the old one is let go."""
        access = (await self._config(place)).access(place.context)
        known = self._clusters.get(access.context)
        if known is not None and known.connection.access == access:
            return known
        if known is not None:
            await known.connection.close()
        made = _Cluster(Connection(access, place.environment or dict(os.environ)))
        self._clusters[access.context] = made
        return made

    async def close(self) -> None:
        await self._forwards.close()
        for each in self._clusters.values():
            await each.connection.close()
        self._clusters.clear()

    # --- looking ---

    async def forbidden(self, place: ClusterPlace, verb: str, kinds: Sequence[str]) -> dict[str, str]:
        cluster = await self._cluster(place)
        return await forbidden(cluster.connection, cluster.kinds, cluster.namespace(place), verb, kinds)

    async def get(
        self, place: ClusterPlace, kind: str, name: str = "", *, selector: str = "", fields: str = ""
    ) -> Sequence[dict[str, Any]]:
        cluster = await self._cluster(place)
        found = await cluster.kinds.find(kind)
        space = cluster.namespace(place)
        if name:
            return [await cluster.connection.get(path_of(found, space or "default", name))]
        return (await list_all(cluster.connection, found, space, selector, fields))[0]

    async def watch(self, place: ClusterPlace, kind: str, *, selector: str = "") -> AsyncIterator[ClusterChange]:
        cluster = await self._cluster(place)
        async with aclosing(  # type: ignore[type-var]
            watch(cluster.connection, lambda: cluster.kinds.find(kind), cluster.namespace(place), selector)
        ) as changes:
            async for change in changes:
                yield change

    async def usage(self, place: ClusterPlace, pod: str = "") -> Sequence[PodUsage]:
        cluster = await self._cluster(place)
        return await used(cluster.connection, cluster.namespace(place), pod)

    # --- changing ---

    async def differences(
        self, place: ClusterPlace, texts: dict[str, str], *, force: bool = False
    ) -> Sequence[ObjectChange]:
        return await (await self._applier(place)).differences(read_objects(texts), force=force)

    async def apply(self, place: ClusterPlace, texts: dict[str, str], *, force: bool = False) -> Sequence[str]:
        made = await (await self._applier(place)).apply(read_objects(texts), force=force)
        return [f"{each['kind']}/{each['metadata']['name']}" for each in made]

    async def delete_files(self, place: ClusterPlace, texts: dict[str, str]) -> Sequence[str]:
        return await (await self._applier(place)).delete(read_objects(texts))

    async def _applier(self, place: ClusterPlace) -> Applier:
        cluster = await self._cluster(place)
        return self._applier_of(cluster, cluster.namespace(place) or "default")

    def _applier_of(self, cluster: _Cluster, namespace: str) -> Applier:
        return Applier(cluster.connection, cluster.kinds, namespace, self._former)

    async def put_back(self, place: ClusterPlace, texts: dict[str, str]) -> Sequence[str]:
        return await (await self._applier(place)).put_back(read_objects(texts))

    async def delete(self, place: ClusterPlace, kind: str, name: str) -> None:
        cluster = await self._cluster(place)
        found = await cluster.kinds.find(kind)
        path = path_of(found, cluster.namespace(place) or "default", name)
        await cluster.connection.ask("DELETE", path, {"propagationPolicy": "Background"}, what=f"{found.kind}/{name}")

    async def scale(self, place: ClusterPlace, target: str, replicas: int) -> None:
        cluster = await self._cluster(place)
        await self._workloads(cluster).scale(*await cluster.target(place, target, "deployments"), replicas)

    async def restart(self, place: ClusterPlace, target: str) -> None:
        cluster = await self._cluster(place)
        await self._workloads(cluster).restart(*await cluster.target(place, target, "deployments"))

    async def rollout(self, place: ClusterPlace, target: str) -> Rollout:
        cluster = await self._cluster(place)
        return await self._workloads(cluster).status(*await cluster.target(place, target, "deployments"))

    async def undo(self, place: ClusterPlace, target: str, *, revision: int = 0) -> int:
        cluster = await self._cluster(place)
        kind, space, name = await cluster.target(place, target, "deployments")
        space = space or "default"
        if kind.kind in ROLLS:
            return await Revisions(cluster.connection, cluster.kinds).bring_back(kind, space, name, revision)
        await self._applier_of(cluster, space).put_back_one(kind, path_of(kind, space, name), name)
        return 0

    def _workloads(self, cluster: _Cluster) -> Workloads:
        return Workloads(cluster.connection)

    # --- into pods ---

    async def logs(self, place: ClusterPlace, request: ClusterLogs) -> AsyncIterator[ClusterLogLine]:
        cluster = await self._cluster(place)
        pods, selector = await self._selected(cluster, place, request.target)
        wanted = [source for pod in pods for source in logs.sources(pod, request.container)]
        joining = None
        if request.follow and request.joining and selector:
            known = {run for pod in pods for run in logs.incarnations(pod, request.container)}
            joining = logs.newcomers(self.watch(place, "pods", selector=selector), known, request.container)
        kind = await cluster.kinds.find("pods", "v1")
        lines = logs.read(
            cluster.connection, kind, cluster.namespace(place) or "default", wanted, follow=request.follow,
            previous=request.previous, tail=request.tail, since_seconds=request.since_seconds, joining=joining,
        )  # fmt: skip
        async with aclosing(lines) as told:  # type: ignore[type-var]
            async for line in told:
                yield line

    async def exec(self, place: ClusterPlace, request: ClusterExecRequest) -> ClusterExec:
        cluster = await self._cluster(place)
        pod = (await self._pods(cluster, place, request.target))[0]
        kind = await cluster.kinds.find("pods", "v1")
        return await ClusterExec.start(
            cluster.connection, kind, cluster.namespace(place) or "default", pod["metadata"]["name"], request.command,
            container=request.container, tty=request.tty, stdin=request.stdin,
        )  # fmt: skip

    async def copy_out(self, place: ClusterPlace, target: str, path: str, folder: str, *, container: str = "") -> int:
        return await copying.copy_out(self._starter(place, target, container, stdin=False), path, folder)

    async def copy_in(self, place: ClusterPlace, target: str, path: str, folder: str, *, container: str = "") -> int:
        return await copying.copy_in(self._starter(place, target, container, stdin=True), path, folder)

    def _starter(self, place: ClusterPlace, target: str, container: str, *, stdin: bool) -> copying.Start:
        async def start(command: Sequence[str]) -> ClusterExec:
            request = ClusterExecRequest(target=target, command=tuple(command), container=container, stdin=stdin)
            return await self.exec(place, request)

        return start

    async def forward(self, place: ClusterPlace, target: str, port: int, *, local_port: int = 0) -> Forward:
        cluster = await self._cluster(place)
        pod = (await self._pods(cluster, place, target))[0]
        kind = await cluster.kinds.find("pods", "v1")
        where = (cluster.namespace(place) or "default", str(pod["metadata"]["name"]))
        return await self._forwards.add(cluster.connection, kind, where, port, local_port)

    async def forwards(self) -> Sequence[Forward]:
        return self._forwards.list()

    async def stop_forward(self, forward: str) -> None:
        await self._forwards.stop(forward)

    async def _pods(self, cluster: _Cluster, place: ClusterPlace, target: str) -> list[dict[str, Any]]:
        """A pod by its name, or those of a workload or a service."""
        return (await self._selected(cluster, place, target))[0]

    async def _selected(self, cluster: _Cluster, place: ClusterPlace, target: str) -> tuple[list[dict[str, Any]], str]:
        """With what selects more of them as they come; "" where the end of these is the end of all."""
        kind, space, name = await cluster.target(place, target, "pods")
        found = await cluster.connection.get(path_of(kind, space or "default", name))
        if kind.kind == "Pod":
            return [found], ""
        selector = found.get("spec", {}).get("selector") or {}
        labels = selector.get("matchLabels", selector if kind.kind == "Service" else {})
        if not labels:
            raise InvalidRequest(f"{target} has no pods of its own", subject=target)
        words = ",".join(f"{key}={value}" for key, value in labels.items())
        pods, _ = await list_all(cluster.connection, await cluster.kinds.find("pods", "v1"), space or "default", words)
        if not pods:
            raise NotFound(f"{target} has no pods now", subject=target)
        return pods, "" if kind.kind == "Job" else words
