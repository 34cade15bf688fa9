"""`wherry kube` to a cluster from a shell, in kubectl's words; the cluster is a stand-in."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.api_server import serve_cluster
from tests.support.registry import serve_registry
from tests.system.api.conftest import IMAGE
from tests.unit.clusters.test_clusters import WEB, config, pod

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from engine.embedded import EmbeddedEngine
    from tests.support.api_server import StandInCluster
    from tests.system.api.conftest import Tool

    Reached = tuple[StandInCluster, tuple[str, ...]]


async def test_a_cluster_is_looked_at_changed_and_read(wherry: Tool, tmp_path: Path) -> None:
    async with serve_cluster() as cluster:
        file, manifest = tmp_path / "config", tmp_path / "web.yaml"
        file.write_text(json.dumps(config(cluster.url, {"token": "good"})))
        manifest.write_text(WEB)
        to = ("--kubeconfig", str(file))

        assert "here" in await wherry("kube", "contexts", *to)
        assert "create   Deployment/web (default)" in await wherry(
            "kube", "apply", *to, "--dry-run", "-f", str(manifest)
        )
        assert "Deployment/web applied" in await wherry("kube", "apply", *to, "-f", str(manifest))
        assert "web       0/2" in await wherry("kube", "get", *to, "deploy")
        assert json.loads(await wherry("kube", "get", *to, "-o", "json", "deploy/web"))["spec"]["replicas"] == 2
        await wherry("kube", "scale", *to, "--replicas", "3", "deploy/web")
        assert "0/3" in await wherry("kube", "get", *to, "deploy", "web")
        await wherry("kube", "rollout", *to, "restart", "deploy/web")

        cluster.put("pods", pod("web-1", app="web"))
        cluster.logs["web-1", "current"] = ["ready"]
        assert await wherry("kube", "logs", *to, "web-1") == "ready\n"
        assert await wherry("kube", "logs", *to, "deploy/web") == "[web-1/app] ready\n"
        assert await wherry("kube", "exec", *to, "web-1", "echo", "in") == "echo in\n"
        await wherry("kube", "exec", *to, "web-1", "exit", "7", code=7)

        assert "did you mean" in await wherry("kube", "get", *to, "deploymnts", code=1)
        assert "no metrics API" in await wherry("kube", "top", *to, code=1)
        assert "There is no context “x”" in await wherry("kube", "get", *to, "--context", "x", "pods", code=1)
        assert "Deployment/web deleted" in await wherry("kube", "delete", *to, "-f", str(manifest))
        cluster.tokens.clear()
        assert "does not know you" in await wherry("kube", "get", *to, "pods", code=1)


@pytest.fixture
async def reached(wherry: Tool, tmp_path: Path) -> AsyncIterator[Reached]:
    """A cluster with a pod and its kubeconfig's options."""
    async with serve_cluster() as cluster:
        file = tmp_path / "config"
        file.write_text(json.dumps(config(cluster.url, {"token": "good"})))
        cluster.put("pods", pod("web-1", app="web"))
        yield cluster, ("--kubeconfig", str(file))


async def test_a_terminal_in_a_pod_echoes_follows_the_size_and_ends(wherry: Tool, reached: Reached) -> None:
    cluster, to = reached
    async with wherry.terminal("kube", "exec", *to, "-it", "web-1", "--", "sh") as terminal:
        await _size_is(cluster, {"Width": 99, "Height": 33})
        terminal.type("hello\r")
        await terminal.until("hello")
        terminal.resize(40, 120)
        await _size_is(cluster, {"Width": 120, "Height": 40})
        terminal.type("exit\r")
        assert await terminal.code() == 0
    asked = dict(cluster.sockets[0]["query"])
    assert (asked["tty"], asked["stdin"], asked["command"]) == ("true", "true", "sh")


async def _size_is(cluster: StandInCluster, size: dict[str, int]) -> None:
    async with asyncio.timeout(30):
        while not cluster.sockets or cluster.sockets[0].get("size") != size:  # noqa: ASYNC110 - looked at from outside
            await asyncio.sleep(0.02)


async def test_what_is_piped_in_reaches_a_command_and_its_code_comes_back(wherry: Tool, reached: Reached) -> None:
    _, to = reached
    words = ("sh", "-c", "head -c 5; exit 3")
    done = await wherry.try_("kube", "exec", *to, "-i", "web-1", *words, input=b"12345 and more")
    assert (done.code, done.out) == (3, "12345")


