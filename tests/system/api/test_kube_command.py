"""`wherry kube` from a shell, as podman's users know it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.images import busybox_archive

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.api.conftest import Tool

TEXT = """
apiVersion: v1
kind: Pod
metadata: {name: shop, labels: {app: shop}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - {name: web, image: localhost/busybox, command: [sleep, "1000"], ports: [{containerPort: 80}]}
"""


async def test_a_manifest_is_planned_played_told_and_taken_down(wherry: Tool, tmp_path: Path) -> None:
    await wherry("load", input=busybox_archive())
    file = tmp_path / "shop.yaml"
    file.write_text(TEXT)

    plan = await wherry("kube", "play", "--dry-run", "--network", "none", str(file))
    assert "pod             Pod shop" in plan
    played = await wherry("kube", "play", "--network", "none", str(file))
    assert played.startswith("Pod:\n")
    assert "Container:\n" in played
    assert "shop" in await wherry("pod", "ls", "--filter", "status=running")
    assert "keep-pod        Pod shop" in await wherry("kube", "play", "--dry-run", "--network", "none", str(file))

    told = await wherry("kube", "generate", "shop")
    assert "kind: Pod" in told
    assert "containerPort: 80" in told
    kept = tmp_path / "told.yaml"
    await wherry("kube", "generate", "-t", "deployment", "-s", "-f", str(kept), "shop")
    assert "kind: Deployment" in kept.read_text()
    assert "cannot be written" in await wherry("kube", "generate", "-f", str(kept), "shop", code=1)

    await wherry("kube", "down", str(file))
    assert "shop" not in await wherry("ps", "-a")

    file.write_text(TEXT.replace("image", "imgae"))
    wrong = await wherry("kube", "play", str(file), code=1)
    assert f"{file}:8:" in wrong
    assert "did you mean “image”?" in wrong
    assert "cannot be read" in await wherry("kube", "play", str(tmp_path / "none.yaml"), code=1)
