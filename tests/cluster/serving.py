"""etcd, the API server, the controllers of deployments, and a stand-in for a node's kubelet, for one run."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import subprocess
import tempfile
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import WSMsgType, web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.cluster.building import Workshop

_ETCD, _ETCD_PEER, _API, _KUBELET = 23790, 23800, 16443, 16450
_TOKEN = "a-token-of-this-test"
_START_SECONDS = 90.0


@asynccontextmanager
async def serve(workshop: Workshop) -> AsyncIterator[Path]:
    """Gives the kubeconfig."""
    with tempfile.TemporaryDirectory(prefix="wherry-cluster-") as name, contextlib.ExitStack() as ended:
        place = Path(name)
        config = _write_files(place)
        _start(ended, place, [str(workshop.etcd), "--data-dir", str(place / "etcd"),
                              "--listen-client-urls", f"http://127.0.0.1:{_ETCD}",
                              "--advertise-client-urls", f"http://127.0.0.1:{_ETCD}",
                              "--listen-peer-urls", f"http://127.0.0.1:{_ETCD_PEER}"])  # fmt: skip
        _start(ended, place, [
            str(workshop.program("kube-apiserver")), f"--etcd-servers=http://127.0.0.1:{_ETCD}",
            f"--secure-port={_API}", "--insecure-port=0", f"--cert-dir={place / 'certs'}", "--bind-address=127.0.0.1",
            f"--token-auth-file={place / 'tokens.csv'}", "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default",
            f"--service-account-signing-key-file={place / 'sa.key'}",
            f"--service-account-key-file={place / 'sa.key'}", "--service-cluster-ip-range=10.0.0.0/24",
            "--disable-admission-plugins=ServiceAccount,TaintNodesByCondition",
            "--kubelet-preferred-address-types=InternalIP",
        ])  # fmt: skip
        await _until_ready()
        _start(ended, place, [
            str(workshop.program("kube-controller-manager")), f"--kubeconfig={config}", "--leader-elect=false",
            "--controllers=deployment,replicaset,namespace,statefulset,daemonset",
        ])  # fmt: skip
        async with _kubelet(place):
            yield config


def _write_files(place: Path) -> Path:
    subprocess.run(["openssl", "genrsa", "-out", "sa.key", "2048"], cwd=place, check=True, capture_output=True)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "kubelet.key", "-out", "kubelet.crt",
         "-days", "2", "-subj", "/CN=127.0.0.1"],
        cwd=place, check=True, capture_output=True,
    )  # fmt: skip
    (place / "tokens.csv").write_text(f'{_TOKEN},admin,1,"system:masters"\nof-nobody,nobody,2\n')
    cluster = {"server": f"https://127.0.0.1:{_API}", "insecure-skip-tls-verify": True}
    config = place / "config"
    config.write_text(
        json.dumps(
            {
                "current-context": "real",
                "clusters": [{"name": "c", "cluster": cluster}],
                "users": [
                    {"name": "admin", "user": {"token": _TOKEN}},
                    {"name": "nobody", "user": {"token": "of-nobody"}},
                ],
                "contexts": [
                    {"name": "real", "context": {"cluster": "c", "user": "admin"}},
                    {"name": "nobody", "context": {"cluster": "c", "user": "nobody"}},
                ],
            }
        )
    )
    return config


def _start(ended: contextlib.ExitStack, place: Path, words: list[str]) -> None:
    log = (place / f"{Path(words[0]).name}.log").open("wb")
    process = subprocess.Popen(words, stdout=log, stderr=log)

    def end() -> None:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()

    ended.callback(end)


async def _until_ready() -> None:
    deadline = time.monotonic() + _START_SECONDS
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {_TOKEN}"}) as session:
        while time.monotonic() < deadline:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"https://127.0.0.1:{_API}/readyz", ssl=False) as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.3)
    raise TimeoutError("the API server did not get ready")


# --- a node ---


def node() -> dict[str, Any]:
    return {
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": "stand-in"},
        "status": {"addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
                   "daemonEndpoints": {"kubeletEndpoint": {"Port": _KUBELET}}},
    }  # fmt: skip


@asynccontextmanager
async def _kubelet(place: Path) -> AsyncIterator[None]:
    """Answers what the API server passes on to nodes: logs, exec and port-forward."""
    made = web.Application()
    made.router.add_get("/containerLogs/{namespace}/{pod}/{container}", _logs)
    made.router.add_route("*", "/exec/{namespace}/{pod}/{container}", _exec)
    made.router.add_route("*", "/portForward/{namespace}/{pod}", _forward)
    runner = web.AppRunner(made, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(place / "kubelet.crt", place / "kubelet.key")
    await web.TCPSite(runner, "127.0.0.1", _KUBELET, ssl_context=context).start()
    try:
        yield
    finally:
        await runner.cleanup()


async def _logs(request: web.Request) -> web.Response:
    pod = request.match_info["pod"]
    return web.Response(text="".join(f"2026-01-01T00:00:0{number}Z {pod} says {number}\n" for number in range(3)))


async def _exec(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(protocols=("v4.channel.k8s.io",))
    await socket.prepare(request)
    await socket.send_bytes(b"\1" + " ".join(request.query.getall("command")).encode())
    cause = {"reason": "ExitCode", "message": "3"}
    await socket.send_bytes(b"\3" + json.dumps({"status": "Failure", "details": {"causes": [cause]}}).encode())
    await socket.close()
    return socket


async def _forward(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(protocols=("v4.channel.k8s.io",))
    await socket.prepare(request)
    port = int(request.query.get("ports") or request.query.get("port") or 0).to_bytes(2, "little")
    for channel in (b"\0", b"\1"):
        await socket.send_bytes(channel + port)
    async for message in socket:
        if message.type is WSMsgType.BINARY:
            await socket.send_bytes(b"\0echo " + message.data[1:])
            break
    await socket.close()
    return socket