async def test_files_are_copied_out_of_a_pod_and_into_it(wherry: Tool, reached: Reached, tmp_path: Path) -> None:
    _, to = reached
    there, here = tmp_path / "there", tmp_path / "here"
    (there / "site").mkdir(parents=True)
    here.mkdir()
    (there / "site" / "index.html").write_text("welcome")
    assert "1 file copied" in await wherry("kube", "cp", *to, f"web-1:{there}/site", str(here))
    assert (here / "site" / "index.html").read_text() == "welcome"
    await wherry("kube", "cp", *to, f"default/web-1:{there}/site/index.html", str(here / "start.html"))
    assert (here / "start.html").read_text() == "welcome"
    (here / "start.html").write_text("hello")
    await wherry("kube", "cp", *to, str(here / "start.html"), f"web-1:{there}/site/")
    await wherry("kube", "cp", *to, str(here / "start.html"), f"web-1:{there}/site/index.html")
    for name in ("start.html", "index.html"):
        assert (there / "site" / name).read_text() == "hello"
    assert "No such file" in await wherry("kube", "cp", *to, "web-1:/nothing/there", str(here), code=1)


async def test_a_watch_goes_on_with_what_changes(wherry: Tool, reached: Reached) -> None:
    cluster, to = reached
    watching = await wherry.start("kube", "get", *to, "-w", "pods")
    assert watching.stdout is not None
    try:
        async with asyncio.timeout(30):
            assert b"NAME" in await watching.stdout.readline()
            assert b"web-1" in await watching.stdout.readline()
            cluster.put("pods", pod("web-2", app="web"))
            assert b"web-2" in await watching.stdout.readline()
            cluster.remove("pods", "web-2")
            assert b"web-2 is gone" in await watching.stdout.readline()
    finally:
        watching.kill()
        await watching.wait()


async def test_a_forwarded_port_answers_until_the_command_is_ended(
    wherry: Tool, served: EmbeddedEngine, reached: Reached
) -> None:
    _, to = reached
    forwarding = await wherry.start("kube", "port-forward", *to, "web-1", "8080")
    assert forwarding.stdout is not None
    async with asyncio.timeout(30):
        told = (await forwarding.stdout.readline()).decode()
        port = int(told.partition("127.0.0.1:")[2].partition(" ")[0])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"ping")
        assert await reader.read() == b"echo ping"
        writer.close()
        forwarding.send_signal(signal.SIGTERM)
        assert await forwarding.wait() == 0
    assert not await served.clusters.forwards()


async def test_what_was_applied_is_brought_back(wherry: Tool, reached: Reached, tmp_path: Path) -> None:
    cluster, to = reached
    file = tmp_path / "web.yaml"
    cluster.put("configmaps", {"metadata": {"name": "words"}, "data": {"motto": "dear"}})
    file.write_text(WEB)
    await wherry("kube", "apply", *to, "-f", str(file))
    assert "Deployment/web is as before" in await wherry("kube", "undo", *to, "-f", str(file))
    stored = cluster.objects
    assert stored["configmaps", "default", "words"]["data"]["motto"] == "dear"
    assert "web" not in cluster.names("deployments")
    await wherry("kube", "apply", *to, "-f", str(file))
    assert stored["configmaps", "default", "words"]["data"]["motto"] == "cheap"
    assert "cm/words rolled back\n" in await wherry("kube", "rollout", *to, "undo", "cm/words")
    assert stored["configmaps", "default", "words"]["data"]["motto"] == "dear"
    assert "no earlier state" in await wherry("kube", "rollout", *to, "undo", "svc/nothing", code=1)


async def test_an_image_that_is_only_here_is_pushed_before_it_is_applied(
    wherry: Tool, served: EmbeddedEngine, reached: Reached, tmp_path: Path
) -> None:
    cluster, to = reached
    file = tmp_path / "web.yaml"
    await served.images.tag(IMAGE, "team/shop:1")
    file.write_text(WEB.replace("shop:1", "team/shop:1"))
    with serve_registry(tmp_path) as registry:
        place = f"{registry.host}/me"
        shown = await wherry("kube", "apply", *to, "--dry-run", "--push-to", place, "-f", str(file))
        assert f"{place}/shop:1" in shown
        kept = registry.storage / "docker/registry/v2/repositories/me/shop/_manifests/tags/1"
        assert not kept.exists()
        assert f"Pushing {place}/shop:1" in await wherry("kube", "apply", *to, "--push-to", place, "-f", str(file))
        assert kept.exists()
    [container] = cluster.objects["deployments", "default", "web"]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == f"{place}/shop:1"
