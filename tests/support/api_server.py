"""A stand-in for a cluster's API server: objects in memory, watches, server-side apply without its finer points, logs,
exec and port-forward over websockets. Tests change how it behaves by its attributes."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import json
import os
from asyncio.subprocess import PIPE
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_KINDS = {
    "v1": [("Pod", "pods", "po"), ("ConfigMap", "configmaps", "cm"), ("Service", "services", "svc"),
           ("Namespace", "namespaces", "ns"), ("Event", "events", "ev"), ("Secret", "secrets", ""),
           ("PersistentVolumeClaim", "persistentvolumeclaims", "pvc")],
    "apps/v1": [("Deployment", "deployments", "deploy"), ("ReplicaSet", "replicasets", "rs"),
                ("StatefulSet", "statefulsets", "sts"), ("DaemonSet", "daemonsets", "ds"),
                ("ControllerRevision", "controllerrevisions", "")],
    "batch/v1": [("Job", "jobs", ""), ("CronJob", "cronjobs", "cj")],
    "networking.k8s.io/v1": [("Ingress", "ingresses", "ing")],
}  # fmt: skip
_KIND_OF = {plural: kind for kinds in _KINDS.values() for kind, plural, _ in kinds}


class StandInCluster:
    def __init__(self) -> None:
        self.url = ""
        self.objects: dict[tuple[str, str, str], dict[str, Any]] = {}
        """By plural, namespace and name."""
        self.version = 100
        self.tokens = {"good"}
        """Who may come in."""
        self.forbidden: set[str] = set()
        """Plurals nobody may see."""
        self.usage: list[dict[str, Any]] = []
        """What the metrics API says of pods."""
        self.missing: set[str] = set()
        """Groups with their versions that it does not have, as an older cluster."""
        self.away: set[str] = set()
        """Those whose server does not answer."""
        self.lists_forgotten = 0
        """So many times more, the rest of a list is too old."""
        self.page = 500
        self.forgotten = 0
        """Watches from before this version are too old."""
        self.asked: list[str] = []
        self.logs: dict[tuple[str, str], list[str]] = {}
        """By pod and "current" or "previous"."""
        self.sockets: list[dict[str, Any]] = []
        self._watchers: set[asyncio.Queue[tuple[str, dict[str, Any]] | bytes | None]] = set()
        self.put("namespaces", {"metadata": {"name": "default"}})

    def names(self, plural: str) -> set[str]:
        return {name for kind, _, name in self.objects if kind == plural}

    # --- what tests do ---

    def put(self, plural: str, body: dict[str, Any], event: str = "") -> dict[str, Any]:
        self.version += 1
        about = body.setdefault("metadata", {})
        about.setdefault("namespace", "default")
        about.setdefault("uid", f"uid-{about['name']}")
        about["resourceVersion"] = str(self.version)
        key = (plural, about["namespace"], about["name"])
        event = event or ("MODIFIED" if key in self.objects else "ADDED")
        self.objects[key] = body
        self._tell(plural, event, body)
        return body

    def remove(self, plural: str, name: str, namespace: str = "default") -> dict[str, Any]:
        self.version += 1
        gone = self.objects.pop((plural, namespace, name))
        self._tell(plural, "DELETED", {**gone, "metadata": {**gone["metadata"], "resourceVersion": str(self.version)}})
        return gone

    def cut_watches(self) -> None:
        for queue in self._watchers:
            queue.put_nowait(None)

    def babble(self, said: bytes) -> None:
        """Something that is no event, to all who watch."""
        for queue in self._watchers:
            queue.put_nowait(said)

    def _tell(self, plural: str, event: str, body: dict[str, Any]) -> None:
        kind = {"kind": _KIND_OF[plural]}
        for queue in self._watchers:
            queue.put_nowait((plural, {"type": event, "object": kind | copy.deepcopy(body)}))

    # --- HTTP ---

    def application(self) -> web.Application:
        made = web.Application(client_max_size=1 << 26)
        made.router.add_route("*", "/{path:.*}", self._answer)
        return made

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.path_qs}")
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            return _status(401, "Unauthorized")
        parts = request.path.strip("/").split("/")
        if parts == ["api"]:
            return web.json_response({"kind": "APIVersions", "versions": ["v1"]})
        if parts == ["apis"]:
            return web.json_response({"kind": "APIGroupList", "groups": list(_groups(self.missing))})
        if parts[-1] == "selfsubjectaccessreviews":
            return self._review((await request.json())["spec"]["resourceAttributes"])
        if "metrics.k8s.io" in parts:
            return self._measured(parts)
        return await self._of_a_kind(request, parts)

    def _measured(self, parts: list[str]) -> web.Response:
        if not self.usage:
            return _status(404, "no metrics here")
        if parts[-2] != "pods":
            return web.json_response({"items": self.usage})
        [*found] = [each for each in self.usage if each["metadata"]["name"] == parts[-1]]
        return web.json_response(found[0]) if found else _status(404, f'podmetrics "{parts[-1]}" not found')

    def _review(self, wish: dict[str, str]) -> web.Response:
        allowed = wish["resource"] not in self.forbidden
        reason = {} if allowed else {"reason": f"{wish['resource']} are not for you"}
        return web.json_response({"status": {"allowed": allowed, **reason}}, status=201)

    async def _of_a_kind(self, request: web.Request, parts: list[str]) -> web.StreamResponse:
        api = "v1" if parts[0] == "api" else "/".join(parts[1:3])
        rest = parts[2:] if parts[0] == "api" else parts[3:]
        if api in self.away:
            return _status(503, "the server is currently unable to handle the request")
        if api not in _KINDS or api in self.missing:
            return _status(404, "the server could not find the requested resource")
        if not rest:
            return web.json_response({"kind": "APIResourceList", "resources": list(_resources(api))})
        namespace = ""
        if rest[0] == "namespaces" and len(rest) > 2:
            namespace, rest = rest[1], rest[2:]
        plural, name, part = (*rest, "", "")[:3]
        if plural in self.forbidden:
            return _status(403, f"{plural} is forbidden: User cannot {request.method}")
        if part in ("log", "exec", "portforward"):
            return await self._part(request, name, part)
        if not name:
            if request.query.get("watch"):
                return await self._watch(request, plural, namespace)
            if request.method == "POST":
                return web.json_response(self.put(plural, await request.json()), status=201)
            return self._list(request, api, plural, namespace)
        return await self._one(request, api, (plural, namespace or "default", name), part)

    def _list(self, request: web.Request, api: str, plural: str, namespace: str) -> web.Response:
        found = [
            {key: value for key, value in body.items() if key not in ("kind", "apiVersion")}
            for (kind, space, _), body in sorted(self.objects.items())
            if kind == plural
            and namespace in ("", space)
            and _selected(body, request.query.get("labelSelector", ""))
            and _involved(body, request.query.get("fieldSelector", ""))
        ]
        start = int(request.query.get("continue") or 0)
        if start and self.lists_forgotten:
            self.lists_forgotten -= 1
            return _status(410, "The provided continue parameter is too old")
        size = min(self.page, int(request.query.get("limit") or self.page))
        about: dict[str, Any] = {"resourceVersion": str(self.version)}
        if start + size < len(found):
            about["continue"] = str(start + size)
        return web.json_response({"apiVersion": api, "metadata": about, "items": found[start : start + size]})

    async def _watch(self, request: web.Request, plural: str, namespace: str) -> web.StreamResponse:
        since = int(request.query.get("resourceVersion") or 0)
        response = web.StreamResponse()
        await response.prepare(request)
        if since < self.forgotten:
            await response.write(_line({"type": "ERROR", "object": {"kind": "Status", "code": 410}}))
            return response
        queue: asyncio.Queue[tuple[str, dict[str, Any]] | bytes | None] = asyncio.Queue()
        for (kind, space, _), body in sorted(self.objects.items()):
            if kind == plural and namespace in ("", space) and int(body["metadata"]["resourceVersion"]) > since:
                known = {"kind": _KIND_OF[plural]} | copy.deepcopy(body)
                queue.put_nowait((plural, {"type": "MODIFIED", "object": known}))
        self._watchers.add(queue)
        try:
            while (told := await queue.get()) is not None:
                if isinstance(told, bytes):
                    await response.write(told)
                    continue
                kind, event = told
                if kind == plural and namespace in ("", event["object"]["metadata"]["namespace"]):
                    await response.write(_line(event))
        except ConnectionError:
            pass
        finally:
            self._watchers.discard(queue)
        return response

    async def _one(self, request: web.Request, api: str, key: tuple[str, str, str], part: str) -> web.Response:
        plural, namespace, name = key
        found = self.objects.get(key)
        if request.method == "PATCH":
            patch = await request.json()
            if "apply-patch" in request.content_type:
                if not request.query.get("fieldManager"):
                    return _status(400, "fieldManager is required for apply patch")
                made = _merged(copy.deepcopy(found or {"metadata": {"namespace": namespace}}), patch)
                made["metadata"]["managedFields"] = [{"manager": request.query["fieldManager"]}]
                if (made.get("spec") or {}).get("replicas") == -1:
                    return _status(422, "spec.replicas: Invalid value: -1: must be greater than or equal to 0")
                return web.json_response(made if request.query.get("dryRun") else self.put(plural, made))
            if found is None:
                return _status(404, f'{plural} "{name}" not found')
            if isinstance(patch, list):
                made = copy.deepcopy(found)
                made["spec"]["template"] = patch[0]["value"]
            else:
                made = _merged(copy.deepcopy(found), patch)
            return web.json_response(self.put(plural, made))
        if found is None:
            return _status(404, f'{plural} "{name}" not found')
        if request.method == "PUT":
            body = await request.json()
            if body["metadata"].get("resourceVersion") != found["metadata"]["resourceVersion"]:
                return _status(409, "the object has been modified")
            return web.json_response(self.put(plural, body))
        if request.method == "DELETE":
            self.remove(plural, name, namespace)
            return web.json_response({"kind": "Status", "status": "Success"})
        return web.json_response({**found, "kind": _KIND_OF[plural], "apiVersion": api})

    # --- into pods ---

    async def _part(self, request: web.Request, name: str, part: str) -> web.StreamResponse:
        if part == "log":
            which = "previous" if request.query.get("previous") else "current"
            lines = self.logs.get((name, which))
            if lines is None:
                return _status(400, f'previous terminated container in pod "{name}" not found')
            return await self._log(request, lines)
        self.sockets.append({"part": part, "query": list(request.query.items()), "pod": name})
        socket = web.WebSocketResponse(protocols=("v5.channel.k8s.io", "v4.channel.k8s.io"))
        await socket.prepare(request)
        with contextlib.suppress(ConnectionError):  # the window is gone
            await (self._exec(socket, request) if part == "exec" else self._forward(socket, request))
        return socket

    async def _log(self, request: web.Request, lines: list[str]) -> web.StreamResponse:
        """A line a second; one that is asked for from some time on has only those, the second itself included."""
        since = request.query.get("sinceTime", "")
        told = [(_clock(number), line) for number, line in enumerate(lines)]
        told = [(time, line) for time, line in told if time >= since]
        if tail := request.query.get("tailLines"):
            told = told[len(told) - min(len(told), int(tail)) :]
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):  # whoever asked has enough
            for start in range(0, len(told), 1000):
                piece = "".join(f"{time} {line}\n" for time, line in told[start : start + 1000])
                await response.write(piece.encode())
        return response

    async def _exec(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        """`cat`, and whatever wants a terminal, gives back what comes; `tar` and `sh` are run; `exit N` ends so;
        anything else is echoed on both streams."""
        command = request.query.getall("command")
        if command[0] in ("tar", "sh") and not request.query.get("tty"):
            await _run(socket, command, stdin=bool(request.query.get("stdin")))
            return
        if command[0] == "cat" or request.query.get("tty"):
            async for message in socket:
                if message.type is WSMsgType.BINARY and message.data[0] == 0:
                    await socket.send_bytes(b"\1" + message.data[1:])
                    if message.data[1:] == b"exit\r":
                        break
                elif message.type is WSMsgType.BINARY and message.data[0] == 4:
                    self.sockets[-1]["size"] = json.loads(message.data[1:])
                elif message.type is WSMsgType.BINARY and message.data[0] == 255:
                    break
        elif command[0] != "exit":
            await socket.send_bytes(b"\1" + " ".join(command).encode() + b"\n")
            await socket.send_bytes(b"\2complaint\n")
        status: dict[str, Any] = {"status": "Success"}
        if command[0] == "exit":
            cause = {"reason": "ExitCode", "message": command[1]}
            status = {"status": "Failure", "reason": "NonZeroExitCode", "details": {"causes": [cause]}}
        if command[0] == "nosuch":
            status = {"status": "Failure", "message": "executable file not found in $PATH"}
        await socket.send_bytes(b"\3" + json.dumps(status).encode())
        await socket.close()

    async def _forward(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        port = int(request.query["ports"]).to_bytes(2, "little")
        await socket.send_bytes(b"\0" + port)
        await socket.send_bytes(b"\1" + port)
        async for message in socket:
            if message.type is WSMsgType.BINARY:
                await socket.send_bytes(b"\0" + b"echo " + message.data[1:])
                break
        await socket.close()


async def _run(socket: web.WebSocketResponse, command: list[str], *, stdin: bool) -> None:
    """As a kubelet's runtime does; that the input is over cannot be said, as in the older protocol."""
    reading, writing = os.pipe()
    child = await asyncio.create_subprocess_exec(*command, stdin=reading, stdout=PIPE, stderr=PIPE)
    os.close(reading)

    async def give(reader: asyncio.StreamReader | None, channel: bytes) -> None:
        assert reader is not None
        while data := await reader.read(1 << 16):
            await socket.send_bytes(channel + data)

    async def take() -> None:
        async for message in socket:
            if message.type is WSMsgType.BINARY and message.data[0] == 0:
                with contextlib.suppress(BrokenPipeError):
                    await asyncio.to_thread(os.write, writing, message.data[1:])

    taking = asyncio.create_task(take()) if stdin else None
    await asyncio.gather(give(child.stdout, b"\1"), give(child.stderr, b"\2"))
    code = await child.wait()
    if taking is not None:
        taking.cancel()
        await asyncio.gather(taking, return_exceptions=True)
    os.close(writing)
    causes = {"details": {"causes": [{"reason": "ExitCode", "message": str(code)}]}}
    status = {"status": "Failure", **causes} if code else {"status": "Success"}
    await socket.send_bytes(b"\3" + json.dumps(status).encode())
    await socket.close()


