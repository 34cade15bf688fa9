"""`wherry pod` from a shell, as podman's users know it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.support.images import busybox_archive
from tests.system.api.conftest import IMAGE

if TYPE_CHECKING:
    from tests.system.api.conftest import Tool


async def test_a_pod_is_made_filled_seen_stopped_and_removed(wherry: Tool) -> None:
    await wherry("load", input=busybox_archive())

    made = await wherry("pod", "create", "-p", "80", "--label", "tier=front", "shop")
    assert len(made.strip()) == 64
    assert "already" in await wherry("pod", "create", "shop", code=1)
    await wherry("run", "-d", "--pod", "shop", "--name", "shop-web", IMAGE, "sh", "-c", "hostname; exec sleep 1000")
    await wherry("create", "--pod", "shop", "--name", "shop-side", IMAGE, "sleep", "1000")

    assert "Degraded" in await wherry("pod", "ls")
    assert await wherry("pod", "start", "shop") == "shop\n"
    assert await wherry("pod", "ps", "--filter", "label=tier=front", "-q") == made[:12] + "\n"
    (found,) = json.loads(await wherry("pod", "inspect", "shop"))
    assert found["State"] == "Running"
    assert [each["Name"] for each in found["Containers"]] == ["shop-web", "shop-side"]
    assert found["Ports"][0]["host_port"]
    assert "shop-web   | shop" in await wherry("pod", "logs", "shop")
    assert await wherry("pod", "exists", "shop") == ""

    assert "run" in await wherry("pod", "rm", "shop", code=125)
    assert await wherry("pod", "stop", "-t", "0", "shop") == "shop\n"
    assert "Exited" in await wherry("pod", "ls", "--format", "{{.Status}}")
    assert await wherry("pod", "rm", "shop") == "shop\n"
    assert "shop" not in await wherry("ps", "-a")
    await wherry("pod", "exists", "shop", code=1)
    assert "No such pod" in await wherry("pod", "start", "shop", code=125)
