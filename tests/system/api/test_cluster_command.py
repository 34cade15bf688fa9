"""`wherry kube` to a cluster from a shell, in kubectl's words; the cluster is a stand-in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.support.api_server import serve_cluster
from tests.unit.clusters.test_clusters import WEB, config, pod

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.api.conftest import Tool


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