def _resources(api: str) -> Any:
    for kind, plural, short in _KINDS[api]:
        yield {
            "kind": kind, "name": plural, "namespaced": kind != "Namespace", "shortNames": [short] if short else [],
            "verbs": ["get", "list", "watch"],
        }  # fmt: skip
        yield {"kind": kind, "name": f"{plural}/status", "namespaced": True, "verbs": ["get"]}


def _selected(body: dict[str, Any], selector: str) -> bool:
    labels = body["metadata"].get("labels") or {}
    pairs = (word.partition("=") for word in selector.split(",") if word)
    return all(labels.get(key) == value for key, _, value in pairs)


def _involved(body: dict[str, Any], selector: str) -> bool:
    about = body.get("involvedObject") or {}
    pairs = (word.removeprefix("involvedObject.").partition("=") for word in selector.split(",") if word)
    return all(about.get(key) == value for key, _, value in pairs)


def _groups(missing: set[str]) -> Any:
    for api in _KINDS.keys() - missing:
        name, slash, number = api.partition("/")
        if slash:
            version = {"groupVersion": api, "version": number}
            yield {"name": name, "versions": [version], "preferredVersion": version}


def _merged(old: Any, new: Any) -> Any:
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    return {**old, **{key: _merged(old.get(key), value) for key, value in new.items()}}


def _status(code: int, message: str) -> web.Response:
    return web.json_response({"kind": "Status", "status": "Failure", "message": message, "code": code}, status=code)


def _clock(number: int) -> str:
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _line(event: dict[str, Any]) -> bytes:
    return json.dumps(event).encode() + b"\n"


@asynccontextmanager
async def serve_cluster() -> AsyncIterator[StandInCluster]:
    cluster = StandInCluster()
    runner = web.AppRunner(cluster.application(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    cluster.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"  # type: ignore[attr-defined]
    try:
        yield cluster
    finally:
        cluster.cut_watches()
        await runner.cleanup()
